//! Where a text may be cut.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

/// What a text is cut into, from the largest parts to the smallest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// Between blank lines.
    Paragraph,
    /// Sentences, and words, of Unicode's annex 29.
    Sentence,
    Word,
    Character,
}

impl Level {
    pub(super) fn finer(self) -> Option<Self> {
        match self {
            Self::Paragraph => Some(Self::Sentence),
            Self::Sentence => Some(Self::Word),
            Self::Word => Some(Self::Character),
            Self::Character => None,
        }
    }

    /// The parts of `text[range]`, which follow one another without a gap.
    pub(super) fn parts(self, text: &str, range: Range<usize>) -> Vec<Range<usize>> {
        let part = &text[range.clone()];
        let starts: Vec<usize> = match self {
            Self::Paragraph => paragraphs(part),
            Self::Sentence => part.split_sentence_bound_indices().map(|(at, _)| at).collect(),
            // A blank goes with the word before it.
            Self::Word => {
                part.split_word_bound_indices().filter(|(_, word)| !word.trim().is_empty()).map(|(at, _)| at).collect()
            }
            Self::Character => part.char_indices().map(|(at, _)| at).collect(),
        };
        let mut starts: Vec<usize> = starts.into_iter().filter(|at| *at > 0).map(|at| range.start + at).collect();
        starts.insert(0, range.start);
        let ends = starts.iter().skip(1).copied().chain([range.end]).collect::<Vec<_>>();
        starts.into_iter().zip(ends).map(|(start, end)| start..end).collect()
    }
}

/// Where lines begin that follow an empty one.
fn paragraphs(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let (mut at, mut after_blank) = (0, false);
    for line in text.split_inclusive('\n') {
        let is_blank = line.trim().is_empty();
        if !is_blank && after_blank {
            starts.push(at);
        }
        after_blank = is_blank;
        at += line.len();
    }
    starts
}

/// The range without white space at its ends.
pub(super) fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let part = &text[range.clone()];
    let start = range.start + (part.len() - part.trim_start().len());
    start..start.max(range.start + part.trim_end().len())
}
