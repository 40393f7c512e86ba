//! Model folders that no row describes.

#[cfg(feature = "tokenizer")]
mod folder;

use embedkit_core::{Error, GraphSearch, ModelDescription, ModelFiles, OutputSelector, Result};
use serde::Deserialize;

use crate::FAMILY;
use crate::text::languages;

/// The task that graphs of this family are exported for.
const TASK: &str = "fill-mask";

/// `config.json`, as far as it tells of which kind the model is.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    architectures: Option<Vec<String>>,
    vocab_size: Option<usize>,
}

/// Describes a folder by what sentence-transformers says of it, else by the files that each architecture has beside its
/// graph.
pub(crate) fn describe(files: &ModelFiles) -> Result<ModelDescription> {
    #[cfg(feature = "tokenizer")]
    if let Some(model) = folder::describe(files)? {
        return Ok(model);
    }
    let row = |architecture| ModelDescription::new(files.name(), FAMILY, architecture);
    let graph = match files.find_graph(&GraphSearch::new(TASK)) {
        Ok(graph) => graph,
        Err(_) if languages().any(|language| files.has(&format!("{language}.txt"))) => {
            let mut model = row("bm25");
            model.requires_idf = true;
            return Ok(model);
        }
        Err(no_graph) => return Err(no_graph),
    };
    let mut model = if files.has("minicoil.triplet.model.npy") {
        row("minicoil")
    } else if files.has("idf.json") {
        row("if-splade")
    } else if files.has("stopwords.txt") {
        let mut model = row("bm42");
        model.output = Some(OutputSelector::Name("attention_6".to_owned()));
        model
    } else {
        splade(files)?
    };
    model.requires_idf = matches!(model.architecture.as_str(), "minicoil" | "bm42");
    model.model_file = graph;
    Ok(model)
}

/// A masked language model, which nothing but its configuration tells from others.
fn splade(files: &ModelFiles) -> Result<ModelDescription> {
    const CONFIG: &str = "config.json";
    let config: Config = files.optional_json(CONFIG)?.unwrap_or_default();
    let architectures = config.architectures.unwrap_or_default();
    if !architectures.is_empty() && !architectures.iter().any(|name| name.ends_with("ForMaskedLM")) {
        let message = format!(
            "`architectures` is {}, and a SPLADE model's ends in ForMaskedLM: is the family another?",
            architectures.join(", ")
        );
        return Err(Error::file(files.label(CONFIG), message));
    }
    let mut model = ModelDescription::new(files.name(), FAMILY, "splade");
    model.vocab_size = config.vocab_size;
    Ok(model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_tell_the_architecture() {
        for (names, expected) in [
            (&["model.onnx"][..], "splade"),
            (&["onnx/model_O4.onnx"], "splade"),
            (&["model.onnx", "idf.json"], "if-splade"),
            (&["model.onnx", "stopwords.txt"], "bm42"),
            (&["onnx/model.onnx", "stopwords.txt", "minicoil.triplet.model.npy"], "minicoil"),
            (&["german.txt"], "bm25"),
        ] {
            let files = ModelFiles::memory(names.iter().map(|name| (*name, &b""[..])));
            let model = describe(&files).unwrap();
            assert_eq!(model.architecture, expected);
            assert_eq!(model.requires_idf, !expected.ends_with("splade"));
        }
        assert!(describe(&ModelFiles::none()).unwrap_err().to_string().contains("model.onnx"));
    }

    #[test]
    fn the_configuration_tells_a_masked_language_model() {
        for (config, expected) in [
            (r#"{"architectures": ["BertForMaskedLM"], "vocab_size": 9}"#, Ok(Some(9))),
            (r#"{"architectures": null}"#, Ok(None)),
            (r#"{"architectures": ["BertModel"]}"#, Err("BertModel")),
            (r#"{"architectures": ["BertForSequenceClassification"]}"#, Err("ForSequenceClassification")),
        ] {
            let files = ModelFiles::memory([("model.onnx", &b""[..]), ("config.json", config.as_bytes())]);
            match (describe(&files), expected) {
                (Ok(model), Ok(size)) => assert_eq!(model.vocab_size, size, "{config}"),
                (Err(error), Err(word)) => assert!(error.to_string().contains(word), "{config}: {error}"),
                (got, _) => unreachable!("{config}: {got:?}"),
            }
        }
    }
}
