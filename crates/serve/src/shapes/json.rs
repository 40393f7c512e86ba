//! JSON as it is answered: bytes are texts in base64.

use std::io::{self, Write};

use base64_simd::{AsOut as _, STANDARD};
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Writes a value as JSON behind what there is, bytes in it as base64.
pub(crate) fn write_json(body: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) -> serde_json::Result<()> {
    value.serialize(&mut Serializer::with_formatter(body, BytesAsBase64))
}

/// JSON on one line, with bytes in the standard alphabet, padded. A text would be searched for what must be escaped, which
/// takes as long as encoding it, and base64 has nothing of the kind.
struct BytesAsBase64;

/// Bytes that are encoded at a time: groups of three, so that only the last of them are padded.
const PIECE: usize = 3 * 512;

impl Formatter for BytesAsBase64 {
    fn write_byte_array<W: ?Sized + Write>(&mut self, writer: &mut W, bytes: &[u8]) -> io::Result<()> {
        let mut text = [0; PIECE / 3 * 4];
        writer.write_all(b"\"")?;
        for piece in bytes.chunks(PIECE) {
            writer.write_all(STANDARD.encode(piece, text.as_mut_slice().as_out()))?;
        }
        writer.write_all(b"\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bytes(Vec<u8>);

    impl Serialize for Bytes {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(&self.0)
        }
    }

    #[test]
    fn bytes_of_any_number_are_one_text() {
        for length in (0..10).chain([PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 5 * PIECE + 2]) {
            let bytes: Vec<u8> = (0..length).map(|at| (at * 7 + at / 256) as u8).collect();
            let mut body = b"[".to_vec();
            write_json(&mut body, &[Bytes(bytes.clone())]).unwrap();
            let texts: Vec<String> = serde_json::from_slice(&body[1..]).unwrap();
            assert_eq!(STANDARD.decode_to_vec(&texts[0]).unwrap(), bytes, "{length}");
            assert_eq!(texts[0].len(), length.div_ceil(3) * 4);
        }
    }

    #[test]
    fn all_else_is_written_as_ever() {
        let value = serde_json::json!({"a": [1, 0.5, null, true, "\"\n\u{1}é"], "b": {}});
        let mut body = Vec::new();
        write_json(&mut body, &value).unwrap();
        assert_eq!(body, serde_json::to_vec(&value).unwrap());
    }
}
