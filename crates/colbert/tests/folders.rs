//! Folders as PyLate and sentence-transformers' `MultiVectorEncoder` write them: what they say is obeyed, to their own
//! vectors, or refused by name.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use embedkit_colbert::{LateInteractionTextEmbedding, MultiVector};
use embedkit_core::{Embedder, ModelFiles, Role, TextEmbedder};
use embedkit_fixtures::assert_near;
use serde::Deserialize;
use serde_json::{Value, json};

/// What the software makes of a folder: vectors of each text's tokens.
#[derive(Deserialize)]
struct Golden {
    texts: Vec<String>,
    document: Vec<Vec<Vec<f32>>>,
    query: Vec<Vec<Vec<f32>>>,
}

type Files = BTreeMap<String, Vec<u8>>;

fn folders() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/folders")
}

fn names_in(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Adds the files of a folder by their names, those of folders in it too.
fn add(files: &mut Files, folder: &Path, before: &str) {
    for name in names_in(folder) {
        let path = folder.join(&name);
        if path.is_dir() {
            add(files, &path, &format!("{before}{name}/"));
        } else {
            files.insert(format!("{before}{name}"), fs::read(path).unwrap());
        }
    }
}

/// The base of a library's folders with a case's files laid over it; those that are null are absent.
fn laid_out(library: &str, case: &str) -> Files {
    let mut files = Files::new();
    for folder in ["base", case] {
        add(&mut files, &folders().join(library).join(folder), "");
    }
    files.retain(|_, content| content.trim_ascii() != b"null");
    files
}

/// Sets keys of a JSON file.
fn set(files: &mut Files, name: &str, keys: &Value) {
    let mut content: Value = files.get(name).map_or_else(|| json!({}), |bytes| serde_json::from_slice(bytes).unwrap());
    content.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    files.insert(name.to_owned(), content.to_string().into_bytes());
}

fn load(files: Files) -> Result<LateInteractionTextEmbedding, String> {
    let builder = LateInteractionTextEmbedding::builder(ModelFiles::memory(files));
    builder.build().map_err(|error: embedkit_core::Error| error.to_string())
}

fn check(case: &str, mut files: Files) {
    let golden: Golden = serde_json::from_slice(&files.remove("golden.json").unwrap()).unwrap();
    let model = load(files).unwrap_or_else(|error| panic!("{case}: {error}"));
    for (role, expected) in [(Role::Passage, &golden.document), (Role::Query, &golden.query)] {
        let vectors: Vec<MultiVector> = model.embed_for(&golden.texts, role).map(Result::unwrap).collect();
        for ((vectors, expected), text) in vectors.iter().zip(expected).zip(&golden.texts) {
            let what = format!("{case} {role:?} {text:?}");
            assert_eq!(vectors.len(), expected.len(), "{what}: rows");
            for (row, expected) in vectors.rows().zip(expected) {
                assert_near(row, expected, &what);
            }
        }
    }
}

#[test]
fn vectors_are_those_of_the_folders_software() {
    for (library, at_least) in [("pylate", 11), ("multi-vector", 3)] {
        let cases: Vec<String> = names_in(&folders().join(library)).into_iter().filter(|case| case != "base").collect();
        assert!(cases.len() >= at_least, "{cases:?}");
        for case in cases {
            check(&format!("{library} {case}"), laid_out(library, &case));
        }
    }
}

/// The windows by role have tokenizers of their own, which are read where the model's is.
#[test]
fn a_tokenizer_beside_its_transformer_is_read_for_both_roles() {
    let mut files = laid_out("multi-vector", "truncation-left");
    for name in ["tokenizer.json", "tokenizer_config.json", "sentence_bert_config.json", "config.json"] {
        let content = files.remove(name).unwrap();
        files.insert(format!("0_Transformer/{name}"), content);
    }
    let mut modules: Value = serde_json::from_slice(&files["modules.json"]).unwrap();
    modules[0]["path"] = json!("0_Transformer");
    files.insert("modules.json".to_owned(), modules.to_string().into_bytes());
    check("0_Transformer", files);
}

#[test]
fn what_is_not_obeyed_is_refused_by_name() {
    let left = json!({"padding_side": "left"});
    let stored = json!({"padding": {"direction": "Left", "strategy": "BatchLongest", "pad_id": 0, "pad_type_id": 0,
        "pad_token": "[PAD]", "pad_to_multiple_of": null}});
    let expansion = |strategy: &str| json!({"query_expansion": {"strategy": strategy, "length": 12}});
    let (module, settings) = ("sentence_bert_config.json", "config_sentence_transformers.json");
    for (library, changes, expected) in [
        ("pylate", vec![("tokenizer_config.json", left.clone())], Some("`padding_side`")),
        ("pylate", vec![("tokenizer.json", stored)], Some("`padding_side`")),
        (
            "pylate",
            vec![("tokenizer_config.json", left.clone()), (settings, json!({"do_query_expansion": false}))],
            None,
        ),
        ("pylate", vec![(module, json!({"tokenizer_args": {"mask_token": "[SEP]"}}))], Some("`mask_token`")),
        ("pylate", vec![(module, json!({"padding_side": "left"}))], Some("`padding_side`")),
        ("pylate", vec![(module, json!({"query_length": 9}))], Some("`query_length`")),
        ("pylate", vec![(settings, json!({"document_prefix": "cat"}))], Some("the prefix \"cat\"")),
        ("multi-vector", vec![("tokenizer_config.json", left.clone())], None),
        ("multi-vector", vec![("tokenizer_config.json", left.clone()), (module, expansion("min"))], None),
        ("multi-vector", vec![("tokenizer_config.json", left), (module, expansion("fixed"))], Some("`padding_side`")),
    ] {
        let mut files = laid_out(library, "base");
        for (name, keys) in &changes {
            set(&mut files, name, keys);
        }
        let error = load(files).err();
        assert_eq!(error.is_some(), expected.is_some(), "{library} {changes:?}: {error:?}");
        assert!(expected.is_none_or(|word| error.as_ref().is_some_and(|e| e.contains(word))), "{changes:?}: {error:?}");
    }
}
