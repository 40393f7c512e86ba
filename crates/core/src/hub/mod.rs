//! Fetches model files and keeps them in the Hugging Face cache layout.
//!
//! A [`Hub`] looks in the cache first, and uses the network only when a file that the row names is
//! missing and nobody said offline. The cache is shared with the Hugging Face Hub's own clients:
//! what they downloaded is found, and what is downloaded here is found by them.
//!
//! ```no_run
//! use embedkit_core::hub::{Hub, HubOptions};
//! use embedkit_core::{ModelDescription, Source};
//!
//! # fn main() -> embedkit_core::Result<()> {
//! let mut model = ModelDescription::new("my/model", "dense", "transformer");
//! model.model_file = "onnx/model.onnx".into();
//! model.sources = vec![Source::Hub { hf: "my/model".into(), revision: None }];
//!
//! let hub = Hub::new(HubOptions::default().on_event(|event| eprintln!("{event:?}")))?;
//! let files = hub.fetch(&model)?;
//! # let _ = files;
//! # Ok(())
//! # }
//! ```
//!
//! # What a file goes through
//!
//! The server is asked for the file's commit, size and etag. Of files in large-file storage the etag
//! is the SHA-256 of the content. Size and hash must be those of the row, where it states them. The
//! content comes into a temporary file, under a lock that other processes respect, is hashed while
//! it arrives, made durable and renamed. A transfer that stalls or is cut goes on where it stopped,
//! in this process or in the next. Only what can heal is tried again: a cut, a stall, 429 and 5xx.
//!
//! # Why not the `hf-hub` crate
//!
//! `hf-hub` 0.5 was the transport this module was meant to stand on. Around it, an offline switch,
//! Python's snapshots and checks after the fact can be had; inside its transfer lies what cannot:
//! its HTTP agent is built without any read timeout, so that a stalled connection hangs for ever,
//! and cannot be replaced from outside; it follows redirects with a range request of one byte
//! where a `HEAD` gives commit, etag and size; it compares neither size nor hash before it renames;
//! it retries a 404 like a cut, and sleeps before giving up; and its errors quote signed addresses.
//! With the transfer replaced, its layout of paths is all that is left, some thirty lines that have to be
//! written anyway to look into the cache without asking the network. So this module speaks
//! HTTP through `ureq`, the client that `hf-hub` uses, behind a trait of one method, and the
//! dependency is gone.

pub(crate) mod archive;
mod cache;
mod client;
mod error;
mod event;
mod external;
mod fetch;
mod options;
mod remote;
mod transfer;
mod transport;
mod url;
mod verify;
mod wanted;

pub use error::HubError;
pub use event::HubEvent;
pub use fetch::{CachedModel, Hub};
pub use options::HubOptions;
pub use verify::{FileReport, FileStatus, Report};
