//! TOML that people write: read up to a bound, and what is wrong with it fits a line.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::{Error, Result};

/// Many times what any such file has.
const MOST_BYTES: u64 = 16 << 20;

/// The text of a file in TOML, of 16 MiB at most; what is no regular file is read too, such as what a shell puts in a
/// command's place.
///
/// # Errors
/// [`Error::Io`], and [`Error::InvalidFile`] for a file that has more or is not UTF-8.
pub fn read_toml_text(path: &Path) -> Result<String> {
    let mut text = Vec::new();
    let file = File::open(path).map_err(Error::io(path))?;
    file.take(MOST_BYTES + 1).read_to_end(&mut text).map_err(Error::io(path))?;
    if text.len() as u64 > MOST_BYTES {
        return Err(Error::file(
            path,
            format!("has more than {} MiB, and is no TOML that was meant", MOST_BYTES >> 20),
        ));
    }
    String::from_utf8(text).map_err(|error| Error::file_because(path, "is no text in UTF-8", error))
}

/// Reads TOML.
///
/// # Errors
/// What is wrong, in which line and of which key, in one line of its own: without the picture of the text that the parser
/// draws, in which there may be a secret.
pub fn parse_toml<T: DeserializeOwned>(text: &str) -> std::result::Result<T, String> {
    toml::from_str(text).map_err(|error| {
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return message };
        let line = before.matches('\n').count();
        // What is missing has no place of its own, and what only looks like a key may be a secret that ends in `=`.
        let has_place = error.span().is_some_and(|span| !span.is_empty());
        let is_key = |key: &&str| {
            let is_sign = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            !key.is_empty() && key.chars().all(is_sign) && !message.contains(*key)
        };
        let line_text = text.lines().nth(line).filter(|_| has_place);
        match line_text.and_then(|text| text.split_once('=')).map(|(key, _)| key.trim()).filter(is_key) {
            Some(key) => format!("line {}: `{key}`: {message}", line + 1),
            None => format!("line {}: {message}", line + 1),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_in_one() {
        for (text, expected) in [
            ("a = 1\nb = \"two\nc = 3", "line 2: "),
            ("a = 1\na = 2", "line 2: duplicate key"),
            ("a = 1\n\n[b", "line 3: "),
            ("a = \u{1}", "line 1: "),
        ] {
            let message = parse_toml::<toml::Table>(text).unwrap_err();
            assert!(message.starts_with(expected) && !message.contains('\n'), "{text:?}: {message}");
        }
        assert_eq!(parse_toml::<toml::Table>("a = 1").unwrap()["a"].as_integer(), Some(1));
    }

    #[test]
    fn a_value_of_the_wrong_type_is_told_with_its_key_and_without_itself() {
        #[derive(Debug, serde::Deserialize)]
        #[allow(dead_code)]
        struct Settings {
            key: String,
        }
        let message = parse_toml::<Settings>("# of a client\nkey = [7, 8]").unwrap_err();
        assert_eq!(message, "line 2: `key`: invalid type: sequence, expected a string");
        let missing = parse_toml::<Settings>("other = 1").unwrap_err();
        assert!(!missing.contains("other"), "{missing}");
        for secret in ["key: \"c2VjcmV0==\"", "key = [\n  \"c2VjcmV0==\" \"x\",\n]"] {
            let message = parse_toml::<Settings>(secret).unwrap_err();
            assert!(!message.contains("c2VjcmV0"), "{message}");
        }
    }

    #[test]
    fn what_is_too_long_or_no_text_is_refused_by_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.toml");
        // The bound lies within a letter.
        for (text, expected) in [("\u{e9}".repeat(9 << 20).into_bytes(), "more than 16 MiB"), (vec![0xff], "UTF-8")] {
            std::fs::write(&path, text).unwrap();
            let error = read_toml_text(&path).unwrap_err().to_string();
            assert!(error.contains("x.toml") && error.contains(expected), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_never_ends_is_refused() {
        let error = read_toml_text(Path::new("/dev/zero")).unwrap_err();
        assert!(error.to_string().contains("/dev/zero") && error.to_string().contains("more than 16 MiB"), "{error}");
    }
}
