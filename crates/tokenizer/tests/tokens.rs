//! Tokens one by one, and the text that ids stand for.
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

use embedkit_tokenizer::{Side, Tokenizer, TokenizerFiles, TokenizerOptions};

/// A tokenizer of words, with markers around a text.
const WORDS: &str = r#"{
    "version": "1.0", "truncation": null, "padding": null,
    "added_tokens": [
        {"id": 0, "content": "[CLS]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
        {"id": 1, "content": "[SEP]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}
    ],
    "normalizer": null, "pre_tokenizer": {"type": "Whitespace"},
    "post_processor": {"type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {
            "[CLS]": {"id": "[CLS]", "ids": [0], "tokens": ["[CLS]"]}, "[SEP]": {"id": "[SEP]", "ids": [1], "tokens": ["[SEP]"]}
        }},
    "decoder": null,
    "model": {"type": "WordLevel", "unk_token": "?", "vocab": {"[CLS]": 0, "[SEP]": 1, "?": 2, "naïve": 3, "cat": 4}}
}"#;

fn tokenizer() -> Tokenizer {
    let mut options = TokenizerOptions::default();
    options.max_length = Some(4);
    Tokenizer::load(&TokenizerFiles::new(WORDS.as_bytes().to_vec()), &options).unwrap()
}

#[test]
fn tokens_say_which_bytes_they_are_of_and_are_not_cut() {
    let tokens = tokenizer().tokens("naïve cat dog", true).unwrap();
    let seen: Vec<_> = tokens.iter().map(|token| (token.id, token.text.as_str(), token.bytes.clone())).collect();
    let expected = [(0, "[CLS]", None), (3, "naïve", Some(0..6)), (4, "cat", Some(7..10)), (2, "?", Some(11..14))];
    assert_eq!(seen, [&expected[..], &[(1, "[SEP]", None)]].concat());
    assert_eq!(tokenizer().tokens("cat", false).unwrap().len(), 1);
}

#[test]
fn ids_are_those_of_encode_with_the_bytes_that_they_are_of() {
    let mut options = TokenizerOptions::default();
    options.max_length = Some(4);
    for side in [Side::Right, Side::Left] {
        options.truncation_side = Some(side);
        let tokenizer = Tokenizer::load(&TokenizerFiles::new(WORDS.as_bytes().to_vec()), &options).unwrap();
        for text in ["", "  ", "cat", "naïve cat", " naïve  dog cat naïve", "🎉 cat 🎉"] {
            let (encoding, places) = tokenizer.encode_with_places(text).unwrap();
            assert_eq!(encoding, tokenizer.encode(text).unwrap(), "{text:?}");
            let words: Vec<&str> = places.iter().flatten().map(|place| &text[place.clone()]).collect();
            let all: Vec<&str> = text.split_whitespace().collect();
            let kept = if side == Side::Right { ..all.len().min(2) } else { ..all.len() };
            let expected = &all[kept];
            assert_eq!(words, expected[expected.len().saturating_sub(2)..], "{text:?}");
            assert_eq!((places.len(), &places[0], places.last()), (encoding.ids.len(), &None, Some(&None)));
        }
    }
}

#[test]
fn ids_become_text_again_and_unknown_ones_are_refused() {
    let tokenizer = tokenizer();
    assert_eq!(tokenizer.decode(&[0, 4, 3, 1], true).unwrap(), "cat naïve");
    assert_eq!(tokenizer.decode(&[0, 4], false).unwrap(), "[CLS] cat");
    assert!(tokenizer.decode(&[4, 99], true).unwrap_err().to_string().contains("99"));
}

#[test]
fn each_kind_of_vocabulary_tells_its_unknown_token_and_what_continues_a_word() {
    let pieces = r###"{"type": "WordPiece", "unk_token": "?", "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100, "vocab": {"a": 0, "?": 1}}"###;
    let merges = |unknown: &str, prefix: &str| {
        format!(
            r#"{{"type": "BPE", "dropout": null, "unk_token": {unknown}, "continuing_subword_prefix": {prefix},
                "end_of_word_suffix": null, "fuse_unk": false, "vocab": {{"a": 0, "?": 1}}, "merges": []}}"#
        )
    };
    let unigram =
        |unknown: &str| format!(r#"{{"type": "Unigram", "unk_id": {unknown}, "vocab": [["a", -1.0], ["?", -2.0]]}}"#);
    for (model, unknown, prefix) in [
        (r#"{"type": "WordLevel", "unk_token": "?", "vocab": {"a": 0, "?": 1}}"#.to_owned(), Some(1), None),
        (r#"{"type": "WordLevel", "unk_token": "x", "vocab": {"a": 0, "?": 1}}"#.to_owned(), None, None),
        (pieces.to_owned(), Some(1), Some("##")),
        (merges(r#""?""#, "null"), Some(1), None),
        (merges("null", r#""@@""#), None, Some("@@")),
        (unigram("1"), Some(1), None),
        (unigram("null"), None, None),
    ] {
        let file = format!(r#"{{"version": "1.0", "added_tokens": [], "model": {model}}}"#);
        let mut options = TokenizerOptions::default();
        options.max_length = Some(4);
        let tokenizer = Tokenizer::load(&TokenizerFiles::new(file.into_bytes()), &options).unwrap();
        assert_eq!(tokenizer.unknown_id(), unknown, "{model}");
        assert_eq!(tokenizer.continuing_prefix().as_deref(), prefix, "{model}");
    }
}
