//! All views of one model against FlagEmbedding.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use embedkit_core::TextEmbedder;
use std::path::Path;

use embedkit_colbert::LateInteractionTextEmbedding;
use embedkit_core::{Builder, Embedder, ModelDescription, Registry};
use embedkit_dense::TextEmbedding;
use embedkit_fixtures::{Case, TextGolden, assert_near, cases};
use embedkit_hybrid::{HybridEmbedding, HybridOutput, MultiVector, Role, RowLabel, SparseVector};
use embedkit_sparse::SparseTextEmbedding;

fn fixture() -> Case<TextGolden> {
    cases(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures"), |_| true).pop().unwrap()
}

/// A builder of any family, for the fixture's files in this folder.
fn builder<F: Embedder>(case: &Case<TextGolden>, folder: &Path) -> Builder<F> {
    let mut row = case.golden.model.clone();
    row.family = F::FAMILY.to_owned();
    F::builder(row).model_dir(folder)
}

fn load<F: Embedder>(case: &Case<TextGolden>) -> F {
    builder(case, &case.folder).build().unwrap()
}

fn assert_dense(actual: &[Vec<f32>], case: &Case<TextGolden>) {
    let expected: Vec<Vec<f32>> = case.golden.get("dense").unwrap();
    assert_eq!(actual.len(), expected.len());
    for ((actual, expected), text) in actual.iter().zip(&expected).zip(&case.golden.inputs) {
        assert_near(actual, expected, text);
    }
}

fn assert_sparse(actual: &[SparseVector], case: &Case<TextGolden>) {
    let expected: Vec<SparseVector> = case.golden.get("sparse").unwrap();
    assert_eq!(actual.len(), expected.len());
    for ((actual, expected), text) in actual.iter().zip(&expected).zip(&case.golden.inputs) {
        assert_eq!(actual.indices(), expected.indices(), "{text:?}");
        assert_near(actual.values(), expected.values(), text);
    }
}

fn assert_multi_vectors(actual: &[MultiVector], case: &Case<TextGolden>) {
    let expected: Vec<Vec<Vec<f32>>> = case.golden.get("colbert").unwrap();
    assert_eq!(actual.len(), expected.len());
    for ((actual, expected), text) in actual.iter().zip(&expected).zip(&case.golden.inputs) {
        assert_eq!(actual.len(), expected.len(), "{text:?}");
        actual.rows().zip(expected).for_each(|(actual, expected)| assert_near(actual, expected, text));
    }
}

const BATCH_SIZES: [usize; 3] = [1, 3, 256];

#[test]
fn each_family_has_its_part() {
    let case = fixture();
    let texts = &case.golden.inputs;
    let dense: TextEmbedding = load(&case);
    let sparse: SparseTextEmbedding = load(&case);
    let colbert: LateInteractionTextEmbedding = load(&case);
    for size in BATCH_SIZES {
        let vectors: Result<Vec<_>, _> = dense.embed(texts).batch_size(size).unwrap().collect();
        assert_dense(&vectors.unwrap(), &case);
        let vectors: Result<Vec<_>, _> = sparse.embed(texts).batch_size(size).unwrap().collect();
        assert_sparse(&vectors.unwrap(), &case);
        let vectors: Result<Vec<_>, _> = colbert.embed(texts).batch_size(size).unwrap().collect();
        assert_multi_vectors(&vectors.unwrap(), &case);
    }
    assert_eq!(sparse.decode(1).as_deref(), Some("<pad>"));
    let terms = sparse.explain("hello world", Role::Query).unwrap();
    assert!(!terms.is_empty() && terms.iter().all(|term| term.term.parse::<u32>().is_err()));
}

#[test]
fn one_run_has_all_parts() {
    let case = fixture();
    let model: HybridEmbedding = load(&case);
    for size in BATCH_SIZES {
        let embeddings = model.embed(&case.golden.inputs).batch_size(size).unwrap();
        let all: Vec<HybridOutput> = embeddings.collect::<Result<_, _>>().unwrap();
        assert_dense(&all.iter().map(|text| text.dense.clone()).collect::<Vec<_>>(), &case);
        assert_sparse(&all.iter().map(|text| text.sparse.clone()).collect::<Vec<_>>(), &case);
        assert_multi_vectors(&all.into_iter().map(|text| text.multi_vector).collect::<Vec<_>>(), &case);
    }
}

#[test]
fn a_family_alone_gives_the_same_as_all_at_once() {
    let case = fixture();
    let model: HybridEmbedding = load(&case);
    let dense: TextEmbedding = load(&case);
    let sparse: SparseTextEmbedding = load(&case);
    let colbert: LateInteractionTextEmbedding = load(&case);
    for text in &case.golden.inputs {
        for role in [Role::Plain, Role::Query, Role::Passage] {
            let all = model.embed_one(text, role).unwrap();
            assert_eq!(dense.embed_one(text, role).unwrap(), all.dense);
            assert_eq!(sparse.embed_one(text, role).unwrap(), all.sparse);
            assert_eq!(colbert.embed_one(text, role).unwrap(), all.multi_vector);
        }
    }
}

#[test]
fn the_files_are_read_once_for_all_families() {
    let case = fixture();
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(&case.folder).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    let dense: TextEmbedding = builder(&case, folder.path()).build().unwrap();
    for name in ["model.onnx", "tokenizer.json"] {
        // Another file of the same name: what is in use stays as it was opened.
        let path = folder.path().join(name);
        std::fs::remove_file(&path).unwrap();
        std::fs::write(path, "nothing that loads").unwrap();
    }
    let sparse: SparseTextEmbedding = builder(&case, folder.path()).build().unwrap();
    let colbert: LateInteractionTextEmbedding = builder(&case, folder.path()).build().unwrap();
    drop(dense);
    let model: HybridEmbedding = builder(&case, folder.path()).build().unwrap();
    model.embed_one("hello world", Role::Plain).unwrap();

    // Nothing outlives its last user, and other options need other sessions.
    builder::<HybridEmbedding>(&case, folder.path()).threads(1).build().unwrap_err();
    drop((sparse, colbert, model));
    builder::<HybridEmbedding>(&case, folder.path()).build().unwrap_err();
}

#[test]
fn tokens_are_counted_and_named() {
    let case = fixture();
    let model: HybridEmbedding = load(&case);
    let used = |text: &String| model.usage(text, Role::Plain).unwrap().tokens;
    let counts: Vec<usize> = case.golden.inputs.iter().map(used).collect();
    assert_eq!(counts, case.golden.token_count);
    assert_eq!(
        model.token_count(&case.golden.inputs, embedkit_core::Role::Plain).unwrap(),
        counts.iter().sum::<usize>()
    );

    let labelled: HybridEmbedding = builder(&case, &case.folder).parameter("labels", true).build().unwrap();
    let output = labelled.embed_one("hello", Role::Plain).unwrap();
    let labels = output.multi_vector.labels();
    assert_eq!(labels.len(), output.multi_vector.len());
    assert_eq!(labels.last(), Some(&RowLabel::Token("</s>".to_owned())));
    let text = "hello Ñandú, мир ½ hello";
    let places = labelled.engine().row_places(text, &Role::Plain.into()).unwrap().unwrap();
    let rows = labelled.embed_one(text, Role::Plain).unwrap().multi_vector;
    let placed = |place: Option<&Option<std::ops::Range<usize>>>| place.unwrap().clone().map(|place| &text[place]);
    assert_eq!((places.len(), placed(places.last())), (rows.len(), None));
    let hello = rows.labels().iter().zip(&places).filter(|(label, _)| label.to_string().ends_with("hello"));
    assert!(hello.clone().count() == 2 && hello.into_iter().all(|(_, place)| placed(Some(place)) == Some("hello")));
    // Every weighted token has a row of its name.
    for index in output.sparse.indices() {
        assert!(labels.contains(&RowLabel::Token(labelled.decode(*index).unwrap())));
    }
}

#[test]
fn a_folder_tells_what_it_is() {
    let case = fixture();
    let model = HybridEmbedding::builder(&case.folder).build().unwrap();
    let vectors: Vec<Vec<f32>> = model.embed(&case.golden.inputs).map(|text| text.unwrap().dense).collect();
    assert_dense(&vectors, &case);
    let error = HybridEmbedding::builder(case.folder.parent().unwrap()).build().unwrap_err();
    assert!(error.to_string().contains("model.onnx is missing"), "{error}");
}

#[test]
fn what_does_not_fit_is_an_error() {
    type Change = fn(&mut ModelDescription);
    let changes: [(Change, &str); 8] = [
        (|row| row.dim = Some(7), "gives vectors of 16 values, and the row says 7"),
        (|row| row.parameters = toml::toml! { outputs = [1, 1, 2] }, "\"sparse_vecs\" has shape"),
        (|row| row.parameters = toml::toml! { outputs = [0, 0, 2] }, "[texts, tokens]"),
        (|row| row.parameters = toml::toml! { outputs = [0, 1, "dense_vecs"] }, "[texts, tokens - 1, dim]"),
        (|row| row.parameters = toml::toml! { outputs = [0, 1, "colbert"] }, "no output \"colbert\""),
        (|row| row.parameters = toml::toml! { outputs = [0, 1] }, "an array of length 3"),
        (|row| row.matryoshka = vec![8], "`matryoshka`"),
        (|row| row.model_file.clear(), "`model-file`"),
    ];
    for (change, expected) in changes {
        let mut case = fixture();
        change(&mut case.golden.model);
        let built = builder::<HybridEmbedding>(&case, &case.folder).build();
        let error = built.and_then(|model| model.embed_one("hello world", Role::Plain)).unwrap_err().to_string();
        assert!(error.contains("tiny/bge-m3") && error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn outputs_are_found_by_name() {
    let mut case = fixture();
    case.golden.model.parameters = toml::toml! { outputs = ["dense_vecs", "sparse_vecs", "colbert_vecs"] };
    case.golden.model.normalize = true;
    let model: HybridEmbedding = load(&case);
    let all: Vec<HybridOutput> = model.embed(&case.golden.inputs).collect::<Result<_, _>>().unwrap();
    assert_multi_vectors(&all.into_iter().map(|text| text.multi_vector).collect::<Vec<_>>(), &case);
}

#[test]
fn every_family_finds_the_model_by_one_id() {
    let families: Vec<String> =
        Registry::global().find_all("gpahal/bge-m3-onnx-int8").iter().map(|row| row.family.clone()).collect();
    assert_eq!(families, ["hybrid", "dense", "sparse", "colbert"]);
    for row in Registry::global().find_all("gpahal/bge-m3-onnx-int8") {
        Registry::global().check(&row).unwrap();
    }
}
