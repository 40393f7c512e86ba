//! The memory that images take while they are decoded and resized.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use embedkit_core::{Error, PerProcess, Result};

/// How much memory images may take at a time while they are decoded and processed, on all threads together.
///
/// What an image will take is known from its file's header. One that would take more than there is of it waits until others
/// are done, and one that would take more than all of it is refused. Clones share the budget; the default one is shared by
/// the whole process and has 384 MiB, which a JPEG of 130 million pixels takes. A child made by a fork has all of it again,
/// since what its parent's threads hold or wait for, nobody there gives back.
///
/// ```
/// use embedkit_image::{DecodeOptions, MemoryBudget};
///
/// let budget = MemoryBudget::new(64 << 20);
/// let options = DecodeOptions::default().memory(budget.clone());
/// assert!(budget.reserve(65 << 20).is_err());
/// # Ok::<(), embedkit_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct MemoryBudget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    total: u64,
    account: PerProcess<Arc<Account>>,
}

/// What is taken of a budget.
#[derive(Debug, Default)]
struct Account {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    used: u64,
    /// Who comes next gets this number; and whose turn it is. In turns, no large image waits for ever.
    next: u64,
    turn: u64,
}

impl MemoryBudget {
    /// A budget of so many bytes.
    pub fn new(bytes: u64) -> Self {
        Self(Arc::new(Shared { total: bytes, account: PerProcess::new() }))
    }

    /// The budget in bytes.
    pub fn bytes(&self) -> u64 {
        self.0.total
    }

    /// Takes so many bytes of the budget, and waits for them as long as others have them.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] when the whole budget has fewer.
    pub fn reserve(&self, bytes: u64) -> Result<Reservation> {
        let Shared { total, account } = &*self.0;
        if bytes > *total {
            return Err(Error::input(format!(
                "decoding and resizing the image takes {} MB of memory, more than the {} MB that images may take; raise \
                 `decode-memory` if the image can be trusted",
                bytes.div_ceil(1_000_000),
                total / 1_000_000
            )));
        }
        let account = account.get();
        let mut now = account.state();
        let number = now.next;
        now.next += 1;
        while now.turn != number || now.used + bytes > *total {
            now = account.changed.wait(now).unwrap_or_else(PoisonError::into_inner);
        }
        now.used += bytes;
        now.turn += 1;
        account.changed.notify_all();
        Ok(Reservation { budget: self.clone(), account: account.clone(), bytes })
    }
}

impl Default for MemoryBudget {
    /// The budget that the process shares: 384 MiB.
    fn default() -> Self {
        static SHARED: std::sync::LazyLock<MemoryBudget> = std::sync::LazyLock::new(|| MemoryBudget::new(384 << 20));
        SHARED.clone()
    }
}

/// Bytes of a [`MemoryBudget`], given back when dropped.
#[derive(Debug)]
#[must_use]
pub struct Reservation {
    budget: MemoryBudget,
    account: Arc<Account>,
    bytes: u64,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // A parent's, whose lock may be taken for ever, is left as it is.
        if Arc::ptr_eq(&self.account, self.budget.0.account.get()) {
            self.account.state().used -= self.bytes;
            self.account.changed.notify_all();
        }
    }
}

impl Account {
    /// The counts are whole at any time, whoever panics.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A vector of zeros.
///
/// # Errors
/// [`Error::InvalidInput`] when there is no memory for it.
pub(crate) fn zeroed<T: Zero>(length: usize) -> Result<Vec<T>> {
    let mut zeros = with_room(length)?;
    zeros.resize(length, T::ZERO);
    Ok(zeros)
}

/// An empty vector with room for so many values.
///
/// # Errors
/// [`Error::InvalidInput`] when there is no memory for it.
pub(crate) fn with_room<T>(length: usize) -> Result<Vec<T>> {
    let mut values = Vec::new();
    values.try_reserve_exact(length).map_err(|error| Error::InvalidInput {
        message: format!("there are no {} MB of memory for the image", (length * size_of::<T>()).div_ceil(1_000_000)),
        source: Some(Box::new(error)),
    })?;
    Ok(values)
}

/// What vectors are filled with.
pub(crate) trait Zero: Copy {
    const ZERO: Self;
}

impl Zero for u8 {
    const ZERO: Self = 0;
}

impl Zero for i16 {
    const ZERO: Self = 0;
}

impl<const N: usize> Zero for [i16; N] {
    const ZERO: Self = [0; N];
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn no_more_than_the_budget_is_taken_at_a_time() {
        let budget = MemoryBudget::new(100);
        let (used, most) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (budget, used, most) = (&budget, &used, &most);
                scope.spawn(move || {
                    for round in 0..200 {
                        let bytes = (thread * 37 + round * 11) % 101;
                        let reservation = budget.reserve(bytes).unwrap();
                        let now = used.fetch_add(bytes, Ordering::SeqCst) + bytes;
                        most.fetch_max(now, Ordering::SeqCst);
                        std::thread::yield_now();
                        used.fetch_sub(bytes, Ordering::SeqCst);
                        drop(reservation);
                    }
                });
            }
        });
        let most = most.into_inner();
        assert!((51..=100).contains(&most), "{most}");
        assert_eq!(budget.0.account.get().state().used, 0);
        assert!(matches!(budget.reserve(101), Err(Error::InvalidInput { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_forked_child_waits_for_nobody_of_its_parent() {
        use std::time::Duration;

        let budget = MemoryBudget::new(100);
        let mut held = Some(budget.reserve(60).unwrap());
        std::thread::scope(|scope| {
            // It waits for its turn, which never comes in the child.
            scope.spawn(|| drop(budget.reserve(50).unwrap()));
            while budget.0.account.get().state().next < 2 {
                std::thread::yield_now();
            }
            embedkit_fixtures::in_forked_child(Duration::from_secs(20), || {
                let all = budget.reserve(100).unwrap();
                drop(held.take());
                assert_eq!(budget.0.account.get().state().used, 100, "what the parent took was given back");
                drop(all);
                drop(budget.reserve(100).unwrap());
                Vec::new()
            });
            drop(held.take());
        });
        assert_eq!(budget.0.account.get().state().used, 0);
    }

    #[test]
    fn memory_that_is_not_there_is_an_error() {
        assert!(matches!(with_room::<u8>(usize::MAX / 2), Err(Error::InvalidInput { .. })));
    }
}
