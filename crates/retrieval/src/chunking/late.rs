//! Late chunking: a chunk's vector of tokens that saw the chunks around it too.

use std::ops::Range;

use embedkit_core::{Error, Result, RowPlaces};
use embedkit_vector::multivector::MultiVector;

/// What a model sees at once of a document whose chunks' vectors are made late.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LateWindow {
    /// The part of the document's text that it sees.
    pub range: Range<usize>,
    /// The chunks in it: ranges of that part's text.
    pub chunks: Vec<Range<usize>>,
}

/// The windows of a document that is cut into `chunks`, which are ranges of its text in order: each has as many chunks as
/// the model has room for, so that none is cut at a window's end. `fits` says whether the model sees a text whole. What
/// stands before the first chunk, as a title, is in the first window, where there is room for it.
///
/// # Errors
/// Those of `fits`.
///
/// ```
/// use embedkit_retrieval::chunking::late_windows;
///
/// let fits = |text: &str| Ok(text.split_whitespace().count() <= 4);
/// let windows = late_windows("Title. One two. Three. Four five.", &[7..15, 16..22, 23..33], &fits)?;
/// assert_eq!((windows[0].range.clone(), &windows[0].chunks[..]), (0..22, &[7..15, 16..22][..]));
/// assert_eq!((windows[1].range.clone(), &windows[1].chunks[..]), (23..33, &[0..10][..]));
/// # Ok::<(), embedkit_core::Error>(())
/// ```
pub fn late_windows(
    text: &str,
    chunks: &[Range<usize>],
    fits: &dyn Fn(&str) -> Result<bool>,
) -> Result<Vec<LateWindow>> {
    let mut windows = Vec::new();
    let mut rest = chunks;
    while let Some(first) = rest.first() {
        let with_title = 0..first.end;
        let has_title = windows.is_empty() && fits(&text[with_title])?;
        let start = if has_title { 0 } else { first.start };
        let count = most_that_fit(text, start, rest, fits)?;
        let (inside, behind) = rest.split_at(count);
        let end = inside.iter().map(|chunk| chunk.end).max().unwrap_or(first.end);
        let chunks = inside.iter().map(|chunk| chunk.start - start..chunk.end - start).collect();
        windows.push(LateWindow { range: start..end, chunks });
        rest = behind;
    }
    Ok(windows)
}

/// How many chunks fit into a window that begins at `start`; one at least, as it is known to.
fn most_that_fit(
    text: &str,
    start: usize,
    chunks: &[Range<usize>],
    fits: &dyn Fn(&str) -> Result<bool>,
) -> Result<usize> {
    if fits(&text[start..chunks[chunks.len() - 1].end])? {
        return Ok(chunks.len());
    }
    // Between what fits and what does not.
    let (mut most, mut least_over) = (1, chunks.len());
    while least_over - most > 1 {
        let middle = most + (least_over - most) / 2;
        if fits(&text[start..chunks[middle - 1].end])? { most = middle } else { least_over = middle }
    }
    Ok(most)
}

/// The vectors of a window's chunks, each the mean of its tokens' vectors (Günther and others 2024, arXiv:2409.04701).
/// `vectors` are the window's, one a token; `places` are the bytes of its text that these are of
/// ([`row_places`](embedkit_core::Engine::row_places)), and `chunks` are ranges of it. A token is of the chunks that it begins
/// in. None for a chunk that no token begins in.
///
/// # Errors
/// Places that are not the vectors'.
pub fn late_chunks(
    vectors: &MultiVector,
    places: &RowPlaces,
    chunks: &[Range<usize>],
) -> Result<Vec<Option<Vec<f32>>>> {
    if places.len() != vectors.len() {
        let (rows, places) = (vectors.len(), places.len());
        return Err(Error::input(format!(
            "the model gave {rows} vectors for a text of which it says that it has {places}, so that no chunk's are known"
        )));
    }
    let mean = |chunk: &Range<usize>| {
        let is_of = |place: &Option<Range<usize>>| place.as_ref().is_some_and(|place| chunk.contains(&place.start));
        mean_of(vectors.rows().zip(places).filter(|(_, place)| is_of(place)).map(|(row, _)| row))
    };
    Ok(chunks.iter().map(mean).collect())
}

/// The vector of a query that late chunks are compared with: the mean of all its tokens' vectors. None of no vectors.
pub fn late_query(vectors: &MultiVector) -> Option<Vec<f32>> {
    mean_of(vectors.rows())
}

/// The mean of rows; none of no rows.
fn mean_of<'r>(rows: impl Iterator<Item = &'r [f32]>) -> Option<Vec<f32>> {
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

    #[test]
    fn chunks_are_the_means_of_their_tokens() {
        let text = "Berlin is large. It grows. Beyond the window.";
        let vectors = MultiVector::from_rows((0..8).map(|at| [at as f32, 1.0])).unwrap();
        let places = vec![None, Some(0..6), Some(7..9), Some(10..15), Some(17..19), Some(20..24), Some(24..25), None];
        let chunks = late_chunks(&vectors, &places, &[0..16, 17..24, 24..26, 27..text.len()]).unwrap();
        assert_eq!(chunks, [Some(vec![2.0, 1.0]), Some(vec![4.5, 1.0]), Some(vec![6.0, 1.0]), None]);
        let error = late_chunks(&vectors, &vec![None; 7], &[]).unwrap_err().to_string();
        assert!(error.contains("8 vectors") && error.contains("has 7"), "{error}");
    }

    #[test]
    fn windows_hold_as_many_chunks_as_fit() {
        let text = "a b. c d. e f. g h. i j.";
        let chunks = [0..4, 5..9, 10..14, 15..19, 20..24];
        let windows = |words: usize| {
            let fits = |text: &str| Ok(text.split_whitespace().count() <= words);
            let windows = late_windows(text, &chunks, &fits).unwrap();
            windows.into_iter().map(|window| text[window.range].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(windows(100), [text]);
        assert_eq!(windows(6), ["a b. c d. e f.", "g h. i j."]);
        assert_eq!(windows(2), ["a b.", "c d.", "e f.", "g h.", "i j."]);
        assert!(late_windows(text, &[], &|_| Ok(true)).unwrap().is_empty());
    }

    #[test]
    fn chunks_that_overlap_keep_their_places() {
        let text = "Title. a b. c d. e f.";
        let chunks = [7..16, 12..21];
        let windows = late_windows(text, &chunks, &|text| Ok(text.len() < 14)).unwrap();
        let found: Vec<&str> =
            windows.iter().map(|window| &text[window.range.clone()][window.chunks[0].clone()]).collect();
        // There is no room for the title.
        assert_eq!((found, windows[0].range.start), (vec!["a b. c d.", "c d. e f."], 7));
    }
}
