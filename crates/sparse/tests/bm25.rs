//! BM25 against the reference's vectors, in every language; `fixtures/make_bm25.py` writes them.

use embedkit_core::ModelFiles;
use embedkit_sparse::bm25::{Bm25, Bm25Options};
use embedkit_vector::SparseVector;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    options: Bm25Options,
    /// Stop words of the model folder.
    folder: Vec<String>,
    texts: Vec<Text>,
}

#[derive(Deserialize)]
struct Text {
    text: String,
    document: Vec<(u32, f64)>,
    query: Vec<u32>,
    words: usize,
}

#[test]
fn vectors_are_the_references() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("fixtures/bm25.json")).unwrap();
    assert_eq!(cases.len(), 2 * 18 + 3);
    for Case { options, folder, texts } in cases {
        let file = (format!("{}.txt", options.language), folder.join("\n").into_bytes());
        let bm25 = Bm25::builder().options(options.clone()).files(ModelFiles::memory([file])).build().unwrap();
        for Text { text, document, query, words } in texts {
            let expected = SparseVector::from_entries(document.into_iter().map(|(i, v)| (i, v as f32))).unwrap();
            assert_eq!(bm25.document(&text).unwrap(), expected, "{options:?} {text:?}");
            assert_eq!(bm25.query(&text).unwrap().indices(), query, "{options:?} {text:?}");
            assert_eq!(bm25.word_count(&text).unwrap(), words, "{options:?} {text:?}");
        }
    }
}
