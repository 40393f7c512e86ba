//! Which of a folder's graphs is the model's.

use super::ModelFiles;
use super::files::join;
use crate::{Error, Result};

/// What a family looks for among a folder's graphs.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct GraphSearch<'s> {
    folder: &'s str,
    names: &'s [&'s str],
    task: &'s str,
}

impl<'s> GraphSearch<'s> {
    /// The name that goes before others, as with sentence-transformers.
    const NAMES: &'static [&'static str] = &["model.onnx"];

    /// Looks for a graph of the kind that `optimum` exports for this task, as `feature-extraction`.
    pub fn new(task: &'s str) -> Self {
        Self { folder: "", names: Self::NAMES, task }
    }

    /// Looks in this folder of the model's, before the model's own. Default: in the model's own alone.
    pub fn in_folder(mut self, folder: &'s str) -> Self {
        self.folder = folder;
        self
    }

    /// These names go before others, best first. Default: `model.onnx`.
    pub fn preferring(mut self, names: &'s [&'s str]) -> Self {
        self.names = names;
        self
    }

    /// How errors name the graph that is not there.
    fn best_name(&self) -> &'s str {
        self.names.first().unwrap_or(&Self::NAMES[0])
    }
}

impl ModelFiles {
    /// The same files, of which this is the graph, whatever others there are.
    #[must_use]
    pub fn with_graph(mut self, name: impl Into<String>) -> Self {
        self.graph = Some(name.into());
        self
    }

    /// The model's graph: one that the caller [named](Self::with_graph); else one of the preferred names, in the
    /// folder or in its `onnx/`; else the only one that is there, whatever its name.
    ///
    /// # Errors
    /// [`Error::MissingFile`] when there is none, with what exports one where the folder has weights; and when there
    /// are several, with their names.
    pub fn find_graph(&self, search: &GraphSearch<'_>) -> Result<String> {
        if let Some(named) = &self.graph {
            return if self.has(named) { Ok(named.clone()) } else { Err(self.no_such_graph(named, search)) };
        }
        for folder in [search.folder, ""] {
            let found = self.graphs(folder);
            let places = ["", "onnx"].map(|inner| join(folder, inner));
            let preferred =
                |place: &String| search.names.iter().map(|name| join(place, name)).find(|n| found.contains(n));
            match (places.iter().find_map(preferred), found.as_slice()) {
                (Some(graph), others) => {
                    if others.len() > 1 {
                        tracing::info!(graph, found = others.join(", "), "the folder has several graphs");
                    }
                    return Ok(graph);
                }
                (None, [graph]) => return Ok(graph.clone()),
                (None, []) => {}
                (None, several) => {
                    let needed_for = format!("the folder has the graphs {}; name the one to take", several.join(", "));
                    return Err(Error::MissingFile { path: self.label(&join(folder, search.best_name())), needed_for });
                }
            }
        }
        Err(self.no_graph(search))
    }

    /// The graphs of a folder and of its `onnx/`.
    fn graphs(&self, folder: &str) -> Vec<String> {
        let in_place = |place: String| {
            let names = self.names_in(&place);
            names.into_iter().filter(|name| name.ends_with(".onnx")).map(move |name| join(&place, &name))
        };
        ["", "onnx"].into_iter().flat_map(|inner| in_place(join(folder, inner))).collect()
    }

    fn no_such_graph(&self, named: &str, search: &GraphSearch<'_>) -> Error {
        let found = self.graphs(search.folder);
        let there = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
        Error::MissingFile {
            path: self.label(named),
            needed_for: format!("it should be the graph; there are: {there}"),
        }
    }

    /// The error that there is no graph, with what makes one.
    fn no_graph(&self, search: &GraphSearch<'_>) -> Error {
        const WEIGHTS: [&str; 4] =
            ["model.safetensors", "pytorch_model.bin", "model.safetensors.index.json", "pytorch_model.bin.index.json"];
        let weights = WEIGHTS.iter().map(|name| join(search.folder, name)).find(|name| self.has(name));
        let needed_for = match weights {
            Some(weights) => {
                let folder = self.label(search.folder);
                let folder = folder.display();
                format!(
                    "the folder has weights ({weights}) and no graph (.onnx), which this exports: `optimum-cli export \
                     onnx --task {} --model {folder} {folder}`; sentence-transformers does with `backend=\"onnx\"` and \
                     `save_pretrained`",
                    search.task
                )
            }
            None => "the folder has no graph: no .onnx file, neither in it nor in onnx/".to_owned(),
        };
        Error::MissingFile { path: self.label(&join(search.folder, search.best_name())), needed_for }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(names: &[&str], search: GraphSearch<'_>) -> Result<String, String> {
        let files = ModelFiles::memory(names.iter().map(|name| (*name, &b""[..])));
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let found = files.find_graph(&search).map_err(|error| error.to_string());
        let in_folder = ModelFiles::folder(folder.path()).unwrap().find_graph(&search);
        assert_eq!(found.as_ref().ok(), in_folder.as_ref().ok(), "{names:?}");
        found
    }

    #[test]
    fn any_ordinary_folder_has_a_graph() {
        let search = GraphSearch::new("feature-extraction");
        for (names, expected) in [
            (&["model.onnx", "onnx/model.onnx", "onnx/model_O4.onnx"][..], "model.onnx"),
            (&["onnx/model.onnx", "onnx/model_O4.onnx", "model_quantized.onnx"], "onnx/model.onnx"),
            (&["onnx/model_O4.onnx"], "onnx/model_O4.onnx"),
            (&["onnx/model_qint8_avx512_vnni.onnx", "model.safetensors"], "onnx/model_qint8_avx512_vnni.onnx"),
            (&["model_quantized.onnx", "config.json"], "model_quantized.onnx"),
            (&["model_fp16.onnx", "model_fp16.onnx_data"], "model_fp16.onnx"),
            (&["my own.onnx"], "my own.onnx"),
        ] {
            assert_eq!(find(names, search).as_deref(), Ok(expected), "{names:?}");
        }
        let old = search.in_folder("0_Transformer");
        assert_eq!(find(&["0_Transformer/model.onnx", "model.onnx"], old).unwrap(), "0_Transformer/model.onnx");
        assert_eq!(find(&["0_Transformer/vocab.txt", "onnx/model.onnx"], old).unwrap(), "onnx/model.onnx");
        let vision = search.preferring(&["model.onnx", "vision_model.onnx"]);
        assert_eq!(
            find(&["onnx/text_model.onnx", "onnx/vision_model.onnx"], vision).unwrap(),
            "onnx/vision_model.onnx"
        );
    }

    #[test]
    fn what_is_missing_and_what_to_do_is_said() {
        let search = GraphSearch::new("fill-mask");
        for (names, expected) in [
            (&["onnx/model_O2.onnx", "onnx/model_O4.onnx"][..], "onnx/model_O2.onnx, onnx/model_O4.onnx"),
            (&["model.safetensors"], "optimum-cli export onnx --task fill-mask"),
            (&["pytorch_model.bin"], "weights (pytorch_model.bin)"),
            (&["config.json"], "no .onnx file"),
        ] {
            for search in [search, search.preferring(&[])] {
                let error = find(names, search).unwrap_err();
                assert!(error.contains(expected) && error.contains("model.onnx"), "{names:?}: {error}");
            }
        }
        let files = ModelFiles::memory([("a.onnx", &b""[..]), ("b.onnx", b"")]);
        assert_eq!(files.clone().with_graph("b.onnx").find_graph(&search).unwrap(), "b.onnx");
        let error = files.with_graph("c.onnx").find_graph(&search).unwrap_err().to_string();
        assert!(error.contains("c.onnx is missing") && error.contains("a.onnx, b.onnx"), "{error}");
    }
}
