//! Pipelines and runs that are measured.

use super::*;

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
    // Nor is a run that is read replaced by another.
    std::fs::create_dir(&runs).unwrap();
    let theirs = runs.join("default.run");
    std::fs::write(&theirs, "q0 Q0 d0 1 1 x\n").unwrap();
    eval(&[path(&theirs), "--runs", path(&runs)]).assert_fails(2, "default.run is read");
    assert_eq!(std::fs::read_to_string(&theirs).unwrap(), "q0 Q0 d0 1 1 x\n");
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
