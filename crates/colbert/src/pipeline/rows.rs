//! A batch's output to multi-vectors.

use embedkit_core::multivector::{MultiVector, RowLabel};
use embedkit_core::session::{Output, Precision};
use embedkit_core::tokenizer::Tokenizer;
use embedkit_core::{ModelDescription, Result, vector};

use super::projection::Projection;

/// How one side's rows are read from the graph's output.
pub(super) struct RowReader<'m> {
    pub(super) model: &'m ModelDescription,
    pub(super) projection: Option<&'m Projection>,
    /// The width to cut to.
    pub(super) dim: Option<usize>,
    pub(super) normalize: bool,
    /// What names tokens, when rows are to be labelled.
    pub(super) labels: Option<&'m Tokenizer>,
}

impl RowReader<'_> {
    /// The width of the graph's vectors, or what is wrong with the output.
    pub(super) fn width(&self, output: &Output<'_>, length: usize) -> Result<usize, String> {
        let [_, tokens, width] = *output.shape else {
            return Err(format!("has shape {:?}, and should have [rows, tokens, dim]", output.shape));
        };
        if tokens != length || width == 0 {
            return Err(format!("has shape {:?} for rows of {length} tokens", output.shape));
        }
        match (self.model.dim, self.projection) {
            (Some(dim), None) if width != dim => Err(format!(
                "gives vectors of {width} values, and the row says {dim}; name a `projection` if it lacks one"
            )),
            (Some(dim), Some(projection)) if width != dim && width != projection.width() => {
                let takes = projection.width();
                Err(format!("gives vectors of {width} values, the row says {dim}, and its projection takes {takes}"))
            }
            _ => Ok(width),
        }
    }

    /// The multi-vector of a row's wanted cells. The outer error says what is wrong with the output.
    pub(super) fn read(
        &self,
        row: &[f32],
        precision: Precision,
        width: usize,
        wanted: &[usize],
        ids: &[i64],
    ) -> Result<Result<MultiVector>, String> {
        let mut vectors = Vec::with_capacity(wanted.len() * width);
        for cell in wanted {
            vectors.extend_from_slice(&row[cell * width..][..width]);
        }
        if !vectors.iter().all(|value| value.is_finite()) {
            return Err("holds values that are not finite numbers".to_owned());
        }
        let (vectors, width) = match self.projection {
            Some(projection) if Some(width) != self.model.dim => projection.apply(vectors)?,
            _ => (vectors, width),
        };
        let (mut vectors, width) = self.cut(vectors, width);
        if self.normalize {
            vectors.chunks_exact_mut(width).for_each(vector::normalize);
            vectors.iter_mut().for_each(|value| *value = precision.round(*value));
        }
        let labelled = |vectors: MultiVector| match self.labels {
            Some(tokenizer) => vectors.with_labels(wanted.iter().map(|cell| label(tokenizer, ids[*cell])).collect()),
            None => Ok(vectors),
        };
        Ok(MultiVector::new(width, vectors).and_then(labelled))
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

/// The token of a row; ids past the vocabulary, as some markers have, by number.
fn label(tokenizer: &Tokenizer, id: i64) -> RowLabel {
    let token = u32::try_from(id).ok().and_then(|id| tokenizer.token(id));
    RowLabel::Token(token.unwrap_or_else(|| format!("#{id}")))
}
