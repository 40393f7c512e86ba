//! Late chunking: a chunk's vector of tokens that saw the whole document.

use std::ops::Range;

use embedkit_vector::multivector::MultiVector;

use crate::tokens::places;

/// The vectors of a document's chunks, each the mean of its tokens' vectors (Günther and others 2024, arXiv:2409.04701).
/// `vectors` are the document's, one a token, labelled with their tokens; `chunks` are ranges of its text. None for a chunk
/// of which the model saw no token, as behind the end of its window.
pub fn late_chunks(text: &str, vectors: &MultiVector, chunks: &[Range<usize>]) -> Vec<Option<Vec<f32>>> {
    let places = places(text, vectors.labels());
    let is_of = |place: &Option<(usize, usize)>, chunk: &Range<usize>| {
        place.is_some_and(|(start, end)| chunk.start <= start && end <= chunk.end)
    };
    let mean = |chunk: &Range<usize>| {
        let rows = vectors.rows().zip(&places).filter(|(_, place)| is_of(place, chunk)).map(|(row, _)| row);
        mean_of(rows)
    };
    chunks.iter().map(mean).collect()
}

/// The mean of rows; none of no rows.
pub(crate) fn mean_of<'r>(rows: impl Iterator<Item = &'r [f32]>) -> Option<Vec<f32>> {
    let mut count = 0.0;
    let sum = rows.fold(None::<Vec<f32>>, |sum, row| {
        count += 1.0;
        Some(match sum {
            None => row.to_vec(),
            Some(mut sum) => {
                sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
                sum
            }
        })
    });
    sum.map(|sum| sum.into_iter().map(|value| value / count).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedkit_vector::multivector::RowLabel;

    #[test]
    fn chunks_are_the_means_of_their_tokens() {
        let labels = ["[CLS]", "berlin", "is", "large", "it", "grow", "##s", "[SEP]"];
        let rows = (0..8).map(|at| [at as f32, 1.0]);
        let vectors = MultiVector::from_rows(rows).unwrap();
        let vectors = vectors.with_labels(labels.map(|label| RowLabel::Token(label.into())).to_vec()).unwrap();
        let text = "Berlin is large. It grows. Beyond the window.";
        let chunks = late_chunks(text, &vectors, &[0..16, 17..26, 27..45]);
        assert_eq!(chunks, [Some(vec![2.0, 1.0]), Some(vec![5.0, 1.0]), None]);
    }
}
