//! Contents through Hugging Face's own client, the crate `hf-hub`.
//!
//! What the hub says of a file is asked over plain HTTP as ever, by [`Http`]: `hf-hub`'s own call follows redirects, and
//! so loses what the hub says in the first answer alone. `hf-hub` streams the content, over a `reqwest` client that has
//! this crate's timeouts, proxies, certificates and rules for redirects; sizes, digests, locks, names and retries are
//! the business of who reads the stream. Archives, which are in no repository, come over plain HTTP too.
//!
//! A content that the hub keeps in Xet storage is streamed by `hf-xet`, the library beneath `hf-hub`, asked directly:
//! `hf-hub` 1.0.0 looks for the name in Xet storage in the answer behind the redirect, where it never is
//! (<https://github.com/huggingface/hf-hub/issues/208>). Once a version finds it, [`xet`] can go.
//!
//! # What plain HTTP does better
//!
//! The tests run with both transports, and assert the rows that a server on loopback can play.
//!
//! | what | plain HTTP | `hf-hub` |
//! | --- | --- | --- |
//! | requests for a content | one | two: `hf-hub` asks for the headers first, of the storage too |
//! | a body that is encoded though that was not asked for | refused by name | not seen; found by its size or digest |
//! | an answer in chunks, of a file without size and digest | taken, its end is marked | refused: the mark is hidden |
//! | resuming an answer that does not say its length | goes on | begins anew, and fails if each try is cut |
//! | resuming a file without a size | goes on | begins anew |
//! | `Retry-After` of a content | seconds or a date, of any status | seconds, of 429 |
//! | a wait before the next try when the host is unknown | none, it is final | as for other failures to connect |
//! | a system without any certificate | needed for https alone | `hf-hub` cannot be set up |
//! | proxies and certificates for Xet storage | | those of the process; so Xet storage is not used under any of ours |

mod client;
mod content;
mod failure;
mod xet;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::TryStreamExt;
use hf_hub::HFClient;

use super::{Answer, Body, Http, Metadata, RemoteFile, Transport};
use crate::HubError;
use crate::failure::Failure;
use content::Incoming;
use failure::Asked;

/// Reads contents with `hf-hub`.
pub(crate) struct HfHub {
    pub(crate) http: Arc<Http>,
    /// How often Xet storage is asked again, within one try.
    pub(crate) retries: u32,
    pub(crate) backoff: Duration,
    /// Whether Xet storage may be used.
    pub(crate) may_use_xet: bool,
    /// Where `hf-xet` makes its folders: below one that the hub's other clients pass over.
    pub(crate) scratch: PathBuf,
    /// Made when the network is first used.
    pub(crate) client: OnceLock<HFClient>,
}

impl Transport for HfHub {
    fn ask(&self, file: RemoteFile<'_>) -> Result<Answer, Failure> {
        self.http.ask(file)
    }

    fn open(&self, file: RemoteFile<'_>, found: &Metadata, from: u64) -> Result<Option<Body>, Failure> {
        match (&found.xet, found.size) {
            (Some(hash), Some(size)) if self.uses_xet() => self.open_xet(file, hash, size, from),
            _ => self.open_http(file, found.size, from),
        }
    }

    fn address(&self, file: RemoteFile<'_>) -> Result<String, HubError> {
        self.http.address(file)
    }
}

impl HfHub {
    /// `hf-xet` takes proxies and certificates from the process alone: where ours are others, the same content comes
    /// over HTTP.
    fn uses_xet(&self) -> bool {
        self.may_use_xet && self.http.agents.proxies.is_empty() && self.http.agents.roots.is_default()
    }

    fn client(&self) -> Result<&HFClient, HubError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = client::build(&self.http)?;
        Ok(self.client.get_or_init(|| client))
    }

    fn open_http(&self, file: RemoteFile<'_>, size: Option<u64>, from: u64) -> Result<Option<Body>, Failure> {
        let asked = Asked::new(&self.http, file)?;
        let (owner, name) = hf_hub::split_id(file.repo);
        let repository = self.client()?.model(owner, name);
        let (filename, revision) = (file.name.to_owned(), file.revision.to_owned());
        // An open range cannot be asked for.
        let range = size.filter(|size| (1..*size).contains(&from)).map(|size| from..size);
        let asked_range = range.clone();
        let opening = async move {
            let sent = repository.download_file_stream().filename(filename).revision(revision).maybe_range(asked_range);
            match sent.send().await {
                Ok((length, stream)) => Ok(Some(Incoming { length, chunks: stream.map_err(failure::breaking_off) })),
                Err(error) if failure::status(&error) == Some(416) => Ok(None),
                Err(error) => Err(asked.failure(error)),
            }
        };
        let Some((length, content)) = content::receive(opening, &self.address(file)?)? else { return Ok(None) };
        // `hf-hub` does not say whether the server heeded the range, but how much comes.
        let start = match (range, length) {
            (None, _) => 0,
            (Some(range), Some(length)) if length == range.end - range.start => range.start,
            (Some(range), Some(length)) if length == range.end => 0,
            (Some(_), _) => return Ok(None),
        };
        Ok(Some(Body { start, length, is_delimited: false, content }))
    }

    fn open_xet(&self, file: RemoteFile<'_>, hash: &str, size: u64, from: u64) -> Result<Option<Body>, Failure> {
        let asked = Asked::new(&self.http, file)?;
        let storage = xet::Storage::of(self, file)?;
        let hash = hash.to_owned();
        let opening = async move {
            let chunks = storage.stream(hash, size, from).await.map_err(|error| asked.xet_failure(&error))?;
            Ok(Some(Incoming { length: Some(size - from), chunks }))
        };
        let Some((length, content)) = content::receive(opening, &self.address(file)?)? else { return Ok(None) };
        Ok(Some(Body { start: from, length, is_delimited: false, content }))
    }
}
