//! Which files a row names, and what is known of them.

use std::path::Path;

use super::transfer::Expected;
use crate::ModelDescription;

/// A file that a row names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted<'a> {
    pub(super) name: &'a str,
    pub(super) required: bool,
}

/// The files of a row, each once: configuration first and weights last, so that what is
/// wrong shows before the large files come.
pub(super) fn wanted(model: &ModelDescription) -> Vec<Wanted<'_>> {
    let mut required: Vec<&str> = model.required_files().collect();
    required.reverse();
    let mut files: Vec<Wanted<'_>> = Vec::new();
    let optional = model.config_files.iter().map(String::as_str).filter(|name| !required.contains(name));
    let optional = optional.map(|name| Wanted { name, required: false });
    for file in optional.chain(required.iter().map(|&name| Wanted { name, required: true })) {
        if files.iter().all(|present| present.name != file.name) {
            files.push(file);
        }
    }
    files
}

/// What the row says of a file.
pub(super) fn expected(model: &ModelDescription, file: &str) -> Expected {
    model.digests.get(file).map_or_else(Expected::default, |digest| Expected {
        size: digest.size,
        sha256: digest.sha256.as_ref().map(|hex| hex.to_ascii_lowercase()),
    })
}

/// What a folder has of a row's files.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    /// Required files that are absent, with those that are there with a wrong size.
    pub(super) missing: Vec<String>,
    /// Optional files that are absent, perhaps because nobody has asked for them yet.
    pub(super) absent: Vec<String>,
}

impl Inventory {
    /// Looks whether files are there, with the sizes that the row states.
    pub(super) fn take(model: &ModelDescription, folder: &Path) -> Self {
        let mut inventory = Self::default();
        for file in wanted(model) {
            let size =
                std::fs::metadata(folder.join(file.name)).ok().filter(|meta| meta.is_file()).map(|meta| meta.len());
            let fault = match size {
                None => Some(file.name.to_owned()),
                Some(size) => expected(model, file.name)
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
        inventory
    }
}
