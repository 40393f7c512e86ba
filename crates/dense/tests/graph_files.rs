//! The files of a graph: mapped or read, changed while they are in use, outside of the model's folder.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use embedkit_core::{
    Engine, EngineOptions, Error, LoadContext, ModelDescription, ModelFiles, Purpose, Registry, Result,
};
use embedkit_fixtures::{TextGolden, assert_near, cases, with_external_weight};

/// A model's folder, in a folder of its own.
struct Model {
    parent: tempfile::TempDir,
    row: ModelDescription,
    expected: Vec<f32>,
    text: String,
}

impl Model {
    fn new() -> Self {
        // Links the crate, which registers its architectures.
        let _ = &embedkit_dense::PLUGIN;
        let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
        let case = cases::<TextGolden>(fixtures, |case| case == "transformer-mean").remove(0);
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("model");
        std::fs::create_dir(&folder).unwrap();
        for file in ["config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"] {
            std::fs::copy(case.folder.join(file), folder.join(file)).unwrap();
        }
        std::fs::copy(case.folder.join(&case.golden.model.model_file), folder.join("model.onnx")).unwrap();
        let mut row = case.golden.model.clone();
        row.model_file = "model.onnx".to_owned();
        let expected: Vec<Vec<f32>> = case.golden.get("embed").unwrap();
        Self { parent, row, expected: expected[0].clone(), text: case.golden.inputs[0].clone() }
    }

    fn folder(&self) -> PathBuf {
        self.parent.path().join("model")
    }

    fn graph(&self) -> PathBuf {
        self.folder().join("model.onnx")
    }

    /// The same, with its largest weight in another file.
    fn external(location: &str) -> (Self, Vec<u8>) {
        let model = Self::new();
        let (graph, data) = with_external_weight(&std::fs::read(model.graph()).unwrap(), location);
        std::fs::write(model.graph(), graph).unwrap();
        (model, data)
    }

    fn load(&self, memory_map: Option<bool>) -> Result<Engine<str, Vec<f32>>> {
        let row = Arc::new(self.row.clone());
        let mut context = LoadContext::new(row.clone(), ModelFiles::folder(self.folder())?);
        context.session.memory_map = memory_map;
        let pipeline = Registry::global().architecture(&row)?.load(&context)?;
        Engine::new(row, pipeline, &EngineOptions::default())
    }

    fn assert_golden(&self, engine: &Engine<str, Vec<f32>>) {
        let actual = engine.run_one(&self.text, &Purpose::default()).unwrap();
        assert_near(&actual, &self.expected, &self.folder().display().to_string());
    }

    fn assert_refused(&self, parts: &[&str]) {
        for memory_map in [None, Some(false)] {
            let error = self.load(memory_map).map(drop).unwrap_err();
            assert!(matches!(error, Error::InvalidFile { .. } | Error::MissingFile { .. }), "{error:?}");
            let error = error.to_string();
            assert!(parts.iter().all(|part| error.contains(part)), "{parts:?}: {error}");
        }
    }
}

fn is_mapped(path: &Path) -> bool {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines().any(|line| line.ends_with(path.canonicalize().unwrap().to_str().unwrap()))
}

#[cfg(target_os = "linux")]
#[test]
fn weights_are_mapped_unless_they_are_to_be_read() {
    let inside = Model::new();
    let (outside, data) = Model::external("data");
    std::fs::write(outside.folder().join("data"), data).unwrap();
    for (model, file) in [(&inside, inside.graph()), (&outside, outside.folder().join("data"))] {
        for (memory_map, expected) in [(Some(false), false), (None, true), (Some(true), true)] {
            let engine = model.load(memory_map).unwrap();
            model.assert_golden(&engine);
            assert_eq!(is_mapped(&file), expected, "{memory_map:?}: {}", file.display());
        }
    }
}

#[test]
fn a_mapped_graph_that_is_written_to_or_cut_is_an_error_and_one_that_was_read_goes_on() {
    type Change = fn(&Path);
    let changes: [(&str, Change); 3] = [
        ("cut", |path| std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(100).unwrap()),
        ("emptied", |path| std::fs::write(path, "").unwrap()),
        ("overwritten", |path| std::fs::write(path, vec![0; std::fs::read(path).unwrap().len()]).unwrap()),
    ];
    for (what, change) in changes {
        let model = Model::new();
        let (read, mapped) = (model.load(Some(false)).unwrap(), model.load(None).unwrap());
        // The file's time of change has the resolution of the system's clock ticks.
        std::thread::sleep(Duration::from_millis(20));
        change(&model.graph());
        model.assert_golden(&read);
        let error = mapped.run_one(&model.text, &Purpose::default()).unwrap_err().to_string();
        assert!(error.contains("model.onnx") && error.contains("while it is in use"), "{what}: {error}");
    }
}

#[test]
fn a_graph_that_is_replaced_by_renaming_goes_on() {
    let model = Model::new();
    let engine = model.load(None).unwrap();
    std::fs::write(model.folder().join("new"), "not a graph").unwrap();
    std::fs::rename(model.folder().join("new"), model.graph()).unwrap();
    model.assert_golden(&engine);
}

#[test]
fn sessions_that_are_opened_later_are_of_the_graph_that_was_loaded() {
    let model = Model::new();
    let row = Arc::new(model.row.clone());
    let mut context = LoadContext::new(row.clone(), ModelFiles::folder(model.folder()).unwrap());
    context.session.lazy = true;
    let pipeline = Registry::global().architecture(&row).unwrap().load(&context).unwrap();
    let engine: Engine<str, Vec<f32>> = Engine::new(row, pipeline, &EngineOptions::default()).unwrap();
    std::fs::copy(model.graph(), model.folder().join("new")).unwrap();
    std::fs::rename(model.folder().join("new"), model.graph()).unwrap();
    let error = engine.run_one(&model.text, &Purpose::default()).unwrap_err().to_string();
    assert!(error.contains("is not the file that the model was loaded from"), "{error}");
}

#[test]
fn external_data_is_in_the_models_folder() {
    for location in ["../data", "/data", "inner/../../data"] {
        let (model, data) = Model::external(location);
        std::fs::write(model.parent.path().join("data"), data).unwrap();
        model.assert_refused(&["model.onnx", &format!("{location:?}"), "not in its folder"]);
    }

    let (model, data) = Model::external("data");
    model.assert_refused(&["data is missing"]);
    let outside = model.parent.path().join("data");
    std::fs::write(&outside, &data).unwrap();
    std::os::unix::fs::symlink(&outside, model.folder().join("data")).unwrap();
    model.assert_refused(&["model.onnx", "\"data\"", "a link to"]);
    std::fs::remove_file(model.folder().join("data")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(model.folder().join("data")).status().unwrap().success());
    model.assert_refused(&["data: is a named pipe"]);
    std::fs::remove_file(model.folder().join("data")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", model.folder().join("data")).unwrap();
    model.assert_refused(&["\"data\"", "a link to"]);
    std::fs::remove_file(model.folder().join("data")).unwrap();
    std::fs::write(model.folder().join("data"), &data[1..]).unwrap();
    model.assert_refused(&["data", "beyond the end"]);

    // In caches both files are links into another folder, or the model's folder is one.
    let (model, data) = Model::external("data");
    let blobs = model.parent.path().join("blobs");
    std::fs::create_dir(&blobs).unwrap();
    std::fs::rename(model.graph(), blobs.join("graph")).unwrap();
    std::fs::write(blobs.join("weights"), data).unwrap();
    for (link, file) in [("model.onnx", "graph"), ("data", "weights")] {
        std::os::unix::fs::symlink(blobs.join(file), model.folder().join(link)).unwrap();
    }
    for memory_map in [None, Some(false)] {
        model.assert_golden(&model.load(memory_map).unwrap());
    }
}
