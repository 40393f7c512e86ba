//! Texts of every kind: each has finite numbers, from the library and from the program the same.

use crate::case::{Case, Expected, Trial};
use crate::common::subject::*;

/// What is in a text, and the text.
type Text = (&'static str, fn() -> String);

const TEXTS: &[Text] = &[
    ("empty", String::new),
    ("blanks", || " \t\n\r\u{a0}\u{2003}\u{3000} ".into()),
    ("NUL", || "hel\0lo \0 world\0".into()),
    ("control characters", || ('\u{1}'..'\u{20}').chain('\u{7f}'..'\u{a0}').collect()),
    ("a byte order mark", || "\u{feff}hello\u{feff} world".into()),
    ("right to left", || "\u{202e}مرحبا بالعالم! שלום עולם\u{202c} hello".into()),
    ("a word of combining marks", || format!("a{}", "\u{301}\u{20dd}".repeat(500))),
    ("one token, often", || "hello ".repeat(5000)),
    ("one word, long", || "hello".repeat(20_000)),
    ("all planes", planes),
    ("non-characters", || "\u{fffe}\u{ffff}\u{1fffe}\u{10ffff}\u{fdd0}".into()),
    ("the replacement character", || "\u{fffd}".repeat(100)),
    ("joined signs", || "👩‍👩‍👧‍👦🏳️‍🌈🇪🇺".repeat(50)),
    ("special tokens", || "[CLS] [SEP] [PAD] [MASK] [UNK] <s> </s> <pad> <unk> <|endoftext|> <|im_end|> ".repeat(9)),
    ("markup", || "<a href='javascript:'>%s%n{0}{{x}}\\u0000\\x00\"'`".into()),
];

/// Texts that are as good as others, to tokenizers of word pieces: they clean texts.
const EQUAL: &[(&str, &str, &str)] = &[
    ("blanks are nothing", " \t\n\u{3000} ", ""),
    ("NUL is nothing", "hel\0lo wor\0ld", "hello world"),
    ("a byte order mark is nothing", "\u{feff}hello world", "hello world"),
    ("case is nothing", "HELLO WORLD", "hello world"),
    ("accents are nothing", "he\u{301}llo wörld", "hello world"),
];

/// Models with word pieces.
const CLEANERS: [Subject; 6] = [TRANSFORMER, STATIC, SPLADE, COLBERT, RERANK, MINICOIL];

/// A text of ten megabytes, and one that is longer than any window here.
const LONG: (usize, usize) = (500_000, 1000);

/// Models that see no more of a text than their window.
const WINDOWED: [Subject; 8] = [TRANSFORMER, UNIGRAM, BYTE_LEVEL, SPLADE, COLBERT, COLPALI, RERANK, HYBRID];

/// Models that see all of it.
const ENDLESS: [Subject; 2] = [BM25, STATIC];

pub(crate) fn cases() -> Vec<Case> {
    // In one call: a text depends on none beside it, whatever that is.
    let texts = TEXT.map(|subject| {
        let inputs = TEXTS.iter().map(|(_, text)| text()).collect();
        let names: Vec<&str> = TEXTS.iter().map(|(name, _)| *name).collect();
        Trial { inputs, ..Trial::of(subject, Expected::Finite(0)) }.case(format!("texts of {}", names.join(", ")))
    });
    let equal = EQUAL.iter().flat_map(|(name, text, other)| {
        CLEANERS.map(|subject| {
            let expected = Expected::As(vec![(*other).to_owned()]);
            Trial { inputs: vec![(*text).to_owned()], ..Trial::of(subject, expected) }.case(name)
        })
    });
    let words = |times| vec!["the quick brown fox ".repeat(times)];
    let long = |subject, expected| Trial { inputs: words(LONG.0), ..Trial::of(subject, expected) }.case("10 MB");
    let windowed = WINDOWED.map(|subject| long(subject, Expected::As(words(LONG.1))));
    let endless = ENDLESS.map(|subject| long(subject, Expected::Finite(1)));
    texts.into_iter().chain(equal).chain(windowed).chain(endless).collect()
}

/// Some characters of each plane of Unicode.
fn planes() -> String {
    (0..0x11)
        .flat_map(|plane| (0..0x1_0000).step_by(0x777).filter_map(move |c| char::from_u32(plane << 16 | c)))
        .collect()
}
