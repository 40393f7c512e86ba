//! Files of every kind that people have: read, or refused with what would help.
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

mod common;

use std::path::{Path, PathBuf};

use common::{Outcome, run, run_with};

const TEXTS: [&str; 2] = ["a cat, and a dog", "größer"];

struct Scene(tempfile::TempDir);

impl Scene {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

fn embed(path: &Path, more: &[&str]) -> Outcome {
    run(&[&["embed", "-i", path.to_str().unwrap()], more].concat())
}

fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn the_same_texts_in_every_kind_of_file_give_the_same() {
    let scene = Scene::new();
    let expected = run(&[&["embed"], &TEXTS[..]].concat()).vectors();
    let lines = TEXTS.join("\n");
    let json = serde_json::json!(TEXTS).to_string();
    let objects = format!("[\n {{\"id\": 1, \"text\": {0:?}}},\n {{\"text\": {1:?}}}\n]\n", TEXTS[0], TEXTS[1]);
    let cases: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("texts.txt", lines.clone().into(), &[]),
        ("bom.txt", format!("\u{feff}{lines}").into(), &[]),
        ("crlf.txt", lines.replace('\n', "\r\n").into(), &[]),
        ("cr.txt", lines.replace('\n', "\r").into(), &[]),
        ("cr-at-the-end.txt", format!("{}\r", lines.replace('\n', "\r")).into(), &[]),
        ("blank.txt", format!("\n \n{}\n\n", lines.replace('\n', "\n\n\t\n")).into(), &[]),
        ("array.json", json.clone().into(), &[]),
        ("array", format!("\n  {json}").into(), &[]),
        ("marked", format!("\u{feff}{json}").into(), &[]),
        ("marked-utf-16.txt", utf_16(&format!("\u{feff}\n{json}"), u16::to_be_bytes), &[]),
        ("array.txt", objects.clone().into(), &[]),
        ("sequence.json", format!("{{\"text\":\n{:?}}}\n{:?}", TEXTS[0], TEXTS[1]).into(), &[]),
        ("compact.json", objects.replace('\n', "").into(), &[]),
        ("utf-16le.txt", utf_16(&format!("\u{feff}{lines}"), u16::to_le_bytes), &[]),
        ("utf-16be.csv", utf_16(&format!("\u{feff}text\n\"{}\"\n{}\n", TEXTS[0], TEXTS[1]), u16::to_be_bytes), &[]),
        ("utf-16.txt", utf_16(&lines, u16::to_le_bytes), &["--input-encoding", "utf-16le"]),
        ("latin.txt", b"a cat, and a dog\ngr\xf6\xdfer".to_vec(), &["--input-encoding", "latin1"]),
        ("table.csv", format!("id,text\n1,\"{}\"\r\n2,{}\r\n", TEXTS[0], TEXTS[1]).into(), &[]),
        ("bom.csv", format!("\u{feff}text\n\"{}\"\n{}\n", TEXTS[0], TEXTS[1]).into(), &[]),
        ("table.tsv", format!("body\tid\n{}\t1\n{}\t2\n", TEXTS[0], TEXTS[1]).into(), &["--field", "body"]),
        ("semicolons.csv", format!("id;text\n1,5;{}\n2;{}\n", TEXTS[0], TEXTS[1]).into(), &[]),
        ("lines.csv", format!("\"id,\"|text\n1|{}\n2|\"{}\"", TEXTS[0], TEXTS[1]).into(), &[]),
        ("tabs.csv", format!("id\ttext\n1\t{}\n2\t{}\n", TEXTS[0], TEXTS[1]).into(), &[]),
        ("spaces.csv", format!("id , text\n1,\"{}\"\n2,{}\n", TEXTS[0], TEXTS[1]).into(), &[]),
        ("latin-1.txt", b"a cat, and a dog\ngr\xf6\xdfer".to_vec(), &["--input-encoding", "latin-1"]),
        ("table.txt", format!("x,text\n,\"{}\"\n,{}\n", TEXTS[0], TEXTS[1]).into(), &["--input-format", "csv"]),
        (
            "body.jsonl",
            format!("{{\"body\":{:?}}}\n{{\"body\":{:?}}}", TEXTS[0], TEXTS[1]).into(),
            &["--field", "body"],
        ),
    ];
    for (name, bytes, more) in cases {
        let outcome = embed(&scene.file(name, bytes), more);
        assert_eq!(outcome.code, 0, "{name}: {}", outcome.stderr);
        assert_eq!(outcome.vectors(), expected, "{name}");
        let indices: Vec<_> = outcome.json().iter().map(|line| line["index"].clone()).collect();
        assert_eq!(indices, [0, 1], "{name}");
    }
    assert_eq!(run_with(&["embed", "-i", "/dev/stdin"], json.as_bytes()).vectors(), expected);
    assert_eq!(run_with(&["embed"], objects.as_bytes()).vectors(), expected);
    assert_eq!(embed(&scene.file("empty.json", "[]"), &[]).vectors().len(), 0);
    assert_eq!(embed(&scene.file("empty.csv", ""), &[]).vectors().len(), 0);
}

#[test]
fn blank_lines_are_no_inputs_and_the_others_know_their_line() {
    let lines = |args: &[&str], input: &[u8]| -> Vec<(u64, Option<u64>)> {
        let numbers = |line: &serde_json::Value| (line["index"].as_u64().unwrap(), line["line"].as_u64());
        run_with(args, input).json().iter().map(numbers).collect()
    };
    assert_eq!(lines(&["embed"], b"a\nb\n"), [(0, None), (1, None)]);
    assert_eq!(lines(&["embed"], b"\na\n\nb\n"), [(0, Some(2)), (1, Some(4))]);
    assert_eq!(lines(&["embed"], b"a\n\n\"b\"\n"), [(0, None), (1, Some(3))]);
    assert_eq!(lines(&["embed"], b"\"a\"\n\n\"b\"\n"), [(0, None), (1, Some(3))]);
    assert_eq!(lines(&["embed", "--input-format", "lines"], b"a\n\nb\n").len(), 3);
    assert_eq!(lines(&["embed", "--input-format", "csv"], b"text\na\n"), [(0, Some(2))]);
}

#[test]
fn what_is_no_list_of_texts_is_refused_with_what_helps() {
    let scene = Scene::new();
    let image = std::fs::read(common::fixtures("colpali").join("images/upright.png")).unwrap();
    let cases: Vec<(&str, Vec<u8>, &[&str], &str)> = vec![
        ("a.pdf", b"%PDF-1.7\n%\xe2\xe3\n1 0 obj".to_vec(), &[], "--pdf"),
        ("a.txt", b"%PDF-1.4\n1 0 obj".to_vec(), &[], "--pdf"),
        ("a.png", image, &[], "as an argument"),
        ("a.xlsx", b"PK\x03\x04\x14\0\x06\0".to_vec(), &[], "CSV"),
        ("a.gz", b"\x1f\x8b\x08\0\0\0\0\0".to_vec(), &[], "gunzip"),
        ("a.zst", b"\x28\xb5\x2f\xfd\x04\0".to_vec(), &[], "zstd -dc"),
        ("a.npy", b"\x93NUMPY\x01\0v\0".to_vec(), &[], "NumPy"),
        ("a.feather", b"ARROW1\0\0".to_vec(), &[], "Parquet"),
        ("a.db", b"SQLite format 3\0\x10\0".to_vec(), &[], "sqlite3"),
        ("a.tar", [b"a.txt".to_vec(), vec![0; 252], b"ustar\0".to_vec()].concat(), &[], "tar -xOf"),
        ("page.html", b"<!doctype html>\n<p>a text</p>".to_vec(), &[], "embedkit index"),
        ("marked.txt", b"\xef\xbb\xbf<html>\n".to_vec(), &[], "embedkit index"),
        ("marked.pdf", b"\xef\xbb\xbf%PDF-1.7\n".to_vec(), &[], "--pdf"),
        ("mixed.txt", b"[1, \"a\"]".to_vec(), &[], "neither a JSON string"),
        ("nested.txt", b"[[\"a\"], [\"b\"]]\n".to_vec(), &[], "neither a JSON string"),
        ("feed.txt", b"<?xml version=\"1.0\"?>\n<feed/>".to_vec(), &[], "JSON Lines"),
        ("utf-32.txt", b"\xff\xfe\0\0a\0\0\0".to_vec(), &[], "iconv"),
        ("utf-16.txt", utf_16("texts without a mark", u16::to_le_bytes), &[], "--input-encoding utf-16le"),
        ("latin.txt", b"gr\xf6\xdfer".to_vec(), &[], "--input-encoding"),
        ("klingon.txt", b"a".to_vec(), &["--input-encoding", "klingon"], "klingon"),
        ("brace.txt", b"{curly} texts\nmore".to_vec(), &[], "--input-format lines"),
        ("quote.txt", b"\"Quoted\"\nplain\n".to_vec(), &[], "--input-format lines"),
        ("bracket.txt", b"[\"quoted\" and plain".to_vec(), &[], "--input-format lines"),
        ("pretty.txt", b"{\n  \"text\": \"a\"\n}\n".to_vec(), &[], "json"),
        ("table.csv", b"id,body\n1,a\n".to_vec(), &[], "it has id, body: name one with --field"),
        ("twice.csv", b"text,text\n1,a\n".to_vec(), &[], "two columns"),
        ("unclosed.csv", b"text\na\n\"b\nc\nd\n".to_vec(), &[], "line 3: has a cell whose quote is not closed"),
        ("utf-16.csv", b"text\nab".to_vec(), &["--input-encoding", "utf-16le"], "utf-16.csv: is not UTF-16LE"),
        ("ragged.csv", b"id,text\n1,a\n2\n".to_vec(), &[], "line 3: has 1 cells"),
        ("body.jsonl", b"{\"id\":1,\"body\":\"a\"}".to_vec(), &[], "it has body, id: name one with --field"),
        ("numbers.jsonl", b"[0.1, 0.2]\n[0.3, 0.4]\n".to_vec(), &[], "neither a JSON string"),
        ("null.ndjson", b"null\n".to_vec(), &[], "neither a JSON string"),
        ("plain.jsonl", b"\na cat\n".to_vec(), &[], "line 2: is not JSON"),
        ("lines.txt", b"plain\n".to_vec(), &["--field", "body"], "--field"),
        ("lines.txt", b"plain\n".to_vec(), &["--keep-fields"], "--keep-fields"),
        ("numbers.json", b"[\"a\", 1]".to_vec(), &[], "neither a JSON string"),
        ("cut.json", b"[\"a\", \"b\"".to_vec(), &[], "not JSON"),
        ("late.json", b"[\"a\"] \"b\"".to_vec(), &[], "not JSON"),
        ("half.parquet", b"PAR1 and nothing".to_vec(), &[], "Parquet"),
        ("table.parquet", b"no parquet".to_vec(), &[], "Parquet"),
    ];
    for (name, bytes, more, help) in cases {
        let outcome = embed(&scene.file(name, bytes), more);
        outcome.assert_fails(1, help);
        assert!(outcome.stderr.contains(name), "{name}: {}", outcome.stderr);
        assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    }
    run_with(&["embed"], b"PAR1 and nothing").assert_fails(1, "--input");
    let braces = embed(&scene.file("brace.txt", "{curly} texts\n[1] more\n\"Quoted\"\n"), &["--input-format", "lines"]);
    assert_eq!(braces.vectors().len(), 3);
    let page = embed(&scene.file("page.html", "<html>\n<p>a text</p>\n"), &["--input-format", "lines"]);
    assert_eq!(page.vectors().len(), 2);
}

#[test]
fn a_carriage_return_ends_a_line_only_where_no_line_feed_does() {
    let scene = Scene::new();
    let long = "words ".repeat(2000);
    for (text, expected) in [
        (format!("{long}\rtwo\rthree"), 3),
        (format!("10 %\r20 % {long}\ntwo\nthree\n"), 3),
        (format!("{long}\r\ntwo\r\nthree\r\n"), 3),
        ("one\r".to_owned(), 1),
    ] {
        let found = embed(&scene.file("a.txt", &text), &[]).vectors().len();
        assert_eq!(found, expected, "{:?}", &text[..8]);
    }
    let same = embed(&scene.file("a.txt", "one\rtwo"), &[]).vectors();
    assert_eq!(same, run(&["embed", "one", "two"]).vectors());
    // What parts a table's cells is told by its first line, however it ends.
    let table = embed(&scene.file("a.csv", "id;text\r1;one\r2;two\r"), &[]).vectors();
    let commas = embed(&scene.file("b.csv", "id;text\r1;one, two\r"), &[]).vectors();
    assert_eq!((table.len(), commas.len()), (2, 1));
}

#[cfg(unix)]
#[test]
fn names_that_are_no_text_are_names() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let scene = Scene::new();
    let path = scene.0.path().join(OsStr::from_bytes(b"n\xff.txt"));
    std::fs::write(&path, "a text\n").unwrap();
    let output = scene.0.path().join(OsStr::from_bytes(b"o\xff.npy"));
    let ended = common::embedkit().arg("embed").arg("-i").arg(&path).arg("-o").arg(&output).status().unwrap();
    assert!(ended.success() && output.exists());
    let refused = common::embedkit().arg("embed").arg(OsStr::from_bytes(b"a\xff")).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", String::from_utf8_lossy(&refused.stderr));
}

#[test]
fn skipping_goes_on_in_every_kind() {
    let scene = Scene::new();
    for (name, bytes, indices) in [
        ("a.csv", &b"id,text\n1,a\n2\n3,c\n"[..], [0, 2]),
        ("a.json", b"[\"a\", 1, {\"text\":\"c\"}]", [0, 2]),
        ("a.jsonl", b"\"a\"\n{}\n\"c\"\n", [0, 2]),
    ] {
        let outcome = embed(&scene.file(name, bytes), &["--skip-invalid"]);
        let found: Vec<_> = outcome.json().iter().map(|line| line["index"].as_u64().unwrap()).collect();
        assert_eq!(found, indices, "{name}");
        assert!(outcome.stderr.contains("1 invalid inputs were skipped"), "{}", outcome.stderr);
    }
}

/// Python writes numbers that JSON does not have.
#[test]
fn what_python_writes_for_no_number_is_null() {
    let scene = Scene::new();
    let objects = ["{\"text\":\"a NaN\",\"score\":NaN}", "{\"text\":\"b\",\"score\":-Infinity}"];
    for (name, content) in [
        ("a.jsonl", objects.join("\n")),
        ("a.txt", objects.join("\n")),
        ("a.json", format!("[{}]", objects.join(",\n"))),
    ] {
        let lines = embed(&scene.file(name, content), &["--keep-fields", "--keep-text"]).json();
        assert_eq!((lines.len(), &lines[0]["text"]), (2, &"a NaN".into()), "{name}");
        assert!(lines.iter().all(|line| line["score"].is_null() && line.get("score").is_some()), "{name}: {lines:?}");
    }
}

#[test]
fn columns_are_kept() {
    let scene = Scene::new();
    let table = scene.file("a.csv", "id,text,index\n7,a,x\n");
    let line = &embed(&table, &["--keep-fields", "--keep-text"]).json()[0];
    assert_eq!((&line["id"], &line["text"]), (&"7".into(), &"a".into()));
    assert_eq!((&line["index"], &line["input_index"]), (&0.into(), &"x".into()));
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_files_are_read_ours_too() {
    let scene = Scene::new();
    let texts =
        scene.file("texts.jsonl", "{\"text\":\"a cat\",\"id\":3,\"tags\":[\"x\"]}\n{\"text\":\"b\",\"id\":4}\n");
    let file = scene.0.path().join("texts.parquet");
    let path = file.to_str().unwrap();
    assert_eq!(embed(&texts, &["--keep-fields", "--keep-text", "-o", path]).code, 0);
    assert_eq!(embed(&file, &[]).vectors(), embed(&texts, &[]).vectors());
    let kept = embed(&file, &["--keep-fields"]).json();
    assert_eq!((&kept[1]["id"], &kept[1]["input_index"]), (&4.into(), &1.into()));
    assert_eq!(kept[0]["input_embedding"].as_array().unwrap().len(), 256);
    embed(&file, &["--field", "nothing"]).assert_fails(1, "name one with --field");
    embed(&file, &["--field", "id"]).assert_fails(1, "not a string");
}
