//! Keys.

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::Error;
use crate::config::Config;

/// The keys of which requests must have one. Only digests are kept.
pub(crate) struct Keys {
    fixed: Vec<[u8; 32]>,
    file: Option<PathBuf>,
    from_file: RwLock<Vec<[u8; 32]>>,
}

impl Keys {
    /// Those of a configuration.
    ///
    /// # Errors
    /// A file that cannot be read, or has no key.
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let fixed = config.api_keys.iter().map(|key| digest(key)).collect();
        let file = config.api_key_file.clone();
        let from_file = file.as_deref().map(read).transpose()?.unwrap_or_default();
        Ok(Self { fixed, file, from_file: RwLock::new(from_file) })
    }

    /// Whether requests need a key.
    pub(crate) fn are_needed(&self) -> bool {
        !self.fixed.is_empty() || self.file.is_some()
    }

    /// Reads the file again; the keys stay as they are where that fails. A signal asks for it, which Windows does not have.
    #[cfg_attr(not(unix), allow(dead_code))]
    pub(crate) fn read_again(&self) {
        let Some(file) = &self.file else { return };
        match read(file) {
            Ok(keys) => {
                tracing::info!(keys = keys.len(), "the file of keys was read again");
                *self.from_file.write().unwrap_or_else(PoisonError::into_inner) = keys;
            }
            Err(error) => tracing::error!(%error, "the file of keys cannot be read again, and those before stay"),
        }
    }

    /// Whether a request may go on. Each key is compared, whole, whatever the others gave.
    pub(crate) fn allow(&self, headers: &HeaderMap) -> bool {
        if !self.are_needed() {
            return true;
        }
        let from_file = self.from_file.read().unwrap_or_else(PoisonError::into_inner);
        let mut is_known = Choice::from(0);
        for given in given(headers) {
            let given = digest(given);
            for key in self.fixed.iter().chain(from_file.iter()) {
                is_known |= key.ct_eq(&given);
            }
        }
        is_known.into()
    }
}

/// The keys that a request gives: `authorization: Bearer K` or `K` alone, `x-api-key`, `api-key`.
fn given(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text(header::AUTHORIZATION.as_str()).map(|value| match value.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => key.trim(),
        _ => value.trim(),
    });
    bearer.into_iter().chain(text("x-api-key")).chain(text("api-key")).filter(|key| !key.is_empty())
}

fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// The keys of a file, one a line; blank lines and those that begin with `#` are none.
fn read(file: &Path) -> Result<Vec<[u8; 32]>, Error> {
    let text =
        std::fs::read_to_string(file).map_err(|source| Error::File { path: file.display().to_string(), source })?;
    let lines = text.lines().map(str::trim).enumerate();
    let mut lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let keys = lines.clone().map(|(_, line)| digest(line)).collect::<Vec<_>>();
    if let Some((index, _)) = lines.find(|(_, line)| !line.bytes().all(|byte| matches!(byte, b' '..=b'~'))) {
        let message = format!("{}: line {} has characters no header can have", file.display(), index + 1);
        return Err(Error::usage(message));
    }
    if keys.is_empty() {
        return Err(Error::usage(format!("{} has no key", file.display())));
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_come_in_any_of_its_headers() {
        let mut config = Config::default();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys");
        std::fs::write(&file, "# ours\n\nthird\n").unwrap();
        config.api_keys = vec!["first".to_owned(), "second".to_owned()];
        config.api_key_file = Some(file.clone());
        let keys = Keys::new(&config).unwrap();
        let allows = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            keys.allow(&headers)
        };
        for (name, value, expected) in [
            ("authorization", "Bearer second", true),
            ("authorization", "bearer first", true),
            ("authorization", "first", true),
            ("authorization", "Bearer wrong", false),
            ("authorization", "Bearer ", false),
            ("authorization", "Basic first", false),
            ("x-api-key", "third", true),
            ("api-key", "first", true),
            ("api-key", "firs", false),
            ("cookie", "first", false),
        ] {
            assert_eq!(allows(name, value), expected, "{name}: {value}");
        }
        assert!(!keys.allow(&HeaderMap::new()));
        std::fs::write(&file, "fourth").unwrap();
        keys.read_again();
        assert!(allows("x-api-key", "fourth") && !allows("x-api-key", "third"));
        std::fs::write(&file, "fifth\nk\u{e9}y\n").unwrap();
        assert!(read(&file).unwrap_err().to_string().contains("line 2"));
        std::fs::remove_file(&file).unwrap();
        keys.read_again();
        assert!(allows("x-api-key", "fourth"), "the keys stay where the file cannot be read");
    }
}
