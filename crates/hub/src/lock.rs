//! Locks that other processes respect, Python's client among them.

use std::fs::{File, TryLockError};
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::downloader::Downloader;
use crate::{HubError, HubEvent, disk};

/// How often a lock that is a mere file is looked for.
const POLL: Duration = Duration::from_millis(100);
/// From this age on, a lock that is a mere file is taken for one that a process left which died; one that still runs loses
/// it.
const LEFT_BEHIND: Duration = Duration::from_secs(24 * 3600);

/// A lock; released when it is dropped. When its process ends otherwise, the system releases a lock of its own.
#[derive(Debug)]
pub(crate) enum Lock {
    /// The system's own lock on an open file.
    System { _file: File },
    /// A file that is there. Network file systems often have no other locks; Python's client does the same on them.
    Existence { path: PathBuf },
}

impl Lock {
    /// Waits until nobody else holds the lock; says so once, naming the `file` that is waited for.
    pub(crate) fn take(downloader: &Downloader, path: &Path, file: &str) -> Result<Self, HubError> {
        disk::make_parent(&downloader.cache, path)?;
        let is_new = !path.exists();
        let lock = disk::open(path).map_err(HubError::io(path))?;
        let waiting = || downloader.tell(HubEvent::Waiting { file: file.to_owned() });
        let taken = match lock.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => {
                waiting();
                lock.lock()
            }
            Err(TryLockError::Error(error)) => Err(error),
        };
        match taken {
            Ok(()) => Ok(Self::System { _file: lock }),
            Err(error) if has_no_locks(&error) => {
                tracing::debug!(path = %path.display(), %error, "the file system of the cache has no locks");
                drop(lock);
                if is_new {
                    let _ = std::fs::remove_file(path);
                }
                Self::by_existence(path, waiting)
            }
            Err(error) => Err(HubError::io(path)(error)),
        }
    }

    /// The lock, if nobody holds it.
    pub(crate) fn try_take(path: &Path) -> Option<Self> {
        let lock = disk::open(path).ok()?;
        lock.try_lock().is_ok().then_some(Self::System { _file: lock })
    }

    /// Waits until the file is gone, and makes it.
    fn by_existence(path: &Path, waiting: impl Fn()) -> Result<Self, HubError> {
        let content = format!("{}\n", std::process::id());
        let mut is_told = false;
        loop {
            match disk::write_new(path, content.as_bytes()) {
                Ok(()) => return Ok(Self::Existence { path: path.to_owned() }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(HubError::io(path)(error)),
            }
            if is_left_behind(path) {
                remove_left_behind(path);
                continue;
            }
            if !is_told {
                tracing::warn!(path = %path.display(), "waiting until this file is gone; remove it if nothing downloads");
                waiting();
                is_told = true;
            }
            std::thread::sleep(POLL);
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Self::Existence { path } = self {
            let _ = std::fs::remove_file(path);
        }
    }
}

fn is_left_behind(path: &Path) -> bool {
    let changed = std::fs::metadata(path).and_then(|meta| meta.modified());
    changed.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > LEFT_BEHIND))
}

/// Removes a file that was left behind. Another process may have done so since, and have made its own: that one is moved
/// back.
fn remove_left_behind(path: &Path) {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let unique = COUNTER.fetch_add(1, Ordering::Relaxed);
    let aside = path.with_extension(format!("{}-{unique}.left", std::process::id()));
    if std::fs::rename(path, &aside).is_ok() {
        let _ = if is_left_behind(&aside) { std::fs::remove_file(&aside) } else { std::fs::rename(&aside, path) };
    }
}

/// Whether an error of locking says that the file system cannot lock.
fn has_no_locks(error: &Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        let code = Errno::from_io_error(error);
        // Some file systems of users' programs call a lock an invalid argument.
        const NO_LOCKS: [Errno; 5] = [Errno::NOLCK, Errno::NOTSUP, Errno::OPNOTSUPP, Errno::NOSYS, Errno::INVAL];
        if code.is_some_and(|code| NO_LOCKS.contains(&code)) {
            return true;
        }
    }
    error.kind() == ErrorKind::Unsupported
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::time::SystemTime;

    use super::*;

    #[cfg(unix)]
    #[test]
    fn file_systems_without_locks_are_known_by_their_errors() {
        use rustix::io::Errno;
        for code in [Errno::NOLCK, Errno::NOTSUP, Errno::OPNOTSUPP, Errno::NOSYS, Errno::INVAL] {
            assert!(has_no_locks(&Error::from_raw_os_error(code.raw_os_error())), "{code:?}");
        }
        for code in [Errno::IO, Errno::ACCESS, Errno::BADF] {
            assert!(!has_no_locks(&Error::from_raw_os_error(code.raw_os_error())), "{code:?}");
        }
    }

    #[test]
    fn a_file_stands_for_a_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        let (told, held) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let lock = Lock::by_existence(&path, || {
                        told.fetch_add(1, Ordering::SeqCst);
                    })
                    .unwrap();
                    assert_eq!(held.fetch_add(1, Ordering::SeqCst), 0, "one at a time");
                    std::thread::sleep(Duration::from_millis(20));
                    held.fetch_sub(1, Ordering::SeqCst);
                    drop(lock);
                });
            }
        });
        assert!(told.load(Ordering::SeqCst) <= 3);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_lock_of_a_dead_process_does_not_last_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        let left = File::create(&path).unwrap();
        left.set_modified(SystemTime::now() - LEFT_BEHIND * 2).unwrap();
        let lock = Lock::by_existence(&path, || panic!("nobody holds it")).unwrap();

        // As by one who found the old file, and comes late.
        remove_left_behind(&path);
        assert!(path.exists(), "another's lock was removed");
        drop(lock);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
