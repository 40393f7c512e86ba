//! Inputs in every form, right and wrong, through the model that is compiled in.
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

mod common;

use common::{run, run_with};
use serde_json::json;

#[test]
fn every_form_of_input_gives_the_same() {
    let expected = run(&["embed", "a cat", "the stock market"]).vectors();
    assert_eq!((expected.len(), expected[0].len()), (2, 256));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("texts.txt");
    std::fs::write(&file, "a cat\r\nthe stock market\r\n").unwrap();
    for (args, input) in [
        (vec!["embed"], &b"a cat\nthe stock market\n"[..]),
        (vec!["embed", "--input", "-"], b"a cat\nthe stock market"),
        (vec!["embed"], b"\"a cat\"\n\n{\"text\":\"the stock market\",\"id\":1}\n"),
        (vec!["embed", "--input-format", "jsonl"], b"{\"text\":\"a cat\"}\n\"the stock market\""),
        (vec!["embed", "-m", "EmbedKit/Static-MiniLM-en", "-i", file.to_str().unwrap()], b""),
        (vec!["embed", "--batch-size", "1", "--threads", "1", "--query"], b"a cat\nthe stock market\n"),
    ] {
        let outcome = run_with(&args, input);
        assert_eq!(outcome.vectors(), expected, "{args:?}");
        assert_eq!(outcome.stderr, "", "{args:?}");
        let indices: Vec<_> = outcome.json().iter().map(|line| line["index"].clone()).collect();
        assert_eq!(indices, [0, 1]);
    }
}

#[test]
fn nothing_in_nothing_out() {
    let outcome = run_with(&["embed"], b"");
    assert_eq!((outcome.code, outcome.text(), &*outcome.stderr), (0, "", ""));
}

#[test]
fn a_wrong_line_stops_with_its_number() {
    for (input, message) in [
        (&b"\"a\"\nnothing\n\"b\"\n"[..], "standard input, line 2: is not JSON"),
        (b"{\"text\":\"a\"}\n\n{\"txt\":\"a\"}\n", "standard input, line 3: has no field `text`"),
        (b"{\"text\":\"a\"}\n{\"text\":null}\n", "line 2: its field `text` is not a string"),
        (b"a\nb\xff\n", "line 2: is not UTF-8"),
        (b"{\"text\":", "line 1: is not JSON"),
    ] {
        let outcome = run_with(&["embed"], input);
        outcome.assert_fails(1, message);
        assert!(outcome.text().lines().count() <= 1, "what came before may be written, nothing else");

        let skipped = run_with(&["embed", "--skip-invalid"], input);
        assert_eq!(skipped.code, 0);
        assert!(skipped.stderr.contains(message), "{}", skipped.stderr);
        assert!(skipped.stderr.contains("1 invalid inputs were skipped"), "{}", skipped.stderr);
    }
    let lines = run_with(&["embed", "--skip-invalid"], b"\"a\"\nnothing\n\"b\"\n").json();
    assert_eq!(lines.iter().map(|line| line["index"].clone()).collect::<Vec<_>>(), [0, 2]);
}

#[test]
fn no_kept_field_is_lost() {
    let input =
        br#"{"id":12345678901234567890123,"text":"a","index":9,"embedding":0,"input_index":8,"line":7,"tokens":6}"#;
    let outcome = run_with(&["embed", "--keep-fields"], input);
    assert!(outcome.text().contains(r#""id":12345678901234567890123"#));
    let line = &outcome.json()[0];
    assert_eq!(line["embedding"].as_array().unwrap().len(), 256);
    for (name, value) in [
        ("index", 0),
        ("input_input_index", 9),
        ("input_index", 8),
        ("input_embedding", 0),
        ("input_line", 7),
        ("tokens", 6),
    ] {
        assert_eq!(line[name], json!(value), "{name}: {line}");
    }
    assert_eq!(line.as_object().unwrap().len(), 8);
    let with_usage = &run_with(&["embed", "--keep-fields", "--with-usage"], input).json()[0];
    assert_eq!((&with_usage["tokens"], &with_usage["input_tokens"]), (&json!(1), &json!(6)));
    assert_eq!(run_with(&["embed"], input).json()[0].as_object().unwrap().len(), 2);
    assert_eq!(run_with(&["embed", "--keep-text"], input).json()[0]["text"], "a");
}

#[test]
fn tokens_are_counted_and_cuts_shown() {
    let outcome = run(&["tokens", "--max-length", "2", "hello world again", "hello"]);
    assert_eq!(
        outcome.text(),
        "{\"index\":0,\"tokens\":2,\"truncated\":true,\"length\":3}\n{\"index\":1,\"tokens\":1}\n"
    );
    let kept = run_with(&["tokens", "--keep-fields"], b"{\"text\":\"hello\",\"id\":7}\nwrong");
    kept.assert_fails(1, "line 2");
    assert_eq!(kept.text(), "{\"index\":0,\"tokens\":1,\"id\":7}\n");
}

#[test]
fn similarity_is_a_matrix() {
    let outcome = run(&["similarity", "a cat", "a kitten", "stocks"]);
    let lines: Vec<&str> = outcome.text().lines().collect();
    assert_eq!(lines.len(), 4, "{outcome:?}");
    assert!(lines[1].contains("1.0000") && lines[1].ends_with("a cat"));
    run(&["similarity", "alone"]).assert_fails(2, "");
}

#[test]
fn mistakes_are_named_and_have_their_exit_code() {
    for (args, code, message) in [
        (&["embed", "--no-such"][..], 2, "--no-such"),
        (&["embed", "a", "--input", "b"], 2, "cannot be used with"),
        (&["embed", "a", "--dim", "7"], 2, "option `dim`"),
        (&["embed", "a", "--batch-size", "0"], 2, "batch_size"),
        (&["embed", "a", "--provider", "gpu"], 2, "unknown"),
        (&["embed", "a", "--require-provider"], 2, "--provider"),
        (&["embed", "a", "--query", "--passage"], 2, "--passage"),
        (&["embed", "a", "--pooling", "cls"], 2, "--model-dir"),
        (&["embed", "a", "--calibration", "x"], 2, "int8"),
        (&["embed", "a", "--model", "static-minilm-xx"], 1, "did you mean embedkit/static-minilm-en"),
        (&["embed", "--input", "no-such-file"], 1, "no-such-file"),
        (&["embed", "--input", "."], 1, "folder"),
        (&["embed", "a", "--model-dir", "no-such-folder"], 1, "no-such-folder"),
        (&["embed", "a", "--output", "no-such-folder/file"], 1, "file: there is no folder no-such-folder"),
        (&["embed", "a", "--output", "a.jsonl.gz"], 2, "are not compressed"),
        (&["embed", "a", "--format", "jsonl", "--output", "a.jsonl.zst"], 2, "are not compressed"),
        (&["embed", "a", "--output", "a.json"], 2, "take .jsonl"),
        (&["embed", "a", "--output", "a.csv"], 2, "take .jsonl"),
        (&["embed", "a", "--format", "npy", "--output", "a.parquet"], 2, "which is parquet"),
        (&["tokens", "a", "--output", "a.json"], 2, "name a .jsonl file"),
        (&["tokens", "a", "--output", "a.gz"], 2, "are not compressed"),
        (&["embed", "-"], 2, "--input -"),
        (&["score", "--query", "q", "-"], 2, "--input -"),
        (&["score", "--query", "q", "a", "--top-k", "0"], 2, "at least 1"),
        (&["embed", "a", "-m", "bm25", "--top-k", "0"], 2, "at least 1"),
        (&["embed", "a", "-m", "minilm"], 1, "sentence-transformers/all-MiniLM-L6-v2"),
        (&["similarity", "a", "b", "--pdf", "c"], 2, "--pdf is an option of embed, score, explain"),
        (&["models", "show", "a", "--cached"], 2, "--cached is an option of models list"),
        (
            &["embed", "a", "--format", "npy", "--model", "static-minilm-en", "--model-dir", ".", "--normalize"],
            2,
            "known",
        ),
        (&["models", "show", "nobody/nothing"], 1, "nobody/nothing"),
        (&["models", "list", "--family", "nothing"], 2, "nothing"),
        (&["models", "list", "--dim", "1000000"], 1, "no model passes these filters: --dim 1000000"),
        (&["--manifest", "no-such.toml", "models", "list"], 1, "no-such.toml"),
    ] {
        run(args).assert_fails(code, message);
    }
    assert_eq!(run(&["--help"]).code, 0);
    assert_eq!(run(&[]).code, 2);
}

#[test]
fn whoever_writes_slowly_gets_each_result_before_the_next_input() {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::process::Stdio;
    use std::time::Duration;

    let mut child =
        common::embedkit().args(["embed", "-q"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    let (sender, lines) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || output.lines().for_each(|line| sender.send(line.unwrap()).unwrap()));
    // One by one, then some at once, as they come from a pipe.
    for (burst, first) in [("a\n", 0), ("b\n", 1), ("c\nd\ne\nf\ng\n", 2), ("h\n", 7)] {
        input.write_all(burst.as_bytes()).unwrap();
        for index in first..first + burst.lines().count() {
            let line = lines.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|_| String::from("waits"));
            assert!(line.starts_with(&format!("{{\"index\":{index},")), "{burst:?}: {line}");
        }
    }
    drop(input);
    reader.join().unwrap();
    assert!(child.wait().unwrap().success());
    assert!(lines.try_recv().is_err(), "more results than inputs");
}
