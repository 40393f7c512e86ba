//! One line or row, one input: a JSON string, an object with the field, or the line itself.

use embedkit_core::python_numbers::as_null;

use super::feed::Raw;
use crate::formats::InputFormat;
use crate::ticket::Fields;

/// Reads the inputs of one file.
pub(super) struct Parser {
    field: String,
    asked: InputFormat,
    /// What `Auto` came to.
    format: InputFormat,
    keep_fields: bool,
    /// Whether something was said of fields, which plain lines have none of.
    needs_fields: bool,
}

/// What is wrong with a line.
type Reason = String;

impl Parser {
    pub(super) fn new(field: impl Into<String>, format: InputFormat, keep_fields: bool) -> Self {
        Self { field: field.into(), asked: format, format, keep_fields, needs_fields: keep_fields }
    }

    /// Refuses plain lines.
    pub(super) fn needing_fields(mut self, needs: bool) -> Self {
        self.needs_fields |= needs;
        self
    }

    /// The field that holds inputs.
    pub(super) fn field(&self) -> &str {
        &self.field
    }

    /// The input and its other fields; none for a line that has no input.
    pub(super) fn parse(&mut self, raw: Raw) -> Result<Option<(String, Fields)>, Reason> {
        match raw {
            Raw::Line(line) => self.line(&line),
            Raw::JsonLine(line) => match utf8(&line)?.trim() {
                "" => Ok(None),
                value => self.json(value),
            },
            Raw::Json(value) => self.json(&value),
            Raw::Row(fields) => self.object(fields).map(Some),
            Raw::Wrong(reason) => Err(reason),
        }
    }

    fn line(&mut self, line: &[u8]) -> Result<Option<(String, Fields)>, Reason> {
        let text = utf8(line)?;
        // A blank line is no input, unless lines are inputs whatever is in them.
        if text.trim().is_empty() && self.asked != InputFormat::Lines {
            return Ok(None);
        }
        if self.format == InputFormat::Auto {
            self.format = detect(text);
        }
        if self.format == InputFormat::Lines { self.plain(text) } else { self.json(text.trim()) }
    }

    fn plain(&self, text: &str) -> Result<Option<(String, Fields)>, Reason> {
        if self.needs_fields {
            return Err("is a plain text, which has no fields for --field and --keep-fields".to_owned());
        }
        if self.asked == InputFormat::Auto && serde_json::from_str::<Fields>(text).is_ok() {
            return Err("is a JSON object, and the first line was none; say --input-format jsonl or lines".to_owned());
        }
        Ok(Some((text.to_owned(), Fields::new())))
    }

    fn json(&self, text: &str) -> Result<Option<(String, Fields)>, Reason> {
        let text = &*as_null(text);
        if text.starts_with('{') {
            let fields = serde_json::from_str(text).map_err(|error| self.not_json(error))?;
            return self.object(fields).map(Some);
        }
        match serde_json::from_str::<serde_json::Value>(text).map_err(|error| self.not_json(error))? {
            serde_json::Value::String(input) => Ok(Some((input, Fields::new()))),
            _ => Err(format!("is neither a JSON string nor an object with the field `{}`", self.field)),
        }
    }

    fn object(&self, mut fields: Fields) -> Result<(String, Fields), Reason> {
        let input = fields.remove(&self.field).ok_or_else(|| {
            let names: Vec<String> = fields.keys().cloned().collect();
            format!("has no field `{}`{}", self.field, among(&names))
        })?;
        let input = serde_json::from_str::<String>(input.get()).map_err(|error| self.no_text(input.get(), &error))?;
        Ok((input, if self.keep_fields { fields } else { Fields::new() }))
    }

    /// Why a field's value is no text: another kind of value, or a string with half a character.
    fn no_text(&self, value: &str, error: &serde_json::Error) -> Reason {
        match value.starts_with('"') {
            true => format!("its field `{}` is no text: {}", self.field, without_place(error)),
            false => format!("its field `{}` is not a string", self.field),
        }
    }

    /// The parser counts lines within the line that it was given, which would mislead.
    fn not_json(&self, error: serde_json::Error) -> Reason {
        let reason = without_place(&error);
        let help = match self.asked {
            InputFormat::Auto => {
                "; say --input-format lines if lines are plain texts, or json if values span several lines"
            }
            _ => "",
        };
        format!("is not JSON: {reason} (column {}){help}", error.column())
    }
}

/// What is wrong, without the line, which would be one within the line that was given.
pub(crate) fn without_place(error: &serde_json::Error) -> String {
    error.to_string().split(" at line ").next().unwrap_or_default().to_owned()
}

fn utf8(line: &[u8]) -> Result<&str, Reason> {
    std::str::from_utf8(line).map_err(|error| {
        let place = error.valid_up_to() + 1;
        format!("is not UTF-8 (byte {place} of the line); name the file's encoding with --input-encoding")
    })
}

/// What else there is, and how to name it.
pub(super) fn among(names: &[String]) -> String {
    const SHOWN: usize = 8;
    if names.is_empty() {
        return String::new();
    }
    let more = if names.len() > SHOWN { " …" } else { "" };
    format!("; it has {}{more}: name one with --field", names[..names.len().min(SHOWN)].join(", "))
}

fn detect(first_line: &str) -> InputFormat {
    let text = first_line.trim();
    if text.starts_with('{') || serde_json::from_str::<String>(text).is_ok() {
        InputFormat::Jsonl
    } else {
        InputFormat::Lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: InputFormat, lines: &[&[u8]]) -> Vec<Result<Option<String>, Reason>> {
        let mut parser = Parser::new("text", format, false);
        lines.iter().map(|line| Ok(parser.parse(Raw::Line(line.to_vec()))?.map(|(text, _)| text))).collect()
    }

    #[test]
    fn the_first_line_tells_the_format() {
        use InputFormat::{Auto, Jsonl, Lines};
        let some = |text: &str| Ok(Some(text.to_owned()));
        for (format, lines, expected) in [
            (Auto, vec![b"", &b"a"[..], b" ", b"\"b\""], vec![Ok(None), some("a"), Ok(None), some("\"b\"")]),
            (Auto, vec![b"", b"\"a\"", b"", b"\"b\\u00e9\""], vec![Ok(None), some("a"), Ok(None), some("bé")]),
            (Auto, vec![b"{\"text\":\"a\",\"id\":1}", b" \"b\" "], vec![some("a"), some("b")]),
            (Auto, vec![b"\"quoted\" and plain"], vec![some("\"quoted\" and plain")]),
            (Lines, vec![b"", b"a", b" "], vec![some(""), some("a"), some(" ")]),
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
            (b"{\"txt\":\"a\"}", "has no field `text`; it has txt: name one with --field"),
            (b"{\"text\":1}", "its field `text` is not a string"),
            (b"{\"text\":\"\\udc00\"}", "its field `text` is no text: lone leading surrogate in hex escape"),
            (b"[1]", "is neither a JSON string nor an object with the field `text`"),
            (b"\"a\xff\"", "is not UTF-8 (byte 3 of the line); name the file's encoding with --input-encoding"),
        ] {
            assert_eq!(read(InputFormat::Jsonl, &[line]), [Err(expected.to_owned())]);
        }
        let first = read(InputFormat::Auto, &[b"{not json}"]);
        assert!(first[0].as_ref().unwrap_err().contains("--input-format lines"), "{first:?}");
        let mixed = read(InputFormat::Auto, &[b"plain", b"{\"text\":\"a\"}"]);
        assert!(mixed[1].as_ref().unwrap_err().contains("--input-format"), "{mixed:?}");
    }

    #[test]
    fn other_fields_are_kept_as_they_are_written() {
        let mut parser = Parser::new("text", InputFormat::Jsonl, true);
        let line = br#"{"id":123456789012345678901234567890,"text":"a","x":[1.10]}"#;
        let (_, fields) = parser.parse(Raw::Line(line.to_vec())).unwrap().unwrap();
        let kept: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.get())).collect();
        assert_eq!(kept, [("id", "123456789012345678901234567890"), ("x", "[1.10]")]);
    }
}
