//! Room for the recursion of the PDF reader.

use std::thread;

use super::refused::Refused;

/// Bytes of stack: deep nesting of a file's objects takes about as much.
const STACK: usize = 64 << 20;

/// What a call gives, on a thread with a large stack, unless it panics, as a reader of untrusted files may.
pub(super) fn with_large_stack<R: Send>(call: impl FnOnce() -> R + Send) -> Result<R, Refused> {
    thread::scope(|scope| {
        let started = thread::Builder::new().name("pdf".to_owned()).stack_size(STACK).spawn_scoped(scope, call);
        let thread =
            started.map_err(|error| Refused::new(format!("there is no room for a thread to read it: {error}")))?;
        thread.join().map_err(|_| Refused::new("cannot be read: it is damaged"))
    })
}
