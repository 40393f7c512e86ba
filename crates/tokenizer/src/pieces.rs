//! The lengths of a vocabulary's pieces.

use tokenizers::models::ModelWrapper;

/// SentencePiece makes pieces of at most 16 characters unless told otherwise.
const LONGEST_PIECE: usize = 512;

/// A Unigram model has a piece so long that texts would take minutes.
#[derive(Debug, thiserror::Error)]
#[error("its vocabulary has a piece of {bytes} bytes, more than {LONGEST_PIECE}")]
pub(crate) struct LongPiece {
    bytes: usize,
}

/// Checks that no piece of a Unigram model is very long: at each character of a text, the library reads on as long as
/// some piece goes on.
pub(crate) fn check(model: &ModelWrapper) -> Result<(), LongPiece> {
    let ModelWrapper::Unigram(unigram) = model else { return Ok(()) };
    let longest = unigram.iter().map(|(piece, _)| piece.len()).max().unwrap_or(0);
    if longest > LONGEST_PIECE { Err(LongPiece { bytes: longest }) } else { Ok(()) }
}
