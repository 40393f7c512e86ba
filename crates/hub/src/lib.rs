//! Files of Hugging Face repositories, and of archives, downloaded once and checked.
//!
//! A [`Hub`] looks into the cache first, and uses the network only when a file of the [`Request`] is missing and
//! nobody said offline. The cache is the one that the Hugging Face Hub's own clients keep: what they downloaded is
//! found, and what is downloaded here is found by them.
//!
//! ```no_run
//! use embedkit_hub::{Hub, HubOptions, Request};
//!
//! # fn main() -> Result<(), embedkit_hub::HubError> {
//! let request = Request::new("MiniLM")
//!     .repository("sentence-transformers/all-MiniLM-L6-v2", None)
//!     .required("tokenizer.json")
//!     .required("onnx/model.onnx");
//! let hub = Hub::new(HubOptions::default().on_event(|event| eprintln!("{event:?}")))?;
//! let folder = hub.fetch(&request)?;
//! println!("{} bytes", std::fs::metadata(folder.join("onnx/model.onnx")).unwrap().len());
//! assert!(hub.verify(&request)?.is_ok());
//! # Ok(())
//! # }
//! ```
//!
//! # What a file goes through
//!
//! The server is asked for the file's commit, size and etag. The etag is the content's SHA-256, of files in large-file
//! storage, or else git's name for it. Sizes and digests must be those of the request, where it states them. The
//! content comes into a temporary file, under a lock that other processes respect, is hashed while it arrives, made
//! durable and renamed. A transfer that stalls or is cut goes on where it stopped, in this process or in the next. Only
//! what may succeed later is tried again: a cut, a stall, 408, 425, 429 and 5xx; and the tries have an end.
//!
//! Names from outside (in requests, from servers, in archives) never lead out of their folder; downloads and what
//! archives unpack to have a bound ([`HubOptions::max_file_bytes`], [`HubOptions::max_unpacked_bytes`]); and in a cache
//! that several users share, nothing is written through a link that another one made.
//!
//! # Why not the `hf-hub` crate
//!
//! `hf-hub` 1.0 was to be a second way to reach repositories, behind the trait that HTTP stands behind here. It was
//! tried on the loopback hub of the tests and left, for reasons that a later version may mend:
//!
//! * It always brings `hf-xet`, and with it `sysinfo` 0.39, which needs Rust 1.95 where this workspace promises 1.92, and
//!   `option-ext` and `colored` under the MPL-2.0, which `xtask/dependencies.toml` does not allow; 180 crates more in all.
//! * Its one call that tells a file's commit, etag and size follows redirects, and reads them from the last answer. The
//!   hub says them in the first, when it redirects a large file to its storage: of weights they are not told. The call
//!   that stops at the redirect is private, inside of a download into a cache of its own, which compares neither sizes
//!   nor digests.
//! * Its streams hide the answer's status and headers, so that an encoded body, a server without ranges and a wait that
//!   it asks for by a date cannot be told; it follows redirects from https to http; and of its two HTTP clients one can
//!   be given, and the other has no timeouts. Proxies, certificates and, where none is given, the token come from the
//!   process's environment, whatever [`HubOptions::environment`] says.

mod archive;
mod cache;
mod digest;
mod disk;
mod downloader;
mod environment;
mod error;
mod event;
mod external;
#[cfg(fuzzing)]
pub mod fuzzing;
mod hub;
mod inventory;
#[cfg(feature = "listing")]
mod listing;
mod lock;
mod options;
mod remote;
mod request;
mod transfer;
mod transport;
mod unpack;
mod url;
mod verify;

pub use error::HubError;
pub use event::HubEvent;
pub use hub::{Cached, Hub};
#[cfg(feature = "listing")]
pub use listing::{ListedFile, Listing};
pub use options::HubOptions;
pub use request::{Expected, Request, Source};
pub use verify::{FileReport, FileStatus, Report};
