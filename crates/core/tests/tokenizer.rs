//! Loading a tokenizer: which file says what, and what is refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use embedkit_core::tokenizer::{Tokenizer, TokenizerOptions};
use embedkit_core::{Error, ModelFiles};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The word pieces of a small generated model.
const TOKENIZER: &str = include_str!("../../dense/tests/fixtures/transformer-cls/tokenizer.json");

type Edit<'e> = &'e dyn Fn(&mut Value);

/// A model's files, with `tokenizer.json` changed by `edit`; configurations that are null are absent.
fn files(edit: impl FnOnce(&mut Value), tokenizer_config: Value, config: Value, special: Value) -> ModelFiles {
    let mut tokenizer: Value = serde_json::from_str(TOKENIZER).unwrap();
    edit(&mut tokenizer);
    let all = [
        ("tokenizer.json", tokenizer),
        ("tokenizer_config.json", tokenizer_config),
        ("config.json", config),
        ("special_tokens_map.json", special),
    ];
    let present = all.into_iter().filter(|(_, value)| !value.is_null());
    ModelFiles::memory(present.map(|(name, value)| (name, value.to_string().into_bytes())))
}

fn load(tokenizer_config: Value) -> embedkit_core::Result<Tokenizer> {
    Tokenizer::load(&files(|_| (), tokenizer_config, Value::Null, Value::Null), &TokenizerOptions::default())
}

#[test]
fn the_window_is_the_stricter_of_the_valid_limits() {
    for (limits, expected) in [
        (json!({"model_max_length": 40, "max_length": 30}), Some(30)),
        (json!({"model_max_length": 40, "max_length": 50}), Some(40)),
        (json!({"model_max_length": 1e30, "max_length": 30}), Some(30)),
        (json!({"model_max_length": "40", "max_length": true}), None),
        (json!({"model_max_length": 0}), None),
        (json!({"model_max_length": -4}), None),
        (json!({"model_max_length": i64::MAX}), Some(i64::MAX as usize)),
        (json!({"model_max_length": u64::MAX}), None),
        (json!({}), None),
        (Value::Null, None),
    ] {
        let mut config = limits.clone();
        if let Some(config) = config.as_object_mut() {
            config.insert("pad_token".into(), "[PAD]".into());
        }
        assert_eq!(load(config).ok().map(|tokenizer| tokenizer.max_length()), expected, "{limits}");
    }
}

#[test]
fn a_window_may_be_given_instead() {
    let alone = files(|_| (), Value::Null, Value::Null, Value::Null);
    let mut options = TokenizerOptions::default();
    assert!(matches!(Tokenizer::load(&alone, &options), Err(Error::MissingFile { .. })));
    options.max_length = Some(10);
    let tokenizer = Tokenizer::load(&alone, &options).unwrap();
    let encoding = tokenizer.encode(&"hello ".repeat(20)).unwrap();
    assert_eq!(encoding.ids.len(), 10);
    assert!(encoding.truncated);
    for (max_length, reserved) in [(0, 0), (1, 0), (3, 0), (5, 2), (0, 9)] {
        let mut options = TokenizerOptions::default();
        options.max_length = Some(max_length);
        options.reserved = reserved;
        let error = Tokenizer::load(&alone, &options).unwrap_err();
        assert!(error.to_string().contains("leaves no room"), "{max_length} {reserved}: {error}");
    }
}

#[test]
fn the_padding_token_is_found_in_the_references_order() {
    let stored = |tokenizer: &mut Value| {
        tokenizer["padding"] = json!({"strategy": {"Fixed": 99}, "direction": "Right", "pad_to_multiple_of": null,
            "pad_id": 7, "pad_type_id": 0, "pad_token": "[PAD]"});
    };
    let config = |pad_token: Value| json!({"model_max_length": 20, "pad_token": pad_token});
    let cases: [(Edit<'_>, Value, Value, Option<u32>); 7] = [
        (&stored, config("[PAD]".into()), json!({"pad_token_id": 5}), Some(7)),
        (&|_| (), config("[PAD]".into()), json!({"pad_token_id": 5}), Some(5)),
        (&|_| (), config("[PAD]".into()), json!({"pad_token_id": null}), Some(0)),
        (&|_| (), config("[PAD]".into()), Value::Null, Some(0)),
        (&|_| (), config(json!({"content": "[PAD]", "lstrip": false})), Value::Null, Some(0)),
        (&|_| (), config(Value::Null), Value::Null, None),
        (&|_| (), config("[NOWHERE]".into()), Value::Null, None),
    ];
    for (number, (edit, tokenizer_config, config, expected)) in cases.into_iter().enumerate() {
        let files = files(edit, tokenizer_config, config, Value::Null);
        let tokenizer = Tokenizer::load(&files, &TokenizerOptions::default());
        let pad_id = tokenizer.and_then(|tokenizer| tokenizer.require_padding().map(|()| tokenizer.pad_id().unwrap()));
        assert_eq!(pad_id.ok(), expected, "case {number}");
    }
}

#[test]
fn special_tokens_come_in_every_form() {
    let special = json!({"cls_token": "[CLS]", "extra": ["[ONE]", {"content": "[TWO]", "lstrip": true}]});
    let config = json!({"model_max_length": 20, "pad_token": "[PAD]"});
    let files_with = |special: Value| files(|_| (), config.clone(), Value::Null, special);
    let tokenizer = Tokenizer::load(&files_with(special), &TokenizerOptions::default()).unwrap();
    for token in ["[CLS]", "[ONE]", "[TWO]"] {
        assert!(tokenizer.is_special(tokenizer.id(token).unwrap()), "{token}");
    }
    let error = Tokenizer::load(&files_with(json!({"cls_token": 4})), &TokenizerOptions::default()).unwrap_err();
    assert!(error.to_string().contains("`cls_token` holds 4"), "{error}");
}

#[test]
fn wrong_files_are_named() {
    let error = load(json!({"model_max_length": 20, "padding_side": "middle"})).unwrap_err();
    assert!(error.to_string().contains("`padding_side` is \"middle\""), "{error}");
    let broken = ModelFiles::memory([("tokenizer.json", b"{}".to_vec())]);
    let error = Tokenizer::load(&broken, &TokenizerOptions::default()).unwrap_err();
    assert!(error.to_string().starts_with("memory:/tokenizer.json: is not a tokenizer"), "{error}");
}

/// Found by fuzzing: what the library does not expect, and what would let a row outgrow its window.
#[test]
fn files_that_the_library_trips_over_are_refused() {
    let options = TokenizerOptions::default();
    let config = || ("tokenizer_config.json", br#"{"model_max_length": 4}"#.to_vec());
    let broken = r#"{"decoder": {"type" 1}}"#;
    let memory = ModelFiles::memory([("tokenizer.json", broken.as_bytes().to_vec()), config()]);
    let error = Tokenizer::load(&memory, &options).unwrap_err();
    assert!(error.to_string().contains("the tokenizer library panicked"), "{error}");

    let multiple = |tokenizer: &mut Value| {
        tokenizer["padding"] = json!({"strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": u64::MAX,
            "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"});
    };
    let template = |tokenizer: &mut Value| {
        let special = |_| json!({"SpecialToken": {"id": "[CLS]", "type_id": 0}});
        let text = json!({"Sequence": {"id": "A", "type_id": 0}});
        tokenizer["post_processor"]["single"] = (0..9).map(special).chain([text]).collect();
    };
    let twice = |tokenizer: &mut Value| {
        let text = || json!({"Sequence": {"id": "A", "type_id": 0}});
        tokenizer["post_processor"]["single"] = json!([text(), text()]);
    };
    let edits: [(Edit<'_>, &str); 3] =
        [(&multiple, "`pad_to_multiple_of`"), (&template, "leaves no room"), (&twice, "repeats a text")];
    for (edit, expected) in edits {
        let files = files(edit, json!({"model_max_length": 9}), Value::Null, Value::Null);
        let error = Tokenizer::load(&files, &options).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_batch_holds_each_row_and_padding(texts in prop::collection::vec("\\PC{0,40}", 1..6), left in any::<bool>()) {
        let side = if left { "left" } else { "right" };
        let tokenizer = load(json!({"model_max_length": 16, "pad_token": "[PAD]", "padding_side": side})).unwrap();
        let rows: Vec<_> = texts.iter().map(|text| tokenizer.encode(text).unwrap()).collect();
        let batch = tokenizer.pad(&rows.iter().collect::<Vec<_>>(), None).unwrap();
        prop_assert_eq!(batch.length, rows.iter().map(|row| row.ids.len()).max().unwrap());
        let positions = batch.positions();
        for (number, row) in rows.iter().enumerate() {
            prop_assert!(row.ids.len() <= 16);
            let kept: Vec<usize> = (0..batch.length).filter(|cell| batch.row_mask(number)[*cell] == 1).collect();
            let ids: Vec<u32> = kept.iter().map(|cell| batch.row_ids(number)[*cell] as u32).collect();
            prop_assert_eq!(&ids, &row.ids);
            prop_assert_eq!(kept[0], if left { batch.length - ids.len() } else { 0 });
            for (token, cell) in kept.iter().enumerate() {
                prop_assert_eq!(positions[number * batch.length + cell], token as i64);
            }
        }
    }
}
