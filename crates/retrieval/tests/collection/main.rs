//! Collections: incremental, versioned, safe against being interrupted, and searched with the models that made them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

mod folder;
mod indexing;
mod versions;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use embedkit_retrieval::collection::CollectionFolder;
use embedkit_retrieval::document::Inputs;
use embedkit_retrieval::{Indexer, Pipeline, Report};
use {embedkit_colbert as _, embedkit_sparse as _, embedkit_static_en as _};

pub(crate) const ANIMALS: &str =
    "# Cats\n\nA kitten sleeps on the sofa.\n\n# Dogs\n\nThe puppy chases a ball in the garden.\n";
pub(crate) const TAXES: &str = "The return is due in May.\n\nLate payment costs interest.";

pub(crate) fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
}

/// A new folder of files, beside which a collection of them may be.
pub(crate) fn documents(folder: &Path, files: &[(&str, &str)]) -> PathBuf {
    let docs = folder.join("docs");
    std::fs::create_dir(&docs).unwrap();
    write(&docs, files);
    docs
}

pub(crate) fn indexer(pipeline: &Pipeline) -> Indexer {
    Indexer::new(pipeline.clone(), &|builder| builder).unwrap()
}

pub(crate) fn index(collection: &CollectionFolder, docs: &Path) -> Report {
    indexer(&Pipeline::default()).index(collection, &Inputs::new([docs])).unwrap()
}

/// A version's files but its manifest, which says when it was made.
pub(crate) fn files(root: &Path, version: &str) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(root.join("versions").join(version)).unwrap().map(Result::unwrap);
    let read =
        |entry: std::fs::DirEntry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap());
    entries.map(read).filter(|(name, _)| name != "manifest.json").collect()
}
