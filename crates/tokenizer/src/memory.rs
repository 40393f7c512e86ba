//! Memory that the tokenizer library will take, asked for beforehand.

use std::collections::TryReserveError;

use crate::json;

/// The most that the library takes for each byte of a text. Measured on 4 MB, by pipeline and text: one long word 66 to
/// 99, ideographs 38 to 64, words of one letter between marks 72 to 128, and 265 with the byte-level pre-tokenizer.
const OF_A_TEXT_BYTE: usize = 270;
/// What the library takes for each byte of a usual `tokenizer.json`. Measured: BPE 11 to 20, words 27, Unigram 39, added
/// tokens 6. Files made for it reach more: 77 by hundreds of thousands of normalisers.
const OF_A_FILE_BYTE: usize = 40;
/// What the library takes for each byte of a Unigram piece that shares its start with no other.
const OF_A_LONG_STRING_BYTE: usize = 350;
/// Pieces are shorter; rules of SentencePiece are counted too, which are a small part of a file.
const LONG_STRING: usize = 512;
/// Less than this is taken without asking.
const LITTLE: usize = 16 << 20;

/// What the library takes for a text.
pub(crate) fn of_a_text(text: &str) -> usize {
    text.len().saturating_mul(OF_A_TEXT_BYTE)
}

/// What the library takes for a `tokenizer.json`.
pub(crate) fn of_a_file(json: &[u8]) -> usize {
    let long = json::strings(json).map(<[u8]>::len).filter(|length| *length > LONG_STRING);
    let long: usize = long.sum();
    json.len().saturating_mul(OF_A_FILE_BYTE).saturating_add(long.saturating_mul(OF_A_LONG_STRING_BYTE))
}

/// Fails where so much memory cannot be had: the library's own allocations end the process when they fail. Where the
/// system promises more than it has, it promises here too.
pub(crate) fn probe(wanted: usize) -> Result<(), TryReserveError> {
    if wanted < LITTLE {
        return Ok(());
    }
    Vec::<u8>::new().try_reserve_exact(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_strings_count_more() {
        let file = |piece: &str| format!(r#"{{"a\\\"": "b", "vocab": ["{piece}", 1]}}"#);
        let (short, long) = (file("a"), file(&r#"a\""#.repeat(500)));
        assert_eq!(of_a_file(short.as_bytes()), short.len() * 40);
        assert_eq!(of_a_file(long.as_bytes()), long.len() * 40 + 1502 * 350);
        assert_eq!(of_a_file(b"\"\\"), 80);
        assert!(probe(usize::MAX).is_err());
        assert!(probe(LITTLE).is_ok());
    }
}
