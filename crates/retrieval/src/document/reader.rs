//! Which reader a file has.

use std::sync::Arc;

use super::{Document, Documents, headings, html, lines, table};

/// Reads files of some kinds: what a program adds to the built-in ones.
pub trait Reader: Send + Sync {
    /// What the names of its files end in, in lower case and without the dot.
    fn kinds(&self) -> &[&str];

    /// The documents of a file.
    ///
    /// # Errors
    /// Why it cannot be read, in words that follow the file's name.
    fn read(&self, name: &str, bytes: Vec<u8>) -> Result<Documents, String>;
}

/// The readers of a program: the built-in ones, and those that were added, which go before them.
#[derive(Clone, Default)]
pub struct Readers(Vec<Arc<dyn Reader>>);

/// Kinds that are read without a reader of the program's.
const BUILT_IN: [&str; 12] =
    ["txt", "text", "md", "markdown", "rst", "html", "htm", "xhtml", "jsonl", "ndjson", "csv", "tsv"];

impl Readers {
    /// Adds a reader.
    #[must_use]
    pub fn with(mut self, reader: impl Reader + 'static) -> Self {
        self.0.insert(0, Arc::new(reader));
        self
    }

    /// Whether a file that was found in a folder, not named, is a document.
    pub(crate) fn know(&self, name: &str) -> bool {
        let kind = kind(name);
        BUILT_IN.contains(&kind.as_str()) || self.reader(&kind).is_some()
    }

    /// What a file holds, by its name; a text, if no reader knows its kind.
    pub(crate) fn read(&self, name: &str, bytes: Vec<u8>) -> Result<Documents, String> {
        let kind = kind(name);
        if let Some(reader) = self.reader(&kind) {
            return reader.read(name, bytes);
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            format!("is no UTF-8 text: byte {at} is wrong")
        })?;
        // A mark that some editors put before a text.
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let one = |document| Ok(Documents { documents: vec![document], refused: Vec::new() });
        match kind.as_str() {
            "md" | "markdown" => one(Document { sections: headings::markdown(&text), ..Document::of_text(text) }),
            "rst" => one(Document { sections: headings::restructured(&text), ..Document::of_text(text) }),
            "html" | "htm" | "xhtml" => one(html::document(&text)),
            "jsonl" | "ndjson" => Ok(lines::documents(&text)),
            "csv" => table::documents(&text, b','),
            "tsv" => table::documents(&text, b'\t'),
            _ => one(Document::of_text(text)),
        }
    }

    fn reader(&self, kind: &str) -> Option<&Arc<dyn Reader>> {
        self.0.iter().find(|reader| reader.kinds().contains(&kind))
    }
}

impl std::fmt::Debug for Readers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().flat_map(|reader| reader.kinds())).finish()
    }
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

        fn read(&self, _: &str, bytes: Vec<u8>) -> Result<Documents, String> {
            let text = String::from_utf8(bytes).map_err(|_| "is no text".to_owned())?;
            let document = Document::of_text(text.chars().rev().collect::<String>());
            Ok(Documents { documents: vec![document], refused: Vec::new() })
        }
    }

    #[test]
    fn a_programs_own_readers_go_first() {
        let readers = Readers::default().with(Reversed);
        assert_eq!(readers.read("a.rev", b"abc".to_vec()).unwrap().documents[0].text, "cba");
        assert!(readers.know("A.REV") && !Readers::default().know("A.REV"));
        assert!(readers.read("a.rev", vec![0xff]).unwrap_err().contains("no text"));
    }

    #[test]
    fn what_is_no_text_says_so() {
        let read = |bytes: &[u8]| Readers::default().read("a.txt", bytes.to_vec());
        assert!(read(&[b'a', 0xff]).unwrap_err().contains("byte 1"));
        assert_eq!(read(b"\xef\xbb\xbfa").unwrap().documents[0].text, "a");
        assert!(
            Readers::default().know("x/y.MD") && !Readers::default().know("y.exe") && !Readers::default().know("txt")
        );
    }
}
