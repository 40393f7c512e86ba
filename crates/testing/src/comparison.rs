//! Whether two embeddings are the same, but for rounding.

use std::collections::BTreeMap;

use embedkit_core::{Embedding, EmbeddingKind};

/// How an embedding differs from the expected one by more than a share of its length; nothing if it does not.
pub(crate) fn difference(actual: &Embedding, expected: &Embedding, tolerance: f32) -> Option<String> {
    match (actual, expected) {
        (Embedding::Dense(actual), Embedding::Dense(expected)) => numbers(actual, expected, tolerance),
        (Embedding::Sparse(actual), Embedding::Sparse(expected)) => {
            // A weight at the edge of nothing may round to nothing.
            let mut weights: BTreeMap<u32, [f32; 2]> = BTreeMap::new();
            actual.iter().for_each(|(index, weight)| weights.entry(index).or_default()[0] = weight);
            expected.iter().for_each(|(index, weight)| weights.entry(index).or_default()[1] = weight);
            let [actual, expected] = [0, 1].map(|side| weights.values().map(|pair| pair[side]).collect::<Vec<_>>());
            numbers(&actual, &expected, tolerance)
        }
        (Embedding::Multi(actual), Embedding::Multi(expected)) => {
            if actual.len() != expected.len() {
                return Some(format!("{} rows, not {}", actual.len(), expected.len()));
            }
            actual.rows().zip(expected.rows()).find_map(|(actual, expected)| numbers(actual, expected, tolerance))
        }
        // Of a score, the unit is what a vector's length is of its values.
        (Embedding::Score(actual), Embedding::Score(expected)) => {
            numbers(&[*actual, 1.0], &[*expected, 1.0], tolerance)
        }
        (Embedding::Several(actual), Embedding::Several(expected)) => {
            let names = |several: &[(&str, Embedding)]| several.iter().map(|(name, _)| (*name).to_owned()).collect();
            let (its, wanted): (Vec<String>, Vec<String>) = (names(actual), names(expected));
            if its != wanted {
                return Some(format!("{its:?}, not {wanted:?}"));
            }
            let each = actual.iter().zip(expected);
            each.filter_map(|((name, actual), (_, expected))| Some((name, difference(actual, expected, tolerance)?)))
                .map(|(name, difference)| format!("{name}: {difference}"))
                .next()
        }
        (actual, expected) => (actual != expected).then(|| "another kind of embedding".to_owned()),
    }
}

fn numbers(actual: &[f32], expected: &[f32], tolerance: f32) -> Option<String> {
    if actual.len() != expected.len() {
        return Some(format!("{} numbers, not {}", actual.len(), expected.len()));
    }
    let length = expected.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt() as f32;
    let bound = tolerance * length.max(1e-3);
    let differs = |(at, (actual, expected)): (usize, (&f32, &f32))| {
        let is_same = actual == expected || (actual - expected).abs() <= bound;
        (!is_same).then(|| format!("number {at} is {actual}, not {expected}, where the vector is {length} long"))
    };
    actual.iter().zip(expected).enumerate().find_map(differs)
}

/// The kind of an embedding; none for kinds that this suite does not know.
pub(crate) fn kind(embedding: &Embedding) -> Option<EmbeddingKind> {
    Some(match embedding {
        Embedding::Dense(_) => EmbeddingKind::Dense,
        Embedding::Sparse(_) => EmbeddingKind::Sparse,
        Embedding::Multi(_) => EmbeddingKind::Multi,
        Embedding::Score(_) => EmbeddingKind::Score,
        Embedding::Several(_) => EmbeddingKind::Several,
        _ => return None,
    })
}

/// Whether every number is one.
pub(crate) fn is_finite(embedding: &Embedding) -> bool {
    let all = |values: &[f32]| values.iter().all(|value| value.is_finite());
    match embedding {
        Embedding::Dense(vector) => all(vector),
        Embedding::Sparse(vector) => all(vector.values()),
        Embedding::Multi(vectors) => all(vectors.as_slice()),
        Embedding::Score(score) => score.is_finite(),
        Embedding::Several(several) => several.iter().all(|(_, embedding)| is_finite(embedding)),
        _ => true,
    }
}
