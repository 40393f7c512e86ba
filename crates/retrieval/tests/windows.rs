//! Models see every chunk to its end, whatever stands in front of it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use std::path::Path;

use embedkit_core::{Content, Role};
use embedkit_retrieval::chunking::Chunking;
use embedkit_retrieval::collection::CollectionFolder;
use embedkit_retrieval::document::Inputs;
use embedkit_retrieval::pipeline::{ModelSpec, Stage};
use embedkit_retrieval::{Indexer, Model, Pipeline, Record};
use {embedkit_colbert as _, embedkit_sparse as _, embedkit_static_en as _};

/// The records of a file, chunked to a window, and whether the model sees the last word of each.
fn records(name: &str, text: &str, window: usize) -> Vec<Record> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    let mut pipeline = Pipeline::single("p", Stage::new("meaning", "embedkit/static-late-en"));
    pipeline.stages[0].spec.max_length = Some(window);
    pipeline.chunking = Chunking::new(512, 0);
    let collection = CollectionFolder::new(folder.path().join("collection"));
    let report = Indexer::new(pipeline, &|builder| builder).unwrap().index(&collection, &Inputs::new([path])).unwrap();
    assert_eq!(report.unread, [], "{name}");
    let version = collection.open().unwrap();
    (0..version.len()).map(|record| version.record(record).unwrap()).collect()
}

fn model(window: usize) -> Model {
    let mut spec = ModelSpec::default();
    spec.model = "embedkit/static-late-en".into();
    spec.max_length = Some(window);
    Model::load(&spec, &|builder| builder).unwrap()
}

fn words(first: &str, count: usize) -> String {
    (0..count).map(|at| format!("{first} number {at}")).collect::<Vec<_>>().join(", ")
}

#[test]
fn what_stands_in_front_of_a_chunk_cuts_nothing_off_its_end() {
    let (title, text) = (words("title", 8), words("paragraph", 60));
    let (long, longer) = (words("heading", 20), words("heading", 200));
    let unbroken = "x".repeat(4000);
    let files = [
        ("title.html", format!("<title>{title}</title><p>{text}</p>")),
        ("titles.html", format!("<title>{longer}</title><h1>{longer}</h1><p>{text}</p>")),
        ("unbroken.html", format!("<title>{unbroken}</title><h1>{unbroken}</h1><p>{text}</p>")),
        ("nested.md", format!("# {title}\n\n{text}\n\n## {title}\n\n{text}\n\n### Short\n\n{text}\n")),
        ("long.md", format!("# {long}\n\n{text}\n\n## {longer}\n\n{text}\n\n### Short\n\n{text}\n")),
        ("row.jsonl", serde_json::json!({"title": longer, "text": text}).to_string()),
        ("folded.txt", "½ ㎒ ﷺ ㍿ ".repeat(40)),
    ];
    for window in [24, 64, 256] {
        let model = model(window);
        for (name, text) in &files {
            let records = records(name, text, window);
            let ends = records.iter().filter(|record| record.text.ends_with("number 59")).count();
            let paragraphs = text.matches("paragraph number 59").count();
            assert_eq!(ends, paragraphs, "{name} {window}");
            for record in records {
                let passage = record.passage();
                assert!(passage.ends_with(&record.text));
                let usage = model.embedder().usage(&Content::text(passage.as_str()), Role::Passage).unwrap();
                assert!(!usage.truncated, "{name} {window}: {passage}");
            }
        }
    }
}

#[test]
fn headings_that_are_too_long_are_cut_and_others_are_not() {
    let (text, longer) = (words("paragraph", 60), words("heading", 200));
    let html = format!("<title>{longer}</title><h1>{longer}</h1><h2>Short</h2><p>{text}</p>");
    let found = records("a.html", &html, 64);
    let last = found.last().unwrap();
    assert!(longer.starts_with(&last.title) && (20..200).contains(&last.title.len()), "{}", last.title);
    assert_eq!(last.section, "Short");
    // A chunk is about as long as what is left of the window.
    let most = found.iter().map(|record| record.text.len()).max().unwrap();
    assert!(most > 60, "{most}");
    let whole = records("a.html", &html.replace(&longer, "A Title"), 64);
    assert_eq!((whole[0].title.as_str(), whole.last().unwrap().section.as_str()), ("A Title", "A Title › Short"));
    assert!(Path::new(&whole[0].path).ends_with("a.html"));
}
