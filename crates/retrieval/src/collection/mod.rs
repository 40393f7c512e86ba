//! Where chunks and their vectors live: a folder of plain files.
//!
//! ```text
//! notes/current                     the version that is searched, by its name
//! notes/versions/000001/            one version; nothing in it is ever changed
//!     manifest.json                 models with digests, files with sizes and digests, what could not be read
//!     pipeline.toml                 how it is searched
//!     records.jsonl                 one chunk a line, as pandas and duckdb read it
//!     records.npy                   where each line begins
//!     sources.jsonl                 one file a line, with its digest and its records
//!     <stage>.npy, <stage>.npz      vectors, as NumPy and SciPy open them
//! ```
//!
//! A version is written beside the others under a name of its own, brought to the disk, and then renamed; `current` is
//! replaced by renaming too. A process that is killed at any moment leaves the collection as it was.

mod folder;
mod manifest;
mod records;
mod version;

pub use folder::{CollectionFolder, Draft};
pub use manifest::{FileRecord, Manifest, SourceFile, StageModel, Unread};
pub use version::Version;

pub(crate) use folder::Contents;
pub(crate) use records::RecordWriter;
pub(crate) use version::{SOURCES, StageIndex, check_model};
