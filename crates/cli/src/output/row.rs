//! Results of models: one field or several, of whatever kind.

use embedkit::{Embedding, Error, Result, SparseVector, WeightedTerm};
use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use super::{Encoder, Row, Values};

/// What a model made of one input.
pub(crate) struct VectorRow(pub(super) Vec<Part>);

/// One kind of result.
pub(crate) enum Part {
    Dense(Values),
    Sparse(SparseVector),
    Multi(Vec<Values>),
    Score(f32),
}

impl VectorRow {
    /// The result, with its vectors encoded; several at once lie side by side.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] where a vector does not fit the encoding: other inputs' may.
    pub(crate) fn new(embedding: Embedding, encoder: &mut Encoder) -> Result<Self> {
        let mut parts = Vec::new();
        add(embedding, encoder, &mut parts)?;
        Ok(Self(parts))
    }
}

fn add(embedding: Embedding, encoder: &mut Encoder, parts: &mut Vec<Part>) -> Result<()> {
    parts.push(match embedding {
        Embedding::Dense(vector) => Part::Dense(encoder.encode(vector)?),
        Embedding::Sparse(vector) => Part::Sparse(vector),
        Embedding::Multi(vectors) => {
            Part::Multi(vectors.rows().map(|row| encoder.encode(row.to_vec())).collect::<Result<_>>()?)
        }
        Embedding::Score(score) => Part::Score(score),
        Embedding::Several(all) => {
            return all.into_iter().try_for_each(|(_, embedding)| add(embedding, encoder, parts));
        }
        other => return Err(Error::option("format", format!("results of this kind cannot be written: {other:?}"))),
    });
    Ok(())
}

impl Row for VectorRow {
    fn keys(&self) -> &'static [&'static str] {
        match &self.0[..] {
            [Part::Dense(_)] => &["embedding"],
            [Part::Sparse(_)] => &["indices", "values"],
            [Part::Multi(_)] => &["embeddings"],
            [Part::Score(_)] => &["score"],
            _ => &["embedding", "indices", "values", "embeddings", "score"],
        }
    }
}

impl Serialize for VectorRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for part in &self.0 {
            match part {
                Part::Dense(values) => map.serialize_entry("embedding", values)?,
                Part::Sparse(vector) => {
                    map.serialize_entry("indices", vector.indices())?;
                    map.serialize_entry("values", vector.values())?;
                }
                Part::Multi(rows) => map.serialize_entry("embeddings", rows)?,
                Part::Score(score) => map.serialize_entry("score", score)?,
            }
        }
        map.end()
    }
}

/// What a sparse vector's entries stand for, heaviest first.
#[derive(Serialize)]
pub(crate) struct TermsRow {
    terms: Vec<Term>,
}

#[derive(Serialize)]
struct Term {
    term: String,
    weight: f32,
}

impl Row for TermsRow {
    fn keys(&self) -> &'static [&'static str] {
        &["terms"]
    }
}

impl From<Vec<WeightedTerm>> for TermsRow {
    fn from(terms: Vec<WeightedTerm>) -> Self {
        Self { terms: terms.into_iter().map(|term| Term { term: term.term, weight: term.weight }).collect() }
    }
}
