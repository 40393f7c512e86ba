//! One file over the network, into its place: resumed, hashed while it arrives, renamed when it is right.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::client::{Client, Failure};
use super::transport::Response;
use super::{HubError, HubEvent, url};

/// Bytes read and written at once.
const CHUNK: usize = 1 << 17;
/// A try that got on by this many bytes lets earlier failures be forgotten.
const PROGRESS: u64 = 1 << 20;

/// What is known of a file before it is there.
#[derive(Clone, Debug, Default)]
pub(super) struct Expected {
    pub(super) size: Option<u64>,
    /// 64 hexadecimal digits in lower case.
    pub(super) sha256: Option<String>,
}

impl Expected {
    /// Compares with what is there.
    pub(super) fn check(&self, file: &str, size: u64, sha256: Option<&str>) -> Result<(), HubError> {
        let mismatch = |what, expected: String, found: String| {
            Err(HubError::Mismatch { file: file.to_owned(), what, expected, found })
        };
        match (self.size, &self.sha256, sha256) {
            (Some(expected), _, _) if expected != size => {
                mismatch("size", format!("{expected} bytes"), format!("{size} bytes"))
            }
            (_, Some(expected), Some(found)) if !expected.eq_ignore_ascii_case(found) => {
                mismatch("SHA-256", expected.clone(), found.to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// A download.
pub(super) struct Transfer<'a> {
    pub(super) client: &'a Client,
    pub(super) url: &'a str,
    /// How events and errors name the file.
    pub(super) file: &'a str,
    /// Where the bytes are gathered. The caller holds a lock on it.
    pub(super) part: PathBuf,
    pub(super) expected: Expected,
    /// Whether what an earlier process left in `part` belongs to this very content.
    pub(super) resume: bool,
}

impl Transfer<'_> {
    /// Downloads to `destination`, replacing what is there, atomically. Gives the file's size.
    pub(super) fn run(&self, destination: &Path) -> Result<u64, HubError> {
        let mut part = Part::open(&self.part)?;
        if !self.resume || self.expected.size.is_some_and(|size| part.len > size) {
            part.clear()?;
        }
        let resumed = part.len;
        let started = HubEvent::Started { file: self.file.to_owned(), total: self.expected.size, resumed };
        self.client.tell(started);
        let mut checked = self.fill(&mut part);
        if resumed > 0 && matches!(checked, Err(HubError::Mismatch { .. })) {
            tracing::debug!(self.file, "hub: what an earlier download left is wrong; starting again");
            part.clear()?;
            checked = self.fill(&mut part);
        }
        if let Err(error @ HubError::Mismatch { .. }) = checked {
            drop(part);
            let _ = std::fs::remove_file(&self.part);
            return Err(error);
        }
        checked?;
        let bytes = part.len;
        part.finish(destination)?;
        self.client.tell(HubEvent::Finished { file: self.file.to_owned(), bytes });
        Ok(bytes)
    }

    /// Gets what is missing, and checks the whole.
    fn fill(&self, part: &mut Part) -> Result<(), HubError> {
        self.client.retrying(self.file, || self.pull(part))?;
        self.expected.check(self.file, part.len, Some(&part.sha256()))
    }

    /// One request, appended to what is there.
    fn pull(&self, part: &mut Part) -> Result<(), Failure> {
        if self.expected.size == Some(part.len) {
            return Ok(());
        }
        let response = self.client.send(false, self.url, part.len, |_| false)?;
        match response.status {
            404 => {
                return Err(HubError::NotFound { what: self.file.to_owned(), url: url::redacted(self.url) }.into());
            }
            206 if range_start(&response) == Some(part.len) => {}
            206 | 416 => {
                part.clear()?;
                return Err(Failure::passing(
                    self.network("the server has another range than the one that is missing"),
                ));
            }
            _ => part.clear()?,
        }
        let start = part.len;
        let announced = response.number("content-length").map(|length| start + length);
        if let Some(size) = announced {
            self.expected.check(self.file, size, None)?;
        }
        self.receive(part, response.body, announced.or(self.expected.size))
            .map_err(|failure| Failure { progressed: part.len >= start + PROGRESS, ..failure })
    }

    fn receive(&self, part: &mut Part, mut body: Box<dyn Read + Send>, total: Option<u64>) -> Result<(), Failure> {
        let mut chunk = vec![0; CHUNK];
        loop {
            let count = match body.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    let message = format!("the transfer broke off after {} bytes: {error}", part.len);
                    return Err(Failure::passing(self.network(&message)));
                }
            };
            part.append(&chunk[..count])?;
            if self.expected.size.is_some_and(|size| part.len > size) {
                self.expected.check(self.file, part.len, None)?;
            }
            self.client.tell(HubEvent::Progress { file: self.file.to_owned(), done: part.len, total });
        }
        match total {
            Some(total) if part.len < total => {
                let message = format!("the transfer was cut after {} of {total} bytes", part.len);
                Err(Failure::passing(self.network(&message)))
            }
            _ => Ok(()),
        }
    }

    fn network(&self, message: &str) -> HubError {
        HubError::Network { url: url::redacted(self.url), message: message.to_owned(), source: None }
    }
}

/// The `a` of `Content-Range: bytes a-b/c`.
fn range_start(response: &Response) -> Option<u64> {
    response.header("content-range")?.trim().strip_prefix("bytes")?.trim_start().split('-').next()?.parse().ok()
}

/// A file that grows, with the hash of what it holds.
struct Part {
    path: PathBuf,
    file: File,
    len: u64,
    hasher: Sha256,
}

impl Part {
    fn open(path: &Path) -> Result<Self, HubError> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut part =
            Self { path: path.to_owned(), file: file.map_err(HubError::io(path))?, len: 0, hasher: Sha256::new() };
        if part.file.metadata().map_err(HubError::io(path))?.len() > 0 {
            part.len = hash(&mut part.file, &mut part.hasher).map_err(HubError::io(path))?;
        }
        Ok(part)
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
            self.hasher = Sha256::new();
            self.len = 0;
        }
        Ok(())
    }

    fn sha256(&self) -> String {
        hex(self.hasher.clone().finalize())
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

/// The SHA-256 of a file, as 64 hexadecimal digits in lower case.
pub(super) fn sha256_of(path: &Path) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    hash(&mut File::open(path)?, &mut hasher)?;
    Ok(hex(hasher.finalize()))
}

/// The SHA-256 of bytes, as 64 hexadecimal digits in lower case.
pub(super) fn sha256_of_bytes(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes))
}

fn hash(file: &mut File, hasher: &mut Sha256) -> std::io::Result<u64> {
    let mut chunk = vec![0; CHUNK];
    let mut length = 0;
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok(length),
            Ok(count) => {
                hasher.update(&chunk[..count]);
                length += count as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn hex(digest: impl AsRef<[u8]>) -> String {
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
