//! A batch's outputs to embeddings.

use std::collections::{BTreeMap, HashSet};

use embedkit_core::session::{BadOutput, Outputs, Precision};
use embedkit_core::tokenizer::TokenBatch;
use embedkit_core::{Result, TextModel};
use embedkit_vector::SparseVector;
use embedkit_vector::multivector::{MultiVector, RowLabel};

use crate::{FAMILY, HybridOutput};

/// What a family makes of a graph's outputs.
pub(super) trait FromOutputs: Sized + Send + 'static {
    /// The family.
    const FAMILY: &'static str;

    /// Whether it has a row for every token.
    const HAS_ROWS: bool = false;

    /// One for each text of the batch.
    fn read(reader: &Reader<'_, '_>) -> Result<Vec<Result<Self>>>;
}

/// A batch, what a graph made of it, and how a view reads that.
pub(super) struct Reader<'r, 'o> {
    pub(super) model: &'r TextModel,
    /// Ids of tokens that have no weight.
    pub(super) unweighted: &'r HashSet<u32>,
    pub(super) labels: bool,
    pub(super) dense: usize,
    pub(super) sparse: usize,
    pub(super) multi_vector: usize,
    pub(super) batch: &'r TokenBatch,
    pub(super) outputs: &'r Outputs<'o>,
}

impl Reader<'_, '_> {
    /// Checks an output's width against the row's.
    fn check_width(&self, index: usize, width: usize) -> Result<()> {
        match self.model.model().dim {
            Some(expected) if expected != width => {
                Err(self.outputs.wrong(index, BadOutput::Width { found: width, expected }))
            }
            _ if width == 0 => Err(self.outputs.wrong(index, BadOutput::shape(&[0], "vectors of some values"))),
            _ => Ok(()),
        }
    }

    /// Checks vectors of one width and, where the row says so, brings them to length 1.
    fn finished(&self, index: usize, mut vectors: Vec<f32>, width: usize, precision: Precision) -> Result<Vec<f32>> {
        BadOutput::check_finite(&vectors).map_err(|what| self.outputs.wrong(index, what))?;
        if self.model.model().normalize {
            vectors.chunks_exact_mut(width).for_each(embedkit_vector::normalize);
            vectors.iter_mut().for_each(|value| *value = precision.round(*value));
        }
        Ok(vectors)
    }

    fn rows<T>(&self, read: impl Fn(usize) -> Result<T>) -> Vec<Result<T>> {
        (0..self.batch.rows).map(read).collect()
    }

    /// Says what is wrong with an output's shape.
    fn misshapen<T>(&self, index: usize, shape: &[usize], expected: &str) -> Result<T> {
        let TokenBatch { rows, length, .. } = self.batch;
        let expected = format!("{expected}, for {rows} texts of {length} tokens");
        Err(self.outputs.wrong(index, BadOutput::shape(shape, expected)))
    }
}

impl FromOutputs for Vec<f32> {
    const FAMILY: &'static str = "dense";

    fn read(reader: &Reader<'_, '_>) -> Result<Vec<Result<Self>>> {
        let index = reader.dense;
        let output = reader.outputs.get(index, reader.batch.rows)?;
        let [_, width] = *output.shape else {
            return reader.misshapen(index, &output.shape, "[texts, dim]");
        };
        reader.check_width(index, width)?;
        Ok(reader.rows(|row| reader.finished(index, output.row(row).to_vec(), width, output.precision)))
    }
}

impl FromOutputs for SparseVector {
    const FAMILY: &'static str = "sparse";

    fn read(reader: &Reader<'_, '_>) -> Result<Vec<Result<Self>>> {
        let (index, batch) = (reader.sparse, reader.batch);
        let output = reader.outputs.get(index, batch.rows)?;
        if !matches!(output.shape[1..], [tokens] | [tokens, 1] if tokens == batch.length) {
            return reader.misshapen(index, &output.shape, "[texts, tokens] or [texts, tokens, 1]");
        }
        Ok(reader.rows(|row| {
            let tokens = kept(batch, row).map(|cell| (token_id(batch, row, cell), output.row(row)[cell]));
            lexical_weights(tokens, reader.unweighted)
                .map_err(|error| reader.outputs.wrong(index, BadOutput::Unusable(error.into())))
        }))
    }
}

impl FromOutputs for MultiVector {
    const FAMILY: &'static str = "colbert";
    const HAS_ROWS: bool = true;

    fn read(reader: &Reader<'_, '_>) -> Result<Vec<Result<Self>>> {
        let (index, batch) = (reader.multi_vector, reader.batch);
        let output = reader.outputs.get(index, batch.rows)?;
        // Most graphs leave the first token out themselves.
        let (width, left_out) = match *output.shape {
            [_, tokens, width] if tokens == batch.length => (width, 0),
            [_, tokens, width] if tokens + 1 == batch.length => (width, 1),
            _ => return reader.misshapen(index, &output.shape, "[texts, tokens - 1, dim] or [texts, tokens, dim]"),
        };
        reader.check_width(index, width)?;
        Ok(reader.rows(|row| {
            let cells = || kept(batch, row).filter(|cell| *cell > 0);
            let values = output.row(row);
            let vectors = cells().flat_map(|cell| &values[(cell - left_out) * width..][..width]).copied().collect();
            let vectors = MultiVector::new(width, reader.finished(index, vectors, width, output.precision)?)?;
            if !reader.labels {
                return Ok(vectors);
            }
            let label = |cell: usize| RowLabel::Token(reader.model.token_name(batch.row_ids(row)[cell]));
            Ok(vectors.with_labels(cells().map(label).collect())?)
        }))
    }
}

impl FromOutputs for HybridOutput {
    const FAMILY: &'static str = FAMILY;
    const HAS_ROWS: bool = true;

    fn read(reader: &Reader<'_, '_>) -> Result<Vec<Result<Self>>> {
        let (dense, sparse) = (Vec::read(reader)?, SparseVector::read(reader)?);
        let texts = dense.into_iter().zip(sparse).zip(MultiVector::read(reader)?);
        let joined = |((dense, sparse), multi_vector): ((Result<_>, Result<_>), Result<_>)| {
            Ok(Self { dense: dense?, sparse: sparse?, multi_vector: multi_vector? })
        };
        Ok(texts.map(joined).collect())
    }
}

/// The cells of a text's tokens.
fn kept(batch: &TokenBatch, row: usize) -> impl Iterator<Item = usize> + '_ {
    batch.row_mask(row).iter().enumerate().filter(|(_, kept)| **kept != 0).map(|(cell, _)| cell)
}

/// The id in a cell; it came from a tokenizer, whose ids are u32.
fn token_id(batch: &TokenBatch, row: usize, cell: usize) -> u32 {
    batch.row_ids(row)[cell] as u32
}

/// Each token's largest weight above 0, by token id.
fn lexical_weights(
    tokens: impl Iterator<Item = (u32, f32)>,
    unweighted: &HashSet<u32>,
) -> embedkit_vector::Result<SparseVector> {
    let mut weights = BTreeMap::new();
    for (token, weight) in tokens.filter(|(token, _)| !unweighted.contains(token)) {
        if !weight.is_finite() {
            return Err(embedkit_vector::Error::NotFinite {
                what: "the weight of token",
                at: token as usize,
                value: weight,
            });
        }
        if weight > 0.0 {
            let largest: &mut f32 = weights.entry(token).or_insert(weight);
            *largest = largest.max(weight);
        }
    }
    SparseVector::from_entries(weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_its_largest_weight_above_zero() {
        let tokens = [(9, 0.5), (4, 0.25), (9, 0.75), (1, 3.0), (9, 0.5), (5, 0.0), (6, -1.0)];
        let vector = lexical_weights(tokens.into_iter(), &HashSet::from([1])).unwrap();
        assert_eq!(vector, SparseVector::new(vec![4, 9], vec![0.25, 0.75]).unwrap());
        assert!(lexical_weights([].into_iter(), &HashSet::new()).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_weight_is_an_error() {
        for tokens in [[(9, f32::NAN), (9, 1.0)], [(9, 1.0), (9, f32::NAN)], [(9, 1.0), (8, f32::INFINITY)]] {
            lexical_weights(tokens.into_iter(), &HashSet::new()).unwrap_err();
        }
    }
}
