//! `index`, `search` and `eval`.
#![cfg(feature = "retrieval")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

#[path = "../common/mod.rs"]
mod common;

mod evaluation;
mod images;
mod models;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::{Outcome, embedkit, run};
use serde_json::json;

const NOTES: &str = "# Cats\n\nA kitten sleeps on the sofa.\n\n## Food\n\nIt eats fish & meat.\n\n# Taxes\n\nThe return is due in May.\n";

impl Json for Outcome {
    fn json_value(&self) -> serde_json::Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Standard output that is one value.
trait Json {
    fn json_value(&self) -> serde_json::Value;
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn notes(folder: &Path) -> (PathBuf, PathBuf) {
    let (docs, collection) = (folder.join("docs"), folder.join("notes"));
    std::fs::create_dir(&docs).unwrap();
    std::fs::write(docs.join("a.md"), NOTES).unwrap();
    (docs, collection)
}

fn index(docs: &Path, collection: &Path) -> Outcome {
    let outcome = run(&["index", path(docs), "-o", path(collection), "--json"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    outcome
}

#[test]
fn rows_of_one_id_are_indexed_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, collection) = notes(folder.path());
    let rows = ["a", "b", "a", "a"].map(|id| json!({"id": id, "text": format!("The row of {id}.")}).to_string());
    std::fs::write(docs.join("rows.jsonl"), rows.join("\n")).unwrap();
    let outcome = index(&docs, &collection);
    assert!(outcome.stderr.contains("2 of its rows have the id of an earlier one, as row 3 has \"a\" of row 1"));
    assert_eq!(outcome.json_value()["records"], 3 + 4);
}

#[test]
fn notes_are_searched_in_two_commands() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, collection) = notes(folder.path());
    std::fs::write(docs.join("b.txt"), b"\xfd\xff").unwrap();
    let report = run(&["index", path(&docs), "-o", path(&collection)]);
    assert!(report.text().contains("2 files, 1 not read, 3 records"), "{report:?}");
    assert!(report.stderr.contains("b.txt") && report.stderr.contains("UTF-8"), "{}", report.stderr);

    let shown = run(&["search", path(&collection), "where does the cat rest?", "-k", "2"]);
    let text = shown.text();
    assert!(text.starts_with("  1  ") && text.contains("a.md#0 › Cats"), "{text}");
    assert!(text.contains("A kitten sleeps on the sofa."), "{text}");
    let explained = run(&["search", path(&collection), "where does the cat rest?", "--explain"]);
    assert!(explained.text().contains("meaning: ") && explained.text().contains("cat→cats"), "{}", explained.text());

    let lines = run(&["search", path(&collection), "tax return", "-k", "1", "--json", "--explain"]).json();
    let [hit] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((&hit["record"]["section"], &hit["rank"]), (&json!("Taxes"), &json!(1)));
    let text = hit["record"]["text"].as_str().unwrap();
    let (start, end) =
        (hit["record"]["start"].as_u64().unwrap() as usize, hit["record"]["end"].as_u64().unwrap() as usize);
    assert_eq!(&NOTES[start..end], text);
    let sum: f64 = hit["contributions"].as_array().unwrap().iter().map(|part| part["value"].as_f64().unwrap()).sum();
    assert!((sum - hit["score"].as_f64().unwrap()).abs() < 1e-9);
    assert!(!hit["explanation"]["highlights"].as_array().unwrap().is_empty());

    for (args, message) in
        [(&[" "][..], "no record has a word"), (&["cats", "--filter", "path=x"], "--filter lets pass")]
    {
        let nothing = run(&[&["search", path(&collection)], args].concat());
        assert_eq!((nothing.code, nothing.text()), (0, ""));
        assert!(nothing.stderr.contains(message), "{}", nothing.stderr);
    }

    let page = folder.path().join("page.html");
    let html = run(&["search", path(&collection), "fish <b>", "--html", path(&page)]);
    assert_eq!(html.code, 0, "{}", html.stderr);
    let html = std::fs::read_to_string(page).unwrap();
    assert!(html.contains("&lt;b&gt;") && html.contains(">fish</mark>") && html.contains("&amp;"), "{html}");
    assert!(!html.contains("<b>"), "{html}");
}

#[cfg(feature = "pdf")]
#[test]
fn the_text_of_pdf_files_is_searched_by_page() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, collection) = notes(folder.path());
    let text = |text: &str| format!("BT /F 20 Tf 20 30 Td ({text}) Tj ET");
    let pages = [text("The hull of the submarine"), String::new(), text("Bees make honey")];
    let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
    std::fs::write(docs.join("b.pdf"), embedkit_fixtures::pdf(400, 100, &pages)).unwrap();
    std::fs::write(docs.join("c.pdf"), "%PDF-1.4 and nothing more").unwrap();
    let report = index(&docs, &collection).json_value();
    assert_eq!(report["records"], 5);
    assert!(report["unread"][0]["reason"].as_str().unwrap().contains("page 2 has no text"), "{report}");
    assert!(report["unread"][1]["path"].as_str().unwrap().ends_with("c.pdf"), "{report}");
    let hit = &run(&["search", path(&collection), "who makes honey", "-k", "1", "--json"]).json()[0]["record"];
    assert_eq!((&hit["page"], &hit["text"]), (&json!(3), &json!("Bees make honey")));
}

#[cfg(feature = "parquet")]
#[test]
fn rows_of_parquet_files_are_documents() {
    use std::sync::Arc;

    use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
    use parquet::file::writer::SerializedFileWriter;

    let folder = tempfile::tempdir().unwrap();
    let (docs, collection) = notes(folder.path());
    let schema = "message m { required binary _id (utf8); required binary text (utf8); required int64 year; }";
    let schema = Arc::new(parquet::schema::parser::parse_message_type(schema).unwrap());
    let file = std::fs::File::create(docs.join("rows.parquet")).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Default::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let texts = [["one", "two"], ["Ships sail the sea.", "Planes cross the sky."]];
    for column in texts {
        let mut to = group.next_column().unwrap().unwrap();
        to.typed::<ByteArrayType>().write_batch(&column.map(ByteArray::from), None, None).unwrap();
        to.close().unwrap();
    }
    let mut to = group.next_column().unwrap().unwrap();
    to.typed::<Int64Type>().write_batch(&[1912, 1969], None, None).unwrap();
    to.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    std::fs::write(docs.join("broken.parquet"), "PAR1").unwrap();
    let report = index(&docs, &collection).json_value();
    assert_eq!((&report["records"], report["unread"].as_array().unwrap().len()), (&json!(5), 1), "{report}");
    let hit = &run(&["search", path(&collection), "aeroplane", "-k", "1", "--json"]).json()[0]["record"];
    assert_eq!((&hit["document"], &hit["fields"]["year"]), (&json!("two"), &json!(1969)));
}

#[test]
fn versions_are_listed_switched_and_rolled_back() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, collection) = notes(folder.path());
    assert_eq!(index(&docs, &collection).json_value()["version"], "000001");
    assert_eq!(index(&docs, &collection).json_value()["is_unchanged"], true);
    std::fs::write(docs.join("b.txt"), "Something new.").unwrap();
    let report = index(&docs, &collection).json_value();
    assert_eq!((&report["version"], &report["reused"], &report["records"]), (&json!("000002"), &json!(3), &json!(4)));
    let manage = |option: &[&str]| run(&[&["index", "-o", path(&collection)], option].concat());
    assert!(manage(&["--rollback"]).text().contains("* 000001"));
    let again = run(&["index", path(&docs), "-o", path(&collection)]);
    assert!(again.text().contains("is up to date and searched again: version 000002"), "{again:?}");
    assert!(manage(&["--rollback"]).text().contains("* 000001"));
    assert!(manage(&["--switch", "000002"]).text().contains("* 000002"));
    assert_eq!(manage(&["--verify", "--json"]).json_value(), manage(&["--versions", "--json"]).json_value());
    let vectors = collection.join("versions/000002/meaning.npy");
    let whole = std::fs::read(&vectors).unwrap();
    let mut damaged = whole.clone();
    *damaged.last_mut().unwrap() ^= 1;
    std::fs::write(&vectors, &damaged).unwrap();
    manage(&["--verify"]).assert_fails(1, "was changed: its digest is not the manifest's");
    // What cannot be used again is told, whether it can be opened or not.
    let pipeline = collection.join("versions/000002/pipeline.toml");
    for bytes in [damaged, whole[1..].to_vec()] {
        std::fs::write(&vectors, bytes).unwrap();
        let (pipeline, docs) = (path(&pipeline), path(&docs));
        let again = run(&["index", docs, "-o", path(&collection), "--pipeline", pipeline, "--keep", "3", "--json"]);
        assert_eq!(again.json_value()["reused"], 0);
        assert!(again.stderr.contains("nothing of version 000002 is used again"), "{}", again.stderr);
        assert!(again.stderr.contains("meaning.npy"), "{}", again.stderr);
        std::fs::remove_dir_all(collection.join("versions/000003")).unwrap();
        std::fs::write(&vectors, &whole).unwrap();
        assert_eq!(manage(&["--switch", "000002"]).code, 0);
    }
    // Without being told the pipeline too, whatever is damaged but that itself.
    let whole = folder.path().join("whole");
    copy(&collection, &whole);
    for name in std::fs::read_dir(whole.join("versions/000002")).unwrap().map(|entry| entry.unwrap().file_name()) {
        for is_cut in [false, true] {
            std::fs::remove_dir_all(&collection).unwrap();
            copy(&whole, &collection);
            let file = collection.join("versions/000002").join(&name);
            let bytes = std::fs::read(&file).unwrap();
            std::fs::remove_file(&file).unwrap();
            if is_cut {
                std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
            }
            let again = run(&["index", path(&docs), "-o", path(&collection), "--json"]);
            if name == "pipeline.toml" {
                again.assert_fails(1, "--pipeline FILE");
            } else {
                assert_eq!(again.code, 0, "{name:?}: {}", again.stderr);
                assert_eq!(again.json_value()["reused"], 0, "{name:?}");
            }
        }
    }
    std::fs::remove_dir_all(&collection).unwrap();
    copy(&whole, &collection);
    run(&["index", "-o", path(&folder.path().join("none")), "--versions"]).assert_fails(1, "no collection here");
    manage(&["--switch", "7"]).assert_fails(2, "there is no version 7; there is 000001, 000002");
    run(&["search", path(folder.path()), "x"]).assert_fails(1, "no collection here");
    let old = run(&["search", path(&collection), "something new", "--collection-version", "000001", "--json"]);
    assert!(old.json().iter().all(|hit| !hit["record"]["path"].as_str().unwrap().ends_with("b.txt")));
}

#[test]
fn a_process_that_is_killed_leaves_the_collection_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, collection) = notes(folder.path());
    index(&docs, &collection);
    let lines: String = (0..20_000).map(|n| format!("\"paragraph number {n} of very many\"\n")).collect();
    std::fs::write(docs.join("many.jsonl"), lines).unwrap();
    let mut child = embedkit().args(["index", path(&docs), "-o", path(&collection), "-q"]).spawn().unwrap();
    let partial = collection.join("versions/000002.partial/records.jsonl");
    let begun = Instant::now();
    while std::fs::metadata(&partial).map_or(0, |metadata| metadata.len()) == 0
        && begun.elapsed() < Duration::from_secs(30)
    {
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(collection.join("versions/000002.partial").exists(), "it was killed in the middle");
    assert_eq!(run(&["search", path(&collection), "kitten", "-k", "1"]).code, 0);
    let report = index(&docs, &collection).json_value();
    assert_eq!((&report["records"], &report["reused"]), (&json!(20_003), &json!(3)));
    assert!(!collection.join("versions/000002.partial").exists());
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_collection_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, collection) = notes(folder.path());
    index(&docs, &collection);
    let lines: String = (0..5000).map(|n| format!("\"paragraph number {n} of very many\"\n")).collect();
    std::fs::write(docs.join("many.jsonl"), lines).unwrap();
    // No file may grow beyond so many blocks; who ignores the signal is told by the write.
    let limited = std::process::Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_embedkit")])
        .args(["index", path(&docs), "-o", path(&collection)])
        .output()
        .unwrap();
    assert_eq!(limited.status.code(), Some(1), "{limited:?}");
    assert!(String::from_utf8_lossy(&limited.stderr).contains("too large"), "{limited:?}");
    assert_eq!(std::fs::read_dir(collection.join("versions")).unwrap().count(), 1);
    assert_eq!(run(&["search", path(&collection), "kitten", "-k", "1"]).code, 0);
    assert_eq!(index(&docs, &collection).json_value()["records"], 5003);
}

/// A row of a family's fixture under an id of its own.
fn row(family: &str, fixture: &str, id: &str) -> embedkit::ModelDescription {
    let golden = std::fs::read(common::fixtures(family).join(fixture).join("golden.json")).unwrap();
    let golden: serde_json::Value = serde_json::from_slice(&golden).unwrap();
    let mut row: embedkit::ModelDescription = serde_json::from_value(golden["model"].clone()).unwrap();
    row.id = id.to_owned();
    row
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

#[test]
fn filters_and_rerankers_by_a_stage() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, collection) = notes(folder.path());
    std::fs::write(docs.join("b.csv"), "id,text,year\nx,The kitten of 1999,1999\ny,The kitten of 2000,2000\n").unwrap();
    let pipeline = folder.path().join("pipeline.toml");
    let stages = [("meaning", "embedkit/static-minilm-en", 100), ("tokens", "embedkit/static-late-en", 0)];
    let stages =
        stages.map(|(name, model, depth)| format!("[[stage]]\nname = {name:?}\nmodel = {model:?}\ndepth = {depth}\n"));
    std::fs::write(&pipeline, format!("{}\n[[rerank]]\nstage = \"tokens\"\n", stages.concat())).unwrap();
    let report = run(&["index", path(&docs), "-o", path(&collection), "--pipeline", path(&pipeline), "--json"]);
    assert_eq!(report.json_value()["records"], 5, "{}", report.stderr);
    let search = |filters: &[&str]| {
        let filters = filters.iter().flat_map(|filter| ["--filter", filter]).collect::<Vec<_>>();
        run(&[&["search", path(&collection), "kitten", "--json"], &filters[..]].concat())
    };
    let ids = |filters: &[&str]| {
        let mut ids: Vec<String> =
            search(filters).json().iter().map(|hit| hit["record"]["document"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&["year=1999"]), ["x"]);
    assert_eq!(ids(&["year=1999", "year=2000"]), ["x", "y"]);
    assert_eq!(ids(&["year=1999", "id=y"]), [""; 0]);
    assert_eq!(ids(&[]).len(), 5);
    assert_eq!(search(&[]).json()[0]["reranked"].as_array().unwrap().len(), 1);
    search(&["year"]).assert_fails(2, "key=value");
    let section = &search(&["anchor=food"]).json()[0]["record"];
    assert_eq!((&section["section"], &section["anchor"]), (&json!("Cats › Food"), &json!("food")));
}

#[test]
fn addresses_of_databases_that_are_not_there_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, collection) = notes(folder.path());
    run(&["index", path(&docs), "-o", path(&collection), "--to", "elsewhere"]).assert_fails(2, "--output names");
    run(&["index", path(&docs), "-o", path(&collection), "--to", "http://localhost:6334"])
        .assert_fails(2, "names no collection");
    #[cfg(not(feature = "qdrant"))]
    run(&["search", "http://localhost:6334/notes", "x"]).assert_fails(2, "the feature `qdrant`");
    #[cfg(not(feature = "qdrant-edge"))]
    run(&["index", path(&docs), "-o", path(&collection), "--to", "edge:x"])
        .assert_fails(2, "the feature `qdrant-edge`");
    assert!(!collection.exists(), "nothing is embedded before that is told");
}

#[cfg(feature = "qdrant-edge")]
#[test]
fn growing_is_a_change_of_address() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, collection) = notes(folder.path());
    let edge = format!("edge:{}", path(&folder.path().join("edge")));
    let index = || run(&["index", path(&docs), "-o", path(&collection), "--to", &edge, "--json"]).json_value();
    let report = index();
    assert_eq!((&report["published"]["version"], &report["published"]["sent"]), (&json!("000001"), &json!(3)));
    assert_eq!(index()["published"]["sent"], 0);
    let search = |address: &str| run(&["search", address, "where does the cat rest?", "--json", "--explain"]).json();
    let (files, engine) = (search(path(&collection)), search(&edge));
    assert_eq!(files.len(), engine.len());
    for (file, engine) in files.iter().zip(&engine) {
        assert_eq!(file["record"], engine["record"]);
        assert!((file["score"].as_f64().unwrap() - engine["score"].as_f64().unwrap()).abs() < 1e-3);
        assert_eq!(file["explanation"]["highlights"], engine["explanation"]["highlights"]);
    }
    std::fs::write(docs.join("b.md"), "A dog barks.").unwrap();
    assert_eq!(index()["published"]["version"], "000002");
    let versions = |more: &[&str]| run(&[&["index", "-o", &edge, "--json"], more].concat()).json_value();
    assert_eq!(versions(&["--versions"])[1]["current"], true);
    assert_eq!(versions(&["--rollback"])[0]["current"], true);
    assert_eq!(versions(&["--switch", "000002"])[1]["current"], true);
    run(&["index", path(&docs), "-o", &edge]).assert_fails(2, "--to");
    // Nothing is said of the engine's own settings.
    assert_eq!(run(&["search", &edge, "cat", "--json"]).stderr, "");

    // Plain files and the engine's do not share a folder.
    let own = folder.path().join("own");
    run(&["index", path(&docs), "-o", path(&own), "--to", &format!("edge:{}", path(&own))])
        .assert_fails(2, "name another for the files");
    assert!(!own.exists());
    let of_files = format!("edge:{}", path(&collection));
    run(&["index", path(&docs), "-o", path(&own), "--to", &of_files]).assert_fails(1, "plain files");
    assert!(!own.exists(), "nothing is embedded before that is told");
    let engine = edge.strip_prefix("edge:").unwrap();
    run(&["index", path(&docs), "-o", engine]).assert_fails(1, "Qdrant Edge");
    assert_eq!(search(&edge).len(), search(path(&collection)).len());
}
