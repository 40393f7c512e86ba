//! `--late-chunking`: chunks' vectors of tokens that saw the chunks around them.
#![cfg(feature = "full")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

mod common;

use common::subject::COLBERT;
use common::{Outcome, model_args, run, run_with};
use embedkit::multivector::MultiVector;
use embedkit::retrieval::chunking::{late_chunks, late_query};
use embedkit::vector::normalize;
use embedkit::{AnyEmbedder, Content, Embedding, Registry, Role};
use embedkit_fixtures::assert_near;
use serde_json::Value;

const TEXT: &str =
    "The cat sleeps on the sofa. The dog sleeps in the garden. Nobody sleeps in the kitchen, where bread is.";
const STATIC: [&str; 4] = ["-m", "embedkit/static-late-en", "--chunk-tokens", "8"];

fn late(model: &[&str], input: &str, more: &[&str]) -> Outcome {
    run_with(&[&["embed", "--chunk", "--late-chunking"], model, more].concat(), input.as_bytes())
}

fn vector(line: &Value) -> Vec<f32> {
    serde_json::from_value(line["embedding"].clone()).unwrap()
}

fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    normalize(&mut vector);
    vector
}

/// Texts whose tokens are not spelled as the text is: letters lose accents and case, signs are unknown.
const OTHERWISE_SPELLED: [&str; 7] = [
    "Le café était fermé à midi. La forêt où nous étions était très âgée. Élève modèle là-bas. Été.",
    "Мой край родной. Какой чай лучший? Первый ёлочный шарик. Твой йод, cat и dog.",
    "Η Αθήνα είναι μεγάλη πόλη. Το νησί είναι όμορφο. The ΟΔΟΣ of cats.",
    "안녕 세계. 오늘 날씨가 좋다. A cat sleeps. 내일 비가 옵니다.",
    "İstanbul İZMİR. IĞDIR şehri. güzel İYİ cat. The dog sleeps.",
    "Hello 🎉 there. The 🎉 party is on. 🎉🎉 See you on the sofa. ünïcode",
    "Le cafe\u{301} e\u{301}tait ferme\u{301}. Nobody sleeps in the kitchen. A\u{30a}ngstro\u{308}m.",
];

/// A token of a static model is the same wherever it stands: a chunk is the mean of what it has alone.
#[test]
fn chunks_are_the_means_of_their_tokens() {
    let lines = late(&STATIC, TEXT, &["--keep-text", "--with-usage"]).json();
    assert!(lines.len() > 3);
    let texts = [&[TEXT], &OTHERWISE_SPELLED[..]].concat().join("\n");
    let lines = late(&STATIC, &texts, &["--keep-text", "--with-usage"]).json();
    let plain =
        run_with(&[&["embed", "--chunk", "--keep-text", "--with-usage"], &STATIC[..]].concat(), texts.as_bytes());
    assert_eq!(lines.len(), plain.json().len());
    for (line, plain) in lines.iter().zip(plain.json()) {
        for field in ["index", "chunk", "start", "end", "text", "tokens", "truncated"] {
            assert_eq!(line[field], plain[field], "{field}");
        }
        let rows: Vec<Vec<f32>> = serde_json::from_value(plain["embeddings"].clone()).unwrap();
        let mean = late_query(&MultiVector::from_rows(rows).unwrap()).unwrap();
        assert_near(&vector(line), &unit(mean), "the mean");
    }
}

/// With a model whose tokens see each other: as the library makes them of the window that the chunks share.
#[test]
fn chunks_see_those_around_them() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("model");
    std::fs::create_dir(&files).unwrap();
    COLBERT.copy_to(&files);
    let args = model_args(folder.path(), COLBERT.row(), &files);
    let model: Vec<&str> = args.iter().map(String::as_str).chain(["--chunk-tokens", "4"]).collect();
    // The window holds some chunks of the text, and not all.
    let sentences =
        ["hello world the document.", "similar words search.", "numbers meaning engine.", "rivers germany the."];
    let text = [sentences; 4].concat().join(" ");
    let lines = late(&model, &text, &[]).json();
    let (whole, of) = (AnyEmbedder::builder(Registry::global().family("colbert").unwrap(), COLBERT.row()), &text);
    let library = whole.model_dir(&files).build().unwrap();
    let embed = |text: &str, role: Role| match library.embed_one(&Content::text(text), role).unwrap() {
        Embedding::Multi(vectors) => vectors,
        other => panic!("{other:?}"),
    };
    let place = |line: &Value| {
        let number = |field: &str| usize::try_from(line[field].as_u64().unwrap()).unwrap();
        number("start")..number("end")
    };
    let fits = |text: &str| !library.usage(&Content::text(text), Role::Passage).unwrap().truncated;
    let (mut first, mut windows) = (0, 0);
    while first < lines.len() {
        let start = place(&lines[first]).start;
        let inside = lines[first..].iter().take_while(|line| fits(&of[start..place(line).end])).count();
        let chunks: Vec<_> = lines[first..first + inside]
            .iter()
            .map(|line| place(line).start - start..place(line).end - start)
            .collect();
        let window = &of[start..start + chunks.last().unwrap().end];
        let places = library.engine().row_places(&Content::text(window), &Role::Passage.into()).unwrap().unwrap();
        let vectors = late_chunks(&embed(window, Role::Passage), &places, &chunks).unwrap();
        for ((line, vector), chunk) in lines[first..].iter().zip(vectors).zip(chunks) {
            assert_near(&self::vector(line), &unit(vector.unwrap()), "a chunk");
            let alone = unit(late_query(&embed(&window[chunk], Role::Passage)).unwrap());
            assert!(self::vector(line).iter().zip(alone).any(|(a, b)| (a - b).abs() > 1e-4), "it saw nothing else");
        }
        (first, windows) = (first + inside, windows + 1);
    }
    assert!(windows > 1 && windows < lines.len(), "{windows} windows of {} chunks", lines.len());
    // A query is one vector, whatever its length.
    let query = late(&model, "hello world the document. similar words", &["--query"]).json();
    assert_eq!(query.len(), 1);
    let wanted = late_query(&embed("hello world the document. similar words", Role::Query)).unwrap();
    assert_near(&vector(&query[0]), &unit(wanted), "the query");
}

#[test]
fn every_format_has_one_vector_a_chunk() {
    let folder = tempfile::tempdir().unwrap();
    let count = late(&STATIC, TEXT, &[]).json().len();
    for (format, kept) in [("parquet", &["--keep-text"][..]), ("npz", &[]), ("safetensors", &[]), ("jsonl", &[])] {
        let path = folder.path().join(format!("out.{format}"));
        let args = [&["--encoding", "int8", "-o", path.to_str().unwrap()], kept].concat();
        let outcome = late(&STATIC, TEXT, &args);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
        if format == "parquet" {
            assert_eq!(run(&["tokens", "-i", path.to_str().unwrap()]).json().len(), count);
        }
    }
    // An empty text has no token, and is a result all the same.
    assert_eq!(late(&STATIC, "{\"text\":\"\"}\n", &[]).json().len(), 1);
}

#[test]
fn a_run_goes_on_within_a_window() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.jsonl");
    let input = format!("{TEXT}\n{TEXT}\n");
    let whole = late(&STATIC, &input, &[]).stdout;
    let resume = ["--resume", "-o", path.to_str().unwrap()];
    assert_eq!(late(&STATIC, &format!("{TEXT}\n"), &resume).code, 0);
    let written = std::fs::read(&path).unwrap();
    let kept = written.split_inclusive(|byte| *byte == b'\n').take(2).collect::<Vec<_>>().concat();
    std::fs::write(&path, kept).unwrap();
    let outcome = late(&STATIC, &input, &resume);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(std::fs::read(&path).unwrap(), whole);
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    run(&["embed", "--chunk", "--late-chunking", "a"])
        .assert_fails(2, "--late-chunking is for models that give multi-vectors");
    run(&["embed", "--late-chunking", "a"]).assert_fails(2, "--chunk");
    let more = [["--pool-factor", "2"], ["--format", "npy"]];
    for (more, message) in more.iter().zip(["--pool-factor is for", "--chunk needs another format"]) {
        late(&STATIC, TEXT, more).assert_fails(2, message);
    }
}
