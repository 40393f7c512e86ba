//! Calls into ONNX Runtime, which the process's end waits for.
//!
//! When a process exits, ONNX Runtime's tables of operators are destroyed. A thread that opens a session meanwhile, or runs
//! one, reads what is gone: one process in twenty that left so ended by a segmentation fault. So the first thing that its
//! end does is to wait for the calls that are under way, a batch or the opening of a session each, and to let none begin.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::PerProcess;

/// A child of a fork has none of its parent's calls.
static CALLS: PerProcess<Calls> = PerProcess::new();

#[derive(Debug, Default)]
struct Calls {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    under_way: usize,
    is_ending: bool,
}

/// A call that is under way.
#[derive(Debug)]
pub(crate) struct Call(());

impl Call {
    /// Begins one. In a process that is ending, it waits with it for the end.
    pub(crate) fn begin() -> Self {
        let calls = CALLS.get();
        calls.wait_while(|state| state.is_ending).under_way += 1;
        Self(())
    }

    /// Opens a session, and has the process's end wait from now on.
    pub(crate) fn opening<T>(open: impl FnOnce() -> T) -> T {
        let _call = Self::begin();
        let opened = open();
        // What is registered last is called first: also before what ONNX Runtime registered during this call.
        at_exit();
        opened
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let calls = CALLS.get();
        calls.state().under_way -= 1;
        calls.changed.notify_all();
    }
}

impl Calls {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_while(&self, condition: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        self.changed.wait_while(self.state(), |state| condition(state)).unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets no call begin any more, and waits for those that are under way.
    #[cfg(any(unix, test))]
    fn end(&self) {
        self.state().is_ending = true;
        drop(self.wait_while(|state| state.under_way > 0));
    }
}

/// Has `exit` wait for calls. On other systems no thread runs any more when libraries are told of the end.
#[cfg(unix)]
fn at_exit() {
    extern "C" fn end() {
        CALLS.get().end();
    }
    // SAFETY: the function is there as long as the process, unwinds nowhere, and may be called on any thread. Registering
    // fails only without memory; then the end waits for nothing.
    #[allow(unsafe_code, reason = "the standard library has no handler of the process's end")]
    let _ = unsafe { libc::atexit(end) };
}

#[cfg(not(unix))]
fn at_exit() {}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_end_waits_for_what_is_under_way() {
        let calls = Calls::default();
        calls.state().under_way = 1;
        let is_done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(50));
                is_done.store(true, Ordering::SeqCst);
                calls.state().under_way -= 1;
                calls.changed.notify_all();
            });
            calls.end();
            assert!(is_done.load(Ordering::SeqCst));
        });
        assert!(calls.state().is_ending);
    }
}
