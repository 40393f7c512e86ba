//! Counting terms, with a memory of which word has which stem: stemming is most of BM25's work, and
//! texts are made of few words.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use embedkit_core::{Error, PerProcess};
use foldhash::fast::RandomState;

use super::stemming::Stemming;
use crate::text::term_index;

/// Words a lexicon remembers; with more it starts anew, so that memory stays bounded.
const MOST_WORDS: usize = 1 << 16;
/// Longest word, in bytes, that is remembered. Longer ones hardly come again.
const LONGEST_WORD: usize = 64;

/// A word of up to 15 bytes with its length: as a key it needs no allocation and no pointer to follow.
///
/// Its first and its last bytes, which may overlap, are all of it, and are read without a loop.
#[inline]
fn short_key(word: &str) -> Option<u128> {
    let bytes = word.as_bytes();
    let length = bytes.len();
    let (first, last) = match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(_), Some(_)) if length > 15 => return None,
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => match (bytes.first_chunk(), bytes.last_chunk()) {
            (Some(first), Some(last)) => (u32::from_le_bytes(*first).into(), u64::from(u32::from_le_bytes(*last)) << 8),
            _ => {
                let byte = |at| u64::from(bytes.get(at).copied().unwrap_or_default());
                (byte(0), byte(length / 2) << 8 | byte(length.saturating_sub(1)) << 16)
            }
        },
    };
    // Of 15 bytes or fewer, the eighth from the end is among the first: its place is the length's.
    Some(u128::from(first) << 64 | u128::from(last & !0xff | length as u64))
}

/// Lexicons not in use, one for each thread that ever ran beside others.
#[derive(Default)]
pub(super) struct Lexicons(PerProcess<Mutex<Vec<Lexicon>>>);

impl Lexicons {
    pub(super) fn take(&self) -> Lexicon {
        self.idle().pop().unwrap_or_default()
    }

    pub(super) fn give(&self, mut lexicon: Lexicon) {
        lexicon.reset();
        self.idle().push(lexicon);
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Lexicon>> {
        self.0.get().lock().unwrap_or_else(PoisonError::into_inner)
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
    /// Why a word of the text at hand has no stem, where the stemmer failed: the text then counts for nothing.
    failure: Option<Error>,
}

/// The terms of a text.
#[derive(Default)]
pub(super) struct Counts {
    /// The stem and the index of each term that the lexicon knows.
    terms: Vec<(Arc<str>, u32)>,
    /// How often each stands in the text.
    counts: Vec<u32>,
    /// Those of the text, in the order of their first appearance, and one place more.
    seen: Vec<u32>,
    distinct: usize,
    words: usize,
    kept: u32,
}

/// A stem and how often it stands in the text.
pub(super) struct Term<'c> {
    pub(super) stem: &'c Arc<str>,
    pub(super) index: u32,
    pub(super) count: u32,
}

impl Counts {
    /// The text's terms, in the order of their first appearance.
    pub(super) fn terms(&self) -> impl ExactSizeIterator<Item = Term<'_>> {
        self.seen[..self.distinct].iter().map(|term| {
            let (stem, index) = &self.terms[*term as usize];
            Term { stem, index: *index, count: self.counts[*term as usize] }
        })
    }

    /// Number of the text's words.
    pub(super) fn words(&self) -> usize {
        self.words
    }

    /// Number of the text's words that count.
    pub(super) fn kept(&self) -> u32 {
        self.kept
    }

    /// Whether a term is the text's first of its kind is hard to foretell, so nothing branches on it.
    #[inline]
    fn add(&mut self, term: u32) {
        self.kept = self.kept.saturating_add(1);
        let count = &mut self.counts[term as usize];
        if self.distinct == self.seen.len() {
            self.seen.resize(2 * self.distinct + 64, 0);
        }
        self.seen[self.distinct] = term;
        self.distinct += usize::from(*count == 0);
        *count = count.saturating_add(1);
    }

    fn forget_text(&mut self) {
        for term in &self.seen[..self.distinct] {
            self.counts[*term as usize] = 0;
        }
        (self.distinct, self.words, self.kept) = (0, 0, 0);
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

    /// Finds a word's term and remembers it. A word whose stemmer fails is not learnt, and no other of its text after it.
    #[cold]
    fn learn(&mut self, word: &str, key: Option<u128>, stemming: &Stemming) -> Option<u32> {
        if self.failure.is_some() {
            return None;
        }
        let stem = stemming.stem(word).map_err(|failure| self.failure = Some(failure)).ok()?;
        let term = stem.map(|stem| self.term(&stem));
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

    /// Why the text at hand has no counts, where it has none.
    pub(super) fn take_failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    fn term(&mut self, stem: &str) -> u32 {
        if let Some(term) = self.stems.get(stem) {
            return *term;
        }
        let position = self.counts.terms.len() as u32;
        let stem: Arc<str> = stem.into();
        self.counts.terms.push((stem.clone(), term_index(&stem)));
        self.counts.counts.push(0);
        self.stems.insert(stem, position);
        position
    }

    /// Forgets the text, and the words too when there are too many.
    fn reset(&mut self) {
        if self.counts.terms.len().max(self.short.len()).max(self.long.len()) > MOST_WORDS {
            *self = Self::default();
            return;
        }
        self.counts.forget_text();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_forked_child_waits_for_no_lexicon_of_its_parent() {
        let lexicons = Lexicons::default();
        let _taken = lexicons.idle();
        embedkit_fixtures::in_forked_child(std::time::Duration::from_secs(20), || {
            lexicons.give(lexicons.take());
            Vec::new()
        });
    }

    proptest::proptest! {
        #[test]
        fn short_keys_tell_words_apart(a in "[ab\0]{0,16}", b in "[ab\0]{0,16}", tail in "[ab\0]{0,16}") {
            for (a, b) in [(a.clone(), b.clone()), (format!("{a}{tail}"), format!("{b}{tail}")), (a.clone() + &b, a)] {
                proptest::prop_assert_eq!(short_key(&a).is_some(), a.len() <= 15);
                proptest::prop_assert!(short_key(&a).is_none() || (short_key(&a) == short_key(&b)) == (a == b));
            }
        }
    }
}
