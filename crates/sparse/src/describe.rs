//! Model folders that no row describes.

use embedkit_core::{Error, ModelDescription, ModelFiles, OutputSelector, Result};

use crate::FAMILY;
use crate::text::languages;

/// Describes a folder by the files that each architecture has beside its graph.
pub(crate) fn describe(files: &ModelFiles) -> Result<ModelDescription> {
    let id = files.root().and_then(|root| root.file_name()).and_then(|name| name.to_str()).unwrap_or("model");
    let row = |architecture| ModelDescription::new(id, FAMILY, architecture);
    const GRAPHS: [&str; 3] = ["model.onnx", "onnx/model.onnx", "onnx/model_quantized.onnx"];
    let Some(graph) = GRAPHS.into_iter().find(|graph| files.has(graph)) else {
        if languages().any(|language| files.has(&format!("{language}.txt"))) {
            let mut model = row("bm25");
            model.requires_idf = true;
            return Ok(model);
        }
        return Err(Error::MissingFile {
            path: files.label(GRAPHS[0]),
            needed_for: format!("a sparse model's folder has one of {}, or BM25's stop words", GRAPHS.join(", ")),
        });
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
        row("splade")
    };
    model.requires_idf = matches!(model.architecture.as_str(), "minicoil" | "bm42");
    model.model_file = graph.to_owned();
    Ok(model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_tell_the_architecture() {
        for (names, expected) in [
            (&["model.onnx"][..], "splade"),
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
}
