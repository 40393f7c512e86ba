//! `--chunk`: long texts in parts that the model sees whole.
#![cfg(feature = "retrieval")]
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

mod common;

use common::{Outcome, run, run_with};
use serde_json::Value;

/// About 60 tokens, in two paragraphs.
const LONG: &str = "The cat sleeps on the sofa. The dog sleeps in the garden. Nobody sleeps in the kitchen.\\n\\nBread keeps \
    in a paper bag. Grüße aus Köln. The tax return is due in May. Snow fell in the mountains all night, and nobody was \
    there to see it.";

fn embed(more: &[&str]) -> Outcome {
    let input = format!("{{\"text\":\"a short text\",\"id\":1,\"chunk\":\"own\"}}\n{{\"text\":\"{LONG}\",\"id\":2}}\n");
    run_with(&[&["embed", "--chunk", "--chunk-tokens", "20"], more].concat(), input.as_bytes())
}

fn number(line: &Value, field: &str) -> usize {
    usize::try_from(line[field].as_u64().unwrap()).unwrap()
}

#[test]
fn chunks_tell_what_they_are_of() {
    let whole: String = serde_json::from_str(&format!("\"{LONG}\"")).unwrap();
    let lines = embed(&["--keep-fields", "--keep-text", "--with-usage"]).json();
    assert!(lines.len() > 3, "{}", lines.len());
    assert_eq!((number(&lines[0], "index"), number(&lines[0], "chunk")), (0, 0));
    assert_eq!((number(&lines[0], "start"), number(&lines[0], "end")), (0, "a short text".len()));
    assert_eq!(lines[0]["input_chunk"], "own", "an input's own field has another name");
    let mut end = 0;
    for (at, line) in lines[1..].iter().enumerate() {
        assert_eq!((number(line, "index"), number(line, "chunk"), &line["id"]), (1, at, &Value::from(2)));
        let text = &whole[number(line, "start")..number(line, "end")];
        assert_eq!(line["text"], text);
        assert!(number(line, "tokens") <= 22 && line["truncated"] == false, "{line}");
        assert!(whole[end..number(line, "start")].trim().is_empty(), "nothing is lost");
        end = number(line, "end");
        let alone = run(&["embed", text]).vectors().remove(0);
        assert_eq!(serde_json::from_value::<Vec<f32>>(line["embedding"].clone()).unwrap(), alone);
    }
    assert_eq!(end, whole.len());
}

#[test]
fn sentences_are_repeated_where_that_is_asked_for() {
    let lines = embed(&["--chunk-overlap", "8"]).json();
    let repeats = lines[1..].windows(2).filter(|pair| number(&pair[1], "start") < number(&pair[0], "end")).count();
    assert!(repeats > 0, "{lines:?}");
}

#[test]
fn what_is_longer_than_the_window_is_split_and_else_told() {
    let long = "snow in the mountains. ".repeat(400);
    let input = format!("{long}\na\n");
    let cut = run_with(&["embed"], input.as_bytes());
    assert!(
        cut.stderr.contains("1 of 2 inputs is longer than the model's 512 tokens and cut (--chunk splits them"),
        "{}",
        cut.stderr
    );
    let refused = run_with(&["embed", "--on-long", "error"], input.as_bytes());
    refused.assert_fails(1, "--chunk would split it");
    let split = run_with(&["embed", "--chunk", "--with-usage"], input.as_bytes());
    assert_eq!(split.stderr, "");
    let lines = split.json();
    assert!(lines.len() > 4 && lines.iter().all(|line| line["truncated"] == false), "{}", lines.len());
    // Nor is anything cut where the window is smaller than a usual chunk.
    let small = run_with(&["embed", "--chunk", "--with-usage", "--max-length", "40"], input.as_bytes());
    assert_eq!(small.stderr, "");
    assert!(small.json().len() > 40);
}

#[test]
fn every_format_has_the_chunks() {
    let folder = tempfile::tempdir().unwrap();
    let lines = embed(&["--keep-text"]).json();
    let path = folder.path().join("out.parquet");
    assert_eq!(embed(&["--keep-text", "-o", path.to_str().unwrap()]).code, 0);
    let rows = run(&["tokens", "-i", path.to_str().unwrap(), "--keep-fields", "--keep-text"]).json();
    assert_eq!(rows.len(), lines.len());
    for (row, line) in rows.iter().zip(&lines) {
        for field in ["chunk", "start", "end", "text"] {
            assert_eq!(row[field], line[field], "{field}");
        }
    }
    for format in ["npz", "safetensors"] {
        let path = folder.path().join(format!("out.{format}"));
        assert_eq!(embed(&["-o", path.to_str().unwrap()]).code, 0);
        let bytes = std::fs::read(path).unwrap();
        for name in ["chunk", "start", "end"] {
            assert!(bytes.windows(name.len()).any(|part| part == name.as_bytes()), "{format} {name}");
        }
    }
    embed(&["--format", "npy"]).assert_fails(2, "--chunk needs another format");
}

#[test]
fn a_run_goes_on_within_an_input() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.jsonl");
    let whole = embed(&[]).stdout;
    let kept = whole.split_inclusive(|byte| *byte == b'\n').take(3).collect::<Vec<_>>().concat();
    std::fs::write(&path, [&kept[..], b"{\"index\":1,\"ch"].concat()).unwrap();
    assert_eq!(embed(&["--resume", "-o", path.to_str().unwrap()]).code, 0);
    assert_eq!(std::fs::read(&path).unwrap(), whole);
}

#[test]
fn chunks_that_cannot_be_are_refused() {
    run(&["embed", "--chunk-tokens", "9", "a"]).assert_fails(2, "--chunk");
    run(&["embed", "--chunk", "--chunk-tokens", "513", "a"]).assert_fails(2, "--chunk-tokens 513 is more than");
    for more in [["--chunk-tokens", "0"], ["--chunk-overlap", "512"]] {
        run(&[&["embed", "--chunk", "a"], &more[..]].concat()).assert_fails(2, "--chunk-overlap");
    }
    // BM25 has no window.
    assert_eq!(run(&["embed", "-m", "bm25", "--chunk", "the cats"]).json()[0]["chunk"], 0);
}
