//! Documents to chunks that a model sees whole.

mod boundaries;
mod cut;
mod late;

use std::ops::Range;

use embedkit_core::{Error, Result};
pub(crate) use late::is_of_input;
pub use late::{LateWindow, late_chunks, late_query, late_vectors, late_windows};
use serde::{Deserialize, Serialize};

/// How documents are cut: at headings first, and a section that is too long at paragraphs, then at sentences, at words
/// and at last anywhere, so that no chunk has more tokens than it may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[non_exhaustive]
pub struct Chunking {
    /// Most tokens of a chunk, as the first stage's model counts them, without those that it puts around a text.
    /// Default: 512, the window of most models.
    pub tokens: usize,
    /// Most tokens at a chunk's start that are the end of the one before, in whole sentences. Default: 0.
    pub overlap: usize,
}

impl Default for Chunking {
    fn default() -> Self {
        Self { tokens: 512, overlap: 0 }
    }
}

impl Chunking {
    /// Chunks of so many tokens.
    pub fn new(tokens: usize, overlap: usize) -> Self {
        Self { tokens, overlap }
    }

    pub(crate) fn check(&self) -> Result<()> {
        match (self.tokens, self.overlap) {
            (0, _) => Err(Error::option("chunking.tokens", "must be at least 1")),
            (tokens, overlap) if overlap >= tokens => {
                Err(Error::option("chunking.overlap", format!("must be below the {tokens} of `tokens`, not {overlap}")))
            }
            _ => Ok(()),
        }
    }

    /// The chunks of a text, in order, each without the white space at its ends. No chunk crosses a section's start.
    /// `count` counts the tokens of a text.
    ///
    /// # Errors
    /// Those of `count`.
    ///
    /// ```
    /// use embedkit_retrieval::chunking::Chunking;
    ///
    /// let words = |text: &str| Ok(text.split_whitespace().count());
    /// let text = "One two three. Four five.\n\nSix seven eight nine.";
    /// let chunks = Chunking::new(5, 0).chunks(text, &[], &words)?;
    /// assert_eq!(chunks, [0..25, 27..48]);
    /// # Ok::<(), embedkit_core::Error>(())
    /// ```
    pub fn chunks(
        &self,
        text: &str,
        sections: &[usize],
        count: &dyn Fn(&str) -> Result<usize>,
    ) -> Result<Vec<Range<usize>>> {
        self.chunks_in_place(text, sections, &|range| count(&text[range]))
    }

    /// The same, where what a chunk counts for depends on its place: `count` is of a range of the text.
    pub(crate) fn chunks_in_place(
        &self,
        text: &str,
        sections: &[usize],
        count: &dyn Fn(Range<usize>) -> Result<usize>,
    ) -> Result<Vec<Range<usize>>> {
        self.check()?;
        let mut bounds: Vec<usize> =
            sections.iter().copied().filter(|at| *at > 0 && text.is_char_boundary(*at)).collect();
        bounds.sort_unstable();
        bounds.dedup();
        bounds.push(text.len());
        let mut chunks = Vec::new();
        let mut start = 0;
        for end in bounds {
            chunks.extend(cut::section(text, start..end, self, count)?);
            start = end;
        }
        Ok(chunks)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Result<usize> {
        Ok(text.split_whitespace().count())
    }

    /// As a tokenizer of characters would.
    fn characters(text: &str) -> Result<usize> {
        Ok(text.chars().count())
    }

    fn cut(text: &str, tokens: usize, overlap: usize) -> Vec<&str> {
        Chunking::new(tokens, overlap)
            .chunks(text, &[], &words)
            .unwrap()
            .into_iter()
            .map(|range| &text[range])
            .collect()
    }

    #[test]
    fn the_largest_parts_that_fit_stay_together() {
        let text = "A b c. D e.\n\nF g h.\n\nI j k l m n. O p.";
        assert_eq!(cut(text, 100, 0), [text]);
        assert_eq!(cut(text, 8, 0), ["A b c. D e.\n\nF g h.", "I j k l m n. O p."]);
        assert_eq!(cut(text, 6, 0), ["A b c. D e.", "F g h.", "I j k l m n.", "O p."]);
        assert_eq!(cut(text, 3, 0), ["A b c.", "D e.", "F g h.", "I j k", "l m n.", "O p."]);
    }

    #[test]
    fn overlap_is_of_whole_sentences() {
        let text = "A b. C d. E f. G h. I j.";
        assert_eq!(cut(text, 6, 2), ["A b. C d.", "C d. E f. G h.", "G h. I j."]);
        assert_eq!(cut(text, 6, 0), ["A b. C d. E f.", "G h. I j."]);
    }

    #[test]
    fn chunks_end_where_a_section_begins() {
        let text = "Title\n\nIntro.\n# Next\nMore.";
        let at = text.find("# Next").unwrap();
        let chunks = Chunking::new(100, 0).chunks(text, &[0, at], &words).unwrap();
        assert_eq!(
            chunks.iter().map(|range| &text[range.clone()]).collect::<Vec<_>>(),
            ["Title\n\nIntro.", "# Next\nMore."]
        );
        assert_eq!(cut("  \n ", 5, 0), [""; 0]);
    }

    /// As a tokenizer that takes letters apart, as `½` to `1⁄2`.
    fn three_a_character(text: &str) -> Result<usize> {
        Ok(3 * text.chars().count())
    }

    #[test]
    fn a_short_text_may_have_many_tokens() {
        let chunks = Chunking::new(6, 0).chunks("½½½½", &[], &three_a_character).unwrap();
        assert_eq!(chunks, [0..4, 4..8]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_chunk_is_too_long(
            text in "([a-zé]{1,9}[ .\n]{0,3}){0,40}", tokens in 1usize..20, overlap in 0usize..5, by_characters: bool,
        ) {
            let count: &dyn Fn(&str) -> Result<usize> = if by_characters { &characters } else { &words };
            let overlap = overlap.min(tokens - 1);
            let chunks = Chunking::new(tokens, overlap).chunks(&text, &[], count).unwrap();
            let mut covered = 0;
            let mut end = 0;
            for range in &chunks {
                prop_assert!(count(&text[range.clone()]).unwrap() <= tokens);
                prop_assert!(!text[range.clone()].trim().is_empty());
                prop_assert_eq!(text[range.clone()].trim(), &text[range.clone()]);
                prop_assert!(range.start >= end || overlap > 0);
                prop_assert!(range.end > end);
                let new = range.start.max(end)..range.end;
                covered += text[new].chars().filter(|c| !c.is_whitespace()).count();
                end = range.end;
            }
            prop_assert_eq!(covered, text.chars().filter(|c| !c.is_whitespace()).count());
        }
    }
}
