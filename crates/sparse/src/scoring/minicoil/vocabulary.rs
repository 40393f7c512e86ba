//! The words that have a meaning.

use std::collections::HashMap;

use serde::Deserialize;

use crate::text::Snowball;

/// The words that have a meaning, numbered from 1, and which stem stands for which of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Stored")]
pub struct Vocabulary {
    words: Vec<String>,
    ids: HashMap<String, u32>,
    stems: HashMap<String, u32>,
}

/// The JSON form.
#[derive(Deserialize)]
struct Stored {
    vocab: Vec<String>,
    stem_mapping: HashMap<String, String>,
}

impl TryFrom<Stored> for Vocabulary {
    type Error = String;

    fn try_from(Stored { vocab, stem_mapping }: Stored) -> Result<Self, String> {
        let ids: HashMap<String, u32> = vocab.iter().cloned().zip(1..).collect();
        let stem = |(stem, word): (String, String)| match ids.get(&word) {
            Some(id) => Ok((stem, *id)),
            None => Err(format!("the stem {stem:?} stands for {word:?}, which is not in the vocabulary")),
        };
        let stems = stem_mapping.into_iter().map(stem).collect::<Result<_, _>>()?;
        Ok(Self { words: vocab, ids, stems })
    }
}

impl Vocabulary {
    /// Number of words.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether there are no words.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The word of an id, from 1.
    pub fn word(&self, id: usize) -> Option<&str> {
        self.words.get(id.checked_sub(1)?).map(String::as_str)
    }

    /// The id of a word: its own, else that for which it stands as a stem, else its stem's.
    pub fn find(&self, word: &str, stemmer: &Snowball) -> Option<u32> {
        let by_stem = || self.stems.get(stemmer.stem(word).as_ref());
        self.ids.get(word).or_else(|| self.stems.get(word)).or_else(by_stem).copied()
    }
}
