//! What of a document a pipeline's models see whole.

use std::borrow::Cow;
use std::ops::Range;

use embedkit_core::Result;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::document::Document;
use crate::model::Model;
use crate::record::{BETWEEN, passage};

/// The title may take one of so many parts of the window, and the section another: what is left is the text's.
const PARTS: usize = 4;

/// The windows of models that see texts.
pub(super) struct Window<'m>(Vec<&'m Model>);

impl<'m> Window<'m> {
    pub(super) fn of(models: &'m [Model]) -> Self {
        Self(models.iter().filter(|model| !model.takes_images()).collect())
    }

    /// Tokens of a part of a document's text, as the first model counts them; more than any bound where a model would cut
    /// the text, or what stands in front of it with the text.
    pub(super) fn token_count(&self, document: &Document, range: Range<usize>) -> Result<usize> {
        let Some(first) = self.0.first() else { return Ok(0) };
        let section = document.section_at(range.start);
        let text = &document.text[range];
        let count = first.token_count(text)?;
        if count == usize::MAX {
            return Ok(count);
        }
        let passage = passage(&document.title, section.map_or("", |section| &section.path), text);
        // The first has counted a text that nothing stands in front of.
        let others = if passage == text { &self.0[1..] } else { &self.0[..] };
        if self.is_cut_by(others, &passage)? { Ok(usize::MAX) } else { Ok(count) }
    }

    /// The document, its title and sections no longer than what leaves half of every window to the text: of a section its
    /// innermost headings, and of what is still too long the first words.
    pub(super) fn with_short_headings<'d>(&self, document: &'d Document) -> Result<Cow<'d, Document>> {
        let mut short = Cow::Borrowed(document);
        if !self.has_room(&document.title)? {
            short.to_mut().title = self.first_words(&document.title)?.to_owned();
        }
        for (at, section) in document.sections.iter().enumerate() {
            let mut path = section.path.as_str();
            while !self.has_room(path)? {
                path = match path.split_once(BETWEEN) {
                    Some((_, inner)) => inner,
                    None => self.first_words(path)?,
                };
            }
            if path.len() < section.path.len() {
                short.to_mut().sections[at].path = path.to_owned();
            }
        }
        Ok(short)
    }

    /// The most words of a heading that have room.
    fn first_words<'h>(&self, heading: &'h str) -> Result<&'h str> {
        let ends: Vec<usize> = heading.split_word_bound_indices().map(|(at, _)| at).collect();
        // Between what has room, as nothing has, and what has not.
        let (mut most, mut least_over) = (0, ends.len());
        while least_over - most > 1 {
            let middle = most + (least_over - most) / 2;
            if self.has_room(&heading[..ends[middle]])? { most = middle } else { least_over = middle }
        }
        Ok(heading.get(..ends.get(most).copied().unwrap_or_default()).unwrap_or_default().trim_end())
    }

    /// Whether a heading leaves room for the other, and as much again for the text.
    fn has_room(&self, heading: &str) -> Result<bool> {
        Ok(heading.is_empty() || !self.is_cut_by(&self.0, &[heading; PARTS].join(" "))?)
    }

    fn is_cut_by(&self, models: &[&Model], text: &str) -> Result<bool> {
        for model in models {
            if model.cuts(text)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
