//! A row with all its fields, those that have their default value too.

use embedkit::ModelDescription;
use serde_json::{Value, json};

/// The row as JSON: every field, so that a reader need not know the defaults.
pub(super) fn as_json(model: &ModelDescription) -> Value {
    json!({
        "id": model.id,
        "aliases": model.aliases,
        "family": model.family,
        "architecture": model.architecture,
        "description": model.description,
        "license": model.license,
        "languages": model.languages,
        "size-gb": model.size_gb,
        "dim": model.dim,
        "matryoshka": model.matryoshka,
        "max-length": model.max_length,
        "pooling": model.pooling,
        "normalize": model.normalize,
        "prompts": model.prompts,
        "tasks": model.tasks,
        "padding": model.padding,
        "output": model.output,
        "activation": model.activation,
        "quantization": model.quantization,
        "requires-idf": model.requires_idf,
        "vocab-size": model.vocab_size,
        "space": model.space,
        "notice": model.notice,
        "model-file": model.model_file,
        "files": model.files,
        "config-files": model.config_files,
        "digests": model.digests,
        "sources": model.sources,
        "parameters": model.parameters,
    })
}

#[cfg(test)]
mod tests {
    use embedkit::Registry;

    use super::*;

    #[test]
    fn no_field_of_any_row_is_left_out() {
        for model in Registry::global().list(&Default::default()) {
            let whole = as_json(&model);
            let written = serde_json::to_value(&*model).unwrap();
            for (field, value) in written.as_object().unwrap() {
                assert_eq!(whole.get(field), Some(value), "{field} of {}", model.id);
            }
        }
    }
}
