//! `index`, `search` and `eval`.
#![cfg(feature = "retrieval")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

mod common;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::{Outcome, embedkit, run};
use serde_json::json;

const NOTES: &str = "# Cats\n\nA kitten sleeps on the sofa.\n\n## Food\n\nIt eats fish & meat.\n\n# Taxes\n\nThe return is due in May.\n";

/// Texts with a question that each answers.
const SET: [(&str, &str); 16] = [
    ("A kitten sleeps on the sofa in the living room.", "where does the cat sleep"),
    ("The puppy chases a ball in the garden.", "what is the young dog playing with"),
    ("Aeroelastic flutter limits the speed of a thin wing.", "why do wings start to vibrate"),
    ("The tax return is due at the end of May.", "deadline for taxes"),
    ("Bread rises when yeast turns sugar into gas.", "what makes dough grow"),
    ("The river floods the meadows every spring.", "when is the grassland under water"),
    ("Glass is made of molten sand and soda.", "material of windows"),
    ("The violin has four strings tuned in fifths.", "how many strings on a fiddle"),
    ("Iron rusts in moist air.", "corrosion of metal"),
    ("The moon pulls the sea and makes the tides.", "cause of high and low tide"),
    ("Vaccines teach the immune system to know a virus.", "how does an injection protect from infection"),
    ("The train to the coast leaves at nine.", "railway departure time"),
    ("Honey bees dance to show where flowers are.", "how do bees tell others about nectar"),
    ("The court fined the company for spilling oil.", "penalty for pollution"),
    ("A lens bends light to a point.", "how is light focused"),
    ("The volcano covered the village with ash.", "what did the eruption bury"),
];

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

/// A set in BEIR's layout.
fn set(folder: &Path) -> PathBuf {
    let set = folder.join("set");
    std::fs::create_dir_all(set.join("qrels")).unwrap();
    let lines = |value: &dyn Fn(usize) -> serde_json::Value| {
        (0..SET.len()).map(|at| format!("{}\n", value(at))).collect::<String>()
    };
    std::fs::write(set.join("corpus.jsonl"), lines(&|at| json!({"_id": format!("d{at}"), "text": SET[at].0}))).unwrap();
    std::fs::write(set.join("queries.jsonl"), lines(&|at| json!({"_id": format!("q{at}"), "text": SET[at].1})))
        .unwrap();
    let judgements: String = (0..SET.len()).map(|at| format!("q{at}\td{at}\t1\n")).collect();
    std::fs::write(set.join("qrels/test.tsv"), format!("query-id\tcorpus-id\tscore\n{judgements}")).unwrap();
    set
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

#[test]
fn pipelines_are_compared_and_a_worse_one_fails() {
    let folder = tempfile::tempdir().unwrap();
    let set = set(folder.path());
    let worse = folder.path().join("worse.toml");
    std::fs::write(
        &worse,
        "name = \"worse\"\n[[stage]]\nname = \"meaning\"\nmodel = \"static-minilm-en\"\nmax-length = 1\n",
    )
    .unwrap();
    let (runs, record) = (folder.path().join("runs"), folder.path().join("record.jsonl"));
    let outcome = run(&[
        "eval",
        "default",
        path(&worse),
        "--data",
        path(&set),
        "--differences",
        "2",
        "--runs",
        path(&runs),
        "--record",
        path(&record),
    ]);
    outcome.assert_fails(1, "worse is worse than default by more than chance");
    let text = outcome.text();
    assert!(text.contains("ndcg@10") && text.contains("worse against default") && text.contains(": worse"), "{text}");
    assert_eq!(text.matches("\n  ndcg@10 ").count(), 5, "a verdict, and two rankings of each of two queries: {text}");
    // The other way round it is better, which is no failure; runs are read as they were written.
    let (better, other) = (runs.join("default.run"), runs.join("worse.run"));
    let again = run(&["eval", path(&other), path(&better), "--data", path(&set), "-m", "mrr", "--json"]).json_value();
    assert!(again[1]["against_first"]["mrr"]["difference"].as_f64().unwrap() > 0.2, "{again}");
    let history = run(&["eval", "--history", path(&record), "--json"]).json_value();
    assert_eq!((history.as_array().unwrap().len(), &history[1]["pipeline"]), (2, &json!("worse")));
    assert!(run(&["eval", "--history", path(&record)]).text().contains("default"));
    // A model alone, by its id.
    let alone = run(&["eval", "default", "Qdrant/bm25", "--data", path(&set), "-m", "ndcg@10"]);
    assert!(alone.text().contains("Qdrant/bm25 against default"), "{alone:?}");
    run(&["eval", "default", "--data", path(&set), "-m", "precision"]).assert_fails(2, "ndcg@10");
    run(&["eval", "default", "--data", path(&worse)]).assert_fails(2, "--documents");
}

#[test]
fn sets_and_runs_that_contradict_themselves_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let set = set(folder.path());
    let file = |name: &str| set.join(name);
    let eval = |more: &[&str]| run(&[&["eval", "default", "--data", path(&set), "-m", "recall@5"], more].concat());
    let kept = |name: &str| (file(name), std::fs::read_to_string(file(name)).unwrap());
    let (corpus, queries, qrels) = (kept("corpus.jsonl"), kept("queries.jsonl"), kept("qrels/test.tsv"));
    for ((file, text), told) in [
        ((&queries.0, queries.1.repeat(2)), "has the id \"q0\", as a line before it"),
        ((&corpus.0, corpus.1.repeat(2)), "has the document \"d0\" twice: row 1 of "),
        ((&corpus.0, String::new()), "the set has no documents"),
        ((&qrels.0, format!("{}q0\td0\t2\n", qrels.1)), "and a line before it 1"),
        ((&qrels.0, qrels.1.replace("\td", "\tdoc-")), "their ids are such as \"d0\""),
    ] {
        std::fs::write(file, text).unwrap();
        eval(&[]).assert_fails(1, told);
        for (file, text) in [&corpus, &queries, &qrels] {
            std::fs::write(file, text).unwrap();
        }
    }
    // Of some documents it is told; the figures are as any tool's.
    std::fs::write(&qrels.0, format!("{}q0\tgone\t1\n", qrels.1)).unwrap();
    let outcome = eval(&[]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(outcome.stderr.contains("are not there, or have no text, as \"gone\" of the query \"q0\""), "{outcome:?}");
    std::fs::write(&qrels.0, &qrels.1).unwrap();
    std::fs::write(&corpus.0, corpus.1.clone() + "{\"_id\": \"void\", \"title\": \"\", \"text\": \"\"}\n").unwrap();
    assert_eq!(eval(&[]).code, 0, "a document that says nothing is none");
    let runs = folder.path().join("runs");
    eval(&["default", "--runs", path(&runs)]).assert_fails(2, "two runs would be called default");
    assert!(!runs.exists());
    let found = folder.path().join("mine.run");
    for (text, told) in [
        ("q0 Q0 d0 1 1 x\nq0 Q0 d0 2 1 x\n", "line 2 has the document \"d0\" of the query \"q0\" a second time"),
        ("other Q0 d0 1 1 x\n", "has none of the"),
        ("", "has none of the"),
    ] {
        std::fs::write(&found, text).unwrap();
        run(&["eval", path(&found), "--data", path(&set)]).assert_fails(1, told);
    }
    std::fs::write(&found, "q0 Q0 d0 1 1 x\n").unwrap();
    let outcome = run(&["eval", path(&found), "--data", path(&set), "-m", "mrr", "--json"]);
    assert!(outcome.stderr.contains("judged queries, as \"q1\", which count as 0"), "{outcome:?}");
    assert!(!outcome.stderr.contains("none of the documents"), "{outcome:?}");
    std::fs::write(&found, "q0 Q0 gone 1 1 x\n").unwrap();
    let outcome = run(&["eval", path(&found), "--data", path(&set), "-m", "mrr", "--json"]);
    assert!(outcome.stderr.contains("has none of the documents that are judged relevant in"), "{outcome:?}");
}

#[test]
fn variants_are_swept_into_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let set = set(folder.path());
    let page = folder.path().join("sweep.html");
    let outcome = run(&["eval", "default", "--data", path(&set), "--sweep", "--html", path(&page), "-m", "mrr@10"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    for expected in ["meaning: f32", "meaning alone", "words alone", "tokens alone", "measured on the other"] {
        assert!(outcome.text().contains(expected), "{expected}: {}", outcome.text());
    }
    let page = std::fs::read_to_string(page).unwrap();
    assert_eq!(page.matches("<svg").count(), 2);
    assert!(page.contains("meaning: f32") && page.contains("bytes a document"));
}

#[test]
fn sets_are_made_of_ones_own_documents() {
    let folder = tempfile::tempdir().unwrap();
    let notes: String = SET
        .iter()
        .map(|(text, question)| format!("# {question}\n\n{text} And that is all there is to say of it.\n\n"))
        .collect();
    let docs = folder.path().join("notes.md");
    std::fs::write(&docs, notes).unwrap();
    let made = folder.path().join("made");
    let outcome = run(&["eval", path(&docs), "--make", path(&made)]);
    assert!(outcome.text().contains("queries") && outcome.text().contains("found again"), "{outcome:?}");
    // A file that cannot be read is told, and does not stop the others.
    let (binary, two) = (folder.path().join("bad.txt"), folder.path().join("two"));
    std::fs::write(&binary, [0xfd, 0xff]).unwrap();
    let outcome = run(&["eval", path(&docs), path(&binary), "--make", path(&two)]);
    assert!(outcome.stderr.contains("bad.txt: is no UTF-8 text"), "{outcome:?}");
    assert_eq!(std::fs::read(two.join("corpus.jsonl")).unwrap(), std::fs::read(made.join("corpus.jsonl")).unwrap());
    let measured = run(&["eval", "default", "--data", path(&made), "--json", "-m", "recall@100"]).json_value();
    assert!(measured[0]["metrics"]["recall@100"]["mean"].as_f64().unwrap() > 0.9, "{measured}");
}

/// A row of a family's fixture under an id of its own.
fn row(family: &str, fixture: &str, id: &str) -> embedkit::ModelDescription {
    let golden = std::fs::read(common::fixtures(family).join(fixture).join("golden.json")).unwrap();
    let golden: serde_json::Value = serde_json::from_slice(&golden).unwrap();
    let mut row: embedkit::ModelDescription = serde_json::from_value(golden["model"].clone()).unwrap();
    row.id = id.to_owned();
    row
}

/// A manifest of the fixtures that see images, and a pipeline over them with these lines.
fn images(folder: &Path, pipeline: &str) -> (PathBuf, PathBuf) {
    let rows = [
        row("colpali", "colmodernvbert", "test/pages"),
        row("image", "clip", "test/images"),
        row("dense", "clip-text", "test/texts"),
    ];
    let manifest = folder.join("models.toml");
    let rows = std::collections::BTreeMap::from([("model", rows)]);
    std::fs::write(&manifest, toml::to_string(&rows).unwrap()).unwrap();
    let mut pipeline = pipeline.to_owned();
    for (name, family, fixture) in
        [("PAGES", "colpali", "colmodernvbert"), ("IMAGES", "image", "clip"), ("TEXTS", "dense", "clip-text")]
    {
        pipeline = pipeline.replace(name, &format!("{:?}", common::fixtures(family).join(fixture)));
    }
    let path = folder.join("pipeline.toml");
    std::fs::write(&path, pipeline).unwrap();
    (manifest, path)
}

const PAGES: &str = "[[stage]]\nname = \"pages\"\nmodel = \"test/pages\"\nfamily = \"colpali\"\nfolder = PAGES\n";

#[cfg(feature = "pdf")]
#[test]
fn images_and_pages_are_searched_with_a_heat_map() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, collection) = notes(folder.path());
    for name in ["upright.png", "square.png"] {
        std::fs::copy(common::fixtures("colpali").join("images").join(name), docs.join(name)).unwrap();
    }
    std::fs::write(docs.join("broken.png"), "no image").unwrap();
    let text = "BT /F 20 Tf 20 30 Td (Bees make honey) Tj ET";
    std::fs::write(docs.join("b.pdf"), embedkit_fixtures::pdf(200, 100, &[text, "0 0 100 50 re f"])).unwrap();
    // A page that is too wide to be drawn has its words.
    let wide = "BT /F 20 Tf 20 30 Td (Wax is warm) Tj ET";
    std::fs::write(docs.join("c.pdf"), embedkit_fixtures::pdf(40_000, 100, &[wide])).unwrap();
    // BM25 reads what the pages say, the other stage sees them.
    let words = "[[stage]]\nname = \"words\"\nmodel = \"Qdrant/bm25\"\n";
    let (manifest, pipeline) = images(folder.path(), &format!("{PAGES}{words}"));
    let manifest = ["--manifest", path(&manifest)];
    let report = run(&[
        &manifest[..],
        &["index", path(&docs), "-o", path(&collection), "--pipeline", path(&pipeline), "--json"],
    ]
    .concat());
    assert_eq!(report.code, 0, "{}", report.stderr);
    let report = report.json_value();
    // Three chunks of a.md, two images, three pages.
    assert_eq!((&report["records"], report["unread"].as_array().unwrap().len()), (&json!(8), 2), "{report}");
    assert!(report["unread"][0]["path"].as_str().unwrap().ends_with("broken.png"), "{report}");

    let maps = folder.path().join("maps");
    let search = ["search", path(&collection), "honey", "-k", "9", "--json", "--explain", "--heat-map", path(&maps)];
    let hits = run(&[&manifest[..], &search].concat()).json();
    // The text says nothing of honey, and no patch is of it.
    assert_eq!(hits.len(), 4, "{hits:?}");
    let page = hits.iter().find(|hit| hit["record"]["page"] == 1).unwrap();
    assert_eq!(page["record"]["text"], "Bees make honey");
    assert!(page["contributions"][1]["score"].as_f64().unwrap() > 0.0, "{page}");
    for hit in &hits {
        let map = std::fs::read(hit["heat_map"].as_str().unwrap()).unwrap();
        assert!(map.starts_with(b"\x89PNG"), "{hit}");
        let sum: f64 =
            hit["contributions"].as_array().unwrap().iter().map(|part| part["value"].as_f64().unwrap()).sum();
        assert!((sum - hit["score"].as_f64().unwrap()).abs() < 1e-9);
    }
    let wax = ["search", path(&collection), "wax", "-k", "9", "--json", "--heat-map", path(&maps)];
    let wax = run(&[&manifest[..], &wax].concat()).json();
    let wax = wax.iter().find(|hit| hit["record"]["text"] == "Wax is warm").unwrap();
    assert_eq!(wax["heat_map"], json!(null));
    let html = folder.path().join("page.html");
    let page = ["search", path(&collection), "honey", "--heat-map", path(&maps), "--html", path(&html)];
    assert_eq!(run(&[&manifest[..], &page].concat()).code, 0);
    assert_eq!(std::fs::read_to_string(&html).unwrap().matches("data:image/png;base64,").count(), 4);
    // Images that stayed are not embedded again; one that changed is.
    std::fs::copy(docs.join("square.png"), docs.join("upright.png")).unwrap();
    let again = run(&[&manifest[..], &["index", path(&docs), "-o", path(&collection), "--json"]].concat()).json_value();
    assert_eq!((&again["records"], &again["reused"]), (&json!(8), &json!(7)), "{again}");
}

#[test]
fn images_are_found_by_another_models_queries() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, collection) = notes(folder.path());
    let stage = "[[stage]]\nname = \"images\"\nmodel = \"test/images\"\nfamily = \"image\"\nfolder = IMAGES\n";
    let query = "query = { model = \"test/texts\", family = \"dense\", folder = TEXTS }\n";
    let index = |lines: &str| {
        let (manifest, pipeline) = images(folder.path(), lines);
        run(&[
            "--manifest",
            path(&manifest),
            "index",
            path(&docs),
            "-o",
            path(&collection),
            "--pipeline",
            path(&pipeline),
            "--json",
        ])
    };
    index(stage).assert_fails(2, "name the model of queries");
    std::fs::copy(common::fixtures("colpali").join("images/upright.png"), docs.join("upright.png")).unwrap();
    let report = index(&format!("{stage}{query}"));
    assert_eq!(report.code, 0, "{}", report.stderr);
    assert_eq!(report.json_value()["records"], 1, "texts are none of a model of images");
    let search = ["search", path(&collection), "a red square", "--json"];
    let manifest = folder.path().join("models.toml");
    let hits = run(&[&["--manifest", path(&manifest)], &search[..]].concat()).json();
    assert!(hits[0]["record"]["path"].as_str().unwrap().ends_with("upright.png"));
    // A model of single vectors has no patches.
    let maps = folder.path().join("maps");
    run(&[&["--manifest", path(&manifest)], &search[..], &["--heat-map", path(&maps)]].concat())
        .assert_fails(2, "--heat-map");
    run(&["index", path(&docs), "-o", path(&folder.path().join("other")), "--frame-seconds", "2"])
        .assert_fails(2, "--frame-seconds");
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

/// Adds a blank to a JSON file, and changes another's last byte.
fn touch(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    match file.extension().is_some_and(|extension| extension == "json") {
        true => bytes.push(b' '),
        false => *bytes.last_mut().unwrap() ^= 1,
    }
    // The file that stood there may be mapped.
    std::fs::remove_file(file).unwrap();
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn a_model_of_which_any_file_changed_is_another() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, collection) = notes(folder.path());
    let model = folder.path().join("model");
    let folders = common::fixtures("dense").join("../folders");
    copy(&folders.join("base"), &model);
    copy(&folders.join("dense-two"), &model);
    std::fs::write(model.join("README.md"), "read by nobody").unwrap();
    let pipeline = folder.path().join("pipeline.toml");
    let stage = format!("[[stage]]\nname = \"m\"\nmodel = \"mine\"\nfamily = \"dense\"\nfolder = {model:?}\n");
    std::fs::write(&pipeline, stage).unwrap();
    let index = || run(&["index", path(&docs), "-o", path(&collection), "--pipeline", path(&pipeline), "--json"]);
    assert_eq!(index().code, 0);
    let search = || run(&["search", path(&collection), "fish"]);
    touch(&model.join("README.md"));
    assert_eq!(search().code, 0);
    assert_eq!(index().json_value()["is_unchanged"], true);
    for file in [
        "modules.json",
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "1_Pooling/config.json",
        "2_Dense/config.json",
        "2_Dense/model.safetensors",
        "3_Dense/config.json",
        "3_Dense/model.safetensors",
    ] {
        touch(&model.join(file));
        search().assert_fails(1, "was made with another model");
        let report = index().json_value();
        assert_eq!((&report["reused"], &report["records"]), (&json!(0), &json!(3)), "{file}: {report}");
    }
}

#[test]
fn another_commit_of_a_hubs_model_is_another_where_its_files_are() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, collection) = notes(folder.path());
    let mut row = row("dense", "transformer-mean", "test/hub");
    row.sources = vec![serde_json::from_value(json!({"hf": "test/hub"})).unwrap()];
    let manifest = folder.path().join("models.toml");
    std::fs::write(&manifest, toml::to_string(&json!({"model": [row]})).unwrap()).unwrap();
    let pipeline = folder.path().join("pipeline.toml");
    std::fs::write(&pipeline, "[[stage]]\nname = \"m\"\nmodel = \"test/hub\"\n").unwrap();
    let cache = folder.path().join("cache");
    let repository = cache.join("models--test--hub");
    let commits = [1, 2, 3].map(|commit| format!("{commit}").repeat(40));
    for commit in &commits {
        copy(&common::fixtures("dense").join("transformer-mean"), &repository.join("snapshots").join(commit));
    }
    // The second says something else of itself, the third has another vocabulary.
    std::fs::write(repository.join("snapshots").join(&commits[1]).join("README.md"), "Hello.").unwrap();
    touch(&repository.join("snapshots").join(&commits[2]).join("tokenizer.json"));
    std::fs::create_dir_all(repository.join("refs")).unwrap();
    let at = |commit: &str| std::fs::write(repository.join("refs/main"), commit).unwrap();
    let common = ["--manifest", path(&manifest)];
    let cached = ["--cache-dir", path(&cache), "--offline"];
    let index = ["index", path(&docs), "-o", path(&collection), "--pipeline", path(&pipeline), "--json"];
    let index = || run(&[&common[..], &index, &cached].concat());
    let search = || run(&[&common[..], &["search", path(&collection), "fish"], &cached].concat());
    at(&commits[0]);
    let made = index();
    assert_eq!(made.code, 0, "{}", made.stderr);
    at(&commits[1]);
    assert_eq!(search().code, 0);
    at(&commits[2]);
    search().assert_fails(1, "was made with another model");
    assert_eq!(index().json_value()["reused"], 0);
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
