//! Every architecture with a graph against the reference, index by index and value by value.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use embedkit_core::{Embedder, TextEmbedder};
use std::path::Path;

use embedkit_core::{Builder, Error, ModelFiles};
use embedkit_fixtures::{Case, TextGolden, assert_near, cases};
use embedkit_sparse::{Role, SparseTextEmbedding, SparseVector};

fn fixtures(wanted: impl Fn(&str) -> bool) -> Vec<Case<TextGolden>> {
    cases(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures"), wanted)
}

fn fixture(name: &str) -> Case<TextGolden> {
    fixtures(|other| other == name).pop().unwrap()
}

fn builder(case: &Case<TextGolden>) -> Builder<SparseTextEmbedding> {
    SparseTextEmbedding::builder(case.golden.model.clone()).model_dir(&case.folder)
}

fn load(case: &Case<TextGolden>) -> SparseTextEmbedding {
    builder(case).build().unwrap_or_else(|e| panic!("{}: {e}", case.folder.display()))
}

/// The files of a folder but for one.
fn read_without(folder: &Path, missing: &str) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        for entry in std::fs::read_dir(current).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            match path.is_dir() {
                true => folders.push(path),
                false if name == missing => {}
                false => files.push((name, std::fs::read(path).unwrap())),
            }
        }
    }
    files
}

fn without(folder: &Path, missing: &str) -> ModelFiles {
    ModelFiles::memory(read_without(folder, missing))
}

/// The files of a folder, with other contents for one.
fn with(folder: &Path, name: &str, contents: Vec<u8>) -> ModelFiles {
    ModelFiles::memory(read_without(folder, name).into_iter().chain([(name.to_owned(), contents)]))
}

#[test]
fn vectors_are_the_references() {
    for case in fixtures(|_| true) {
        let model = load(&case);
        for (role, method) in [(Role::Plain, "embed"), (Role::Passage, "embed"), (Role::Query, "query_embed")] {
            let expected: Vec<SparseVector> = case.golden.get(method).unwrap();
            for batch_size in [1, 3, 256] {
                let embeddings = model.embed_for(&case.golden.inputs, role).batch_size(batch_size).unwrap();
                let vectors: Vec<SparseVector> = embeddings.map(Result::unwrap).collect();
                assert_eq!(vectors.len(), expected.len());
                for ((actual, expected), text) in vectors.iter().zip(&expected).zip(&case.golden.inputs) {
                    let what = format!("{} {role:?} {batch_size} {text:?}", case.folder.display());
                    assert_eq!(actual.indices(), expected.indices(), "{what}");
                    assert_near(actual.values(), expected.values(), &what);
                }
            }
        }
    }
}

#[test]
fn token_counts_are_the_references() {
    for case in fixtures(|_| true) {
        let model = load(&case);
        let counts: Vec<usize> =
            case.golden.inputs.iter().map(|text| model.usage(text, Role::Plain).unwrap().tokens).collect();
        assert_eq!(counts, case.golden.token_count, "{}", case.folder.display());
        assert_eq!(
            model.token_count(&case.golden.inputs, embedkit_core::Role::Plain).unwrap(),
            counts.iter().sum::<usize>()
        );
    }
}

#[test]
fn a_folder_tells_what_it_is() {
    for case in fixtures(|name| !name.contains("options") && !name.contains("alpha")) {
        let model = SparseTextEmbedding::builder(&case.folder).build().unwrap();
        assert_eq!(model.model().architecture, case.golden.model.architecture);
        let expected: Vec<SparseVector> = case.golden.get("embed").unwrap();
        let text = &case.golden.inputs[9];
        assert_eq!(model.embed_one(text, Role::Plain).unwrap().indices(), expected[9].indices());
    }
}

#[test]
fn terms_are_named() {
    let text = "jumping foxes, search";
    for (name, role, expected) in [
        ("if-splade", Role::Query, vec!["jumping"]),
        ("bm42", Role::Plain, vec!["fox", "jump", "search"]),
        ("minicoil", Role::Plain, vec!["fox[0]", "jump[3]", "search[1]"]),
    ] {
        let model = load(&fixture(name));
        let terms = model.explain(text, role).unwrap();
        assert!(terms.windows(2).all(|pair| pair[0].weight.abs() >= pair[1].weight.abs()), "{name}");
        let vector = model.embed_one(text, role).unwrap();
        assert!(terms.iter().all(|term| vector.get(term.index) == term.weight) && terms.len() == vector.len());
        let names: Vec<&str> = terms.iter().map(|term| term.term.as_str()).collect();
        if name == "if-splade" {
            // Which pieces these are is the small vocabulary's matter; each is a token of the text.
            assert!(names.iter().all(|name| text.contains(name.trim_start_matches("##"))), "{names:?}");
        } else {
            assert!(expected.iter().all(|name| names.contains(name)), "{names:?}");
        }
    }
    let splade = load(&fixture("splade"));
    assert_eq!(splade.decode(0).as_deref(), Some("[PAD]"));
    assert_eq!(splade.decode(1 << 30), None);
}

/// A vector of a miniCOIL whose matrices hold one value only.
fn load_with_encoder(value: f32) -> embedkit_core::Result<SparseVector> {
    const ENCODER: &str = "minicoil.triplet.model.npy";
    let case = fixture("minicoil");
    let mut encoder = std::fs::read(case.folder.join(ENCODER)).unwrap();
    // The header of a small array is 128 bytes long.
    encoder[128..].chunks_exact_mut(4).for_each(|bytes| bytes.copy_from_slice(&value.to_le_bytes()));
    let builder = SparseTextEmbedding::builder(case.golden.model.clone());
    builder.model_files(with(&case.folder, ENCODER, encoder)).build()?.embed_one("hello world", Role::Plain)
}

#[test]
fn queries_of_inference_free_models_run_no_graph() {
    for name in ["if-splade", "bm42"] {
        let case = fixture(name);
        let files = with(&case.folder, "model.onnx", b"no graph".to_vec());
        let builder = SparseTextEmbedding::builder(case.golden.model.clone()).model_files(files);
        let model: SparseTextEmbedding = builder.lazy(true).build().unwrap();
        let expected: Vec<SparseVector> = case.golden.get("query_embed").unwrap();
        let queries: Vec<SparseVector> = model.query_embed(&case.golden.inputs).map(Result::unwrap).collect();
        assert_eq!(queries.len(), expected.len());
        assert!(queries.iter().zip(&expected).all(|(query, expected)| query.indices() == expected.indices()));
        model.token_count(&case.golden.inputs, embedkit_core::Role::Plain).unwrap();
        model.embed_one("hello", Role::Plain).unwrap_err();
    }
}

#[test]
fn a_missing_file_is_named() {
    for (name, file) in [
        ("splade", "model.onnx"),
        ("splade", "tokenizer.json"),
        ("if-splade", "idf.json"),
        ("bm42", "stopwords.txt"),
        ("minicoil", "stopwords.txt"),
        ("minicoil", "minicoil.triplet.model.npy"),
        ("minicoil", "minicoil.triplet.model.vocab"),
    ] {
        let case = fixture(name);
        let builder = SparseTextEmbedding::builder(case.golden.model.clone());
        let error = builder.model_files(without(&case.folder, file)).build().unwrap_err();
        assert!(matches!(&error, Error::MissingFile { path, .. } if path.ends_with(file)), "{error}");
    }
}

#[test]
fn an_output_that_does_not_fit_is_an_error() {
    let load = |name: &str, change: &dyn Fn(&mut embedkit_core::ModelDescription)| {
        let mut case = fixture(name);
        change(&mut case.golden.model);
        builder(&case).build().and_then(|model| model.embed_one("hello world", Role::Plain)).unwrap_err().to_string()
    };
    let error = load("splade", &|row| row.vocab_size = Some(7));
    assert!(error.contains("tiny/splade") && error.contains("the row says 7"), "{error}");
    let error = load("bm42", &|row| row.output = None);
    assert!(error.contains("tiny/bm42") && error.contains("has shape"), "{error}");
    let error = load_with_encoder(f32::NAN).unwrap_err().to_string();
    assert!(error.contains("tiny/minicoil") && error.contains("NaN"), "{error}");
    let error = load("minicoil", &|row| row.parameters = toml::toml! { b = 2.0 });
    assert!(error.contains("`b`"), "{error}");
    let error = load("splade", &|row| row.parameters = toml::toml! { alpha = 2.0 });
    assert!(error.contains("unknown field `alpha`"), "{error}");
}
