//! What a forked process can do.

use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// Forks this process and gives what the child gives, which may work for so long.
///
/// # Panics
/// If the child panics, or is not done in time: the system ends it.
#[allow(unsafe_code)]
pub fn in_forked_child(limit: Duration, work: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    // SAFETY: in the child, other threads are gone and locks may be taken for ever, `malloc`'s aside. That the work
    // can be done all the same is what is tested; if not, the child ends by the alarm, and the test fails.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "{}", std::io::Error::last_os_error());
    if child == 0 {
        // SAFETY: the call has no conditions.
        unsafe { libc::alarm(u32::try_from(limit.as_secs()).unwrap_or(u32::MAX)) };
        let done = catch_unwind(AssertUnwindSafe(|| writer.write_all(&work()).is_ok()));
        let status = if matches!(done, Ok(true)) { 0 } else { 1 };
        // SAFETY: the call has no conditions. Nothing of the parent's is flushed or dropped.
        unsafe { libc::_exit(status) };
    }
    drop(writer);
    let mut result = Vec::new();
    reader.read_to_end(&mut result).unwrap();
    let mut status = 0;
    // SAFETY: the status is there for as long as the call takes, and the child is waited for once.
    let waited = unsafe { libc::waitpid(child, &mut status, 0) };
    assert_eq!(waited, child, "{}", std::io::Error::last_os_error());
    assert!(
        !libc::WIFSIGNALED(status),
        "the child was ended by signal {} (14: it took too long)",
        libc::WTERMSIG(status)
    );
    assert_eq!(libc::WEXITSTATUS(status), 0, "the child panicked");
    result
}
