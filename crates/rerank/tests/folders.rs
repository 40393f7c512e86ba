//! Folders as sentence-transformers' `CrossEncoder` writes them: what they say is obeyed, to its own scores.
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use embedkit_core::{Embedder, ModelFiles};
use embedkit_fixtures::assert_near;
use embedkit_rerank::{Pair, Reranker};
use serde::Deserialize;

/// What sentence-transformers makes of a folder.
#[derive(Deserialize)]
struct Golden {
    pairs: Vec<(String, String)>,
    scores: Vec<f32>,
}

fn folders() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/folders")
}

fn files_of(case: &str) -> impl Iterator<Item = (String, Vec<u8>)> {
    let files = fs::read_dir(folders().join(case)).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap()))
}

/// The base with a case's files laid over it; those that are null are absent.
fn laid_out(case: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files: BTreeMap<_, _> = files_of("base").chain(files_of(case)).collect();
    files.retain(|_, content| content.trim_ascii() != b"null");
    files
}

#[test]
fn scores_are_those_of_sentence_transformers() {
    let cases = fs::read_dir(folders()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let cases: Vec<String> = cases.filter(|case| case != "base").collect();
    assert!(cases.len() >= 10, "{cases:?}");
    for case in cases {
        let mut files = laid_out(&case);
        let golden: Golden = serde_json::from_slice(&files.remove("golden.json").unwrap()).unwrap();
        let model: Reranker = Reranker::builder(ModelFiles::memory(files)).build().unwrap();
        let pairs = golden.pairs.into_iter().map(Pair::from);
        let scores: Vec<f32> = model.rerank_pairs(pairs).map(Result::unwrap).collect();
        for (score, expected) in scores.iter().zip(&golden.scores) {
            assert_near(&[*score, 1.0], &[*expected, 1.0], &format!("{case}: {scores:?} {:?}", golden.scores));
        }
    }
}
