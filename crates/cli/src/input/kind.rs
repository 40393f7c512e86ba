//! What a file of inputs is, by its name and its first bytes.

use std::path::Path;

use crate::formats::InputFormat;

/// How a file's inputs are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Line by line, each a JSON value or a plain text.
    Lines,
    /// Line by line, each a JSON value.
    JsonLines,
    /// JSON values of any layout.
    Json,
    /// Rows of cells with this between them.
    Table(u8),
    Parquet,
}

/// Beginnings of files that hold no lines of text, what such a file is, and what to do with it.
const NO_TEXT: &[(&[u8], &str, &str)] = &[
    (
        b"%PDF-",
        "a PDF file",
        "--pdf embeds its pages, with a model of page images; for texts, write them out (pdftotext) and read those",
    ),
    (b"\x89PNG", "an image", "models of images take it as an argument, or its path as a line"),
    (b"\xff\xd8\xff", "an image", "models of images take it as an argument, or its path as a line"),
    (b"GIF8", "an image", "models of images take it as an argument, or its path as a line"),
    (b"RIFF", "an image or a sound", "models of images take an image as an argument, or its path as a line"),
    (b"II*\0", "an image", "models of images take it as an argument, or its path as a line"),
    (b"MM\0*", "an image", "models of images take it as an argument, or its path as a line"),
    (b"PK\x03\x04", "a zip archive (.xlsx, .docx, .npz …)", "save the texts as CSV or JSON Lines"),
    (b"\xd0\xcf\x11\xe0", "an Office document", "save the texts as CSV or JSON Lines"),
    (b"\x1f\x8b", "compressed with gzip", "`gunzip -c FILE | embedkit … -i -` reads it"),
    (b"BZh", "compressed with bzip2", "`bunzip2 -c FILE | embedkit … -i -` reads it"),
    (b"\xfd7zXZ\0", "compressed with xz", "`xz -dc FILE | embedkit … -i -` reads it"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "`zstd -dc FILE | embedkit … -i -` reads it"),
    (b"\x93NUMPY", "a NumPy array", "inputs are texts or images"),
    (b"ARROW1", "an Arrow file", "save it as Parquet, CSV or JSON Lines"),
    (b"ORC", "an ORC file", "save it as Parquet, CSV or JSON Lines"),
    (b"SQLite format 3\0", "a SQLite database", "write the texts out as CSV: `sqlite3 -csv -header FILE \"select …\"`"),
    (b"\x7fELF", "a program", "inputs are texts or images"),
];

/// What is in the first header of a tar archive, and where.
const TAR: (usize, &[u8]) = (257, b"ustar");

/// Beginnings of files whose lines are texts between marks, what such a file is, and what to do with it.
const MARKED_UP: &[(&[u8], &str, &str)] = &[
    (b"<!doctype html", "a page of HTML", "`embedkit index` reads its text"),
    (b"<html", "a page of HTML", "`embedkit index` reads its text"),
    (b"<?xml", "an XML file", "save the texts as CSV or JSON Lines"),
];

/// How a file of this name is read that begins with these bytes, and as a text with these.
///
/// # Errors
/// Why it cannot be, and what would help.
pub(super) fn of(asked: InputFormat, path: Option<&Path>, start: &[u8], text: &[u8]) -> Result<Kind, String> {
    let extension = path.and_then(|path| path.extension()?.to_str()).unwrap_or_default().to_ascii_lowercase();
    match asked {
        InputFormat::Auto => {}
        InputFormat::Jsonl | InputFormat::Lines => return Ok(Kind::Lines),
        InputFormat::Json => return Ok(Kind::Json),
        InputFormat::Csv => return Ok(Kind::Table(b',')),
        InputFormat::Tsv => return Ok(Kind::Table(b'\t')),
        InputFormat::Parquet => return Ok(Kind::Parquet),
    }
    if start.starts_with(b"PAR1") {
        return Ok(Kind::Parquet);
    }
    let known = NO_TEXT.iter().find(|(magic, _, _)| start.starts_with(magic) || text.starts_with(magic));
    // A text may begin with the letters of a magic number; its next bytes are no text then.
    let is_binary = |magic: &[u8]| magic.iter().any(|byte| !(b' '..0x7f).contains(byte)) || start.contains(&0);
    if let Some((magic, what, help)) = known
        && (is_binary(magic) || text.starts_with(b"%PDF-"))
    {
        return Err(format!("is {what}, and no text: {help}"));
    }
    if start.get(TAR.0..).is_some_and(|rest| rest.starts_with(TAR.1)) {
        return Err(
            "is a tar archive, and no text: `tar -xOf FILE NAME | embedkit … -i -` reads a file of it".to_owned()
        );
    }
    let text = text.trim_ascii_start();
    let is_begun_by = |mark: &[u8]| text.get(..mark.len()).is_some_and(|begun| begun.eq_ignore_ascii_case(mark));
    if let Some((_, what, help)) = MARKED_UP.iter().find(|(mark, _, _)| is_begun_by(mark)) {
        return Err(format!(
            "is {what}, and no list of texts: {help}, and --input-format lines takes its lines as they are"
        ));
    }
    Ok(match &*extension {
        "csv" => Kind::Table(b','),
        "tsv" | "tab" => Kind::Table(b'\t'),
        "json" | "geojson" => Kind::Json,
        "parquet" => Kind::Parquet,
        "jsonl" | "ndjson" if !begins_a_list(text) => Kind::JsonLines,
        _ if begins_an_array(text) => Kind::Json,
        _ => Kind::Lines,
    })
}

/// Whether the text is enough to tell.
pub(super) fn is_told_by(text: &[u8]) -> bool {
    let begun = text.trim_ascii_start();
    match begun.split_first() {
        Some((b'[', _)) => begins_a_list(begun) || begun.contains(&b'\n'),
        Some(_) => text.len() >= 16 || text.contains(&b'\n'),
        None => false,
    }
}

/// Whether a JSON array begins here; a plain text may begin with a bracket too, as a reference does.
fn begins_an_array(text: &[u8]) -> bool {
    let begun = text.trim_ascii_start();
    if begins_a_list(begun) || !begun.starts_with(b"[") {
        return begun.starts_with(b"[");
    }
    let line = begun.split(|byte| *byte == b'\n').next().unwrap_or_default();
    match serde_json::from_slice::<Vec<serde_json::Value>>(line) {
        Ok(elements) => !matches!(elements[..], [serde_json::Value::Number(_)]),
        Err(error) => error.is_eof(),
    }
}

/// Whether a JSON array of texts or objects, or of nothing, begins here.
fn begins_a_list(text: &[u8]) -> bool {
    let inside = text.trim_ascii_start().strip_prefix(b"[").map(<[u8]>::trim_ascii_start);
    inside.is_some_and(|inside| matches!(inside.first(), Some(b'"' | b'{' | b']')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_beginnings_tell() {
        let auto = |name: &str, start: &[u8]| {
            of(InputFormat::Auto, Some(Path::new(name)), start, &crate::input::decode::beginning(start, None))
        };
        for (name, start, expected) in [
            ("a.txt", &b"a text"[..], Kind::Lines),
            ("a.txt", b"[1] a reference", Kind::Lines),
            ("a.txt", b"[\"a\",", Kind::Json),
            ("a.txt", b"\xef\xbb\xbf[\"a\",", Kind::Json),
            ("a.txt", b"\xff\xfe[\0\"\0a\0", Kind::Json),
            ("a.txt", b"[1, \"a\"]", Kind::Json),
            ("a.txt", b"[null,\n\"a\"]", Kind::Json),
            ("a.txt", b"[[\"a\"], [\"b\"]]\n", Kind::Json),
            ("a.txt", b"[\n\n1", Kind::Json),
            ("a.txt", b"[1]\n", Kind::Lines),
            ("a.txt", b"[1, 2] and others", Kind::Lines),
            ("a.txt", b"[citation needed]", Kind::Lines),
            ("a", b" [\n {", Kind::Json),
            ("a", b"[]", Kind::Json),
            ("a.CSV", b"id,text\n", Kind::Table(b',')),
            ("a.tsv", b"id\ttext\n", Kind::Table(b'\t')),
            ("a.json", b"{\n", Kind::Json),
            ("a.jsonl", b"{\"text\"", Kind::JsonLines),
            ("a.NDJSON", b"[0.1, 0.2]", Kind::JsonLines),
            ("a.jsonl", b"[\"a\",", Kind::Json),
            ("a", b"PAR1\x15", Kind::Parquet),
            ("a", b"BZh are the letters of a text", Kind::Lines),
            ("a", b"ORC and elves", Kind::Lines),
        ] {
            assert_eq!(auto(name, start), Ok(expected), "{name} {start:?}");
        }
        for (start, help) in [
            (&b"%PDF-1.7"[..], "--pdf"),
            (b"\x89PNG\r\n\x1a\n", "image"),
            (b"PK\x03\x04\x14\0", "CSV"),
            (b"\x1f\x8b\x08", "gunzip"),
            (b"SQLite format 3\0", "sqlite3"),
            (b"<!DOCTYPE html>", "index"),
            (b"\xef\xbb\xbf<!DOCTYPE html>", "index"),
            (b"\xfe\xff\0<\0?\0x\0m\0l", "JSON Lines"),
            (b"\xef\xbb\xbf%PDF-1.7", "--pdf"),
            (b"\n<html lang=en>", "--input-format lines"),
            (b"<?xml version", "JSON Lines"),
        ] {
            assert!(auto("a.txt", start).unwrap_err().contains(help), "{start:?}");
            assert_eq!(of(InputFormat::Lines, None, start, start), Ok(Kind::Lines));
        }
    }
}
