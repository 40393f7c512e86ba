//! Late chunking: a chunk's vector of tokens that saw the chunks around it too.
//!
//! [`late_windows`] says what a model sees at once, and [`late_vectors`] makes the chunks' vectors of what it gives for it.

use std::ops::Range;

use embedkit_core::{AnyEmbedder, Content, Embedding, Error, Purpose, Result, Role, RowPlaces};
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

/// The vectors of a window's chunks, in their order, of what came of embedding its text: each the mean of its tokens' vectors
/// ([`late_chunks`]), and of a query, which is not cut, the mean of all ([`late_query`]).
///
/// A chunk that no token of the window begins in is embedded alone, and has the mean of all that it has then. So has every
/// chunk of a window that cannot be embedded, or of whose vectors the model does not say what they are of: that is warned of,
/// and one that cannot be embedded alone either has its error in its place. A text that the model has no vector of has one of
/// zeros, which is similar to nothing.
///
/// # Errors
/// A query that cannot be embedded, a model that gives no vector for each token, and errors that are not of the text.
pub fn late_vectors(
    model: &AnyEmbedder,
    purpose: &Purpose,
    window: &str,
    chunks: &[Range<usize>],
    embedded: Result<Embedding>,
) -> Result<Vec<Result<Vec<f32>>>> {
    if purpose.role == Role::Query {
        let whole = mean_of_all(&rows(model, embedded?)?);
        return Ok(chunks.iter().map(|_| Ok(whole.clone())).collect());
    }
    let late = embedded.and_then(|embedding| {
        let places = model.engine().row_places(&Content::text(window), purpose)?;
        late_chunks(&rows(model, embedding)?, &places.unwrap_or_default(), chunks)
    });
    let late = match late {
        Err(error) if is_of_input(&error) => {
            let id = &model.model().id;
            tracing::warn!("{id}: {} chunks are embedded alone, not late: {}", chunks.len(), error.report());
            vec![None; chunks.len()]
        }
        late => late?,
    };
    let alone = |chunk: &Range<usize>| {
        let embedding = model.embed_one(&Content::text(&window[chunk.clone()]), purpose.clone())?;
        Ok(mean_of_all(&rows(model, embedding)?))
    };
    Ok(late.into_iter().zip(chunks).map(|(vector, chunk)| vector.map_or_else(|| alone(chunk), Ok)).collect())
}

/// Whether an error is of what was embedded, so that others may still be.
pub(crate) fn is_of_input(error: &Error) -> bool {
    matches!(error, Error::InvalidInput { .. } | Error::InvalidFile { .. })
}

fn rows(model: &AnyEmbedder, embedding: Embedding) -> Result<MultiVector> {
    match embedding {
        Embedding::Multi(vectors) => Ok(vectors),
        _ => Err(Error::model(&model.model().id, "gave no vector for each token")),
    }
}

fn mean_of_all(vectors: &MultiVector) -> Vec<f32> {
    late_query(vectors).unwrap_or_else(|| vec![0.0; vectors.dim()])
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
    use embedkit_core::Registry;
    use {embedkit_colbert as _, embedkit_static_en as _};

    use super::*;

    /// A model whose tokens are the same wherever they stand: a chunk's vector is the same late and alone.
    #[test]
    fn a_chunk_that_cannot_be_made_late_is_made_alone() {
        let family = Registry::global().family("colbert").unwrap();
        let model = AnyEmbedder::builder(family, "embedkit/static-late-en").build().unwrap();
        let (text, chunks) = ("Taxes are due. \u{1F984} The dog sleeps.", [0..14, 15..19, 20..35]);
        let purpose = Purpose::from(Role::Passage);
        let embed = |text: &str, role: Role| model.embed_one(&Content::text(text), role);
        let vectors = |purpose: &Purpose, chunks: &[Range<usize>], embedded| {
            late_vectors(&model, purpose, text, chunks, embedded)
                .map(|vectors| vectors.into_iter().map(Result::unwrap).collect::<Vec<_>>())
        };
        let late = vectors(&purpose, &chunks, embed(text, Role::Passage)).unwrap();
        assert_eq!((late[0].len(), &late[1]), (256, &vec![0.0; 256]), "of a text without a token there is nothing");
        assert!(late[0] != late[2] && late[2].iter().any(|value| *value != 0.0));
        // Of what failed, and of vectors that are of another text.
        for embedded in [Err(Error::input("no")), Err(Error::file("a", "no")), embed("The dog.", Role::Passage)] {
            let alone = vectors(&purpose, &chunks, embedded).unwrap();
            for (late, alone) in late.iter().flatten().zip(alone.iter().flatten()) {
                assert!((late - alone).abs() < 1e-6, "{late} {alone}");
            }
        }
        // What is not of the text, is nobody's to go on from.
        assert!(matches!(vectors(&purpose, &chunks, Err(Error::Cancelled)), Err(Error::Cancelled)));
        let message = vectors(&purpose, &chunks, Ok(Embedding::Dense(vec![1.0]))).unwrap_err().to_string();
        assert!(message.contains("no vector for each token"), "{message}");
        // A query is one chunk.
        let query = embed("the dog", Role::Query).unwrap();
        let Embedding::Multi(rows) = &query else { panic!("{query:?}") };
        let expected = late_query(rows).unwrap();
        let range = 0..text.len();
        let whole = std::slice::from_ref(&range);
        assert_eq!(vectors(&Role::Query.into(), whole, Ok(query.clone())).unwrap(), [expected]);
        assert!(vectors(&Role::Query.into(), whole, Err(Error::input("no"))).is_err());
    }

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
