//! Word pieces are read by our own code: it must give what the tokenizer library gives.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use embedkit_tokenizer::{Side, Tokenizer, TokenizerFiles, TokenizerOptions};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokenizers::{
    Encoding, Tokenizer as Library, TruncationDirection, TruncationParams, TruncationStrategy, truncate_encodings,
};

/// Pieces of every kind; single characters are added below.
const PIECES: &[&str] = &[
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "hello",
    "Hello",
    "hell",
    "##o",
    "##llo",
    "world",
    "##ld",
    "un",
    "##aff",
    "##able",
    "##ing",
    "straße",
    "STRASSE",
    "naïve",
    "naive",
    "##ï",
    "café",
    "cafe",
    "ärger",
    "arger",
    "##γα",
    "με",
    "Με",
    "한",
    "##국",
    "\u{1112}\u{1161}\u{11ab}",
    "##\u{1100}",
    "世",
    "##世",
    "世界",
    "##!",
    "...",
    "i\u{307}",
    "##\u{307}",
    "क",
    "##ा",
    "##\u{302e}",
    "##\u{1d165}",
    "ﬁ",
    "##ﬁ",
    "😀",
    "##😀",
    "a\u{7}",
    "##\u{7}b",
    "##\u{0}",
];

/// Fragments of texts in which rules meet.
const FRAGMENTS: &[&str] = &[
    "hello",
    "Hello",
    "HELLOworld",
    "unaffable",
    "straße",
    "STRASSE",
    "naïve",
    "nai\u{308}ve",
    "café",
    "ÄRGER",
    "Μεγάλα",
    "한국",
    "世界",
    "世",
    "\u{f900}",
    "\u{2f800}",
    "İstanbul",
    "\u{212a}elvin",
    "ﬁ",
    "क्षा",
    "\u{e01}\u{e33}",
    "😀👩\u{200d}👩",
    "\u{301}",
    "\u{302e}\u{323}",
    "\u{323}\u{302e}",
    "\u{1d165}\u{1d16e}",
    "\u{1d15e}",
    "\u{0}",
    "\u{7}",
    "\u{b}",
    "\u{7f}",
    "\u{85}",
    "\u{a0}",
    "\u{ad}",
    "\u{200b}",
    "\u{2028}",
    "\u{3000}",
    "\u{fffd}",
    "\u{feff}",
    "\u{e000}",
    " ",
    "  ",
    "\t",
    "\n",
    "\r\n",
    "!",
    "...",
    "$",
    "«",
    "—",
    "。",
    "[CLS]",
    "[cls]",
    "[CL",
    "[",
    "<s>",
    " <s> ",
    "<s",
    "§x",
    "[SEP]!",
    "##o",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "ééééééééééééééééééééé",
];

fn vocabulary() -> Value {
    let characters = "abcdefghilmnorstuvwxyzABCH0123456789!.,$[]<>#—。«é\u{301}ß§α";
    let singles = characters.chars().flat_map(|c| [c.to_string(), format!("##{c}")]);
    let pieces = PIECES.iter().map(|piece| (*piece).to_owned()).chain(singles);
    let mut vocabulary = serde_json::Map::new();
    for piece in pieces {
        let id = vocabulary.len();
        vocabulary.entry(piece).or_insert(json!(id));
    }
    Value::Object(vocabulary)
}

/// An added token whose matching differs from the special ones'.
fn added() -> impl Strategy<Value = Option<Value>> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), prop::bool::weighted(0.2));
    let content = prop::sample::select(vec!["<s>", "§", "él", "[CLS]!"]);
    prop::option::of((content, flags).prop_map(|(content, (single_word, lstrip, rstrip, normalized))| {
        json!({"id": 1000, "content": content, "single_word": single_word, "lstrip": lstrip, "rstrip": rstrip,
            "normalized": normalized, "special": false})
    }))
}

fn post_processor() -> impl Strategy<Value = Value> {
    let special = |token: &str, id: u32| json!({"id": token, "ids": [id], "tokens": [token]});
    let template = json!({
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
            {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
        "pair": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
            {"SpecialToken": {"id": "[SEP]", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}},
            {"SpecialToken": {"id": "[SEP]", "type_id": 1}}],
        "special_tokens": {"[CLS]": special("[CLS]", 2), "[SEP]": special("[SEP]", 3)},
    });
    let mut odd = template.clone();
    odd["single"] = json!([{"Sequence": {"id": "A", "type_id": 3}}, {"SpecialToken": {"id": "[SEP]", "type_id": 1}}]);
    odd["pair"] = json!([{"Sequence": {"id": "B", "type_id": 2}}, {"SpecialToken": {"id": "[SEP]", "type_id": 1}},
        {"Sequence": {"id": "A", "type_id": 0}}]);
    let bert = json!({"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]});
    let roberta = json!({"type": "RobertaProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2], "trim_offsets": true,
        "add_prefix_space": false});
    let sequence = json!({"type": "Sequence", "processors": [
        {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true}, template.clone()]});
    prop::sample::select(vec![Value::Null, template, odd, bert, roberta, sequence])
}

/// A `tokenizer.json` with any flags.
fn tokenizer() -> impl Strategy<Value = Value> {
    let flags = (any::<bool>(), any::<bool>(), any::<Option<bool>>(), any::<bool>());
    let model = (prop::sample::select(vec!["##", "", "zz"]), prop::sample::select(vec![5, 20, 100]));
    (flags, model, added(), post_processor()).prop_map(|(flags, (prefix, longest), added, post_processor)| {
        let (clean_text, handle_chinese_chars, strip_accents, lowercase) = flags;
        let special = |(id, content)| {
            json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": true})
        };
        let specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"].into_iter().enumerate().map(special);
        json!({
            "version": "1.0", "truncation": null, "padding": null, "decoder": null,
            "added_tokens": specials.chain(added).collect::<Vec<_>>(),
            "normalizer": {"type": "BertNormalizer", "clean_text": clean_text,
                "handle_chinese_chars": handle_chinese_chars, "strip_accents": strip_accents, "lowercase": lowercase},
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": post_processor,
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": prefix,
                "max_input_chars_per_word": longest, "vocab": vocabulary()},
        })
    })
}

fn text() -> impl Strategy<Value = String> {
    let fragment = prop_oneof![
        4 => prop::sample::select(FRAGMENTS).prop_map(str::to_owned),
        2 => "[a-zA-Z0-9!.,\\[\\]<>#é ]{0,12}",
        1 => any::<char>().prop_map(String::from),
        1 => "\\PC{0,6}",
        1 => Just(" ".to_owned()),
    ];
    prop::collection::vec(fragment, 0..24).prop_map(|fragments| fragments.concat())
}

/// What the library makes of one text or two.
fn expected(library: &Library, texts: &[&str], options: &TokenizerOptions) -> (Vec<u32>, Vec<u32>, bool) {
    let special = !options.without_special_tokens;
    let added = library.get_post_processor().filter(|_| special);
    let added = added.map_or(0, |processor| tokenizers::PostProcessor::added_tokens(processor, texts.len() > 1));
    let mut encodings: Vec<Encoding> = texts.iter().map(|text| library.encode(*text, false).unwrap()).collect();
    let mut second = (texts.len() > 1).then(|| encodings.pop().unwrap());
    if let Some(second) = &mut second {
        second.set_type_ids(vec![1; second.len()]);
    }
    let first = encodings.remove(0);
    let room = options.max_length.unwrap() - added;
    let truncated = first.len() + second.as_ref().map_or(0, Encoding::len) > room;
    let truncation = TruncationParams {
        direction: match options.truncation_side {
            Some(Side::Left) => TruncationDirection::Left,
            _ => TruncationDirection::Right,
        },
        max_length: room,
        strategy: TruncationStrategy::LongestFirst,
        stride: 0,
    };
    let (first, second) = truncate_encodings(first, second, &truncation).unwrap();
    let row = library.post_process(first, second, special).unwrap();
    (row.get_ids().to_vec(), row.get_type_ids().to_vec(), truncated)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn ids_are_the_librarys(
        json in tokenizer(),
        texts in prop::collection::vec(text(), 2..8),
        max_length in prop_oneof![5usize..20, Just(1000)],
        left in any::<bool>(),
        without_special_tokens in any::<bool>(),
        special_tokens_as_text in any::<bool>(),
    ) {
        let json = json.to_string().into_bytes();
        let mut library = Library::from_bytes(&json).unwrap();
        library.set_encode_special_tokens(special_tokens_as_text);
        let mut options = TokenizerOptions::default();
        options.max_length = Some(max_length);
        options.truncation_side = Some(if left { Side::Left } else { Side::Right });
        options.without_special_tokens = without_special_tokens;
        options.special_tokens_as_text = special_tokens_as_text;
        let ours = Tokenizer::load(&TokenizerFiles::new(json), &options).unwrap();
        for pair in texts.windows(2) {
            let row = ours.encode(&pair[0]).unwrap();
            prop_assert_eq!((row.ids, row.type_ids, row.truncated), expected(&library, &[&pair[0]], &options), "{:?}", pair);
            // A first text is read once for all its pairs, and may be cut differently in each.
            let first = ours.first_of_pair(&pair[0]).unwrap();
            for second in &texts {
                let row = ours.encode_after(&first, second).unwrap();
                let whole = expected(&library, &[&pair[0], second], &options);
                prop_assert_eq!((row.ids, row.type_ids, row.truncated), whole, "{:?} {:?}", first.text(), second);
            }
            let bare = library.encode(pair[0].as_str(), false).unwrap();
            prop_assert_eq!(ours.encode_bare(&pair[0]).unwrap(), bare.get_ids());
        }
    }
}
