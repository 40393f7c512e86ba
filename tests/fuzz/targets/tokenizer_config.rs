//! A tokenizer's four files, with NUL between them: they are refused, or give a tokenizer that encodes any text.
#![no_main]

use embedkit_core::tokenizer::{Tokenizer, TokenizerFiles, TokenizerOptions, WindowRule};
use libfuzzer_sys::{Corpus, fuzz_target};

const TEXTS: [&str; 6] =
    ["", "Hello, world!", "  two\twords\n", "日本語 naïve \u{301}🙂\u{200d}", "\0\u{fffd}", "[CLS] [PAD] <s>"];

fn expect_panics() {
    // Those of the tokenizer library are caught, so that they must not end the process where they happen, as
    // libFuzzer's hook would; one that nothing catches still ends it, in libFuzzer's own wrapper.
    drop(std::panic::take_hook());
}

fuzz_target!(init: expect_panics(), |data: &[u8]| -> Corpus {
    let mut parts = data.split(|byte| *byte == 0);
    let mut files = TokenizerFiles::new(parts.next().unwrap_or_default());
    let mut next = || parts.next().filter(|content| !content.is_empty()).map(Into::into);
    files.tokenizer_config = next();
    files.special_tokens_map = next();
    files.config = next();
    let mut bare = TokenizerOptions::default();
    (bare.max_length, bare.without_special_tokens) = (Some(16), true);
    let mut other = TokenizerOptions::default();
    (other.window, other.special_tokens_as_text) = (WindowRule::SentenceTransformers, true);
    let mut loaded = false;
    for options in [TokenizerOptions::default(), bare, other] {
        let Ok(tokenizer) = Tokenizer::load(&files, &options) else { continue };
        loaded = true;
        let encodings: Vec<_> = TEXTS.into_iter().filter_map(|text| tokenizer.encode(text).ok()).collect();
        for encoding in &encodings {
            assert!(encoding.ids.len() <= tokenizer.max_length());
        }
        let _ = tokenizer.encode_pair(TEXTS[1], TEXTS[3]);
        let _ = tokenizer.pad(&encodings.iter().collect::<Vec<_>>(), None);
        let _ = (tokenizer.unknown_id(), tokenizer.continuing_prefix());
    }
    // Inputs that are not even JSON teach nothing about tokenizers.
    if loaded || serde_json::from_slice::<serde_json::Value>(data.split(|byte| *byte == 0).next().unwrap_or(&[])).is_ok() {
        Corpus::Keep
    } else {
        Corpus::Reject
    }
});
