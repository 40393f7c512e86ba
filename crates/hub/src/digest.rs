//! What a file's content should hash to, and whether it does.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::{Expected, HubError};

/// Bytes read at once.
const CHUNK: usize = 1 << 17;

/// A content's hash, in hexadecimal digits of lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Digest {
    Sha256(String),
    /// The SHA-1 of `blob LENGTH\0` and the content: how git names it.
    GitBlob(String),
}

impl Digest {
    /// What the hub's etag says of the content: of files in large-file storage it is the SHA-256, of others git's
    /// name. Other etags say nothing.
    pub(crate) fn of_etag(etag: &str) -> Option<Self> {
        if !etag.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        match etag.len() {
            64 => Some(Self::Sha256(etag.to_ascii_lowercase())),
            40 => Some(Self::GitBlob(etag.to_ascii_lowercase())),
            _ => None,
        }
    }

    fn check(&self, file: &str, found: String) -> Result<(), HubError> {
        let (what, expected) = match self {
            Self::Sha256(expected) => ("SHA-256", expected),
            Self::GitBlob(expected) => ("git blob id", expected),
        };
        if *expected == found {
            return Ok(());
        }
        Err(HubError::Mismatch { file: file.to_owned(), what, expected: expected.clone(), found })
    }
}

/// What the request and the server promise of a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Promise {
    pub(crate) size: Option<u64>,
    pub(crate) digests: Vec<Digest>,
}

impl From<Expected> for Promise {
    fn from(expected: Expected) -> Self {
        let digest = expected.sha256.map(|hex| Digest::Sha256(hex.to_ascii_lowercase()));
        Self { size: expected.size, digests: digest.into_iter().collect() }
    }
}

impl Promise {
    /// Adds what the server says.
    ///
    /// # Errors
    /// [`HubError::Mismatch`] when that contradicts what is known already.
    pub(crate) fn and(mut self, file: &str, size: Option<u64>, digest: Option<Digest>) -> Result<Self, HubError> {
        if let Some(size) = size {
            self.check_size(file, size)?;
            self.size = Some(size);
        }
        if let Some(digest) = digest {
            if let Digest::Sha256(hex) = &digest {
                self.check_sha256(file, hex)?;
            }
            if !self.digests.contains(&digest) {
                self.digests.push(digest);
            }
        }
        Ok(self)
    }

    pub(crate) fn check_size(&self, file: &str, found: u64) -> Result<(), HubError> {
        match self.size {
            Some(expected) if expected != found => Err(HubError::Mismatch {
                file: file.to_owned(),
                what: "size",
                expected: format!("{expected} bytes"),
                found: format!("{found} bytes"),
            }),
            _ => Ok(()),
        }
    }

    fn check_sha256(&self, file: &str, found: &str) -> Result<(), HubError> {
        let mut digests = self.digests.iter().filter(|digest| matches!(digest, Digest::Sha256(_)));
        digests.try_for_each(|digest| digest.check(file, found.to_owned()))
    }

    /// Compares size and digests with those of a file; `sha256` is its SHA-256, when that is known already.
    pub(crate) fn check(&self, file: &str, path: &Path, sha256: Option<&str>) -> Result<(), HubError> {
        let io = HubError::io;
        self.check_size(file, std::fs::metadata(path).map_err(io(path))?.len())?;
        for digest in &self.digests {
            let found = match (digest, sha256) {
                (Digest::Sha256(_), Some(known)) => known.to_owned(),
                (Digest::Sha256(_), None) => sha256_of(path).map_err(io(path))?,
                (Digest::GitBlob(_), _) => git_blob_of(path).map_err(io(path))?,
            };
            digest.check(file, found)?;
        }
        Ok(())
    }
}

/// A SHA-256 in the making.
#[derive(Clone, Default)]
pub(crate) struct Hasher(Sha256);

impl Hasher {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn hex(&self) -> String {
        hex(self.0.clone().finalize())
    }
}

/// The SHA-256 of bytes.
pub(crate) fn sha256_of_bytes(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes))
}

fn sha256_of(path: &Path) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    read_through(&mut File::open(path)?, |bytes| hasher.update(bytes))?;
    Ok(hex(hasher.finalize()))
}

fn git_blob_of(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha1::new();
    hasher.update(format!("blob {}\0", file.metadata()?.len()));
    read_through(&mut file, |bytes| hasher.update(bytes))?;
    Ok(hex(hasher.finalize()))
}

/// Reads to the end and gives the number of bytes.
pub(crate) fn read_through(content: &mut impl Read, mut take: impl FnMut(&[u8])) -> std::io::Result<u64> {
    let mut chunk = vec![0; CHUNK];
    let mut length = 0;
    loop {
        match content.read(&mut chunk) {
            Ok(0) => return Ok(length),
            Ok(count) => {
                take(&chunk[..count]);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What `git hash-object` and `sha256sum` say of a file that holds `hello\n`.
    #[test]
    fn etags_are_digests_of_the_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, "hello\n").unwrap();
        for etag in [
            "ce013625030ba8dba906f756967f9e9ca394464a",
            "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
            "5891B5B522D5DF086D0FF0B110FBD9D21BB4FC7163AF34D08286A2E846F6BE03",
        ] {
            let digest = Digest::of_etag(etag);
            assert!(digest.is_some());
            let promise = Promise::default().and("f", Some(6), digest).unwrap();
            assert!(promise.check("f", &path, None).is_ok());
            let wrong = Promise::default().and("f", None, Digest::of_etag(&"0".repeat(etag.len()))).unwrap();
            assert!(matches!(wrong.check("f", &path, None), Err(HubError::Mismatch { .. })));
        }
        for etag in ["", "abc", "d41d8cd98f00b204e9800998ecf8427e", &"g".repeat(40)] {
            assert_eq!(Digest::of_etag(etag), None);
        }
    }

    #[test]
    fn a_server_that_contradicts_the_request_is_noticed() {
        let known = || Promise::from(Expected::default().size(6).sha256("A".repeat(64)));
        assert!(known().and("f", Some(7), None).is_err());
        assert!(known().and("f", None, Digest::of_etag(&"0".repeat(64))).is_err());
        assert_eq!(known().and("f", Some(6), Digest::of_etag(&"a".repeat(64))).unwrap().digests.len(), 1);
        assert_eq!(known().and("f", None, Digest::of_etag(&"0".repeat(40))).unwrap().digests.len(), 2);
    }
}
