//! Values that a process does not take over from the one that it was forked from.

use once_cell::race::OnceBox;

/// A value that every process of a line of forks makes for itself: what has threads, or a lock that others may hold.
///
/// Threads do not survive a fork, and a lock stays as another thread held it: in the child, sessions and pools wait for
/// ever for threads that are gone, even when they are dropped. So the child makes a value of its own, at the end of a list
/// that is read and extended without a lock, and those of other processes are neither used nor dropped.
///
/// ```
/// use std::sync::Mutex;
///
/// use embedkit_vector::PerProcess;
///
/// static SEEN: PerProcess<Mutex<Vec<String>>> = PerProcess::new();
/// SEEN.get().lock().unwrap().push("a".to_owned());
/// assert_eq!(*SEEN.get().lock().unwrap(), ["a"]);
/// ```
#[derive(Debug, Default)]
pub struct PerProcess<T: Default> {
    first: OnceBox<Entry<T>>,
}

#[derive(Debug)]
struct Entry<T: Default> {
    process: u32,
    value: T,
    next: OnceBox<Self>,
}

impl<T: Default> PerProcess<T> {
    /// No value yet.
    pub const fn new() -> Self {
        Self { first: OnceBox::new() }
    }

    /// This process's value. It is made with its default, which must be cheap: where two threads make it at the same
    /// time, one of the two is dropped.
    pub fn get(&self) -> &T {
        let process = std::process::id();
        let mut entry = self.first.get_or_init(|| Entry::new(process));
        loop {
            // Only the last can be this process's: numbers of processes that have ended are given again.
            entry = match entry.next.get() {
                Some(next) => next,
                None if entry.process == process => return &entry.value,
                None => entry.next.get_or_init(|| Entry::new(process)),
            };
        }
    }
}

impl<T: Default> Entry<T> {
    fn new(process: u32) -> Box<Self> {
        Box::new(Self { process, value: T::default(), next: OnceBox::new() })
    }
}

impl<T: Default> Drop for Entry<T> {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            std::mem::forget(std::mem::take(&mut self.value));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    static DROPPED: AtomicUsize = AtomicUsize::new(0);

    #[derive(Default)]
    struct Counted(AtomicUsize);

    impl Drop for Counted {
        fn drop(&mut self) {
            DROPPED.fetch_add(self.0.load(Ordering::SeqCst), Ordering::SeqCst);
        }
    }

    #[test]
    fn a_process_has_its_own_value_and_leaves_those_of_others_alone() {
        let value = |of: u32, count| {
            Box::new(Entry { process: of, value: Counted(AtomicUsize::new(count)), next: OnceBox::new() })
        };
        let (this, other) = (std::process::id(), std::process::id() + 1);
        let values = PerProcess { first: OnceBox::with_value(value(other, 1)) };
        values.get().0.store(10, Ordering::SeqCst);
        assert_eq!(values.get().0.load(Ordering::SeqCst), 10);
        drop(values);
        assert_eq!(DROPPED.load(Ordering::SeqCst), 10);

        // A process that has the number of one that ended, in a line of forks.
        let (old, between) = (value(this, 100), value(other, 1000));
        assert!(old.next.set(between).is_ok());
        let values = PerProcess { first: OnceBox::with_value(old) };
        assert_eq!(values.get().0.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn threads_share_the_value() {
        let values = PerProcess::<AtomicUsize>::new();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| values.get().fetch_add(1, Ordering::SeqCst));
            }
        });
        assert_eq!(values.get().load(Ordering::SeqCst), 8);
    }
}
