//! What holds beside the numbers: batches change nothing, rows have labels, wrong models say what is wrong.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use embedkit_core::{Embedder, TextEmbedder};
use std::path::PathBuf;
use std::sync::LazyLock;

use embedkit_colbert::{LateInteractionTextEmbedding, MultiVector, RowLabel};
use embedkit_core::{Builder, Error, ModelDescription, ModelFiles, Registry, Role};
use embedkit_fixtures::{assert_near, cases};
use proptest::prelude::*;
use serde::Deserialize;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");

#[derive(Deserialize)]
struct Golden {
    model: ModelDescription,
}

fn row(name: &str) -> (ModelDescription, PathBuf) {
    let case = cases::<Golden>(FIXTURES, |case| case == name).remove(0);
    (case.golden.model, case.folder)
}

fn builder(name: &str) -> Builder<LateInteractionTextEmbedding> {
    let (row, folder) = row(name);
    LateInteractionTextEmbedding::builder(row).model_dir(folder)
}

/// Every fixture's model, loaded once.
static MODELS: LazyLock<Vec<LateInteractionTextEmbedding>> = LazyLock::new(|| {
    let load = |case: embedkit_fixtures::Case<Golden>| {
        let builder = LateInteractionTextEmbedding::builder(case.golden.model);
        // Many small models at once: idle threads must not spin.
        builder.model_dir(case.folder).threads(1).build().unwrap()
    };
    cases(FIXTURES, |_| true).into_iter().map(load).collect()
});

fn token(label: &RowLabel) -> &str {
    match label {
        RowLabel::Token(token) => token,
        other => panic!("{other} is no token"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_batch_changes_no_text(texts in prop::collection::vec("([a-z]{1,6}[ ,.!é]{1,2}){0,14}", 1..7)) {
        for model in MODELS.iter() {
            for role in [Role::Query, Role::Passage] {
                let together: Vec<MultiVector> = model.embed_for(&texts, role).map(Result::unwrap).collect();
                for (text, together) in texts.iter().zip(&together) {
                    let alone = model.embed_one(text, role).unwrap();
                    prop_assert_eq!(alone.len(), together.len());
                    for (alone, together) in alone.rows().zip(together.rows()) {
                        assert_near(together, alone, &format!("{} {role:?} {text:?}", model.model().id));
                    }
                }
            }
        }
    }
}

/// Accents and case are lost, letters are several tokens or unknown, and texts are cut at either end.
#[test]
fn rows_say_which_bytes_they_are_of() {
    let texts = [
        "",
        " \t",
        "Hello, world! hello",
        "Le café était fermé à midi. Élève modèle là-bas. Hello world.",
        "Мой край родной, hello. Какой чай лучший? ёлочный шарик",
        "Η Αθήνα είναι μεγάλη πόλη. ΟΔΟΣ hello",
        "안녕하세요 세계. hello 오늘 날씨가 좋습니다.",
        "  İstanbul İZMİR hello IĞDIR şehri.",
        "Hello 🎉 there. 🎉🎉 world ½ ﬁ \u{1c}",
        "cafe\u{301} A\u{30a}ngstro\u{308}m hello",
        &"hello the world document ".repeat(200),
    ];
    for case in cases::<Golden>(FIXTURES, |_| true) {
        let builder = LateInteractionTextEmbedding::builder(case.golden.model).model_dir(case.folder).threads(1);
        let model = builder.parameter("labels", true).build().unwrap();
        for (text, role) in texts.iter().flat_map(|text| [(text, Role::Query), (text, Role::Passage)]) {
            let what = format!("{} {role:?} {text:?}", model.model().id);
            let rows = model.embed_one(text, role).unwrap();
            let places = model.engine().row_places(text, &role.into()).unwrap().unwrap();
            assert_eq!(places.len(), rows.len(), "{what}");
            for (label, place) in rows.labels().iter().zip(&places) {
                let (Some(place), bare) = (place, token(label).trim_start_matches(['#', '▁', 'Ġ'])) else {
                    continue;
                };
                let written = &text[place.clone()];
                assert_eq!(written, written.trim(), "{what}");
                if written.is_ascii() && bare.chars().all(|letter| letter.is_ascii_alphanumeric()) && !bare.is_empty() {
                    assert_eq!(written.to_lowercase(), bare.to_lowercase(), "{what}");
                }
            }
            if role == Role::Query && !model.usage(text, role).unwrap().truncated {
                let is_placed = |at: &usize| places.iter().flatten().any(|place| place.contains(at));
                let letters = text.char_indices().filter(|(_, letter)| letter.is_alphanumeric());
                let lost: Vec<_> = letters.filter(|(at, _)| !is_placed(at)).collect();
                assert_eq!(lost, [], "{what}");
            }
        }
    }
}

#[test]
fn rows_are_labelled_on_request() {
    let model = builder("colbert").parameter("labels", true).build().unwrap();
    let query = model.embed_one("hello world", Role::Query).unwrap();
    let labels: Vec<&str> = query.labels().iter().map(token).collect();
    assert_eq!(labels[..2], ["[CLS]", "[unused0]"]);
    assert_eq!(labels.len(), 32);
    assert_eq!(labels.iter().filter(|label| **label == "[MASK]").count(), 32 - 5);

    let document = model.embed_one("hello, world!", Role::Passage).unwrap();
    let labels: Vec<&str> = document.labels().iter().map(token).collect();
    assert_eq!(labels, ["[CLS]", "[unused1]", "hello", "world", "[SEP]"]);

    let unlabelled = builder("colbert").build().unwrap().embed_one("hello", Role::Query).unwrap();
    assert!(unlabelled.labels().is_empty());
    // Its markers are past the small vocabulary.
    let folded = builder("jina-colbert").parameter("labels", true).build().unwrap();
    assert_eq!(token(&folded.embed_one("hello", Role::Query).unwrap().labels()[1]), "#250002");
}

#[test]
fn token_embeddings_are_cut_where_the_files_say() {
    const CONFIG: &[u8] = br#"{"model_max_length": 40, "pad_token": "[PAD]", "truncation_side": "left"}"#;
    let (row, folder) = row("token-embeddings");
    let read = |name: &str| (name.to_owned(), std::fs::read(folder.join(name)).unwrap());
    let files = [read("onnx/model.onnx"), read("tokenizer.json"), ("tokenizer_config.json".to_owned(), CONFIG.into())];
    let builder = LateInteractionTextEmbedding::builder(row).model_files(ModelFiles::memory(files));
    let model = builder.parameter("labels", true).build().unwrap();
    let text = format!("hello {}dog", "world ".repeat(50));
    let vectors = model.embed_one(&text, Role::Plain).unwrap();
    let labels: Vec<&str> = vectors.labels().iter().map(token).collect();
    assert_eq!(
        (labels.len(), labels.contains(&"hello"), labels[36..].join("")),
        (40, false, "d##o##g[SEP]".to_owned())
    );
}

#[test]
fn vectors_are_cut_to_a_matryoshka_step() {
    let (mut row, folder) = row("colbert");
    row.matryoshka = vec![4];
    let load = |dim| LateInteractionTextEmbedding::builder(row.clone()).model_dir(&folder).dim(dim).build().unwrap();
    let (whole, cut) = (load(8), load(4));
    for (role, normalized) in [(Role::Passage, true), (Role::Query, false)] {
        let (whole, cut) = (whole.embed_one("hello world", role).unwrap(), cut.embed_one("hello world", role).unwrap());
        assert_eq!((cut.len(), cut.dim()), (whole.len(), 4));
        for (cut, whole) in cut.rows().zip(whole.rows()) {
            let mut expected = whole[..4].to_vec();
            if normalized {
                embedkit_vector::normalize(&mut expected);
            }
            assert_near(cut, &expected, "cut");
        }
    }
}

#[test]
fn usage_says_what_was_cut() {
    let model = builder("pylate").build().unwrap();
    let long = "hello world ".repeat(40);
    assert_eq!(model.usage(&long, Role::Query).unwrap().tokens, 15);
    let passage = model.usage(&long, Role::Passage).unwrap();
    assert_eq!((passage.tokens, passage.truncated), (23, true));
    assert!(!model.usage("hello", Role::Query).unwrap().truncated);
    let shorter = builder("pylate").max_length(10).build().unwrap();
    assert_eq!(shorter.usage(&long, Role::Query).unwrap().tokens, 9);
}

#[test]
fn a_model_that_cannot_be_right_is_refused() {
    let none: Vec<String> = Vec::new();
    for (name, parameter, value, expected) in [
        ("colbert", "mask-token", toml::Value::from("[NONE]"), "\"[NONE]\" is not in the vocabulary"),
        ("colbert", "colour", 1.into(), "option `colour`"),
        ("token-embeddings", "query-length", 32.into(), "needs `mask-token`"),
        ("colbert", "query-max-length", 3.into(), "leaves no room"),
        ("pylate", "projection", vec!["3_Dense"].into(), "3_Dense"),
        ("pylate", "projection", vec!["1_Dense"].into(), "gives 12 values"),
        ("pylate", "projection", vec!["2_Dense", "1_Dense"].into(), "1_Dense/config.json: takes vectors of 16 values"),
    ] {
        let error = builder(name).parameter(parameter, value).build().unwrap_err().to_string();
        assert!(error.contains(expected), "{parameter}: {error}");
    }
    let unprojected = builder("pylate").parameter("projection", none).build().unwrap();
    let error = unprojected.embed_one("hello", Role::Query).unwrap_err();
    assert!(
        matches!(&error, Error::Model { .. })
            && error.to_string().contains("16, 16], and should have [rows, tokens, 8]"),
        "{error}"
    );
    let (mut row, folder) = row("pylate");
    row.dim = None;
    let error = LateInteractionTextEmbedding::builder(row).model_dir(folder).build().unwrap_err();
    assert!(error.to_string().contains("`projection` needs `dim`"), "{error}");
}

#[test]
fn a_folder_that_is_not_pylates_says_so() {
    let files = |more: &[(&'static str, &'static str)]| {
        let graph = [("model.onnx", "")];
        let files = graph.iter().chain(more);
        ModelFiles::memory(files.map(|(name, text)| (*name, text.as_bytes())).collect::<Vec<_>>())
    };
    const CONFIG: (&str, &str) = ("config_sentence_transformers.json", r#"{"query_length": 32}"#);
    const TOKENIZER: (&str, &str) = ("tokenizer.json", "{}");
    const PROMPTED: (&str, &str) = (
        "config_sentence_transformers.json",
        r#"{"query_length": 32, "default_prompt_name": "all", "prompts": {"all": "text: "}}"#,
    );
    const MODULES: (&str, &str) =
        ("modules.json", r#"[{"path": "1_D", "type": "x.Dense"}, {"path": "2_D", "type": "x.Dense"}]"#);
    const NORMALIZER: (&str, &str) =
        ("tokenizer.json", r#"{"normalizer": {"type": "BertNormalizer", "lowercase": true}}"#);
    const CASED: (&str, &str) =
        ("tokenizer_config.json", r#"{"tokenizer_class": "BertTokenizer", "do_lower_case": false}"#);
    const DENSE: &str = r#"{"in_features": 4, "out_features": 4}"#;
    const LINEAR: [(&str, &str); 2] = [("1_D/config.json", DENSE), ("2_D/config.json", DENSE)];
    for (files, expected) in [
        (ModelFiles::none(), "model.onnx"),
        (files(&[]), "as PyLate's do"),
        (files(&[("config_sentence_transformers.json", r#"{"prompts": {}}"#)]), "as PyLate's do"),
        (files(&[CONFIG]), "tokenizer.json"),
        (files(&[CONFIG, TOKENIZER]), "names no mask token"),
        (files(&[CONFIG, ("modules.json", r#"[{"path": "1_X", "type": "x.Router"}]"#)]), "\"Router\""),
        (files(&[CONFIG, NORMALIZER, CASED]), "`do_lower_case` is false"),
        (files(&[PROMPTED, TOKENIZER]), "`default_prompt_name` is \"all\""),
        (files(&[CONFIG, MODULES, LINEAR[0], LINEAR[1], ("1_D/pytorch_model.bin", "")]), "2_D/model.safetensors"),
    ] {
        let error = LateInteractionTextEmbedding::builder(files).build().unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn every_row_of_the_catalogue_could_be_loaded() {
    let registry = Registry::empty();
    registry.add(&embedkit_colbert::PLUGIN).unwrap();
    let rows = registry.list(&embedkit_core::ModelFilter::default());
    assert!(rows.iter().any(|row| row.id == "lightonai/LateOn"));
    for row in rows {
        registry.check(&row).unwrap();
    }
}

#[test]
fn a_prefix_that_is_no_token_is_text() {
    const CONFIG: &[u8] = br#"{"query_prefix": "find: ", "document_prefix": "[D] ", "do_query_expansion": false,
        "prompts": {"query": "please "}}"#;
    let (_, folder) = row("pylate");
    let read = |name: &str| (name.to_owned(), std::fs::read(folder.join(name)).unwrap());
    let names = ["onnx/model.onnx", "tokenizer.json", "tokenizer_config.json"];
    let config = ("config_sentence_transformers.json".to_owned(), CONFIG.to_vec());
    let files = ModelFiles::memory(names.map(read).into_iter().chain([config]));
    let model = LateInteractionTextEmbedding::builder(files).build().unwrap();
    let row = model.model();
    assert_eq!(row.prompts["query"], "find: please ");
    assert!(row.parameters.contains_key("document-marker-id") && !row.parameters.contains_key("query-marker-id"));
    let (bare, prompted) = (model.usage("dog", Role::Plain).unwrap(), model.usage("dog", Role::Query).unwrap());
    assert!(prompted.tokens > bare.tokens);
    // Without the modules' configuration the width is the graph's.
    assert_eq!(model.embed_one("dog", Role::Query).unwrap().dim(), 16);
}
