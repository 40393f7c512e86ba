//! What the architectures with a graph have in common: a graph that gives something for each token.

use crate::scoring::ScoringError;
use embedkit_core::session::BadOutput;
use embedkit_core::tokenizer::{Encoding, TokenizerOptions};
use embedkit_core::{Error, LoadContext, Result, TextModel, TextRow};
use embedkit_vector::SparseVector;

/// Why a text has no vector.
pub(super) enum Unscored {
    /// Its share of the output cannot be scored.
    Output(ScoringError),
    /// Something else, whose error names it already.
    Other(Error),
}

impl From<ScoringError> for Unscored {
    fn from(error: ScoringError) -> Self {
        Self::Output(error)
    }
}

impl From<Error> for Unscored {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

/// Loads the model with the tokenizer's own options.
pub(super) fn load(context: &LoadContext) -> Result<TextModel> {
    TextModel::load(context, TokenizerOptions::default())
}

/// Runs a batch. `score` makes a text's vector of its share of the output, which has `axes` axes, of which
/// that at `token_axis` is as long as the text.
pub(super) fn run(
    model: &TextModel,
    texts: &[&Encoding],
    (axes, token_axis): (usize, usize),
    score: impl Fn(&TextRow<'_>) -> Result<SparseVector, Unscored>,
) -> Result<Vec<Result<SparseVector>>> {
    model.run(texts, &[], |row| {
        if row.shape.len() != axes || row.shape[token_axis] != row.length() {
            let expected = format!("{axes} axes beside the batch's, with {} tokens", row.length());
            return Err(row.misshapen(expected));
        }
        score(row).map_err(|error| match error {
            Unscored::Output(what) => row.wrong(BadOutput::Unusable(what.into())),
            Unscored::Other(error) => error,
        })
    })
}

/// Checks that the graph has a weight for each entry of the vocabulary: as many as the row states, else at least one
/// for each token that the tokenizer can give. Hidden states, of a graph that is no masked language model, have fewer.
pub(super) fn check_vocabulary(model: &TextModel, row: &TextRow<'_>) -> Result<()> {
    let Some(&found) = row.shape.last() else { return Ok(()) };
    let tokens = model.tokenizer().vocab_size();
    match model.model().vocab_size {
        Some(expected) if found != expected => Err(row.wrong(BadOutput::Width { found, expected })),
        None if found < tokens => {
            Err(row.misshapen(format!("[rows, tokens, {tokens} or more], a weight for each of the tokenizer's tokens")))
        }
        _ => Ok(()),
    }
}

/// The texts of ids.
///
/// # Errors
/// [`Error::Model`] when the vocabulary lacks one.
pub(super) fn tokens(model: &TextModel, ids: impl IntoIterator<Item = u32>) -> Result<Vec<String>> {
    let text = |id| {
        let missing = || Error::model(&model.model().id, format!("the tokenizer has no token {id}"));
        model.tokenizer().token(id).ok_or_else(missing)
    };
    ids.into_iter().map(text).collect()
}
