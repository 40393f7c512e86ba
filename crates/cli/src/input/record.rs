//! One line, one input: a JSON string, an object with the field, or the line itself.

use crate::formats::LineFormat;
use crate::ticket::Fields;

/// Reads lines of one file.
pub(super) struct Parser {
    field: &'static str,
    asked: LineFormat,
    /// What `Auto` came to.
    format: LineFormat,
    keep_fields: bool,
    first: bool,
}

/// What is wrong with a line.
type Reason = String;

impl Parser {
    pub(super) fn new(field: &'static str, format: LineFormat, keep_fields: bool) -> Self {
        Self { field, asked: format, format, keep_fields, first: true }
    }

    /// The field that holds inputs.
    pub(super) fn field(&self) -> &'static str {
        self.field
    }

    /// The line's input and its other fields; none for a line that has no input.
    pub(super) fn parse(&mut self, line: &[u8]) -> Result<Option<(String, Fields)>, Reason> {
        let text = std::str::from_utf8(line)
            .map_err(|error| format!("is not UTF-8 (byte {} of the line)", error.valid_up_to() + 1))?;
        // Files of some editors begin with a byte order mark.
        let text = if self.first { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text };
        self.first = false;
        if self.format == LineFormat::Auto {
            if text.trim().is_empty() {
                return Ok(None);
            }
            self.format = detect(text);
        }
        if self.format == LineFormat::Jsonl { self.parse_json(text.trim()) } else { self.plain(text) }
    }

    fn plain(&self, text: &str) -> Result<Option<(String, Fields)>, Reason> {
        if self.asked == LineFormat::Auto && serde_json::from_str::<Fields>(text).is_ok() {
            return Err("is a JSON object, and the first line was none; say --input-format jsonl or lines".to_owned());
        }
        Ok(Some((text.to_owned(), Fields::new())))
    }

    fn parse_json(&self, text: &str) -> Result<Option<(String, Fields)>, Reason> {
        match text.as_bytes().first() {
            None => Ok(None),
            Some(b'{') => {
                let mut fields: Fields = serde_json::from_str(text).map_err(not_json)?;
                let input = fields.remove(self.field).ok_or_else(|| format!("has no field `{}`", self.field))?;
                let input = serde_json::from_str::<String>(input.get())
                    .map_err(|_| format!("its field `{}` is not a string", self.field))?;
                Ok(Some((input, if self.keep_fields { fields } else { Fields::new() })))
            }
            _ => match serde_json::from_str::<serde_json::Value>(text).map_err(not_json)? {
                serde_json::Value::String(input) => Ok(Some((input, Fields::new()))),
                _ => Err(format!("is neither a JSON string nor an object with the field `{}`", self.field)),
            },
        }
    }
}

fn detect(first_line: &str) -> LineFormat {
    let text = first_line.trim();
    if text.starts_with('{') || serde_json::from_str::<String>(text).is_ok() {
        LineFormat::Jsonl
    } else {
        LineFormat::Lines
    }
}

/// The parser counts lines within the line that it was given, which would mislead.
fn not_json(error: serde_json::Error) -> Reason {
    let message = error.to_string();
    let reason = message.split(" at line ").next().unwrap_or_default();
    format!("is not JSON: {reason} (column {})", error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: LineFormat, lines: &[&[u8]]) -> Vec<Result<Option<String>, Reason>> {
        let mut parser = Parser::new("text", format, false);
        lines.iter().map(|line| Ok(parser.parse(line)?.map(|(text, _)| text))).collect()
    }

    #[test]
    fn the_first_line_tells_the_format() {
        use LineFormat::{Auto, Jsonl, Lines};
        let some = |text: &str| Ok(Some(text.to_owned()));
        for (format, lines, expected) in [
            (Auto, vec![&b"a"[..], b"", b"\"b\""], vec![some("a"), some(""), some("\"b\"")]),
            (Auto, vec![b"", b"\"a\"", b"", b"\"b\\u00e9\""], vec![Ok(None), some("a"), Ok(None), some("bé")]),
            (Auto, vec![b"{\"text\":\"a\",\"id\":1}", b" \"b\" "], vec![some("a"), some("b")]),
            (Auto, vec![b"\"quoted\" and plain"], vec![some("\"quoted\" and plain")]),
            (Auto, vec!["\u{feff}\"a\"".as_bytes(), b"\"b\""], vec![some("a"), some("b")]),
            (Lines, vec![b"{\"text\":\"a\"}", b" b "], vec![some("{\"text\":\"a\"}"), some(" b ")]),
            (Jsonl, vec![b"\"a\""], vec![some("a")]),
        ] {
            assert_eq!(read(format, &lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn wrong_lines_say_what_is_wrong() {
        for (line, expected) in [
            (&b"nothing"[..], "is not JSON: expected ident (column 2)"),
            (b"{\"text\":", "is not JSON: EOF while parsing a value (column 8)"),
            (b"{\"txt\":\"a\"}", "has no field `text`"),
            (b"{\"text\":1}", "its field `text` is not a string"),
            (b"[1]", "is neither a JSON string nor an object with the field `text`"),
            (b"\"a\xff\"", "is not UTF-8 (byte 3 of the line)"),
        ] {
            assert_eq!(read(LineFormat::Jsonl, &[line]), [Err(expected.to_owned())]);
        }
        let mixed = read(LineFormat::Auto, &[b"plain", b"{\"text\":\"a\"}"]);
        assert!(mixed[1].as_ref().unwrap_err().contains("--input-format"), "{mixed:?}");
    }

    #[test]
    fn other_fields_are_kept_as_they_are_written() {
        let mut parser = Parser::new("text", LineFormat::Jsonl, true);
        let line = br#"{"id":123456789012345678901234567890,"text":"a","x":[1.10]}"#;
        let (_, fields) = parser.parse(line).unwrap().unwrap();
        let kept: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.get())).collect();
        assert_eq!(kept, [("id", "123456789012345678901234567890"), ("x", "[1.10]")]);
    }
}
