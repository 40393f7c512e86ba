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
            Some(projection) if projection.follows(width) => projection.apply(vectors)?,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(model: &ModelDescription) -> RowReader<'_> {
        RowReader { model, projection: None, dim: None, normalize: true, labels: None }
    }

    #[test]
    fn wanted_cells_are_brought_to_length_one() {
        let model = ModelDescription::new("tiny/model", "colbert", "colbert");
        let row = [3.0, 4.0, f32::NAN, 0.0, 0.0, 0.0];
        let read = |wanted: &[usize]| reader(&model).read(&row, Precision::F32, 2, wanted, &[7, 8, 9]);
        let vectors = read(&[0, 2]).unwrap().unwrap();
        assert_eq!((vectors.dim(), vectors.as_slice()), (2, &[0.6, 0.8, 0.0, 0.0][..]));
        assert!(read(&[]).unwrap().unwrap().is_empty());
        assert!(read(&[1]).unwrap_err().contains("not finite"));
    }

    #[test]
    fn an_output_that_does_not_fit_is_named() {
        let mut model = ModelDescription::new("tiny/model", "colbert", "colbert");
        model.dim = Some(2);
        for (shape, expected) in [
            (vec![1, 3, 2], Ok(2)),
            (vec![1, 2, 3], Err("rows of 3 tokens")),
            (vec![1, 3, 1], Err("gives vectors of 1")),
            (vec![1, 3, 0], Err("rows of 3 tokens")),
            (vec![1, 3], Err("[rows, tokens, dim]")),
        ] {
            let output = Output::new(shape.clone(), vec![0.0; shape.iter().product()], Precision::F32);
            match (reader(&model).width(&output, 3), expected) {
                (Ok(width), Ok(expected)) => assert_eq!(width, expected),
                (Err(error), Err(expected)) => assert!(error.contains(expected), "{error}"),
                (width, _) => panic!("{shape:?}: {width:?}"),
            }
        }
    }
}
