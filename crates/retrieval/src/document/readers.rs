//! Which reader a file has.

use std::path::Path;
use std::sync::Arc;

use super::html::{self, Language};
use super::images::Images;
use super::reader::{InputFile, Reader, Wanted};
use super::{Document, Documents, SourceMap, headings, lines, table};

/// The readers of a program: the built-in ones, and those that were added, which go before them.
#[derive(Clone)]
pub struct Readers {
    readers: Vec<Arc<dyn Reader>>,
    wanted: Wanted,
}

impl Default for Readers {
    /// The built-in readers of texts.
    fn default() -> Self {
        Self { readers: vec![Arc::new(Images)], wanted: Wanted::TEXTS }
    }
}

/// Kinds that are read without a reader of the program's.
const BUILT_IN: [&str; 12] =
    ["txt", "text", "md", "markdown", "rst", "html", "htm", "xhtml", "jsonl", "ndjson", "csv", "tsv"];

impl Readers {
    /// Adds a reader.
    #[must_use]
    pub fn with(mut self, reader: impl Reader + 'static) -> Self {
        self.readers.insert(0, Arc::new(reader));
        self
    }

    /// Reads what a pipeline can search. Default: texts.
    #[must_use]
    pub fn wanting(mut self, wanted: Wanted) -> Self {
        self.wanted = wanted;
        self
    }

    /// Whether a file that was found in a folder, not named, is a document.
    pub(crate) fn know(&self, name: &str) -> bool {
        let kind = kind(name);
        (self.wanted.texts && BUILT_IN.contains(&kind.as_str())) || self.reader(&kind).is_some()
    }

    /// Whether a file's bytes are read before it.
    pub(crate) fn take_bytes(&self, name: &str) -> bool {
        self.reader(&kind(name)).is_none_or(|reader| reader.takes_bytes())
    }

    /// What a file's documents depend on beside its bytes.
    pub(crate) fn settings(&self, name: &str) -> String {
        self.reader(&kind(name)).map(|reader| reader.settings()).unwrap_or_default()
    }

    /// What a file holds, by its name; a text, if no reader knows its kind.
    pub(crate) fn read(&self, name: &str, path: &Path, bytes: Vec<u8>) -> Result<Documents, String> {
        let kind = kind(name);
        if let Some(reader) = self.reader(&kind) {
            return reader.read(InputFile { name, path, wanted: self.wanted }, bytes);
        }
        if !self.wanted.texts {
            return Err("is no image, and the pipeline searches images alone".to_owned());
        }
        let (text, encoded) = text_of(bytes)?;
        let one = |document: Document| {
            let source = document.source.clone().over(&encoded);
            Ok(Documents { documents: vec![Document { source, ..document }], refused: Vec::new() })
        };
        match kind.as_str() {
            "md" | "markdown" => one(Document { sections: headings::markdown(&text), ..Document::of_text(text) }),
            "rst" => one(Document { sections: headings::restructured(&text), ..Document::of_text(text) }),
            "html" | "htm" if !text.trim_start().starts_with("<?xml") => one(html::document(&text, Language::Html)),
            "html" | "htm" | "xhtml" => one(html::document(&text, Language::Xhtml)),
            "jsonl" | "ndjson" => Ok(lines::documents(&text)),
            "csv" | "tsv" => table::documents(&text, &kind),
            _ => one(Document::of_text(text)),
        }
    }

    fn reader(&self, kind: &str) -> Option<&Arc<dyn Reader>> {
        self.readers.iter().find(|reader| {
            let gives = reader.gives();
            let is_of_use = (gives.texts && self.wanted.texts) || (gives.images && self.wanted.images);
            is_of_use && reader.kinds().contains(&kind)
        })
    }
}

impl std::fmt::Debug for Readers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.readers.iter().flat_map(|reader| reader.kinds())).finish()
    }
}

/// A file's text, with where it is in the file: UTF-8, or UTF-16 behind its mark, as some editors and tables' programs write
/// it. A mark is left out.
fn text_of(bytes: Vec<u8>) -> Result<(String, SourceMap), String> {
    let units: fn([u8; 2]) -> u16 = match bytes[..] {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => return Err("is UTF-32: save it as UTF-8".to_owned()),
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return utf_8(bytes),
    };
    let (pairs, rest) = bytes.as_chunks::<2>();
    let (mut text, mut map) = (String::new(), SourceMap::default());
    let mut at = 2;
    for character in char::decode_utf16(pairs[1..].iter().copied().map(units)) {
        let character = character.ok().filter(|_| rest.is_empty());
        let character = character.ok_or_else(|| "begins as UTF-16 does, and is none".to_owned())?;
        let size = 2 * character.len_utf16();
        text.push(character);
        map.push_char((character.len_utf8(), size), at);
        at += size;
    }
    Ok((text, map))
}

fn utf_8(bytes: Vec<u8>) -> Result<(String, SourceMap), String> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!("is no UTF-8 text: byte {at} is wrong")
    })?;
    let mut map = SourceMap::default();
    let Some(behind) = text.strip_prefix('\u{feff}') else { return Ok((text, map)) };
    map.push(0..behind.len(), text.len() - behind.len()..text.len());
    Ok((behind.to_owned(), map))
}

/// What a name ends in.
fn kind(name: &str) -> String {
    name.rsplit_once('.').map(|(_, kind)| kind.to_lowercase()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Reversed;

    impl Reader for Reversed {
        fn kinds(&self) -> &[&str] {
            &["rev"]
        }

        fn read(&self, _: InputFile<'_>, bytes: Vec<u8>) -> Result<Documents, String> {
            let text = String::from_utf8(bytes).map_err(|_| "is no text".to_owned())?;
            let document = Document::of_text(text.chars().rev().collect::<String>());
            Ok(Documents { documents: vec![document], refused: Vec::new() })
        }
    }

    #[test]
    fn texts_are_utf_8_or_utf_16_behind_its_mark() {
        let read = |name: &str, bytes: &[u8]| Readers::default().read(name, Path::new(""), bytes.to_vec());
        let little: Vec<u8> = "\u{feff}text\tid\nbrød 🍞\t7\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = little.as_chunks().0.iter().flat_map(|[low, high]| [*high, *low]).collect();
        for bytes in [&little, &big] {
            let documents = read("a.tsv", bytes).unwrap().documents;
            assert_eq!((documents[0].text.as_str(), documents[0].id.as_deref()), ("brød 🍞", Some("7")));
        }
        assert_eq!(read("a.txt", "\u{feff}a".as_bytes()).unwrap().documents[0].text, "a");
        for (bytes, told) in [
            (&little[..little.len() - 1], "begins as UTF-16 does"),
            (&[0xff, 0xfe, 0x00, 0xd8], "begins as UTF-16 does"),
            (b"\xff\xfe\0\0a\0\0\0", "UTF-32"),
            (b"\0\0\xfe\xff\0\0\0a", "UTF-32"),
            (b"caf\xe9", "byte 3 is wrong"),
        ] {
            assert!(read("a.txt", bytes).unwrap_err().contains(told), "{told}");
        }
    }

    #[test]
    fn bytes_are_the_files_behind_a_mark_and_in_utf_16() {
        let bare = "# Høved\n\n<p>Brød &amp; 🍞 smør</p>";
        let marked = format!("\u{feff}{bare}");
        let utf_16 = |to: fn(u16) -> [u8; 2]| marked.encode_utf16().flat_map(to).collect::<Vec<u8>>();
        let decode = |bytes: &[u8], from: fn([u8; 2]) -> u16| {
            let units: Vec<u16> = bytes.as_chunks().0.iter().copied().map(from).collect();
            String::from_utf16(&units).unwrap()
        };
        let (little, big) = (utf_16(u16::to_le_bytes), utf_16(u16::to_be_bytes));
        for name in ["a.md", "a.txt", "a.html", "a.xhtml", "a.rst"] {
            for bytes in [bare.as_bytes(), marked.as_bytes(), &little, &big] {
                let read = Readers::default().read(name, Path::new(""), bytes.to_vec()).unwrap();
                let document = &read.documents[0];
                for word in ["Høved", "Brød", "🍞", "smør", "ø"] {
                    let start = document.text.find(word).unwrap();
                    let place = &bytes[document.source.place(start..start + word.len())];
                    let found = match bytes[0] {
                        0xff => decode(place, u16::from_le_bytes),
                        0xfe => decode(place, u16::from_be_bytes),
                        _ => String::from_utf8(place.to_vec()).unwrap(),
                    };
                    assert!(found.contains(word) && found.len() < 30, "{name}: {word:?} is {found:?}");
                }
            }
        }
        let head = Readers::default().read("a.md", Path::new(""), marked.into_bytes()).unwrap().documents.remove(0);
        assert_eq!(head.record("a.md", 0, 1, 0..7).start, 3);
        let html = "<?xml version='1.0'?><script/><p>a</p>";
        assert_eq!(Readers::default().read("a.html", Path::new(""), html.into()).unwrap().documents[0].text, "a");
    }

    #[test]
    fn a_programs_own_readers_go_first() {
        let readers = Readers::default().with(Reversed);
        assert_eq!(readers.read("a.rev", Path::new(""), b"abc".to_vec()).unwrap().documents[0].text, "cba");
        assert!(readers.know("A.REV") && !Readers::default().know("A.REV"));
        assert!(readers.read("a.rev", Path::new(""), vec![0xff]).unwrap_err().contains("no text"));
    }

    #[test]
    fn images_are_documents_where_they_are_wanted() {
        let of = |wanted: Wanted| Readers::default().wanting(wanted);
        let known = |wanted: Wanted| ["a.PNG", "a.md"].map(|name| of(wanted).know(name));
        assert_eq!(
            [known(Wanted::TEXTS), known(Wanted::IMAGES), known(Wanted::ALL)],
            [[false, true], [true, false], [true, true]]
        );
        let document = &of(Wanted::ALL).read("x/a.png", Path::new(""), vec![1]).unwrap().documents[0];
        assert!(document.image.is_some() && document.text.is_empty(), "{document:?}");
        let refused = of(Wanted::IMAGES).read("a.md", Path::new(""), b"text".to_vec()).unwrap_err();
        assert!(refused.contains("no image"), "{refused}");
    }

    #[test]
    fn what_is_no_text_says_so() {
        let read = |bytes: &[u8]| Readers::default().read("a.txt", Path::new(""), bytes.to_vec());
        assert!(read(&[b'a', 0xff]).unwrap_err().contains("byte 1"));
        assert_eq!(read(b"\xef\xbb\xbfa").unwrap().documents[0].text, "a");
        assert!(
            Readers::default().know("x/y.MD") && !Readers::default().know("y.exe") && !Readers::default().know("txt")
        );
    }
}
