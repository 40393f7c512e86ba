//! What the hub tells while it works.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What the hub is doing, for progress displays and logs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum HubEvent {
    /// Everything was in the cache; nothing is downloaded.
    Cached {
        /// The request's name.
        name: String,
        /// The folder with its files.
        folder: PathBuf,
    },
    /// A file's download begins.
    Started {
        /// The file's name in its repository, or the address of an archive.
        file: String,
        /// Its size in bytes, when the server states it.
        total: Option<u64>,
        /// The bytes that an earlier, interrupted download left.
        resumed: u64,
    },
    /// Bytes have arrived.
    Progress {
        /// The file.
        file: String,
        /// The bytes that are there.
        done: u64,
        /// Its size in bytes, when the server states it.
        total: Option<u64>,
    },
    /// A file is complete, checked and in its place.
    Finished {
        /// The file.
        file: String,
        /// Its size in bytes.
        bytes: u64,
    },
    /// A try failed and another follows.
    Retrying {
        /// The file.
        file: String,
        /// The try that follows; the first retry is 1.
        attempt: u32,
        /// The wait before it.
        wait: Duration,
        /// Why the last try failed.
        reason: String,
    },
    /// Another process downloads the same file; it is waited for.
    Waiting {
        /// The file.
        file: String,
    },
}

/// Receives events; called from the thread that downloads.
pub(crate) type EventHandler = Arc<dyn Fn(&HubEvent) + Send + Sync>;
