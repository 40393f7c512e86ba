//! What answers of several dialects have in common.

use embedkit_core::Embedding;

use crate::error::{ApiError, Case};
use crate::http::Stats;
use crate::shapes::{ListHead, Usage};

/// What an answer says beside its list.
pub(super) fn list_head(stats: &Stats) -> ListHead {
    ListHead { object: "list", model: stats.model.clone(), usage: usage(stats) }
}

/// A request's tokens.
pub(super) fn usage(stats: &Stats) -> Usage {
    Usage { prompt_tokens: stats.tokens, total_tokens: stats.tokens, truncated_inputs: stats.truncated }
}

/// About how many values an embedding is written as.
pub(super) fn size(embedding: &Embedding) -> usize {
    match embedding {
        Embedding::Dense(vector) => vector.len(),
        Embedding::Sparse(vector) => 2 * vector.len(),
        Embedding::Multi(rows) => rows.as_slice().len(),
        Embedding::Several(several) => several.iter().map(|(_, embedding)| size(embedding)).sum(),
        _ => 1,
    }
}

/// The error that a model's embedding lacks what its family promises.
pub(super) fn no_such_output() -> ApiError {
    ApiError::new(Case::Backend, "the model did not give what its family promises")
}

/// The error that a vector cannot be written as asked.
pub(super) fn bad_vector(error: &embedkit_vector::Error) -> ApiError {
    ApiError::new(Case::Invalid, format!("a vector cannot be stored as asked: {error}"))
}
