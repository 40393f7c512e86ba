//! What a folder has of a request's files.

use std::path::Path;

use crate::cache::is_absent;
use crate::digest::Promise;
use crate::{HubError, Request};

/// What a folder has of a request's files.
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    /// Required files that are absent, with those that are there with a wrong size.
    pub(crate) missing: Vec<String>,
    /// Optional files that are absent, perhaps because nobody has asked for them yet.
    pub(crate) absent: Vec<String>,
}

impl Inventory {
    /// Looks whether files are there, with the sizes that the request states.
    ///
    /// # Errors
    /// [`HubError::Io`] when the folder cannot be looked into.
    pub(crate) fn take(request: &Request, folder: &Path) -> Result<Self, HubError> {
        let mut inventory = Self::default();
        for file in request.files() {
            let known = request.known(file.name);
            let fault = match size(&folder.join(file.name))? {
                None => Some(file.name.to_owned()),
                Some(size) => known
                    .size
                    .filter(|expected| *expected != size)
                    .map(|expected| format!("{} (has {size} bytes instead of {expected})", file.name)),
            };
            match fault {
                None => {}
                Some(fault) if file.required => inventory.missing.push(fault),
                Some(_) => inventory.absent.push(file.name.to_owned()),
            }
        }
        Ok(inventory)
    }
}

/// Whether a file is there, with the size that is promised.
pub(crate) fn has(path: &Path, promise: &Promise) -> Result<bool, HubError> {
    Ok(size(path)?.is_some_and(|size| promise.size.is_none_or(|expected| expected == size)))
}

/// A file's size; none when there is no such file.
pub(crate) fn size(path: &Path) -> Result<Option<u64>, HubError> {
    match std::fs::metadata(path) {
        Ok(meta) => Ok(meta.is_file().then_some(meta.len())),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(HubError::io(path)(error)),
    }
}
