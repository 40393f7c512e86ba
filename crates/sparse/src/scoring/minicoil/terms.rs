//! What counts in a text, in the order in which it was found.

use std::collections::HashMap;

/// A word that counts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Term {
    pub(super) count: u32,
    /// For words of the vocabulary.
    pub(super) meaning: Option<Meaning>,
}

/// A word's id in the vocabulary and what it means in the text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Meaning {
    pub(super) id: u32,
    pub(super) vector: Vec<f32>,
}

/// Terms by word, in the order of their first appearance.
#[derive(Debug, Default)]
pub(super) struct Terms {
    entries: Vec<(String, Term)>,
    places: HashMap<String, usize>,
}

impl Terms {
    /// Puts a term in, at the place of the one that the word had, if any.
    pub(super) fn put(&mut self, word: &str, term: Term) {
        match self.places.get(word) {
            Some(place) => self.entries[*place].1 = term,
            None => {
                self.places.insert(word.to_owned(), self.entries.len());
                self.entries.push((word.to_owned(), term));
            }
        }
    }

    /// Adds to a word's count.
    pub(super) fn add(&mut self, word: &str, count: u32) {
        match self.places.get(word) {
            Some(place) => self.entries[*place].1.count += count,
            None => self.put(word, Term { count, meaning: None }),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Term)> {
        self.entries.iter().map(|(word, term)| (word.as_str(), term))
    }

    pub(super) fn into_iter(self) -> impl Iterator<Item = (String, Term)> {
        self.entries.into_iter()
    }
}
