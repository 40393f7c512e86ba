//! Documents of PDF and Parquet files: the sections of pages, and a table of questions about them for `eval`.
#![cfg(all(feature = "retrieval", feature = "pdf", feature = "parquet"))]
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

mod common;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::run;
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::writer::SerializedFileWriter;
use serde_json::{Value, json};

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A file with a page for each text.
fn pdf(folder: &Path, texts: &[&str]) -> PathBuf {
    let pages: Vec<String> = texts.iter().map(|text| format!("BT /F 20 Tf 20 30 Td ({text}) Tj ET")).collect();
    let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
    let file = folder.join("scan.pdf");
    std::fs::write(&file, embedkit_fixtures::pdf(400, 100, &pages)).unwrap();
    file
}

/// A file with a row for each text, with ids of their own.
fn rows(folder: &Path, rows: [[&str; 2]; 2]) -> PathBuf {
    let schema = "message m { required binary id (utf8); required binary text (utf8); }";
    let schema = Arc::new(parquet::schema::parser::parse_message_type(schema).unwrap());
    let file = folder.join("rows.parquet");
    let out = std::fs::File::create(&file).unwrap();
    let mut writer = SerializedFileWriter::new(out, schema, Default::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for column in 0..2 {
        let mut to = group.next_column().unwrap().unwrap();
        let values = rows.map(|row| ByteArray::from(row[column]));
        to.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap();
        to.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
    file
}

#[test]
fn documents_are_pages_and_rows() {
    let folder = tempfile::tempdir().unwrap();
    let pages = pdf(folder.path(), &["The hull of the submarine", "Bees make honey", "The tax is due in May"]);
    let rows = rows(folder.path(), [["ship", "Ships sail the sea."], ["plane", "Planes cross the sky."]]);
    let table = folder.path().join("questions.csv");
    let page = |number: usize| format!("{}:p{number}", path(&pages));
    let questions = format!(
        "query,relevant\nwho makes honey,{}\naeroplane in the air,plane\nvessels,ship; {}\nwhen is the tax due,{}\n",
        page(2),
        page(1),
        page(3)
    );
    std::fs::write(&table, questions).unwrap();
    let eval = |more: &[&str]| {
        let documents = ["--documents", path(&pages), "--documents", path(&rows)];
        run(&[&["eval", "default", "--data", path(&table), "-m", "hit@1", "-m", "recall@5"], &documents[..], more]
            .concat())
    };
    let measured: Value = serde_json::from_slice(&eval(&["--json"]).stdout).unwrap();
    let figures = &measured[0]["figures"];
    assert_eq!((&figures["documents"], &figures["queries"], &figures["records"]), (&json!(5), &json!(4), &json!(5)));
    // Every document is among the first five of five, and each question's own is the best.
    assert_eq!(
        (&figures["metrics"]["recall@5"]["mean"], &figures["metrics"]["hit@1"]["mean"]),
        (&json!(1.0), &json!(1.0))
    );

    let runs = folder.path().join("runs");
    assert_eq!(eval(&["--runs", path(&runs)]).code, 0);
    let run_file = std::fs::read_to_string(runs.join("default.run")).unwrap();
    let first = run_file.lines().next().unwrap();
    assert!(first.starts_with("q1 Q0 ") && first.contains(&page(2)), "{first}");

    // Another document is another set, which is told by its digest.
    let digest = figures["data_digest"].clone();
    pdf(folder.path(), &["The hull of the submarine", "Bees make wax and honey", "The tax is due in May"]);
    let changed: Value = serde_json::from_slice(&eval(&["--json"]).stdout).unwrap();
    assert_ne!(changed[0]["figures"]["data_digest"], digest);

    // What cannot be read whole is no set to measure on.
    pdf(folder.path(), &["The hull of the submarine", "", "The tax is due in May"]);
    eval(&[]).assert_fails(1, "page 2 has no text");
    std::fs::write(&rows, "PAR1").unwrap();
    eval(&[]).assert_fails(1, "rows.parquet");
}

#[test]
fn pages_stand_under_the_headings_of_their_files_outline() {
    let folder = tempfile::tempdir().unwrap();
    let page = |contents: usize| {
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 100] /Contents {contents} 0 R \
             /Resources << /Font << /F 13 0 R >> >> >>"
        )
    };
    let text = |lines: [&str; 2]| {
        let content = format!("BT /F 20 Tf 20 60 Td ({}) Tj 0 -40 Td ({}) Tj ET", lines[0], lines[1]);
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len())
    };
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R /Outlines 9 0 R >>".to_owned(),
        "<< /Type /Pages /Count 3 /Kids [3 0 R 4 0 R 5 0 R] >>".to_owned(),
        page(6),
        page(7),
        page(8),
        text(["The keeping of bees", "1 Honey"]),
        text(["It is made in summer.", "2 Wax"]),
        text(["Candles are made of it.", "And polish."]),
        "<< /Type /Outlines /First 10 0 R >>".to_owned(),
        "<< /Title (Bees) /Dest [3 0 R /Fit] /First 11 0 R >>".to_owned(),
        "<< /Title (Honey) /Dest [3 0 R /Fit] /Next 12 0 R >>".to_owned(),
        "<< /Title (Wax) /Dest [4 0 R /Fit] >>".to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let file = folder.path().join("bees.pdf");
    std::fs::write(&file, embedkit_fixtures::pdf_of_objects(&objects)).unwrap();
    let collection = folder.path().join("collection");
    let indexed = run(&["index", path(&file), "-o", path(&collection), "--json"]);
    let report: Value = serde_json::from_slice(&indexed.stdout).unwrap();
    assert_eq!((&report["records"], &report["unread"]), (&json!(5), &json!([])), "{}", indexed.stderr);
    let mut records: Vec<Value> = run(&["search", path(&collection), "candles", "-k", "9", "--json"])
        .json()
        .into_iter()
        .map(|hit| hit["record"].clone())
        .collect();
    records.sort_by_key(|record| (record["page"].as_u64(), record["start"].as_u64()));
    let found: Vec<_> = records
        .iter()
        .map(|record| ["text", "section", "anchor"].map(|field| record[field].as_str().unwrap().to_owned()))
        .collect();
    let expected = [
        ["The keeping of bees", "Bees", "page=1"],
        ["1 Honey", "Bees › Honey", "page=1"],
        ["It is made in summer.", "Bees › Honey", "page=2"],
        ["2 Wax", "Bees › Wax", "page=2"],
        ["Candles are made of it.\n\nAnd polish.", "Bees › Wax", "page=3"],
    ];
    assert_eq!(found, expected.map(|row| row.map(str::to_owned)));
}
