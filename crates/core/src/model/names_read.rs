//! Which of a model's files were read.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The names of files that were read, by whoever holds a copy. No part of what the files are: all are equal.
#[derive(Clone, Debug, Default)]
pub(super) struct NamesRead(Arc<Mutex<Names>>);

#[derive(Debug, Default)]
struct Names {
    own: BTreeSet<String>,
    /// What is read through these counts too.
    others: Vec<NamesRead>,
}

impl NamesRead {
    pub(super) fn add(&self, name: &str) {
        let own = &mut self.names().own;
        if !own.contains(name) {
            own.insert(name.to_owned());
        }
    }

    /// Counts what is read through others, before and from now on.
    pub(super) fn add_all(&self, others: &Self) {
        self.names().others.push(others.clone());
    }

    pub(super) fn all(&self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        let (mut seen, mut next) = (vec![self.clone()], 0);
        while let Some(read) = seen.get(next).cloned() {
            let names = read.names();
            all.extend(names.own.iter().cloned());
            for other in &names.others {
                // Two may count each other's.
                if !seen.iter().any(|known| Arc::ptr_eq(&known.0, &other.0)) {
                    seen.push(other.clone());
                }
            }
            next += 1;
        }
        all
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PartialEq for NamesRead {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for NamesRead {}
