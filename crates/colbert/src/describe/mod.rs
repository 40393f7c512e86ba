//! What a folder says about itself: those of PyLate, and of sentence-transformers' `MultiVectorEncoder`.

mod multi_vector;
mod pylate;
mod tokenizer;

use embedkit_core::sentence_transformers::{Settings, has_weights};
use embedkit_core::{Error, ModelDescription, ModelFiles, Result};
use serde::Deserialize;

/// The row that a folder amounts to.
pub(crate) fn describe(files: &ModelFiles) -> Result<ModelDescription> {
    #[derive(Default, Deserialize)]
    struct Writer {
        model_type: Option<String>,
    }

    let writer: Writer = files.optional_json(Settings::FILE)?.unwrap_or_default();
    match writer.model_type.as_deref() {
        Some("MultiVectorEncoder") => multi_vector::describe(files),
        _ => pylate::describe(files),
    }
}

/// Sets the linear modules that follow the transformer, where their weights are in the folder: where none are, the graph
/// has the modules in it.
fn set_projection(files: &ModelFiles, model: &mut ModelDescription, modules: Vec<String>) -> Result<()> {
    let (present, absent): (Vec<_>, Vec<_>) = modules.into_iter().partition(|module| has_weights(files, module));
    match (present.is_empty(), absent.first()) {
        (false, Some(module)) => Err(Error::MissingFile {
            path: files.label(&format!("{module}/model.safetensors")),
            needed_for: "some of the modules in modules.json have their weights in the folder, so all must".to_owned(),
        }),
        (false, None) => {
            set(model, "projection", present);
            Ok(())
        }
        (true, _) => Ok(()),
    }
}

fn set(model: &mut ModelDescription, parameter: &str, value: impl Into<toml::Value>) {
    model.parameters.insert(parameter.to_owned(), value.into());
}

fn as_integer(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
