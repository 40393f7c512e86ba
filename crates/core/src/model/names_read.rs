//! Which of a model's files were read.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The names of files that were read, by whoever holds a copy. No part of what the files are: all are equal.
#[derive(Clone, Debug, Default)]
pub(super) struct NamesRead(Arc<Mutex<BTreeSet<String>>>);

impl NamesRead {
    pub(super) fn add(&self, name: &str) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !names.contains(name) {
            names.insert(name.to_owned());
        }
    }

    pub(super) fn sorted(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl PartialEq for NamesRead {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for NamesRead {}
