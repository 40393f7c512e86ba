//! A text's share of the graph's output to a multi-vector.

use embedkit_core::{ModelDescription, Result, TextModel, TextRow};
use embedkit_vector::multivector::{MultiVector, RowLabel};

use super::projection::Projection;

/// How one side's rows are read from the graph's output.
pub(super) struct RowReader<'m> {
    pub(super) model: &'m ModelDescription,
    pub(super) projection: Option<&'m Projection>,
    /// The width to cut to.
    pub(super) dim: Option<usize>,
    pub(super) normalize: bool,
    /// What names tokens, when rows are to be labelled.
    pub(super) labels: Option<&'m TextModel>,
}

impl RowReader<'_> {
    /// The multi-vector of the wanted cells of a text, `[cells, dim]`.
    pub(super) fn read(&self, row: &TextRow<'_>, wanted: &[usize]) -> Result<MultiVector> {
        let [tokens, width] = *row.shape else { return Err(row.misshapen("[rows, tokens, dim]")) };
        if tokens != row.length() || width == 0 {
            return Err(row.misshapen(format!("[rows, {} tokens, dim]", row.length())));
        }
        let mut vectors = Vec::with_capacity(wanted.len() * width);
        for cell in wanted {
            vectors.extend_from_slice(&row.values[cell * width..][..width]);
        }
        row.check_finite(&vectors)?;
        let (vectors, width) = match (self.projection, self.model.dim) {
            (Some(projection), _) if projection.follows(width) => {
                projection.apply(vectors, width).map_err(|what| row.wrong(what))?
            }
            (_, Some(dim)) if dim != width => {
                return Err(row.misshapen(format!("[rows, tokens, {dim}]; name a `projection` if it lacks one")));
            }
            _ => (vectors, width),
        };
        let (mut vectors, width) = self.cut(vectors, width);
        if self.normalize {
            vectors.chunks_exact_mut(width).for_each(embedkit_vector::normalize);
            vectors.iter_mut().for_each(|value| *value = row.precision.round(*value));
        }
        let vectors = MultiVector::new(width, vectors)?;
        match self.labels {
            Some(model) => {
                let label = |cell: &usize| RowLabel::Token(model.token_name(row.ids[*cell]));
                Ok(vectors.with_labels(wanted.iter().map(label).collect())?)
            }
            None => Ok(vectors),
        }
    }

    /// Cuts every vector to the caller's width.
    fn cut(&self, vectors: Vec<f32>, width: usize) -> (Vec<f32>, usize) {
        match self.dim {
            Some(dim) if dim < width => {
                (vectors.chunks_exact(width).flat_map(|vector| &vector[..dim]).copied().collect(), dim)
            }
            _ => (vectors, width),
        }
    }
}
