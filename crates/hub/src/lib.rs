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
//! # Hugging Face's own client
//!
//! With the feature `hf-hub`, contents of repositories can come through Hugging Face's own client, the crate of that name:
//! [`HubOptions::transport`], or `EMBEDKIT_HUB_TRANSPORT=hf-hub`. It reads large files from where the hub keeps them
//! nowadays, Xet storage, in many chunks at a time, unless `HF_HUB_DISABLE_XET` is set. All that is said above holds with
//! either transport: what the hub says of a file is asked, and what comes is checked, in the same way.
//!
//! The feature is off by default: it needs Rust 1.95, where this crate else needs 1.92, and some 200 crates more, among
//! them `option-ext` and `colored` under the MPL-2.0, and a C compiler for `aws-lc-sys`. What plain HTTP does better:
//!
//! * `hf-hub` asks the hub, and its storage, for a content's headers before the content: one more round trip a file.
//! * It hides an answer's status and headers. So a body that was encoded on its way is told by its size or digest only;
//!   one whose size and digest nobody states is refused even when its end is marked; a transfer is resumed only when the
//!   file's size is known and the answer says its length, and else begins anew; and a wait that the server asks for is
//!   heeded when it is in seconds, after 429.
//! * It and `hf-xet` make HTTP clients of their own beside the one that they are given, with the process's proxies and the
//!   system's certificates. Those of `hf-xet` are used, so that Xet storage is not, when the settings name a proxy or
//!   certificates: then the same files come over plain HTTP. Those of `hf-hub` are not used, but where a system has no
//!   certificates at all, they cannot be made, and `hf-hub` not be used.
//! * Both read `HF_XET_…` variables, and log, from the process, whatever [`HubOptions::environment`] says.

mod archive;
mod cache;
mod digest;
mod disk;
mod downloader;
mod environment;
mod error;
mod event;
mod external;
mod failure;
#[cfg(fuzzing)]
pub mod fuzzing;
mod gzip;
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
pub use transport::TransportKind;
pub use verify::{FileReport, FileStatus, Report};
