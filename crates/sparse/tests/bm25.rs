//! BM25 against the reference's vectors, in every language; `fixtures/make_bm25.py` writes them.

use std::borrow::Cow;

use embedkit_core::{Embedder as _, ModelFiles, Result, Role, TextEmbedder as _};
use embedkit_sparse::SparseTextEmbedding;
use embedkit_sparse::bm25::{Bm25, Bm25Options};
use embedkit_sparse::pipeline::Bm25Terms;
use embedkit_sparse::text::Stemmer;
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

#[derive(Clone, Copy)]
struct FirstLetter;

impl Stemmer for FirstLetter {
    fn stem<'w>(&self, word: &'w str) -> Result<Cow<'w, str>> {
        let end = word.chars().next().map_or(0, char::len_utf8);
        Ok(Cow::Borrowed(&word[..end]))
    }
}

#[test]
fn a_row_is_loaded_with_a_stemmer_and_every_option() {
    let builder =
        || SparseTextEmbedding::builder("Qdrant/bm25").loader(|context| Bm25Terms::load_with(context, FirstLetter));
    let query = |model: SparseTextEmbedding| model.embed_one("the cat and a cow", Role::Query).unwrap();
    assert_eq!(query(builder().build().unwrap()), Bm25::builder().build().unwrap().query("c").unwrap());
    let none: [&str; 0] = [];
    let every_word = builder().parameter("stopwords", toml::Value::Array(Vec::new())).build().unwrap();
    let expected = Bm25::builder().stopwords(none).disable_stemmer(true).build().unwrap();
    assert_eq!(query(every_word), expected.query("t c a").unwrap());
    let refused =
        |builder: embedkit_core::Builder<_>| builder.build().map(|_: SparseTextEmbedding| ()).unwrap_err().to_string();
    for (builder, option) in [
        (builder().parameter("disable-stemmer", true), "disable-stemmer"),
        (builder().parameter("colour", true), "colour"),
        (builder().max_length(3), "max_length"),
        (builder().model_file("model.onnx"), "model_file"),
        (SparseTextEmbedding::builder("Qdrant/bm25").model_file("model.onnx"), "model_file"),
    ] {
        assert!(refused(builder).starts_with(&format!("option `{option}`")), "{option}");
    }
}
