//! Lines that the program reads: texts that JSON allows and text does not, and what is no JSON.

use crate::case::Case;
use crate::common::run_with;
use crate::program;

/// The model that is compiled in.
const EMBED: &[&str] = &["embed"];
const JSONL: &[&str] = &["embed", "--input-format", "jsonl"];
const BM25: &[&str] = &["embed", "-m", "Qdrant/bm25"];
const TOKENS: &[&str] = &["tokens"];
const MUVERA: &[&str] = &["muvera", "--dim", "2", "--k-sim", "2", "--dim-proj", "2", "--r-reps", "2"];

/// The program's arguments, its standard input, and what the error says.
const REFUSED: &[(&[&str], &[u8], &[&str])] = &[
    (EMBED, br#"{"text":"\ud800"}"#, &["line 1", "`text` is no text", "hex escape"]),
    (EMBED, br#"{"text":"\udc00 alone"}"#, &["line 1", "`text` is no text", "hex escape"]),
    (EMBED, b"\"a\"\n\"\\ud83d\"\n", &["line 2", "not JSON"]),
    (EMBED, b"\"a\"\n\"\\ud83d\\u0041\"\n", &["line 2", "not JSON"]),
    (BM25, br#"{"text":"\ud800"}"#, &["line 1", "`text` is no text", "hex escape"]),
    (TOKENS, br#"{"text":"\ud800"}"#, &["line 1", "`text` is no text", "hex escape"]),
    (EMBED, b"\"a\"\n\"\xed\xa0\x80\"\n", &["line 2", "UTF-8", "byte 2"]),
    (EMBED, b"\"a\"\n\"\xc0\x80\"\n", &["line 2", "UTF-8"]),
    (EMBED, b"\xff\xfeh\0e\0l\0l\0o", &["standard input", "UTF-16LE"]),
    (EMBED, b"h\0e\0l\0l\0o\0\n\0", &["standard input", "--input-encoding utf-16le"]),
    (JSONL, b"\"a\0b\"\n", &["line 1", "not JSON"]),
    (JSONL, b"\"tab\tb\"\n", &["line 1", "not JSON"]),
    (JSONL, b"\"a\" \"b\"\n", &["line 1", "not JSON"]),
    (JSONL, b"[\"a\"]\n", &["line 1", "neither a JSON string nor an object"]),
    (JSONL, b"null\n", &["line 1", "neither a JSON string nor an object"]),
    (JSONL, b"NaN\n", &["line 1", "neither a JSON string"]),
    (JSONL, b"{\"text\":[\"a\"]}\n", &["line 1", "`text` is not a string"]),
    (JSONL, b"{\"text\":1e999}\n", &["line 1", "`text` is not a string"]),
    (JSONL, b"{\"Text\":\"a\"}\n", &["line 1", "no field `text`"]),
    (JSONL, b"{}\n", &["line 1", "no field `text`"]),
    (JSONL, b"{\"text\":\"a\"\n", &["line 1", "not JSON"]),
    (EMBED, b"{\"text\":\"a\"}}\n", &["line 1", "not JSON"]),
    (MUVERA, b"{\"embeddings\":[[1,2,3]]}\n", &["line 1"]),
    (MUVERA, b"{\"embeddings\":[[1,null]]}\n", &["line 1"]),
    (MUVERA, b"{\"embeddings\":[[1,1e999]]}\n", &["line 1"]),
    (MUVERA, b"{\"embeddings\":[[1,2],[1]]}\n", &["line 1"]),
    (MUVERA, b"{\"embeddings\":[]}\n", &["line 1"]),
    (&["muvera", "--dim", "0"], b"", &["dim"]),
    (&["muvera", "--dim", "2", "--k-sim", "64", "--dim-proj", "2"], b"", &["k_sim"]),
    (&["muvera", "--dim", "2", "--k-sim", "4294967295", "--dim-proj", "2"], b"", &["k_sim"]),
    (&["muvera", "--dim", "2", "--dim-proj", "2", "--r-reps", "0"], b"", &["r_reps"]),
    (&["muvera", "--dim", "2", "--dim-proj", "2", "--r-reps", "18446744073709551615"], b"", &["r_reps"]),
    (&["muvera", "--dim", "18446744073709551615", "--dim-proj", "2"], b"", &["dim"]),
    (&["embed", "--input", "no/such/file"], b"", &["no/such/file"]),
    (&["embed", "--input", "/dev/null/x"], b"", &["/dev/null/x"]),
    (&["embed", "--output", "/dev/null/x", "a"], b"", &["/dev/null/x"]),
    (&["embed", "--model", "", "a"], b"", &["\"\""]),
    (&["embed", "--encoding", "int8", "--calibration", "/dev/null", "a"], b"", &["/dev/null"]),
    (&["embed", "--manifest", "/dev/null/x", "a"], b"", &["/dev/null/x"]),
    (&["rerank", "--query", "", "--top-k", "1", "--model", "no/such", "a"], b"", &["no/such"]),
];

/// The program's arguments, its standard input, and the input that it is the same as.
const READ: &[(&[&str], &[u8], &[u8])] = &[
    (EMBED, b"\xef\xbb\xbf\"hello\"\n", b"\"hello\"\n"),
    (EMBED, b"\xef\xbb\xbfhello\n", b"hello\n"),
    (EMBED, b"hello\r\nworld\r\n", b"hello\nworld\n"),
    (EMBED, b"hello\nworld", b"hello\nworld\n"),
    (EMBED, br#""\ud83d\ude00 hello""#, "\"😀 hello\"".as_bytes()),
    (EMBED, br#"{"text":"\u0000hello"}"#, b"\0hello\n"),
    (EMBED, b"\n\n\"hello\"\n\n", b"\"hello\"\n"),
    (EMBED, b"\xff\xfeh\0e\0l\0l\0o\0\n\0", b"hello\n"),
    (EMBED, b"{\"text\":\"no\",\"text\":\"hello\"}\n", b"\"hello\"\n"),
    (EMBED, b"hel\0lo\n", b"hel\0lo\n"),
    (JSONL, b"", b""),
    (JSONL, b"\n \n", b""),
    (BM25, br#"{"text":"\ud83d\ude00"}"#, "😀\n".as_bytes()),
];

pub(crate) fn cases() -> Vec<Case> {
    let refused = REFUSED.iter().map(|(arguments, input, parts)| {
        Case::new(format!("{arguments:?} < {}", shown(input)), move || {
            program::check_failure(&run_with(arguments, input), parts)
        })
    });
    let read = READ.iter().map(|(arguments, input, other)| {
        Case::new(format!("{arguments:?} < {} is as {}", shown(input), shown(other)), move || {
            let (outcome, other) = (run_with(arguments, input), run_with(arguments, other));
            if outcome.code != 0 || !outcome.stderr.is_empty() {
                return Err(outcome.stderr);
            }
            let (numbers, others) = (program::numbers(&outcome)?, program::numbers(&other)?);
            if numbers == others { Ok(()) } else { Err(format!("{numbers:?}, not {others:?}")) }
        })
    });
    refused.chain(read).chain([depth()]).collect()
}

fn shown(input: &[u8]) -> String {
    String::from_utf8_lossy(input).escape_debug().to_string()
}

/// JSON that is deeper than any stack is an error, and not the stack's end.
fn depth() -> Case {
    Case::new("JSON of a hundred thousand brackets", || {
        let line = format!("{{\"text\":\"a\",\"more\":{}", "[".repeat(100_000));
        program::check_failure(&run_with(JSONL, line.as_bytes()), &["line 1", "not JSON"])
    })
}
