//! Fields of rows that no model here obeys.

use embedkit_core::{Error, ModelDescription, Padding, Result};

/// Refuses what is said of sparse vectors.
pub(super) fn refuse_sparse(model: &ModelDescription) -> Result<()> {
    refuse(model, &[(model.requires_idf, "requires-idf"), (model.vocab_size.is_some(), "vocab-size")])
}

/// Refuses what is said of a graph's inputs, and of sparse vectors.
pub(super) fn refuse_graph(model: &ModelDescription) -> Result<()> {
    refuse(model, &[(!model.tasks.is_empty(), "tasks"), (model.padding != Padding::Longest, "padding")])?;
    refuse_sparse(model)
}

fn refuse(model: &ModelDescription, fields: &[(bool, &str)]) -> Result<()> {
    match fields.iter().find(|(is_set, _)| *is_set) {
        None => Ok(()),
        Some((_, field)) => {
            let message =
                format!("the {} architecture {:?} has no use for `{field}`", model.family, model.architecture);
            Err(Error::manifest(&model.id, message))
        }
    }
}
