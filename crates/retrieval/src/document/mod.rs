//! Files to documents: texts with where they are from.
//!
//! | files | documents |
//! | --- | --- |
//! | `.txt`, and files that are named and have no other reader | one a file |
//! | `.md`, `.markdown`, `.rst`, `.html`, `.htm`, `.xhtml` | one a file, with its sections |
//! | `.csv`, `.tsv` | one a row: its column `text`, else all its columns |
//! | `.jsonl`, `.ndjson` | one a line: a text, or an object with the field `text` |
//! | `.png`, `.jpg`, `.webp`, `.tiff`, `.gif`, `.bmp`, `.ppm` | one a file, an image, where a pipeline searches images |
//!
//! A program adds a [`Reader`] for other kinds, as the command line does for PDF files and for [`Video`].
//!
//! `id` or `_id`, the first that is not empty, and `title`, of a row are the document's; its other fields are kept. A document
//! with a title and no text is found by its title.

mod files;
mod headings;
mod html;
mod images;
mod lines;
mod outline;
mod reader;
mod readers;
mod source_map;
mod table;
mod video;

use embedkit_core::ImageInput;
use serde_json::{Map, Value};

pub use files::{Found, Inputs};
pub(crate) use lines::{plain, take_id, with_written_ids};
pub use reader::{InputFile, Reader, Wanted};
pub use readers::Readers;
pub use source_map::SourceMap;
pub(crate) use table::Table;
pub use video::{Video, video_frame};

use crate::record::Record;

/// How documents are read and cut: raised whenever the same file would become other records. A collection reads files again
/// that an earlier reading made; chunks of texts that stay as they were keep their vectors, but those of late chunking.
pub const READING: u32 = 1;

/// A text with where it is from.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Document {
    /// Its own id, where it has one.
    pub id: Option<String>,
    /// Its title; empty where it has none.
    pub title: String,
    /// The page of its file, from 1.
    pub page: Option<usize>,
    /// The row of its file, from 1.
    pub row: Option<usize>,
    /// Where a frame stands in its video, in seconds.
    pub time: Option<f64>,
    /// The text.
    pub text: String,
    /// The image, of a page or an image's file: it is searched as a whole, and so is its text.
    pub image: Option<Image>,
    /// Where sections begin in the text, in order.
    pub sections: Vec<Section>,
    /// Where the text's bytes are in the file.
    pub source: SourceMap,
    /// The other fields of its row.
    pub fields: Map<String, Value>,
}

/// Where a section begins.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Section {
    /// The byte of the text where its heading is.
    pub start: usize,
    /// Its heading behind those that it stands under, between ` › `.
    pub path: String,
    /// What it is linked to by, behind `#`; empty where it is by nothing.
    pub anchor: String,
}

impl Section {
    /// A section.
    pub fn new(start: usize, path: impl Into<String>, anchor: impl Into<String>) -> Self {
        Self { start, path: path.into(), anchor: anchor.into() }
    }
}

/// A document's image.
#[derive(Clone, Debug)]
pub struct Image(pub ImageInput);

impl PartialEq for Image {
    /// Whether they are of the same name: what they show is not looked at.
    fn eq(&self, other: &Self) -> bool {
        self.0.name() == other.0.name()
    }
}

/// What is wrong with a document of which nothing can be found.
pub(crate) const NOTHING: &str = "has neither a text nor a title";

/// What was read of a file.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Documents {
    /// Its documents.
    pub documents: Vec<Document>,
    /// What of it could not be read, and why.
    pub refused: Vec<String>,
}

impl Document {
    /// A text without more.
    pub fn of_text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// An image without more.
    pub fn of_image(image: impl Into<ImageInput>) -> Self {
        Self { image: Some(Image(image.into())), ..Self::default() }
    }

    /// What is wrong with it where nothing of it can be found, behind its row.
    pub(crate) fn of_nothing(&self) -> String {
        self.row.map_or_else(|| NOTHING.to_owned(), |row| format!("row {row}: {NOTHING}"))
    }

    /// The section that a byte of the text stands in.
    pub(crate) fn section_at(&self, place: usize) -> Option<&Section> {
        self.sections[..self.sections.partition_point(|section| section.start <= place)].last()
    }

    /// The record of one of its chunks.
    pub(crate) fn record(&self, path: &str, chunk: usize, of: usize, range: std::ops::Range<usize>) -> Record {
        let document = self.id.clone().unwrap_or_else(|| match (self.row, self.page, self.time) {
            (Some(row), ..) => format!("{path}:{row}"),
            (None, Some(page), _) => format!("{path}:p{page}"),
            (None, None, Some(time)) => format!("{path}:{time}s"),
            (None, None, None) => path.to_owned(),
        });
        let section = self.section_at(range.start);
        let place = self.source.place(range.clone());
        Record {
            id: if of > 1 { format!("{document}#{chunk}") } else { document.clone() },
            document,
            path: path.to_owned(),
            title: self.title.clone(),
            section: section.map(|section| section.path.clone()).unwrap_or_default(),
            anchor: section.map(|section| section.anchor.clone()).unwrap_or_default(),
            page: self.page,
            row: self.row,
            time: self.time,
            chunk,
            start: place.start,
            end: place.end,
            text: self.text[range].to_owned(),
            fields: self.fields.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_say_where_they_are_from() {
        let text = "Intro.\n\n# A\n\nOne.\n\n## B\n\nTwo.\n\n# C\n\nThree.";
        let documents = Readers::default()
            .read("notes/a.md", std::path::Path::new(""), text.as_bytes().to_vec())
            .unwrap()
            .documents;
        let document = &documents[0];
        assert_eq!(document.sections.iter().map(|s| s.path.as_str()).collect::<Vec<_>>(), ["A", "A › B", "C"]);
        let two = text.find("Two").unwrap();
        let record = document.record("notes/a.md", 2, 4, two..two + 4);
        assert_eq!((record.id.as_str(), record.section.as_str(), record.start), ("notes/a.md#2", "A › B", two));
        assert_eq!((record.passage().as_str(), record.anchor.as_str()), ("A › B Two.", "b"));
        assert_eq!(document.record("a.md", 0, 1, 0..6).id, "a.md");
    }
}
