//! Counting terms, with a memory of which word has which stem: stemming is most of BM25's work, and
//! texts are made of few words.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::fast::RandomState;

use super::stemming::Stemming;
use crate::text::term_index;

/// Words a lexicon remembers; with more it starts anew, so that memory stays bounded.
const MOST_WORDS: usize = 1 << 16;
/// Longest word, in bytes, that is remembered. Longer ones hardly come again.
const LONGEST_WORD: usize = 64;

/// A word of up to 15 bytes with its length: as a key it needs no allocation and no pointer to follow.
fn short_key(word: &str) -> Option<u128> {
    const LONGEST: usize = 15;
    let mut bytes = [0; LONGEST + 1];
    bytes[LONGEST] = word.len() as u8;
    bytes[..LONGEST].get_mut(..word.len())?.copy_from_slice(word.as_bytes());
    Some(u128::from_le_bytes(bytes))
}

/// Lexicons not in use, one for each thread that ever ran beside others.
#[derive(Default)]
pub(super) struct Lexicons(Mutex<Vec<Lexicon>>);

impl Lexicons {
    pub(super) fn take(&self) -> Lexicon {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    pub(super) fn give(&self, mut lexicon: Lexicon) {
        lexicon.reset();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(lexicon);
    }
}

/// Which word has which stem, and how often each stem stands in the text at hand.
#[derive(Default)]
pub(super) struct Lexicon {
    /// The term of each word, by its position; none for words that do not count.
    short: HashMap<u128, Option<u32>, RandomState>,
    /// The same of words without a short key.
    long: HashMap<Box<str>, Option<u32>, RandomState>,
    /// The term of each stem, by its position.
    stems: HashMap<Arc<str>, u32, RandomState>,
    counts: Counts,
}

/// The terms of a text.
#[derive(Default)]
pub(super) struct Counts {
    /// All terms the lexicon knows.
    terms: Vec<Term>,
    /// Those of the text, in the order of their first appearance.
    seen: Vec<u32>,
    words: usize,
    kept: u32,
}

/// A stem and how often it stands in the text.
pub(super) struct Term {
    pub(super) stem: Arc<str>,
    pub(super) index: u32,
    pub(super) count: u32,
}

impl Counts {
    /// The text's terms, in the order of their first appearance.
    pub(super) fn terms(&self) -> impl Iterator<Item = &Term> {
        self.seen.iter().map(|term| &self.terms[*term as usize])
    }

    /// Number of the text's words.
    pub(super) fn words(&self) -> usize {
        self.words
    }

    /// Number of the text's words that count.
    pub(super) fn kept(&self) -> u32 {
        self.kept
    }

    fn add(&mut self, term: u32) {
        self.kept = self.kept.saturating_add(1);
        let count = &mut self.terms[term as usize].count;
        if *count == 0 {
            self.seen.push(term);
        }
        *count = count.saturating_add(1);
    }
}

impl Lexicon {
    /// Counts a word of the text.
    pub(super) fn count(&mut self, word: &str, stemming: &Stemming) {
        self.counts.words += 1;
        let key = short_key(word);
        let known = match key {
            Some(key) => self.short.get(&key),
            None => self.long.get(word),
        };
        let term = match known {
            Some(term) => *term,
            None => self.learn(word, key, stemming),
        };
        if let Some(term) = term {
            self.counts.add(term);
        }
    }

    /// Finds a word's term and remembers it.
    #[cold]
    fn learn(&mut self, word: &str, key: Option<u128>, stemming: &Stemming) -> Option<u32> {
        let term = stemming.stem(word).map(|stem| self.term(&stem));
        match key {
            Some(key) => _ = self.short.insert(key, term),
            None if word.len() <= LONGEST_WORD => _ = self.long.insert(word.into(), term),
            None => {}
        }
        term
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    fn term(&mut self, stem: &str) -> u32 {
        if let Some(term) = self.stems.get(stem) {
            return *term;
        }
        let position = self.counts.terms.len() as u32;
        let stem: Arc<str> = stem.into();
        self.counts.terms.push(Term { stem: stem.clone(), index: term_index(&stem), count: 0 });
        self.stems.insert(stem, position);
        position
    }

    /// Forgets the text, and the words too when there are too many.
    fn reset(&mut self) {
        if self.counts.terms.len().max(self.short.len()).max(self.long.len()) > MOST_WORDS {
            *self = Self::default();
            return;
        }
        let Counts { terms, seen, words, kept } = &mut self.counts;
        seen.drain(..).for_each(|term| terms[term as usize].count = 0);
        (*words, *kept) = (0, 0);
    }
}
