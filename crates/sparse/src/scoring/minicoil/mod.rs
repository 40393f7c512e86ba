//! miniCOIL: words of a vocabulary weigh what they mean here, others as in BM25.

mod encoder;
mod terms;
mod vocabulary;

use std::collections::{BTreeMap, HashSet};

use embedkit_vector::SparseVector;

use super::{ScoringError, join_pieces};
use crate::bm25::Saturation;
use crate::text::{Snowball, is_punctuation_word, murmur3_32, word_runs};
pub use encoder::Encoder;
use terms::{Meaning, Term, Terms};
pub use vocabulary::Vocabulary;

/// Tokens that are no words.
const SPECIAL_TOKENS: [&str; 5] = ["[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]"];
/// Longest stem that counts, in characters.
const LONGEST_STEM: usize = 40;
/// Words of the vocabulary have a multiple of this many indices, so that models can grow.
const INDEX_STEP: usize = 32_000;
/// What a word piece inside a word starts with.
const PIECE_PREFIX: &str = "##";

/// miniCOIL (Vasnetsov and Voron, "miniCOIL: on the Road to Usable Sparse Neural Retrieval", Qdrant, 2025).
///
/// A word of the vocabulary has a few neighbouring indices, which hold its meaning as a unit vector, times
/// BM25's term frequency. Other words have a hashed index beyond these. Should two words of a text have one
/// index, the weight of the later one stands there.
#[derive(Debug)]
pub struct MiniCoil {
    vocabulary: Vocabulary,
    encoder: Encoder,
    stop_words: HashSet<String>,
    stemmer: Snowball,
    saturation: Saturation,
    unknown_from: u32,
}

impl MiniCoil {
    /// How many indices there are, of words of the vocabulary and of others together.
    pub const INDICES: u64 = i32::MAX as u64;

    /// miniCOIL for English. Stop words are compared as the tokenizer gives words.
    ///
    /// # Errors
    /// [`ScoringError`] when the encoder is not of the vocabulary's size.
    pub fn new(
        vocabulary: Vocabulary,
        encoder: Encoder,
        stop_words: impl IntoIterator<Item = String>,
        saturation: Saturation,
    ) -> Result<Self, ScoringError> {
        encoder.check_words(vocabulary.len() + 1)?;
        let stop_words = stop_words.into_iter().collect();
        let unknown_from = first_unknown_index(vocabulary.len() + 1, encoder.output_width())?;
        Ok(Self { vocabulary, encoder, stop_words, stemmer: Snowball::english(), saturation, unknown_from })
    }

    /// The vector of a text that is searched in. `tokens` are its tokens, special ones included, `vectors` theirs:
    /// `[tokens, input width]`, row-major.
    ///
    /// # Errors
    /// [`ScoringError`] when there is not a vector for every token, or one has a NaN.
    pub fn document(&self, tokens: &[&str], vectors: &[f32]) -> Result<SparseVector, ScoringError> {
        let terms = self.terms(tokens, vectors)?;
        let length = terms.iter().map(|(_, term)| term.count).sum();
        self.vector(&terms, |count| self.saturation.weight(count, length))
    }

    /// The vector of a text that is searched for: as for a document, without term frequencies.
    ///
    /// # Errors
    /// As [`document`](Self::document).
    pub fn query(&self, tokens: &[&str], vectors: &[f32]) -> Result<SparseVector, ScoringError> {
        self.vector(&self.terms(tokens, vectors)?, |_| 1.0)
    }

    /// The word an index belongs to, with its dimension's number; none for indices of words that are hashed.
    pub fn word_at(&self, index: u32) -> Option<(&str, usize)> {
        let (id, dimension) =
            (index as usize / self.encoder.output_width(), index as usize % self.encoder.output_width());
        Some((self.vocabulary.word(id)?, dimension))
    }

    /// The words of a text that are not of the vocabulary, as they count, by their index.
    pub fn unknown_words(&self, tokens: &[&str]) -> BTreeMap<u32, String> {
        let read = self.read(tokens);
        let mut terms = Terms::default();
        read.unknown.into_iter().for_each(|(word, count)| self.add_unknown(&mut terms, &word, count));
        terms.iter().map(|(word, _)| (self.unknown_index(word), word.to_owned())).collect()
    }

    /// What counts in a text, and how often.
    fn terms(&self, tokens: &[&str], vectors: &[f32]) -> Result<Terms, ScoringError> {
        let read = self.read(tokens);
        let meanings = self.encoder.encode(&read.ids, vectors)?;
        let mut found = Terms::default();
        for (id, vector) in meanings {
            let count = read.counts.get(&id).copied().unwrap_or_default();
            let word = self.vocabulary.word(id as usize).unwrap_or_default();
            found.put(word, Term { count, meaning: Some(Meaning { id, vector }) });
        }
        // A stop word that is in the vocabulary by another form loses that form's meaning, as in the reference.
        for (word, count) in &read.unknown {
            found.put(word, Term { count: *count, meaning: None });
        }
        let mut terms = Terms::default();
        for (word, term) in found.into_iter() {
            match term.meaning {
                Some(_) => terms.put(&word, term),
                None => self.add_unknown(&mut terms, &word, term.count),
            }
        }
        Ok(terms)
    }

    /// Finds the words of a text.
    fn read(&self, tokens: &[&str]) -> Read {
        let mut read = Read { ids: vec![0; tokens.len()], ..Read::default() };
        for word in join_pieces(tokens.iter().copied().enumerate(), PIECE_PREFIX) {
            let is_stop_word = self.stop_words.contains(&word.text);
            let id = if is_stop_word { None } else { self.vocabulary.find(&word.text, &self.stemmer) };
            match id {
                Some(id) => {
                    *read.counts.entry(id).or_default() += 1;
                    word.positions.iter().for_each(|at| read.ids[*at] = id);
                }
                None => match read.unknown.iter_mut().find(|(text, _)| *text == word.text) {
                    Some((_, count)) => *count += 1,
                    None => read.unknown.push((word.text, 1)),
                },
            }
        }
        read
    }

    /// Adds the parts of a word that is not of the vocabulary.
    fn add_unknown(&self, terms: &mut Terms, word: &str, count: u32) {
        if self.is_unwanted(word) {
            return;
        }
        for part in word_runs(word) {
            let stem = self.stemmer.stem(part);
            if stem.chars().count() <= LONGEST_STEM && !self.is_unwanted(&stem) {
                terms.add(&stem, count);
            }
        }
    }

    fn is_unwanted(&self, word: &str) -> bool {
        is_punctuation_word(word) || SPECIAL_TOKENS.contains(&word) || self.stop_words.contains(word)
    }

    fn vector(&self, terms: &Terms, weight: impl Fn(u32) -> f64) -> Result<SparseVector, ScoringError> {
        let mut entries: Vec<(u32, f32)> = Vec::new();
        for (word, Term { count, meaning }) in terms.iter() {
            let weight = weight(*count);
            match meaning {
                Some(Meaning { id, vector }) => {
                    let first = id * vector.len() as u32;
                    entries.extend((first..).zip(unit(vector).map(|value| (value * weight) as f32)));
                }
                None => entries.push((self.unknown_index(word), weight as f32)),
            }
        }
        Ok(SparseVector::from_entries(entries)?)
    }

    fn unknown_index(&self, word: &str) -> u32 {
        let hash = murmur3_32(word.as_bytes(), 0).cast_signed().unsigned_abs();
        self.unknown_from + hash % (i32::MAX as u32 - self.unknown_from)
    }
}

/// The words of a text.
#[derive(Default)]
struct Read {
    /// For each token the id of its word; 0 where it is not of the vocabulary.
    ids: Vec<u32>,
    /// How often each word of the vocabulary stands in the text.
    counts: BTreeMap<u32, u32>,
    /// Words that are not of the vocabulary, in the order of their first appearance.
    unknown: Vec<(String, u32)>,
}

/// A vector divided by its length in f64; vectors that are almost nothing stay as they are.
fn unit(vector: &[f32]) -> impl Iterator<Item = f64> + '_ {
    const ALMOST_NOTHING: f64 = 1e-8;
    let length = vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    let divisor = if length < ALMOST_NOTHING { 1.0 } else { length };
    vector.iter().map(move |x| f64::from(*x) / divisor)
}

/// The first index of words that are not of the vocabulary.
fn first_unknown_index(words: usize, width: usize) -> Result<u32, ScoringError> {
    let first = words.checked_mul(width).map(|indices| (indices / INDEX_STEP + 2) * INDEX_STEP);
    let fitting = first.and_then(|first| u32::try_from(first).ok()).filter(|first| *first < i32::MAX as u32);
    fitting.ok_or(ScoringError::Indices { words, width })
}

#[cfg(test)]
mod tests;
