//! SHA-256 digests, as 64 hexadecimal digits.

use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::{Error, Result};

/// A digest's digits.
pub fn digits(digest: impl AsRef<[u8]>) -> String {
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digest of bytes.
pub fn of_bytes(bytes: &[u8]) -> String {
    digits(Sha256::digest(bytes))
}

/// The digest of a file's bytes.
///
/// # Errors
/// [`Error::Io`] of a file that cannot be read.
pub fn of_file(path: &Path) -> Result<String> {
    let mut file = std::fs::File::open(path).map_err(Error::io(path))?;
    let mut hasher = Hasher(Sha256::new());
    std::io::copy(&mut file, &mut hasher).map_err(Error::io(path))?;
    Ok(digits(hasher.0.finalize()))
}

/// The same of a model's file. In a hub's cache, large files are links to ones that go by the digests that the hub has of
/// them: weights are not read again for it.
pub(crate) fn of_model_file(path: &Path) -> Result<String> {
    let of_name = std::fs::read_link(path).ok().and_then(|target| {
        let is_blob = target.parent()?.file_name()? == "blobs";
        target.file_name()?.to_str().filter(|name| is_blob && is_sha256(name)).map(str::to_owned)
    });
    of_name.map_or_else(|| of_file(path), Ok)
}

fn is_sha256(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A digest as something that can be written to.
struct Hasher(Sha256);

impl std::io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end with a panic")]

    use super::*;

    #[test]
    fn a_link_into_a_cache_has_the_digest_that_it_names() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("blobs")).unwrap();
        let named = "0a".repeat(32);
        for (target, is_named) in [(format!("blobs/{named}"), true), (named.clone(), false), ("blobs/0a".into(), false)]
        {
            let link = folder.path().join("link");
            std::fs::write(folder.path().join(&target), "weights").unwrap();
            std::os::unix::fs::symlink(&target, &link).unwrap();
            let expected = if is_named { named.clone() } else { of_bytes(b"weights") };
            assert_eq!(of_model_file(&link).unwrap(), expected, "{target}");
            std::fs::remove_file(link).unwrap();
        }
    }
}
