//! What is found: a chunk of a document, and where it is from.

use serde::{Deserialize, Serialize};

/// A chunk of a document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Record {
    /// The document's id, and where the document has several chunks, `#` and the chunk's number.
    pub id: String,
    /// The document's own id, or its path with what tells it from others of the same file.
    pub document: String,
    /// The file, as it was named or found.
    pub path: String,
    /// The document's title, where it has one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// The headings that it stands under, outermost first, between ` › `.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub section: String,
    /// The page of a file that has pages, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<usize>,
    /// The row of a file that has rows, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<usize>,
    /// The chunk's number in its document, from 0.
    pub chunk: usize,
    /// Where it begins, in bytes of the file, or where a file has rows or pages, of the row's or page's text.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// The text.
    pub text: String,
    /// The other fields of a row.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    pub fields: serde_json::Map<String, serde_json::Value>,
}

impl Record {
    /// What models see: the title, as BEIR's sets are read, the section that the chunk continues, and the text.
    pub fn passage(&self) -> String {
        let is_continued = !self.text.trim_start_matches(['#', ' ']).starts_with(self.heading());
        let section = if is_continued { self.section.as_str() } else { "" };
        let parts = [self.title.as_str(), section, self.text.as_str()].into_iter().filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join(" ")
    }

    /// The heading that it stands under, without those above it.
    fn heading(&self) -> &str {
        self.section.rsplit(" › ").next().unwrap_or_default()
    }
}
