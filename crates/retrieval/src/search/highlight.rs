//! Which words of a text a query's words matched.

use embedkit_core::pipeline::behind_prompt;
use embedkit_core::{Content, Embedding, Result, Role, RowPlaces};
use embedkit_vector::SparseVector;
use embedkit_vector::multivector::Explanation;
use serde::Serialize;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::model::Model;

/// What matches less than this share of the most is not shown: every word is a little like any other.
const LEAST: f32 = 0.1;

/// A stretch of a text that matched.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Highlight {
    /// Where it begins, in bytes of the record's text.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// How much it matters, from 0 to 1, the most of this text.
    pub weight: f32,
}

impl Highlight {
    /// A stretch of a text, with what it weighs.
    pub fn new(start: usize, end: usize, weight: f32) -> Self {
        Self { start, end, weight }
    }
}

/// Words of a text with what they weigh, put together from several stages: the most of any counts.
#[derive(Default)]
pub(super) struct Marks(Vec<Highlight>);

impl Marks {
    /// Adds what a stage marked, on a scale of its own.
    pub(super) fn add(&mut self, marks: Vec<Highlight>) {
        let most = marks.iter().map(|mark| mark.weight).fold(0.0f32, f32::max);
        if most > 0.0 {
            let marks = marks.into_iter().filter(|mark| mark.weight >= LEAST * most);
            self.0.extend(marks.map(|mark| Highlight { weight: mark.weight / most, ..mark }));
        }
    }

    /// In the order of the text, without one over another.
    pub(super) fn finish(mut self) -> Vec<Highlight> {
        self.0.sort_by(|a, b| a.start.cmp(&b.start).then(b.end.cmp(&a.end)));
        let mut merged: Vec<Highlight> = Vec::new();
        for mark in self.0 {
            match merged.last_mut() {
                Some(last) if mark.start < last.end => {
                    last.end = last.end.max(mark.end);
                    last.weight = last.weight.max(mark.weight);
                }
                _ => merged.push(mark),
            }
        }
        merged
    }
}

/// Words that share a term with the query, by a model that costs next to nothing.
pub(super) fn of_terms(text: &str, weights: &SparseVector, model: &Model) -> Result<Vec<Highlight>> {
    let mut marks = Vec::new();
    for (start, word) in text.unicode_word_indices() {
        // A word that cannot be embedded matches nothing.
        let Ok(Embedding::Sparse(terms)) = model.embedder().embed_one(&Content::text(word), Role::Query) else {
            continue;
        };
        let weight: f32 = terms.indices().iter().map(|term| weights.get(*term)).sum();
        if weight > 0.0 {
            marks.push(Highlight { start, end: start + word.len(), weight });
        }
    }
    Ok(marks)
}

/// Words of a text whose tokens matched. `places` are those of a passage's rows, whose end the text is.
pub(super) fn of_tokens(text: &str, passage: &str, places: RowPlaces, explanation: &Explanation) -> Vec<Highlight> {
    let places = behind_prompt(places, passage.len() - text.len());
    let words: Vec<(usize, usize)> = text.unicode_word_indices().map(|(at, word)| (at, at + word.len())).collect();
    let mut marks: Vec<Highlight> = Vec::new();
    for (place, weight) in places.into_iter().zip(&explanation.document_weights) {
        let (Some(place), true) = (place, *weight > 0.0) else { continue };
        // Whole words are marked, whichever of their pieces matched.
        let word = words.iter().find(|(start, end)| *start < place.end && place.start < *end);
        let word = word.copied().unwrap_or((place.start, place.end));
        match marks.last_mut() {
            Some(last) if last.start == word.0 => last.weight += weight,
            _ => marks.push(Highlight { start: word.0, end: word.1, weight: *weight }),
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(start: usize, end: usize, weight: f32) -> Highlight {
        Highlight { start, end, weight }
    }

    #[test]
    fn marks_of_stages_are_put_together() {
        let mut marks = Marks::default();
        marks.add(vec![mark(4, 8, 5.0), mark(0, 3, 2.5)]);
        marks.add(vec![mark(4, 8, 0.1), mark(10, 12, 0.2)]);
        marks.add(vec![mark(20, 22, 0.0)]);
        assert_eq!(marks.finish(), [mark(0, 3, 0.5), mark(4, 8, 1.0), mark(10, 12, 1.0)]);
    }
}
