//! BM42: a word weighs what the first token attends to it.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use embedkit_core::{Error, Result};
use embedkit_vector::SparseVector;

use super::{ScoringError, Word};
use crate::text::{Snowball, term_index};

/// BM42 (Vasnetsov, "BM42: New Baseline for Hybrid Search", Qdrant, 2024): the weight of a stem is
/// `ln(1 + attention)^alpha`, at the [hash](crate::text::term_index) of the stem.
///
/// Should two stems of a text have one index, the weight of the one that appears later stands there.
#[derive(Debug)]
pub struct Bm42 {
    alpha: f64,
    stop_words: HashSet<String>,
    stemmer: Snowball,
}

impl Bm42 {
    /// BM42 for English. Words of `stop_words` do not count; they are compared as the tokenizer gives them.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] when `alpha` is not a number from 0.
    pub fn new(alpha: f64, stop_words: impl IntoIterator<Item = String>) -> Result<Self> {
        if !(alpha.is_finite() && alpha >= 0.0) {
            return Err(Error::option("alpha", format!("must be a number from 0, not {alpha}")));
        }
        Ok(Self { alpha, stop_words: stop_words.into_iter().collect(), stemmer: Snowball::english() })
    }

    /// The vector of a text that is searched in. `attention` is what the first token attends to each position.
    ///
    /// # Errors
    /// [`ScoringError::Attention`] when a word's position is beyond `attention`, or attention is negative or no number.
    pub fn document(&self, words: &[Word], attention: &[f64]) -> Result<SparseVector, ScoringError> {
        let mut stems: HashMap<Cow<'_, str>, usize> = HashMap::new();
        let mut weights: Vec<(u32, f64)> = Vec::new();
        for (stem, positions) in self.stems(words) {
            let weight = positions.iter().map(|at| attention.get(*at)).sum::<Option<f64>>();
            let weight = weight.filter(|weight| *weight >= 0.0);
            let weight = weight.ok_or_else(|| ScoringError::Attention { stem: stem.clone().into_owned() })?;
            let index = term_index(&stem);
            let place = *stems.entry(stem).or_insert(weights.len());
            match weights.get_mut(place) {
                Some((_, highest)) => *highest = highest.max(weight),
                None => weights.push((index, weight)),
            }
        }
        let weight = |(index, weight): (u32, f64)| (index, (1.0 + weight).ln().powf(self.alpha) as f32);
        Ok(SparseVector::from_entries(weights.into_iter().map(weight))?)
    }

    /// The vector of a text that is searched for: 1 for each stem.
    ///
    /// # Errors
    /// None: every weight is finite.
    pub fn query(&self, words: &[Word]) -> embedkit_vector::Result<SparseVector> {
        SparseVector::from_entries(self.stems(words).map(|(stem, _)| (term_index(&stem), 1.0)))
    }

    /// The stems that count, in order, with the positions of each.
    pub fn stems<'w>(&self, words: &'w [Word]) -> impl Iterator<Item = (Cow<'w, str>, &'w [usize])> {
        words
            .iter()
            .filter(|word| !self.stop_words.contains(&word.text) && !is_ascii_punctuation(&word.text))
            .map(|word| (self.stemmer.stem(&word.text), word.positions.as_slice()))
    }
}

fn is_ascii_punctuation(word: &str) -> bool {
    matches!(word.as_bytes(), [byte] if byte.is_ascii_punctuation())
}

/// What the first token attends to each token, as the mean over heads.
///
/// `attention` is `[heads, positions, positions]`, row-major; `mask` has 1 for tokens and 0 for padding. Only
/// tokens have a place in the result. As in the reference, heads are summed in f32.
///
/// # Errors
/// [`ScoringError::Shape`] when `attention` is not of that shape.
pub fn first_token_attention(attention: &[f32], heads: usize, mask: &[i64]) -> Result<Vec<f64>, ScoringError> {
    let positions = mask.len();
    if heads == 0 || attention.len() != heads * positions * positions {
        let expected = format!("{heads} heads of {positions} × {positions}");
        return Err(ScoringError::Shape { what: "attentions", found: attention.len(), expected });
    }
    let kept: Vec<usize> = (0..positions).filter(|at| mask[*at] != 0).collect();
    let first = kept.first().copied().unwrap_or(0);
    let of_heads = |to: usize| (0..heads).map(move |head| attention[(head * positions + first) * positions + to]);
    let mean = |to: &usize| of_heads(*to).fold(0.0, |sum: f32, value| sum + value) / heads as f32;
    Ok(kept.iter().map(|to| f64::from(mean(to))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::join_pieces;
    use crate::scoring::pieces::tests::TOKENS;

    /// Computed with the reference, as the vector below.
    #[rustfmt::skip]
    const ATTENTION: [[f32; 17]; 3] = [
        [
            0.6153851, 0.38367754, 0.9972099, 0.9808353, 0.685542,
            0.6504593, 0.68844676, 0.3889214, 0.1350965, 0.72148836,
            0.5253543, 0.31024188, 0.48583537, 0.88948786, 0.9340435,
            0.3577952, 0.5715298,
        ],
        [
            0.3218694, 0.59430003, 0.33791122, 0.391619, 0.89027435,
            0.2271576, 0.6231871, 0.08401535, 0.83264416, 0.7870983,
            0.23936944, 0.8764842, 0.058568034, 0.33611706, 0.15027946,
            0.45033938, 0.79632425,
        ],
        [
            0.23064221, 0.052021302, 0.40455183, 0.19851305, 0.09075305,
            0.5803324, 0.29869613, 0.67199486, 0.19951545, 0.9421131,
            0.36511016, 0.10549528, 0.62910813, 0.92715454, 0.44037715,
            0.9545905, 0.4998958,
        ],
    ];

    /// `[heads, positions, positions]` of which only the first position's rows matter, padded to one more.
    fn attention() -> Vec<f32> {
        let head = |row: &[f32; 17]| row.iter().copied().chain([7.0; 18 * 18 - 17]).collect::<Vec<_>>();
        ATTENTION.iter().flat_map(head).collect()
    }

    fn words() -> Vec<Word> {
        let is_special = |token: &str| ["[PAD]", "[UNK]", "[CLS]", "[SEP]"].contains(&token);
        join_pieces(TOKENS.into_iter().enumerate().filter(|(_, token)| !is_special(token)), "##")
    }

    fn mask() -> [i64; 18] {
        std::array::from_fn(|at| i64::from(at < 17))
    }

    #[test]
    fn a_document_is_the_references() {
        let bm42 = Bm42::new(0.5, ["the".to_owned()]).unwrap();
        let attention = first_token_attention(&attention(), 3, &mask()).unwrap();
        assert_eq!(attention.len(), 17);
        let vector = bm42.document(&words(), &attention).unwrap();
        let expected = [
            (1_528_583_113, 0.862_336_866_655_000_2_f64),
            (671_549_512, 0.973_202_776_123_889_6),
            (132_536_185, 0.755_904_401_268_989_6),
            (1_359_915_092, 0.886_286_400_047_375_6),
            (613_148_321, 0.679_858_592_912_496_5),
        ];
        assert_eq!(vector.len(), expected.len());
        for (index, value) in expected {
            assert_eq!(vector.get(index), value as f32, "{index}");
        }
        assert_eq!(bm42.query(&words()).unwrap().to_map(), vector.to_map().keys().map(|index| (*index, 1.0)).collect());
    }

    #[test]
    fn what_cannot_be_scored_is_refused() {
        for alpha in [f64::NAN, -0.5] {
            assert!(Bm42::new(alpha, []).unwrap_err().to_string().contains("`alpha`"));
        }
        let bm42 = Bm42::new(0.5, []).unwrap();
        let (words, attention) = (words(), first_token_attention(&attention(), 3, &mask()).unwrap());
        for bad in [f64::NAN, f64::INFINITY, -1.0] {
            let mut attention = attention.clone();
            attention[2] = bad;
            bm42.document(&words, &attention).unwrap_err();
        }
        bm42.document(&words, &attention[..5]).unwrap_err();
        first_token_attention(&[0.5; 8], 3, &[1, 1]).unwrap_err();
    }
}
