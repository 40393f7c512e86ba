//! Loading a tokenizer: which file says what, and what is refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use std::error::Error as _;

use embedkit_tokenizer::{Error, Result, Side, Tokenizer, TokenizerFiles, TokenizerOptions, WindowRule};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The word pieces of a small generated model.
const TOKENIZER: &str = include_str!("../../dense/tests/fixtures/transformer-cls/tokenizer.json");

type Edit<'e> = &'e dyn Fn(&mut Value);

/// Files, with `tokenizer.json` changed by `edit`; configurations that are null are absent.
fn files(
    edit: impl FnOnce(&mut Value),
    tokenizer_config: Value,
    config: Value,
    special: Value,
) -> TokenizerFiles<'static> {
    let bytes = |value: Value| (!value.is_null()).then(|| value.to_string().into_bytes().into());
    let mut tokenizer: Value = serde_json::from_str(TOKENIZER).unwrap();
    edit(&mut tokenizer);
    let mut files = TokenizerFiles::new(tokenizer.to_string().into_bytes());
    files.tokenizer_config = bytes(tokenizer_config);
    files.config = bytes(config);
    files.special_tokens_map = bytes(special);
    files
}

fn load(tokenizer_config: Value) -> Result<Tokenizer> {
    Tokenizer::load(&files(|_| (), tokenizer_config, Value::Null, Value::Null), &TokenizerOptions::default())
}

/// An error with its causes.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

#[test]
fn the_window_is_what_its_rule_says() {
    let all = || {
        files(
            |_| (),
            json!({"model_max_length": 40, "max_length": 30}),
            json!({"max_position_embeddings": 35}),
            Value::Null,
        )
    };
    let mut options = TokenizerOptions::default();
    for (rule, window) in [(WindowRule::Fastembed, 30), (WindowRule::SentenceTransformers, 35)] {
        options.window = rule;
        assert_eq!(Tokenizer::load(&all(), &options).unwrap().max_length(), window);
    }
    for (rule, named) in [(WindowRule::Fastembed, "max_length"), (WindowRule::SentenceTransformers, "config.json")] {
        options.window = rule;
        let files = files(|_| (), json!({"model_max_length": 1e30}), Value::Null, Value::Null);
        let error = Tokenizer::load(&files, &options).unwrap_err().to_string();
        assert!(
            error.contains("tokenizer_config.json") && error.contains(named) && error.contains("`max-length`"),
            "{error}"
        );
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
}

/// A text has two special tokens here, and a pair three.
#[test]
fn a_window_has_room_for_a_token() {
    let alone = files(|_| (), json!({"pad_token": "[PAD]"}), Value::Null, Value::Null);
    for (max_length, reserved, pairs, special) in [
        (0, 0, false, Some(2)),
        (2, 0, false, Some(2)),
        (3, 0, false, None),
        (3, 1, false, Some(3)),
        (4, 1, false, None),
        (0, 9, false, Some(11)),
        (3, 0, true, Some(3)),
        (4, 0, true, None),
        (5, 2, true, Some(5)),
    ] {
        let mut options = TokenizerOptions::default();
        (options.max_length, options.reserved, options.pairs) = (Some(max_length), reserved, pairs);
        let case = format!("{max_length} {reserved} {pairs}");
        match (Tokenizer::load(&alone, &options), special) {
            (Ok(tokenizer), None) => {
                let row = tokenizer.encode("hello hello hello").unwrap();
                assert_eq!((row.ids.len(), row.truncated), (max_length - reserved, true), "{case}");
                match tokenizer.encode_pair("hello", "hello") {
                    Ok(row) => assert!(row.ids.len() <= max_length - reserved, "{case}"),
                    Err(error) => {
                        assert!(!pairs && error.to_string().contains("3 special ones of a pair"), "{case}: {error}");
                    }
                }
            }
            (Err(error), Some(special)) => {
                let told = format!("{max_length} leaves no room for a token beside {special} special ones");
                assert!(matches!(error, Error::InvalidOption { option: "max_length", .. }), "{case}: {error}");
                assert!(error.to_string().contains(&told), "{case}: {error}");
            }
            (got, _) => panic!("{case}: {got:?}"),
        }
    }
}

/// What the options say of padding goes before what the files do.
#[test]
fn options_say_how_rows_are_padded() {
    let stored = |tokenizer: &mut Value| {
        tokenizer["padding"] = json!({"strategy": "BatchLongest", "direction": "Left", "pad_to_multiple_of": 5,
            "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"});
    };
    let files = files(stored, json!({"model_max_length": 40}), Value::Null, Value::Null);
    for (padding_side, pad_exactly, mask) in [
        (None, false, [0, 0, 1, 1, 1].as_slice()),
        (Some(Side::Left), false, &[0, 0, 1, 1, 1]),
        (Some(Side::Right), false, &[1, 1, 1, 0, 0]),
        (None, true, &[0, 1, 1, 1]),
        (Some(Side::Right), true, &[1, 1, 1, 0]),
    ] {
        let mut options = TokenizerOptions::default();
        (options.padding_side, options.pad_exactly) = (padding_side, pad_exactly);
        let tokenizer = Tokenizer::load(&files, &options).unwrap();
        let [short, long] = ["hello", "hello hello"].map(|text| tokenizer.encode(text).unwrap());
        let batch = tokenizer.pad(&[&short, &long], None).unwrap();
        assert_eq!(batch.row_mask(0), mask, "{padding_side:?} {pad_exactly}");
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
fn a_padding_id_that_is_none_is_refused() {
    for id in [json!(-1), json!("3"), json!(3.0), json!(true), json!(1_u64 << 32)] {
        let config = json!({"pad_token_id": id});
        let files = files(|_| (), json!({"model_max_length": 20, "pad_token": "[PAD]"}), config, Value::Null);
        let error = Tokenizer::load(&files, &TokenizerOptions::default()).unwrap_err().to_string();
        assert!(error.starts_with("config.json: `pad_token_id` is "), "{error}");
    }
}

#[test]
fn special_tokens_come_in_every_form() {
    let special =
        json!({"cls_token": "[CLS]", "extra": ["[ONE]", {"content": "[TWO]", "lstrip": true}, null], "no": null});
    let config = json!({"model_max_length": 20, "pad_token": "[PAD]"});
    let files_with = |special: Value| files(|_| (), config.clone(), Value::Null, special);
    let tokenizer = Tokenizer::load(&files_with(special), &TokenizerOptions::default()).unwrap();
    for token in ["[CLS]", "[ONE]", "[TWO]"] {
        assert!(tokenizer.is_special(tokenizer.id(token).unwrap()), "{token}");
    }
    for wrong in [json!({"content": 4}), json!({"content": "[CLS]", "rstrip": null}), json!([{"content": ["[CLS]"]}])] {
        let files = files_with(json!({"cls_token": wrong}));
        let error = Tokenizer::load(&files, &TokenizerOptions::default()).unwrap_err();
        assert!(error.to_string().contains("`cls_token` holds "), "{error}");
    }
}

/// Ids that fastembed 0.9.1 gives (`special_tokens.py` beside this file made them).
#[test]
fn special_tokens_get_ids_in_the_files_order() {
    #[derive(serde::Deserialize)]
    struct Case {
        special_tokens_map: String,
        tokens: Vec<(String, u32)>,
        texts: Vec<(String, Vec<u32>)>,
    }
    let cases: Vec<Case> = serde_json::from_str(include_str!("special_tokens.json")).unwrap();
    assert!(cases.len() > 4);
    for case in cases {
        let mut files = files(|_| (), json!({"model_max_length": 40, "pad_token": "[PAD]"}), Value::Null, Value::Null);
        files.special_tokens_map = Some(case.special_tokens_map.clone().into_bytes().into());
        let tokenizer = Tokenizer::load(&files, &TokenizerOptions::default()).unwrap();
        assert!(tokenizer.special_ids().eq(case.tokens.iter().map(|(_, id)| *id)), "{}", case.special_tokens_map);
        for (token, id) in case.tokens {
            assert_eq!(tokenizer.id(&token), Some(id), "{} {token}", case.special_tokens_map);
        }
        for (text, ids) in case.texts {
            assert_eq!(tokenizer.encode(&text).unwrap().ids, ids, "{} {text}", case.special_tokens_map);
        }
    }
}

#[test]
fn configurations_that_python_wrote_are_read() {
    let mut files = files(|_| (), Value::Null, Value::Null, Value::Null);
    files.tokenizer_config = Some(br#"{"model_max_length": Infinity, "max_length": 7, "pad_token": "[PAD]"}"#.into());
    files.config = Some(br#"{"time_step_limit": [0.0, Infinity], "x": NaN, "pad_token_id": 5}"#.into());
    let tokenizer = Tokenizer::load(&files, &TokenizerOptions::default()).unwrap();
    assert_eq!((tokenizer.max_length(), tokenizer.pad_id()), (7, Some(5)));
}

#[test]
fn a_special_token_in_a_text_may_be_plain_text() {
    let special = json!({"image": "<|image_pad|>", "n": {"content": "§", "normalized": true}});
    let byte_level = |tokenizer: &mut Value| {
        let pieces = ["<", "|", ">", "a", "b", "c"].into_iter().chain(
            tokenizer["added_tokens"]
                .as_array()
                .unwrap()
                .iter()
                .map(|token| token["content"].as_str().unwrap())
                .collect::<Vec<_>>(),
        );
        let vocab: serde_json::Map<_, _> =
            pieces.enumerate().map(|(id, piece)| (piece.to_owned(), id.into())).collect();
        let pre_tokenizer =
            json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true});
        tokenizer["normalizer"] = Value::Null;
        tokenizer["pre_tokenizer"] = pre_tokenizer;
        tokenizer["model"] = json!({"type": "BPE", "vocab": vocab, "merges": []});
        for token in tokenizer["added_tokens"].as_array_mut().unwrap() {
            token["id"] = vocab[token["content"].as_str().unwrap()].clone();
        }
    };
    // Word pieces are read by our own code, BPE by the library.
    let edits: [Edit<'_>; 2] = [&|_| (), &byte_level];
    for edit in edits {
        let files = files(edit, json!({"model_max_length": 40, "pad_token": "[PAD]"}), Value::Null, special.clone());
        let mut options = TokenizerOptions::default();
        let tokenizer = Tokenizer::load(&files, &options).unwrap();
        options.special_tokens_as_text = true;
        let plain = Tokenizer::load(&files, &options).unwrap();
        let image = tokenizer.id("<|image_pad|>").unwrap();
        for text in ["a <|image_pad|> b", "<|image_pad|>", "[SEP]a[CLS]", "§ c"] {
            let (read, as_text) = (tokenizer.encode(text).unwrap().ids, plain.encode(text).unwrap().ids);
            assert!(tokenizer.special_token_in(text).is_some());
            assert_eq!(read.contains(&image), text.contains("image"), "{text}");
            // Those around the text stay.
            assert_eq!((as_text.first(), as_text.last()), (read.first(), read.last()), "{text}");
            let inner = &as_text[1..as_text.len() - 1];
            let unknown = plain.unknown_id();
            assert!(inner.iter().all(|id| !plain.is_special(*id) || Some(*id) == unknown), "{text}: {inner:?}");
            assert_ne!(read, as_text, "{text}");
            assert_eq!(plain.encode_bare(text).unwrap(), inner);
            let pair = plain.encode_pair("a", text).unwrap().ids;
            assert!(pair.windows(inner.len()).any(|ids| ids == inner), "{text}: {pair:?}");
        }
        assert_eq!(tokenizer.encode("a b c").unwrap(), plain.encode("a b c").unwrap());
        assert_eq!(tokenizer.special_token_in("a [MASK <|image_pad|"), None);
        assert_eq!(tokenizer.special_token_in("a [SEP] [CLS]"), Some("[SEP]"));
    }
}

#[test]
fn wrong_files_are_named() {
    let error = load(json!({"model_max_length": 20, "padding_side": "middle"})).unwrap_err();
    assert!(error.to_string().contains("`padding_side` is \"middle\""), "{error}");
    let mut broken = TokenizerFiles::new(&b"{}"[..]);
    broken.folder = "some/model".into();
    let error = Tokenizer::load(&broken, &TokenizerOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "some/model/tokenizer.json: is not a tokenizer");
    assert!(error.source().is_some());
}

#[test]
fn what_is_too_large_is_refused() {
    let config = || json!({"model_max_length": 20, "pad_token": "[PAD]"});
    let mut options = TokenizerOptions::default();
    options.max_file_bytes = 1000;
    let error = Tokenizer::load(&files(|_| (), config(), Value::Null, Value::Null), &options).unwrap_err();
    assert!(error.to_string().contains("`max_file_bytes` allows 1000"), "{error}");

    let mut options = TokenizerOptions::default();
    options.max_text_bytes = 20_000;
    let pieces = Tokenizer::load(&files(|_| (), config(), Value::Null, Value::Null), &options).unwrap();
    let split = |tokenizer: &mut Value| tokenizer["pre_tokenizer"] = json!({"type": "Whitespace"});
    let library = Tokenizer::load(&files(split, config(), Value::Null, Value::Null), &options).unwrap();
    let (words, one_word) = ("hello ".repeat(10_000), "x".repeat(30_000));
    assert!(pieces.encode(&one_word).is_ok());
    assert!(library.encode(&words).unwrap().truncated);
    assert!(library.encode(&one_word[..20_000]).is_ok());
    for text in [&one_word, &words] {
        let error = library.encode_bare(text).unwrap_err();
        assert!(matches!(error, Error::RefusedText { .. }));
        assert!(error.to_string().contains("`max_text_bytes` allows 20000"), "{error}");
    }
}

/// A text is cut before it is read; what is kept must be what the whole text gives.
#[test]
fn long_texts_are_those_of_the_whole() {
    let text: String =
        (0..40_000).map(|n| ["hello ", "wörld", "  un", "\n[SEP] ", "x", "[MASK]", "!? "][n * n % 31 % 7]).collect();
    let byte_level = json!({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true});
    let metaspace = json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": true});
    for pre_tokenizer in [json!({"type": "Whitespace"}), byte_level, metaspace] {
        for side in ["left", "right"] {
            let edit = |tokenizer: &mut Value| tokenizer["pre_tokenizer"] = pre_tokenizer.clone();
            let config = json!({"model_max_length": 300, "pad_token": "[PAD]", "truncation_side": side});
            let tokenizer =
                Tokenizer::load(&files(edit, config, Value::Null, Value::Null), &TokenizerOptions::default());
            let tokenizer = tokenizer.unwrap();
            let (cut, whole) = (tokenizer.encode(&text).unwrap(), tokenizer.encode_bare(&text).unwrap());
            let kept = if side == "left" { &whole[whole.len() - 298..] } else { &whole[..298] };
            assert!(cut.truncated);
            assert_eq!(&cut.ids[1..299], kept, "{side} {pre_tokenizer}");
        }
    }
}

/// Found by fuzzing and by attack: what the library panics at, runs out of memory or stack with, and what would let a
/// row outgrow its window.
#[test]
fn hostile_files_are_refused() {
    let config = || Some(br#"{"model_max_length": 9}"#.into());
    let refused = |json: &str| {
        let mut files = TokenizerFiles::new(json.as_bytes());
        files.tokenizer_config = config();
        chain(&Tokenizer::load(&files, &TokenizerOptions::default()).unwrap_err())
    };
    let error = refused(r#"{"decoder": {"type" 1}}"#);
    assert!(error.contains("the tokenizer library panicked"), "{error}");
    let deep = |open: &str, close: &str, levels: usize| {
        [open.repeat(levels), "null".to_owned(), close.repeat(levels)].concat()
    };
    for levels in [40, 60, 200, 100_000] {
        for part in ["normalizer", "pre_tokenizer", "decoder", "post_processor", "model", "added_tokens", "other"] {
            for (open, close) in [
                ("[", "]"),
                ("{\"a\":", "}"),
                ("{\"type\":\"Sequence\",\"normalizers\":[", "]}"),
                ("{\"type\":\"Sequence\",\"pretokenizers\":[", "]}"),
                ("{\"type\":\"Sequence\",\"decoders\":[", "]}"),
                ("{\"type\":\"Sequence\",\"processors\":[", "]}"),
                ("{\"normalizers\":[", "]}"),
            ] {
                let mut json: Value = serde_json::from_str(TOKENIZER).unwrap();
                json[part] = "HERE".into();
                let json = json.to_string().replace("\"HERE\"", &deep(open, close, levels));
                let mut files = TokenizerFiles::new(json.into_bytes());
                files.tokenizer_config = config();
                // Threads have the smallest stacks: 2 MiB.
                let load = move || Tokenizer::load(&files, &TokenizerOptions::default()).is_err();
                let refused = std::thread::spawn(load).join().unwrap();
                assert!(refused || (part == "other" && levels < 100), "{levels} {part} {open}");
            }
        }
    }

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
    let replace = json!({"type": "Replace", "pattern": {"String": "a"}, "content": "aaaaaaaaaaaaaaaa"});
    let growing = |tokenizer: &mut Value| {
        tokenizer["normalizer"] = json!({"type": "Sequence", "normalizers": vec![replace.clone(); 9]});
        tokenizer["added_tokens"][0]["normalized"] = true.into();
    };
    let charsmap = |tokenizer: &mut Value| {
        tokenizer["normalizer"] = json!({"type": "Precompiled", "precompiled_charsmap": "AP///w=="});
    };
    let nested_regex = |tokenizer: &mut Value| {
        let regex = "(".repeat(100_000);
        tokenizer["pre_tokenizer"] =
            json!({"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": false});
    };
    let long_piece = |tokenizer: &mut Value| {
        let pieces = json!([["<unk>", 0.0], ["a".repeat(5000), -1.0]]);
        tokenizer["model"] = json!({"type": "Unigram", "unk_id": 0, "vocab": pieces, "byte_fallback": false});
    };
    let edits: [(Edit<'_>, &str); 7] = [
        (&long_piece, "a piece of 5000 bytes"),
        (&multiple, "`pad_to_multiple_of`"),
        (&template, "leaves no room"),
        (&twice, "repeats a text"),
        (&growing, "64 times as long"),
        (&charsmap, "`precompiled_charsmap` is damaged"),
        (&nested_regex, "is not a tokenizer"),
    ];
    for (edit, expected) in edits {
        let files = files(edit, json!({"model_max_length": 9}), Value::Null, Value::Null);
        let error = chain(&Tokenizer::load(&files, &TokenizerOptions::default()).unwrap_err());
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
