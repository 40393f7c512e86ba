//! JSON as Python writes it: `NaN`, `Infinity` and `-Infinity`, of which JSON has none. Among people's data they are null.
//! The tokenizer's reader of models' files is another one: there an infinite number is a limit, the largest there is.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

/// The text with null for the numbers that JSON does not have, as pandas writes them.
pub fn as_null(text: &str) -> Cow<'_, str> {
    if !["NaN", "Infinity"].iter().any(|name| text.contains(name)) {
        return Cow::Borrowed(text);
    }
    let mut nulls = Nulls::default();
    let mut json = Vec::with_capacity(text.len() + 8);
    text.bytes().for_each(|byte| nulls.push(byte, &mut json));
    nulls.end_word(&mut json);
    String::from_utf8(json).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// As [`as_null`], of what is read from a reader.
pub struct AsNull<R> {
    reader: R,
    nulls: Nulls,
    json: Vec<u8>,
    given: usize,
}

impl<R: BufRead> AsNull<R> {
    /// Of this reader, which stands before a byte of JSON that is in no string.
    pub fn new(reader: R) -> Self {
        Self { reader, nulls: Nulls::default(), json: Vec::new(), given: 0 }
    }
}

impl<R: BufRead> Read for AsNull<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        while self.given == self.json.len() {
            self.json.clear();
            self.given = 0;
            let text = self.reader.fill_buf()?;
            let count = text.len();
            text.iter().for_each(|byte| self.nulls.push(*byte, &mut self.json));
            self.reader.consume(count);
            if count == 0 {
                self.nulls.end_word(&mut self.json);
                break;
            }
        }
        let count = bytes.len().min(self.json.len() - self.given);
        bytes[..count].copy_from_slice(&self.json[self.given..][..count]);
        self.given += count;
        Ok(count)
    }
}

/// Where in JSON a byte stands.
#[derive(Default)]
struct Nulls {
    in_string: bool,
    is_escaped: bool,
    /// A word that may be such a number.
    word: Vec<u8>,
}

impl Nulls {
    fn push(&mut self, byte: u8, json: &mut Vec<u8>) {
        if self.in_string {
            self.in_string = byte != b'"' || self.is_escaped;
            self.is_escaped = byte == b'\\' && !self.is_escaped;
            json.push(byte);
        } else if byte.is_ascii_alphanumeric() || b"+-._".contains(&byte) {
            self.word.push(byte);
        } else {
            self.end_word(json);
            self.in_string = byte == b'"';
            json.push(byte);
        }
    }

    fn end_word(&mut self, json: &mut Vec<u8>) {
        match self.word.as_slice() {
            b"NaN" | b"Infinity" | b"-Infinity" => json.extend(b"null"),
            word => json.extend(word),
        }
        self.word.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    #[test]
    fn numbers_that_json_lacks_are_null_and_the_rest_is_as_it_is() {
        for (text, expected) in [
            (r#"{"a": NaN, "b":[Infinity,-Infinity]}"#, r#"{"a": null, "b":[null,null]}"#),
            (r#"{"NaN": "Infinity \" NaN", "x\\": NaN}"#, r#"{"NaN": "Infinity \" NaN", "x\\": null}"#),
            ("NaN", "null"),
            ("[1NaN, NaNs, +Infinity, nan, 1.5e3]", "[1NaN, NaNs, +Infinity, nan, 1.5e3]"),
            ("[\"ü\u{1f600}\", NaN\n, \"", "[\"ü\u{1f600}\", null\n, \""),
        ] {
            assert_eq!(as_null(text), expected);
            for size in [1, 2, 3, 100] {
                let mut read = String::new();
                AsNull::new(BufReader::with_capacity(size, text.as_bytes())).read_to_string(&mut read).unwrap();
                assert_eq!(read, expected, "{size}");
            }
        }
    }
}
