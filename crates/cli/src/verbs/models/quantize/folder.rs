//! A model's folder with another graph.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use embedkit::CancelToken;

use super::staging::Staging;
use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::output::temporary::is_temporary;

/// Ends of names that graphs and their values have: those of the graph are in the new one, and others are other models.
/// A number may follow.
const GRAPHS: [&str; 3] = [".onnx", ".onnx_data", ".onnx.data"];
/// Weights of the model itself, in its own folder, which the graph has: names and their ends. The number of a part may
/// stand between.
const WEIGHTS: [(&str, &str); 6] = [
    ("model", ".safetensors"),
    ("pytorch_model", ".bin"),
    ("tf_model", ".h5"),
    ("flax_model", ".msgpack"),
    ("rust_model", ".ot"),
    ("model", ".ckpt"),
];
/// What goes after the name of weights where it tells which part is where.
const INDEX: &str = ".index.json";
/// All that git keeps of a model's earlier versions.
const HISTORY: &str = ".git";

/// A folder and the one that is made of it.
#[derive(Debug)]
pub(super) struct Copy {
    from: PathBuf,
    to: PathBuf,
    /// What is in it, relative to it.
    files: BTreeSet<PathBuf>,
}

impl Copy {
    /// Looks at both places before there is any work that could be in vain.
    pub(super) fn plan(from: &Path, to: &Path) -> Result<Self> {
        // Without a separator at its end, which would lead through a link.
        let to: PathBuf = to.components().collect();
        if to.symlink_metadata().is_ok() {
            return Err(Failure::Usage(format!("{} is there already: name a folder that is not", to.display())));
        }
        if let Some(above) = to.ancestors().skip(1).find(|above| above.symlink_metadata().is_ok())
            && !above.is_dir()
        {
            let message = format!("{} cannot be in {}, which is no folder", to.display(), above.display());
            return Err(Failure::Usage(message));
        }
        let mut files = BTreeSet::new();
        list(from, Path::new(""), &mut Vec::new(), &mut files)?;
        Ok(Self { from: from.to_owned(), to, files })
    }

    /// Writes the folder with these bytes for the graph, all of it or nothing; gives the bytes that the graph had with
    /// its values, which lay in these files beside it.
    pub(super) fn write(&self, graph: &str, bytes: &[u8], values: &[String], cancel: &CancelToken) -> Result<u64> {
        let beside = Path::new(graph).parent().unwrap_or(Path::new(""));
        let mut replaced: BTreeSet<PathBuf> = values.iter().map(|name| plain(&beside.join(name))).collect();
        replaced.insert(plain(Path::new(graph)));
        let staging = Staging::beside(&self.to)?;
        for name in self.files.iter().filter(|name| !replaced.contains(*name) && !self.is_left_out(name)) {
            interrupt::go_on(cancel)?;
            let target = staging.path().join(name);
            make_folder_of(&target)?;
            let from = self.from.join(name);
            fs::copy(&from, &target).map_err(Failure::io(from.display().to_string()))?;
        }
        let target = staging.path().join(graph);
        make_folder_of(&target)?;
        fs::write(&target, bytes).map_err(Failure::io(target.display().to_string()))?;
        interrupt::go_on(cancel)?;
        staging.commit(&self.to)?;
        Ok(replaced.iter().filter_map(|name| Some(fs::metadata(self.from.join(name)).ok()?.len())).sum())
    }

    fn is_left_out(&self, name: &Path) -> bool {
        let text = name.to_string_lossy();
        let unnumbered = text.trim_end_matches(|c: char| c.is_ascii_digit());
        let is_graph = |text: &str| GRAPHS.iter().any(|ending| text.ends_with(ending));
        let (xml, bin) = (name.with_extension("xml"), name.with_extension("bin"));
        // Two files of one name: a graph of OpenVINO's and its weights.
        let is_of_openvino = (*name == xml || *name == bin) && self.files.contains(&xml) && self.files.contains(&bin);
        is_of_openvino || is_graph(&text) || is_graph(unnumbered.trim_end_matches('_')) || is_weights(&text)
    }
}

fn is_weights(name: &str) -> bool {
    let name = name.strip_suffix(INDEX).unwrap_or(name);
    let parts = WEIGHTS.iter().filter_map(|(stem, ending)| name.strip_prefix(stem)?.strip_suffix(ending));
    // As `-00001-of-00002`.
    let is_part = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).eq("--of-".chars());
    parts.into_iter().any(|part| part.is_empty() || (part.starts_with('-') && is_part(part)))
}

/// A name without the parts that stand for the folder itself.
fn plain(name: &Path) -> PathBuf {
    name.components().filter(|part| matches!(part, Component::Normal(_))).collect()
}

fn make_folder_of(path: &Path) -> Result<()> {
    let Some(folder) = path.parent() else { return Ok(()) };
    fs::create_dir_all(folder).map_err(Failure::io(folder.display().to_string()))
}

/// Finds the files of a folder's inner one and of those in it. Links are followed, as caches have them, but for those to
/// a folder that they are in, which would never end; `above` are the folders that lead here.
fn list(folder: &Path, inner: &Path, above: &mut Vec<PathBuf>, found: &mut BTreeSet<PathBuf>) -> Result<()> {
    let path = folder.join(inner);
    let failed = |path: &Path| Failure::io(path.display().to_string());
    let real = path.canonicalize().map_err(failed(&path))?;
    if above.contains(&real) {
        return Ok(());
    }
    above.push(real);
    for entry in fs::read_dir(&path).map_err(failed(&path))? {
        let name = entry.map_err(failed(&path))?.file_name();
        if name == HISTORY || name.to_str().is_some_and(is_temporary) {
            continue;
        }
        let (name, path) = (inner.join(&name), path.join(&name));
        let kind = fs::metadata(&path).map_err(|error| match fs::read_link(&path) {
            Ok(to) if error.kind() == std::io::ErrorKind::NotFound => {
                let message = format!("{} is a link to {}, which is not there", path.display(), to.display());
                Failure::Failed(message)
            }
            _ => failed(&path)(error),
        })?;
        if kind.is_dir() {
            list(folder, &name, above, found)?;
        } else if kind.is_file() {
            found.insert(name);
        }
    }
    above.pop();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene(files: &[&str]) -> tempfile::TempDir {
        let scratch = tempfile::tempdir().unwrap();
        for name in files {
            let path = scratch.path().join("from").join(name);
            make_folder_of(&path).unwrap();
            fs::write(path, [7; 10]).unwrap();
        }
        scratch
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut found = BTreeSet::new();
        list(folder, Path::new(""), &mut Vec::new(), &mut found).unwrap();
        found.iter().map(|name| name.to_str().unwrap().replace('\\', "/")).collect()
    }

    #[test]
    fn weights_of_32_bits_and_other_models_are_left_out() {
        let kept =
            ["1_Dense/model.safetensors", "config.json", "data/words.bin", "model-card.bin", "model-of-2.safetensors"];
        let left_out = [
            "onnx/model.onnx_data",
            "onnx/w/x.bin",
            "onnx/model.onnx_data_1",
            "onnx/other.onnx",
            "other.onnx.data",
            "other.onnx.data_0",
            "model.safetensors",
            "model-00001-of-00002.safetensors",
            "model.safetensors.index.json",
            "pytorch_model.bin",
            "pytorch_model-00002-of-00002.bin",
            "pytorch_model.bin.index.json",
            "tf_model.h5",
            "openvino/openvino_model.bin",
            "openvino/openvino_model.xml",
            ".git/lfs/objects/a",
            ".git/config",
            ".embedkit-abcdefABCDEF.part/config.json",
        ];
        let scratch = scene(&[&kept[..], &left_out, &["onnx/model.onnx"]].concat());
        let to = scratch.path().join("deep/to");
        let copy = Copy::plan(&scratch.path().join("from"), &to).unwrap();
        let values = ["model.onnx_data", "./w/x.bin"].map(str::to_owned);
        let before = copy.write("onnx/model.onnx", b"graph", &values, &CancelToken::new()).unwrap();
        assert_eq!(before, 30, "the graph and its two files of values");
        let mut expected = [&kept[..], &["onnx/model.onnx"]].concat();
        expected.sort_unstable();
        assert_eq!(names(&to), expected);
        assert_eq!(fs::read(to.join("onnx/model.onnx")).unwrap(), b"graph");
        assert_eq!(fs::read_dir(scratch.path().join("deep")).unwrap().count(), 1);
    }

    #[test]
    fn what_was_interrupted_leaves_nothing() {
        let scratch = scene(&["config.json"]);
        let to = scratch.path().join("to");
        let cancel = CancelToken::new();
        cancel.cancel();
        let written =
            Copy::plan(&scratch.path().join("from"), &to).unwrap().write("model.onnx", b"graph", &[], &cancel);
        assert_eq!(written.unwrap_err().exit_code(), 130);
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_once_and_those_to_nothing_are_named() {
        use std::os::unix::fs::symlink;

        let scratch = scene(&["config.json", "inner/vocab", "other/words"]);
        let from = scratch.path().join("from");
        symlink(".", from.join("loop")).unwrap();
        symlink("../other", from.join("inner/there")).unwrap();
        symlink("../inner", from.join("other/back")).unwrap();
        let expected = ["config.json", "inner/there/words", "inner/vocab", "other/back/vocab", "other/words"];
        assert_eq!(names(&from), expected);

        let to = scratch.path().join("to");
        symlink("nothing", &to).unwrap();
        for to in [to.clone(), to.join(""), from.join("config.json"), from.join("config.json/in/it")] {
            assert_eq!(Copy::plan(&from, &to).unwrap_err().exit_code(), 2, "{}", to.display());
        }
        symlink("nothing", from.join("broken")).unwrap();
        let error = Copy::plan(&from, &scratch.path().join("new")).unwrap_err().to_string();
        assert!(error.contains("from/broken is a link to nothing"), "{error}");
    }
}
