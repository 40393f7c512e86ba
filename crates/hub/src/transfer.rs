//! One file over the network, into its place: resumed, hashed while it arrives, renamed when it is right.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::digest::{Hasher, Promise, read_through};
use crate::downloader::Downloader;
use crate::failure::Failure;
use crate::transport::Body;
use crate::{HubError, HubEvent, disk};

/// Bytes read and written at once.
const CHUNK: usize = 1 << 17;
/// A try that got on by this many bytes lets earlier failures be forgotten …
const PROGRESS: u64 = 1 << 20;
/// … or by this part of a file, if that is more: so that the number of tries has an end.
const PROGRESS_PART: u64 = 64;
/// Fewer bytes than these within the read timeout are a stall: a file would take months.
const SLOWEST: u64 = 1 << 12;

/// A download.
pub(crate) struct Transfer<'a> {
    pub(crate) downloader: &'a Downloader,
    /// Opens the content from a byte on; none when the server has no such range.
    pub(crate) open: &'a dyn Fn(u64) -> Result<Option<Body>, Failure>,
    /// How events and errors name the file.
    pub(crate) file: &'a str,
    /// Its address, as errors show it.
    pub(crate) address: &'a str,
    /// Where the bytes are gathered. The caller holds a lock on it.
    pub(crate) part: PathBuf,
    pub(crate) promise: Promise,
    /// Whether what an earlier process left in `part` belongs to this very content.
    pub(crate) resume: bool,
}

impl Transfer<'_> {
    /// Downloads to `destination`, replacing what is there, atomically. Gives the file's size.
    pub(crate) fn run(&self, destination: &Path) -> Result<u64, HubError> {
        self.check_limit(self.promise.size.unwrap_or(0))?;
        let mut part = Part::open(&self.part)?;
        if !self.resume || self.promise.size.is_some_and(|size| part.len > size) {
            part.clear()?;
        }
        let resumed = part.len;
        let started = HubEvent::Started { file: self.file.to_owned(), total: self.promise.size, resumed };
        self.downloader.tell(started);
        let mut checked = self.fill(&mut part);
        if resumed > 0 && matches!(checked, Err(HubError::Mismatch { .. })) {
            tracing::debug!(self.file, "hub: what an earlier download left is wrong; starting again");
            part.clear()?;
            checked = self.fill(&mut part);
        }
        if let Err(error @ (HubError::Mismatch { .. } | HubError::TooLarge { .. })) = checked {
            drop(part);
            let _ = std::fs::remove_file(&self.part);
            return Err(error);
        }
        checked?;
        let bytes = part.len;
        part.finish(destination)?;
        self.downloader.tell(HubEvent::Finished { file: self.file.to_owned(), bytes });
        Ok(bytes)
    }

    /// Gets what is missing, and checks the whole.
    fn fill(&self, part: &mut Part) -> Result<(), HubError> {
        // What was reached before a server began anew is no progress when it is reached again.
        let mut reached = part.len;
        self.downloader.retrying(self.file, || {
            self.pull(part).map_err(|failure| {
                let step = PROGRESS.max(self.promise.size.unwrap_or(0) / PROGRESS_PART);
                let progressed = part.len >= reached + step;
                if progressed {
                    reached = part.len;
                }
                Failure { progressed, ..failure }
            })
        })?;
        part.file.flush().map_err(HubError::io(&part.path))?;
        self.promise.check(self.file, &part.path, Some(&part.hasher.hex()))
    }

    /// One request, appended to what is there.
    fn pull(&self, part: &mut Part) -> Result<(), Failure> {
        if self.promise.size == Some(part.len) {
            return Ok(());
        }
        let body = (self.open)(part.len)?.filter(|body| body.start == 0 || body.start == part.len);
        let Some(body) = body else {
            part.clear()?;
            return Err(self.network("the server has another range than the one that is missing", None));
        };
        if body.start != part.len {
            part.clear()?;
        }
        let announced = body.length.map(|length| part.len.saturating_add(length));
        if let Some(size) = announced {
            self.promise.check_size(self.file, size)?;
            self.check_limit(size)?;
        }
        let total = announced.or(self.promise.size);
        if total.is_none() && !body.is_delimited && self.promise.digests.is_empty() {
            let message = "it says neither how long the file is nor what it hashes to, so that a file that was cut \
                           could not be told from a whole one";
            return Err(self.protocol(message).into());
        }
        self.receive(part, body.content, total)
    }

    fn receive(&self, part: &mut Part, mut body: Box<dyn Read + Send>, total: Option<u64>) -> Result<(), Failure> {
        let mut chunk = vec![0; CHUNK];
        let mut pace = Pace { since: Instant::now(), from: part.len };
        loop {
            let count = match body.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    let message = format!("the transfer broke off after {} bytes", part.len);
                    return Err(self.network(&message, Some(error)));
                }
            };
            part.append(&chunk[..count])?;
            if self.promise.size.is_some_and(|size| part.len > size) {
                self.promise.check_size(self.file, part.len)?;
            }
            self.check_limit(part.len)?;
            self.downloader.tell(HubEvent::Progress { file: self.file.to_owned(), done: part.len, total });
            if pace.is_stalled(part.len, self.downloader) {
                let message = format!("the transfer has all but stopped after {} bytes", part.len);
                return Err(self.network(&message, None));
            }
        }
        match total {
            Some(total) if part.len < total => {
                let message = format!("the transfer was cut after {} of {total} bytes", part.len);
                Err(self.network(&message, None))
            }
            _ => Ok(()),
        }
    }

    fn check_limit(&self, bytes: u64) -> Result<(), HubError> {
        let limit = self.downloader.max_file_bytes;
        if bytes <= limit {
            return Ok(());
        }
        Err(HubError::TooLarge { what: self.file.to_owned(), limit, option: "max_file_bytes" })
    }

    fn network(&self, message: &str, source: Option<std::io::Error>) -> Failure {
        let source = source.map(Into::into);
        HubError::Network { url: self.address.to_owned(), message: message.to_owned(), retryable: true, source }.into()
    }

    fn protocol(&self, message: &str) -> HubError {
        HubError::Protocol { url: self.address.to_owned(), message: message.to_owned() }
    }
}

/// How much has come since when.
struct Pace {
    since: Instant,
    from: u64,
}

impl Pace {
    fn is_stalled(&mut self, len: u64, downloader: &Downloader) -> bool {
        if self.since.elapsed() < downloader.read_timeout {
            return false;
        }
        let came = len - self.from;
        *self = Self { since: Instant::now(), from: len };
        came < SLOWEST
    }
}

/// A file that grows, with the hash of what it holds.
struct Part {
    path: PathBuf,
    file: File,
    len: u64,
    hasher: Hasher,
}

impl Part {
    fn open(path: &Path) -> Result<Self, HubError> {
        let mut file = disk::open(path).map_err(HubError::io(path))?;
        let mut hasher = Hasher::default();
        let len = read_through(&mut file, |bytes| hasher.update(bytes)).map_err(HubError::io(path))?;
        Ok(Self { path: path.to_owned(), file, len, hasher })
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), HubError> {
        self.file.write_all(bytes).map_err(HubError::io(&self.path))?;
        self.hasher.update(bytes);
        self.len += bytes.len() as u64;
        Ok(())
    }

    fn clear(&mut self) -> Result<(), HubError> {
        if self.len > 0 {
            self.file.set_len(0).map_err(HubError::io(&self.path))?;
            self.file.seek(SeekFrom::Start(0)).map_err(HubError::io(&self.path))?;
            self.hasher = Hasher::default();
            self.len = 0;
        }
        Ok(())
    }

    /// Makes the bytes durable, then the name.
    fn finish(self, destination: &Path) -> Result<(), HubError> {
        self.file.sync_all().map_err(HubError::io(&self.path))?;
        drop(self.file);
        std::fs::rename(&self.path, destination).map_err(HubError::io(destination))?;
        if cfg!(unix)
            && let Some(folder) = destination.parent()
        {
            // The name is there; that it survives a power cut is worth a try, not an error.
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
        }
        Ok(())
    }
}
