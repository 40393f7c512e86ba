//! What 8-bit weights cost: vectors beside those of 32-bit weights.

use std::fmt;

use embedkit::Embedding;
use embedkit::multivector::{MaxSim, MultiVector};
use embedkit::vector::{cosine, normalize};
use serde_json::{Value, json};

use crate::failure::{Failure, Result};

/// How many of a text's nearest others are compared.
const NEAREST: usize = 10;

/// Results of two models for the same texts.
#[derive(Debug)]
pub(super) struct Comparison {
    texts: usize,
    /// Of each text's results to each other: 1 where they are the same.
    pub(super) mean_cosine: f64,
    least_cosine: f64,
    /// The share of a text's nearest others that both models agree on.
    overlap: f64,
    nearest: usize,
}

impl Comparison {
    pub(super) fn new(exact: &[Embedding], other: &[Embedding]) -> Result<Self> {
        let (exact, other) = (&directions(exact)?, &directions(other)?);
        let cosines = exact.iter().zip(other).map(|(a, b)| similarity(a, b)).collect::<Result<Vec<f64>>>()?;
        let texts = cosines.len();
        let nearest = NEAREST.min(texts - 1);
        let mut shared = 0;
        for text in 0..texts {
            let (a, b) = (neighbours(exact, text, nearest)?, neighbours(other, text, nearest)?);
            shared += a.iter().filter(|neighbour| b.contains(neighbour)).count();
        }
        Ok(Self {
            texts,
            mean_cosine: cosines.iter().sum::<f64>() / texts as f64,
            least_cosine: cosines.iter().copied().fold(f64::INFINITY, f64::min),
            overlap: shared as f64 / (texts * nearest) as f64,
            nearest,
        })
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "texts": self.texts,
            "mean_cosine": self.mean_cosine,
            "least_cosine": self.least_cosine,
            "nearest": self.nearest,
            "overlap": self.overlap,
        })
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "mean cosine to 32-bit weights {:.4}, least {:.4}; {:.2} of the nearest {} are the same ({} texts)",
            self.mean_cosine, self.least_cosine, self.overlap, self.nearest, self.texts
        )
    }
}

/// The same with each row of multi-vectors at length 1: models give rows of any length, and what is compared are angles.
fn directions(results: &[Embedding]) -> Result<Vec<Embedding>> {
    let direction = |embedding: &Embedding| match embedding {
        Embedding::Multi(vectors) => {
            let rows = vectors.rows().map(|row| {
                let mut row = row.to_vec();
                normalize(&mut row);
                row
            });
            Ok(Embedding::Multi(MultiVector::from_rows(rows)?))
        }
        other => Ok(other.clone()),
    };
    results.iter().map(direction).collect()
}

/// The texts that are nearest to one, itself left out.
fn neighbours(results: &[Embedding], text: usize, count: usize) -> Result<Vec<usize>> {
    let others = (0..results.len()).filter(|other| *other != text);
    let mut scored = others
        .map(|other| Ok((similarity(&results[text], &results[other])?, other)))
        .collect::<Result<Vec<(f64, usize)>>>()?;
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    Ok(scored.into_iter().take(count).map(|(_, other)| other).collect())
}

/// The cosine of two results; of multi-vectors the mean over rows of the best, of several results that of the first.
fn similarity(a: &Embedding, b: &Embedding) -> Result<f64> {
    match (a, b) {
        (Embedding::Dense(a), Embedding::Dense(b)) => Ok(cosine(a, b)?.into()),
        (Embedding::Sparse(a), Embedding::Sparse(b)) => {
            let norms = f64::from(a.dot(a)).sqrt() * f64::from(b.dot(b)).sqrt();
            Ok(if norms > 0.0 { f64::from(a.dot(b)) / norms } else { 1.0 })
        }
        (Embedding::Multi(a), Embedding::Multi(b)) => Ok(f64::from(MaxSim::new(a)?.score(b)?) / a.len().max(1) as f64),
        (Embedding::Several(a), Embedding::Several(b)) if !a.is_empty() && !b.is_empty() => {
            similarity(&a[0].1, &b[0].1)
        }
        _ => Err(Failure::Failed("the model's results cannot be compared".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_any_length_are_compared_by_their_angles() {
        let text = |rows: &[[f32; 2]]| Embedding::Multi(MultiVector::from_rows(rows).unwrap());
        let exact = [text(&[[30.0, 0.0], [0.0, 4.0]]), text(&[[7.0, 7.0]])];
        let halved = [text(&[[15.0, 0.0], [0.0, 2.0]]), text(&[[3.5, 3.5]])];
        let same = Comparison::new(&exact, &halved).unwrap();
        assert!((same.mean_cosine - 1.0).abs() < 1e-6 && (same.overlap - 1.0).abs() < 1e-6, "{same}");
        let turned = [text(&[[0.0, 30.0], [0.0, 4.0]]), text(&[[7.0, -7.0]])];
        assert!(Comparison::new(&exact, &turned).unwrap().mean_cosine < 0.6);
    }
}
