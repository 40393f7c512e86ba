//! What 8-bit weights cost: vectors beside those of 32-bit weights.

use std::fmt;

use embedkit::Embedding;
use embedkit::multivector::{MaxSim, MultiVector};
use embedkit::vector::{cosine, normalize};
use serde_json::{Map, Value, json};

use crate::failure::{Failure, Result};

/// How many of a text's nearest others are compared.
const NEAREST: usize = 10;

/// Results of two models for the same texts: of models that give several at once, each of these.
#[derive(Debug)]
pub(super) struct Comparison {
    texts: usize,
    nearest: usize,
    parts: Vec<Part>,
}

/// What a model gives, or one of several.
#[derive(Debug)]
struct Part {
    /// What it is called where there are several.
    name: &'static str,
    /// Of each text's results to each other: 1 where they are the same.
    mean_cosine: f64,
    least_cosine: f64,
    /// The share of a text's nearest others that both models agree on.
    overlap: f64,
}

impl Comparison {
    pub(super) fn new(exact: &[Embedding], other: &[Embedding]) -> Result<Self> {
        let nearest = NEAREST.min(exact.len() - 1);
        let both = parts(exact).into_iter().zip(parts(other));
        let parts = both.map(|((name, exact), (_, other))| Part::new(name, &exact, &other, nearest));
        Ok(Self { texts: exact.len(), nearest, parts: parts.collect::<Result<_>>()? })
    }

    /// Whether every part is as near as this to what it was. What is no number is not.
    pub(super) fn is_within(&self, least: f64) -> bool {
        self.parts.iter().all(|part| part.mean_cosine >= least)
    }

    /// The part that lost most, and each where there are several.
    pub(super) fn to_json(&self) -> Value {
        // What is no number is worse than any.
        let rank = |part: &Part| if part.mean_cosine.is_nan() { f64::NEG_INFINITY } else { part.mean_cosine };
        let worst = self.parts.iter().min_by(|a, b| rank(a).total_cmp(&rank(b)));
        let mut told = worst.map(Part::to_json).unwrap_or_default();
        told.extend([("texts".to_owned(), json!(self.texts)), ("nearest".to_owned(), json!(self.nearest))]);
        if self.parts.len() > 1 {
            let parts = self.parts.iter().map(|part| (part.name.to_owned(), Value::Object(part.to_json())));
            told.insert("parts".to_owned(), Value::Object(parts.collect()));
        }
        Value::Object(told)
    }
}

impl Part {
    fn new(name: &'static str, exact: &[Embedding], other: &[Embedding], nearest: usize) -> Result<Self> {
        let (exact, other) = (&directions(exact)?, &directions(other)?);
        let cosines = exact.iter().zip(other).map(|(a, b)| similarity(a, b)).collect::<Result<Vec<f64>>>()?;
        let texts = cosines.len();
        let mut shared = 0;
        for text in 0..texts {
            let (a, b) = (neighbours(exact, text, nearest)?, neighbours(other, text, nearest)?);
            shared += a.iter().filter(|neighbour| b.contains(neighbour)).count();
        }
        Ok(Self {
            name,
            mean_cosine: cosines.iter().sum::<f64>() / texts as f64,
            least_cosine: cosines.iter().copied().fold(f64::INFINITY, f64::min),
            overlap: shared as f64 / (texts * nearest) as f64,
        })
    }

    fn to_json(&self) -> Map<String, Value> {
        let numbers =
            [("mean_cosine", self.mean_cosine), ("least_cosine", self.least_cosine), ("overlap", self.overlap)];
        numbers.into_iter().map(|(name, number)| (name.to_owned(), json!(number))).collect()
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, Part { name, mean_cosine, least_cosine, overlap }) in self.parts.iter().enumerate() {
            let (before, after) = (if at > 0 { "; " } else { "" }, if name.is_empty() { "" } else { ": " });
            let nearest = self.nearest;
            write!(
                f,
                "{before}{name}{after}mean cosine to 32-bit weights {mean_cosine:.4}, least {least_cosine:.4}; \
                 {overlap:.2} of the nearest {nearest} are the same"
            )?;
        }
        write!(f, " ({} texts)", self.texts)
    }
}

/// Results by what they are parts of; all in one, without a name, of models that give one.
fn parts(results: &[Embedding]) -> Vec<(&'static str, Vec<Embedding>)> {
    let mut parts: Vec<(&'static str, Vec<Embedding>)> = Vec::new();
    let mut add = |name: &'static str, result: &Embedding| match parts.iter_mut().find(|(known, _)| *known == name) {
        Some((_, results)) => results.push(result.clone()),
        None => parts.push((name, vec![result.clone()])),
    };
    for result in results {
        match result {
            Embedding::Several(several) => several.iter().for_each(|(name, result)| add(name, result)),
            one => add("", one),
        }
    }
    parts
}

/// The same with each row of multi-vectors at length 1: models give rows of any length, and what is compared are angles.
/// Rows of zeros have none, and are left out beside others.
fn directions(results: &[Embedding]) -> Result<Vec<Embedding>> {
    let direction = |embedding: &Embedding| match embedding {
        Embedding::Multi(vectors) if !is_zero(embedding) => {
            let rows = vectors.rows().filter(|row| row.iter().any(|value| *value != 0.0)).map(|row| {
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

/// The cosine of two results; of multi-vectors the mean over rows of the best. Nothing is like nothing alone.
fn similarity(a: &Embedding, b: &Embedding) -> Result<f64> {
    match (a, b) {
        _ if is_zero(a) || is_zero(b) => Ok(f64::from(u8::from(is_zero(a) && is_zero(b)))),
        (Embedding::Dense(a), Embedding::Dense(b)) => Ok(cosine(a, b)?.into()),
        (Embedding::Sparse(a), Embedding::Sparse(b)) => {
            Ok(f64::from(a.dot(b)) / (f64::from(a.dot(a)).sqrt() * f64::from(b.dot(b)).sqrt()))
        }
        (Embedding::Multi(a), Embedding::Multi(b)) => Ok(f64::from(MaxSim::new(a)?.score(b)?) / a.len() as f64),
        _ => Err(Failure::Failed("the model's results cannot be compared".to_owned())),
    }
}

/// Whether a result says nothing: no terms, or none but zeros.
fn is_zero(result: &Embedding) -> bool {
    let are_zeros = |values: &[f32]| values.iter().all(|value| *value == 0.0);
    match result {
        Embedding::Dense(values) => are_zeros(values),
        Embedding::Sparse(vector) => are_zeros(vector.values()),
        Embedding::Multi(vectors) => vectors.rows().all(are_zeros),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use embedkit::SparseVector;

    use super::*;

    fn multi(rows: &[[f32; 2]]) -> Embedding {
        Embedding::Multi(MultiVector::from_rows(rows).unwrap())
    }

    #[test]
    fn rows_of_any_length_are_compared_by_their_angles() {
        let exact = [multi(&[[30.0, 0.0], [0.0, 4.0], [0.0, 0.0]]), multi(&[[7.0, 7.0]])];
        let halved = [multi(&[[15.0, 0.0], [0.0, 2.0], [0.0, 0.0]]), multi(&[[3.5, 3.5]])];
        let same = Comparison::new(&exact, &halved).unwrap();
        assert!(same.is_within(0.999999) && (same.parts[0].overlap - 1.0).abs() < 1e-6, "{same}");
        let turned = [multi(&[[0.0, 30.0], [0.0, 4.0]]), multi(&[[7.0, -7.0]])];
        assert!(!Comparison::new(&exact, &turned).unwrap().is_within(0.6));
    }

    /// Something and nothing, of every kind.
    fn kinds() -> [(Embedding, Embedding); 3] {
        let sparse = |entries: &[(u32, f32)]| Embedding::Sparse(SparseVector::from_entries(entries.to_vec()).unwrap());
        [
            (Embedding::Dense(vec![1.0, 2.0]), Embedding::Dense(vec![0.0, 0.0])),
            (sparse(&[(3, 1.0), (5, 2.0)]), sparse(&[])),
            (multi(&[[1.0, 2.0], [3.0, 1.0]]), multi(&[[0.0, 0.0], [0.0, 0.0]])),
        ]
    }

    #[test]
    fn nothing_is_like_nothing_alone() {
        for (something, nothing) in kinds() {
            for (exact, other, expected) in [
                (&something, &something, 1.0),
                (&nothing, &nothing, 1.0),
                (&something, &nothing, 0.0),
                (&nothing, &something, 0.0),
            ] {
                let of = |result: &Embedding| vec![result.clone(), something.clone()];
                let compared = Comparison::new(&of(exact), &of(other)).unwrap();
                assert!((compared.parts[0].least_cosine - expected).abs() < 1e-6, "{exact:?} {other:?}: {compared}");
            }
            let gone = Comparison::new(&vec![something; 3], &vec![nothing; 3]).unwrap();
            assert!(!gone.is_within(0.01), "{gone}");
        }
    }

    #[test]
    fn every_part_of_a_result_is_compared_and_the_worst_decides() {
        let names = ["dense", "sparse", "multi_vector"];
        let results = |lost: Option<usize>| {
            let parts = kinds().into_iter().enumerate();
            let parts = parts.map(|(at, (some, none))| (names[at], if lost == Some(at) { none } else { some }));
            vec![Embedding::Several(parts.collect()); 3]
        };
        let whole = results(None);
        assert!(Comparison::new(&whole, &whole).unwrap().is_within(0.999999));
        for (lost, lost_name) in names.iter().enumerate() {
            let compared = Comparison::new(&whole, &results(Some(lost))).unwrap();
            assert!(!compared.is_within(0.5), "{compared}");
            let (told, json) = (compared.to_string(), compared.to_json());
            assert_eq!(json["mean_cosine"], 0.0, "{json}");
            for name in names {
                assert_eq!(json["parts"][name]["mean_cosine"].as_f64().unwrap() < 0.5, name == *lost_name, "{json}");
                assert!(told.contains(&format!("{name}: mean cosine")), "{told}");
            }
        }
    }
}
