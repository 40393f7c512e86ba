//! Quantised graphs give what those of ONNX Runtime's own quantiser give.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use embedkit_core::session::{SessionOptions, SessionPool, Tensor, WeightQuantization, quantize_files};
use embedkit_core::{ModelDescription, ModelFiles};
use embedkit_fixtures::largest_difference;
use serde::Deserialize;

type Output = Vec<Vec<Vec<f32>>>;

/// Made by `tests/fixtures/generate/quantized.py`.
#[derive(Deserialize)]
struct Golden {
    ids: Vec<Vec<i64>>,
    graphs: BTreeMap<String, Graph>,
}

#[derive(Deserialize)]
struct Graph {
    floats: Output,
    quantized: Output,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/quantized")
}

fn golden() -> Golden {
    serde_json::from_slice(&std::fs::read(folder().join("golden.json")).unwrap()).unwrap()
}

/// The graph's output; none without a runtime.
fn run(files: &ModelFiles, graph: &str, ids: &[Vec<i64>]) -> Option<Vec<f32>> {
    run_with(files, graph, ids, &SessionOptions::default())
}

fn run_with(files: &ModelFiles, graph: &str, ids: &[Vec<i64>], options: &SessionOptions) -> Option<Vec<f32>> {
    let mut model = ModelDescription::new("tiny/graph", "test", "test");
    model.model_file = graph.to_owned();
    let pool = match SessionPool::load(&model, files, options) {
        Ok(pool) => pool,
        Err(error) => {
            embedkit_fixtures::without_runtime(&error.report().to_string());
            return None;
        }
    };
    let shape = [ids.len(), ids[0].len()];
    let inputs = [("ids", Tensor::integers(shape, ids.concat()))];
    Some(pool.run(&inputs, 1, |outputs| Ok(outputs.any(0)?.data.to_vec())).unwrap())
}

fn flat(output: &Output) -> Vec<f32> {
    output.iter().flatten().flatten().copied().collect()
}

/// Whether the runtime's sums of 8-bit products are exact on this processor for such a graph: without VNNI, x86 processors cut
/// them where two nodes share weights, which the log tells.
fn is_exact(graph: &str) -> bool {
    #[cfg(target_arch = "x86_64")]
    let has_sums_of_four = is_x86_feature_detected!("avx512vnni") || is_x86_feature_detected!("avxvnni");
    #[cfg(not(target_arch = "x86_64"))]
    let has_sums_of_four = true;
    has_sums_of_four || graph != "tied"
}

#[test]
fn quantised_graphs_give_what_the_runtimes_own_quantiser_makes() {
    let golden = golden();
    assert_eq!(golden.graphs.len(), 5);
    for (name, expected) in &golden.graphs {
        let (graph, files) = (format!("{name}.onnx"), ModelFiles::folder(folder()).unwrap());
        let Some(floats) = run(&files, &graph, &golden.ids) else { return };
        assert!(largest_difference(&floats, &flat(&expected.floats)) < 1e-4, "{name}");
        let quantized = quantize_files(&files, &graph, WeightQuantization::Int8).unwrap();
        let files = files.with_file(&graph, quantized.bytes);
        let vectors = run(&files, &graph, &golden.ids).unwrap();
        let difference = largest_difference(&vectors, &flat(&expected.quantized));
        assert!(difference < 1e-3 || !is_exact(name), "{name}: {difference}");
        assert!(largest_difference(&vectors, &floats) > 1e-3, "{name} was not quantised");
    }
}

#[test]
fn values_in_other_files_are_found_wherever_the_graph_is() {
    let golden = golden();
    for (name, expected) in &golden.graphs {
        let (graph, data) = (format!("{name}.onnx"), format!("{name}.onnx_data"));
        let files = ModelFiles::folder(folder()).unwrap();
        let present: Vec<&String> = [&graph, &data].into_iter().filter(|name| files.has(name)).collect();
        let memory =
            ModelFiles::memory(present.iter().map(|name| (name.as_str(), files.read(name).unwrap().into_owned())));
        // A graph that lies apart from its values, as links may have it.
        let apart = tempfile::tempdir().unwrap();
        std::fs::create_dir(apart.path().join("graphs")).unwrap();
        std::fs::write(apart.path().join("graphs/it"), files.read(&graph).unwrap()).unwrap();
        for name in &present {
            std::fs::copy(folder().join(name), apart.path().join(name)).unwrap();
        }
        #[cfg(unix)]
        {
            std::fs::remove_file(apart.path().join(&graph)).unwrap();
            std::os::unix::fs::symlink(apart.path().join("graphs/it"), apart.path().join(&graph)).unwrap();
        }
        let apart = ModelFiles::folder(apart.path()).unwrap();
        let mut read = SessionOptions::default();
        read.memory_map = Some(false);
        for (files, options) in
            [&files, &memory, &apart].into_iter().zip([&read, &Default::default(), &Default::default()])
        {
            let Some(floats) = run_with(files, &graph, &golden.ids, options) else { return };
            assert!(largest_difference(&floats, &flat(&expected.floats)) < 1e-4, "{name}");
        }
        let quantized = quantize_files(&memory, &graph, WeightQuantization::Int8).unwrap();
        assert_eq!(quantized.bytes, quantize_files(&files, &graph, WeightQuantization::Int8).unwrap().bytes);
        assert_eq!(quantized.files, present.iter().copied().filter(|name| **name == data).cloned().collect::<Vec<_>>());
        let alone = ModelFiles::memory([(graph.as_str(), quantized.bytes)]);
        let vectors = run(&alone, &graph, &golden.ids).unwrap();
        let difference = largest_difference(&vectors, &flat(&expected.quantized));
        assert!(difference < 1e-3 || !is_exact(name), "{name}: {difference}");
    }
}

#[test]
fn names_of_files_that_only_the_runtime_can_read_are_not_followed() {
    let files = ModelFiles::folder(folder()).unwrap();
    let graph = files.read("external.onnx").unwrap().into_owned();
    let outside = |location: &str| {
        assert_eq!(location.len(), "external.onnx_data".len());
        let text = graph.windows(location.len()).map(|part| part == b"external.onnx_data").collect::<Vec<_>>();
        let mut graph = graph.clone();
        for (at, _) in text.iter().enumerate().filter(|(_, is_name)| **is_name) {
            graph[at..at + location.len()].copy_from_slice(location.as_bytes());
        }
        graph
    };
    // An empty group in front, and a number that is not in its shortest form: the runtime passes both over.
    for beginning in [&[][..], &[0xc3, 0x3e, 0xc4, 0x3e], &[0x88, 0x80, 0, 8]] {
        for location in ["../secret/data.bin", "/dev/../etc/passwd"] {
            let graph = [beginning, &outside(location)].concat();
            let files = files.clone().with_file("external.onnx", graph);
            let mut model = ModelDescription::new("tiny/graph", "test", "test");
            model.model_file = "external.onnx".to_owned();
            let error = SessionPool::load(&model, &files, &SessionOptions::default()).map(drop).unwrap_err();
            assert!(error.to_string().contains("not in its folder"), "{beginning:?}: {error}");
        }
    }
    let broken = files.clone().with_file("external.onnx", [&[0xc3, 0x3e][..], &graph].concat());
    let mut model = ModelDescription::new("tiny/graph", "test", "test");
    model.model_file = "external.onnx".to_owned();
    let error = SessionPool::load(&model, &broken, &SessionOptions::default()).map(drop).unwrap_err();
    assert!(error.to_string().contains("is no ONNX file"), "{error}");
}

#[test]
fn what_was_done_is_counted_and_weights_shrink() {
    let files = ModelFiles::folder(folder()).unwrap();
    for (graph, products, tables) in [("layers.onnx", 3, 1), ("older.onnx", 3, 1), ("tied.onnx", 2, 1)] {
        let quantized = quantize_files(&files, graph, WeightQuantization::Int8).unwrap();
        assert_eq!((quantized.products, quantized.tables), (products, tables), "{graph}");
    }
    let before = files.read("layers.onnx").unwrap().len();
    let quantized = quantize_files(&files, "layers.onnx", WeightQuantization::Int8).unwrap();
    assert!(quantized.bytes.len() < before, "{} and {before}", quantized.bytes.len());
    // One that has been quantised has nothing more to quantise.
    let files = files.with_file("layers.onnx", quantized.bytes);
    let error = quantize_files(&files, "layers.onnx", WeightQuantization::Int8).unwrap_err();
    assert!(error.report().to_string().contains("quantised already"), "{}", error.report());
}

#[test]
fn a_graph_that_cannot_be_quantised_says_why() {
    let files = ModelFiles::folder(folder()).unwrap();
    let error = |files: &ModelFiles, graph: &str| {
        quantize_files(files, graph, WeightQuantization::Int8).unwrap_err().report().to_string()
    };
    assert!(error(&files, "absent.onnx").contains("absent.onnx"));
    let whole = files.read("layers.onnx").unwrap().into_owned();
    for cut in [1, 40, whole.len() / 2, whole.len() - 1] {
        let cut = files.clone().with_file("layers.onnx", whole[..cut].to_vec());
        assert!(error(&cut, "layers.onnx").contains("layers.onnx: is no ONNX file"));
    }
    let external = files.read("external.onnx").unwrap().into_owned();
    let alone = ModelFiles::memory([("external.onnx", external)]);
    assert!(error(&alone, "external.onnx").contains("external.onnx_data"), "{}", error(&alone, "external.onnx"));
}
