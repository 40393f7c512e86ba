//! Every option of every verb, with every family: it changes what comes out, or is refused with a sentence that names it and
//! who takes it.
//!
//! The options are those of the program's own definition; one that is new has no row in the table, and fails.
#![cfg(feature = "full")]
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

#[path = "../common/mod.rs"]
mod common;

mod refusals;
mod row;
mod rows;
mod scene;

use std::sync::Mutex;

use clap::{Arg, Command};
use common::run;
use common::subject::*;
use row::{Row, Shows};
use scene::{Came, Scene};

/// The options of `serve`, which end in settings: its own tests see that each does.
const NOT_HERE: &str = "serve";

/// Verbs that give results, each by its words, with their own options.
fn verbs() -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for verb in embedkit_cli::command().get_subcommands().filter(|verb| !verb.is_hide_set()) {
        match verb.has_subcommands() {
            true => found.extend(
                verb.get_subcommands()
                    .map(|below| (format!("{} {}", verb.get_name(), below.get_name()), options(below))),
            ),
            false => found.push((verb.get_name().to_owned(), options(verb))),
        }
    }
    found.retain(|(verb, _)| verb != NOT_HERE);
    found
}

fn options(verb: &Command) -> Vec<String> {
    verb.get_arguments().filter_map(Arg::get_long).map(|long| format!("--{long}")).collect()
}

/// Each verb with the models that it is tried with.
fn scenes() -> Vec<Box<dyn FnOnce() -> Scene + Send>> {
    let texts = ["hello world again", "the cats are hello hello"];
    let mut scenes: Vec<Box<dyn FnOnce() -> Scene + Send>> = Vec::new();
    for subject in [TRANSFORMER, STATIC, BM25, BM42, MINICOIL, SPLADE, IF_SPLADE, COLBERT, COLPALI, IMAGE, HYBRID] {
        scenes.push(Box::new(move || {
            let image = image();
            let of_images = [image.as_str()];
            let sees = subject.sees() || subject == COLPALI;
            Scene::of_model("embed", subject, &[], if sees { &of_images } else { &texts }).with_sample()
        }));
    }
    let mut add = |verb: &'static str, subject, always: &'static [&str], inputs: &'static [&str]| {
        scenes.push(Box::new(move || Scene::of_model(verb, subject, always, inputs)));
    };
    for subject in [TRANSFORMER, BM25, COLBERT, COLPALI] {
        add("tokens", subject, &[], &["hello world again"]);
    }
    add("tokens", RERANK, &["--query-text", "hello"], &["hello world again"]);
    add("similarity", TRANSFORMER, &[], &["hello world again", "the cats"]);
    add("similarity", STATIC, &[], &["hello world again", "the cats"]);
    for subject in [RERANK, CAUSAL] {
        add("rerank", subject, &[], &["--query", "hello", "hello world", "the cats are hello", "hello world"]);
    }
    add("score", COLBERT, &["--query", "hello"], &["hello world", "the cats are hello"]);
    add("score", COLPALI, &["--query", "hello"], &["@IMAGE", "@SECOND", "@IMAGE"]);
    add("explain", COLBERT, &["--query", "hello"], &["hello world"]);
    add("explain", COLPALI, &["--query", "hello"], &["--image", "@IMAGE", "--html", "@OUT/b.html"]);
    add("tune", TRANSFORMER, &[], &["hello world"]);
    let mut add = |verb: &'static str, always: &'static [&str], inputs: &'static [&str]| {
        scenes.push(Box::new(move || Scene::of_verb(verb, inputs).always(always)));
    };
    add("muvera", &["--dim", "16"], &["--input", "@MULTI"]);
    for verb in ["models list", "doctor", "completions", "runtime status"] {
        add(verb, &[], &[]);
    }
    add("models show", &[], &["bm25"]);
    for verb in ["models pull", "models verify", "models repair", "models rm"] {
        add(verb, &["--manifest", "@cached.toml", "--cache-dir", "@OUT/cache", "--offline"], &["test/cached"]);
    }
    scenes.push(Box::new(|| {
        let folder = common::fixtures("colbert").join("multi-vector-fixed");
        let always = ["--output", "@OUT/model"];
        let loud = |folder: &std::path::Path| common::copy_loud_model(&folder.join("LOUD"));
        Scene::of_verb("models quantize", &[folder.to_str().unwrap()]).always(&always).with(loud)
    }));
    // A Python that says how it is called, and fails; and the runtime that there is.
    scenes.push(Box::new(|| {
        let python = ["--python", "@PYTHON"];
        Scene::of_verb("runtime install", &[]).always(&python).with(|folder| {
            let status: serde_json::Value =
                serde_json::from_slice(&run(&["runtime", "status", "--json"]).stdout).unwrap();
            std::fs::copy(status["used"]["path"].as_str().unwrap(), folder.join("RUNTIME")).unwrap();
        })
    }));
    let index = |folder: &std::path::Path| {
        let (texts, collection) = (folder.join("TEXTS"), folder.join("COLLECTION"));
        let outcome = run(&["index", texts.to_str().unwrap(), "-o", collection.to_str().unwrap()]);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    };
    scenes
        .push(Box::new(move || Scene::of_verb("index", &["@TEXTS"]).always(&["--output", "@COLLECTION"]).with(index)));
    scenes.push(Box::new(move || Scene::of_verb("search", &["@COLLECTION", "a young cat"]).with(index)));
    scenes.push(Box::new(|| Scene::of_verb("eval", &["Qdrant/bm25", "--data", "@SET"]).with(set)));
    scenes
}

/// A set in BEIR's layout, a record of an evaluation on it, and a run.
fn set(folder: &std::path::Path) {
    let set = folder.join("SET");
    std::fs::create_dir_all(set.join("qrels")).unwrap();
    let corpus = "{\"_id\":\"a\",\"text\":\"the cats sleep\"}\n{\"_id\":\"b\",\"text\":\"trains run on rails\"}\n";
    std::fs::write(set.join("corpus.jsonl"), corpus).unwrap();
    let queries = "{\"_id\":\"q\",\"text\":\"young felines\"}\n{\"_id\":\"r\",\"text\":\"run\"}\n";
    std::fs::write(set.join("queries.jsonl"), queries).unwrap();
    std::fs::write(set.join("qrels/test.tsv"), "query-id\tcorpus-id\tscore\nq\ta\t1\nr\tb\t1\n").unwrap();
    std::fs::write(folder.join("A.run"), "q Q0 a 1 2.0 x\nr Q0 a 1 1.0 x\n").unwrap();
    let record = folder.join("RECORD");
    let outcome = run(&["eval", "Qdrant/bm25", "--data", set.to_str().unwrap(), "--record", record.to_str().unwrap()]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
}

#[test]
fn every_option_is_in_the_table() {
    let mut count = 0;
    for (verb, options) in verbs() {
        for option in options {
            assert!(!rows::of(&verb, &option).is_empty(), "{verb} {option} is tried nowhere");
            count += 1;
        }
    }
    assert!(count > 200, "{count} options");
}

#[test]
fn every_option_is_obeyed_or_refused_by_name() {
    let (scenes, wrong, tried) = (Mutex::new(scenes()), Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let verbs = verbs();
    let work = || {
        while let Some(make) = { scenes.lock().unwrap().pop() } {
            let scene = make();
            let is_first = {
                let mut tried = tried.lock().unwrap();
                tried.push(scene.verb);
                tried.iter().filter(|verb| **verb == scene.verb).count() == 1
            };
            let (_, options) = verbs.iter().find(|(verb, _)| verb == scene.verb).unwrap();
            let rows = options.iter().flat_map(|option| rows::of(scene.verb, option));
            let rows = rows.filter(|row| is_first || !row.is_for_all);
            let found: Vec<String> = rows.filter_map(|row| fault(&scene, &row)).collect();
            wrong.lock().unwrap().extend(found);
        }
    };
    let threads = std::thread::available_parallelism().unwrap().get();
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let tried = tried.into_inner().unwrap();
    let left_out: Vec<&String> =
        verbs.iter().map(|(verb, _)| verb).filter(|verb| !tried.contains(&verb.as_str())).collect();
    assert!(left_out.is_empty(), "{left_out:?}");
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with how an option is taken.
fn fault(scene: &Scene, row: &Row) -> Option<String> {
    if row.but.is_some_and(|name| scene.name.ends_with(name)) {
        return None;
    }
    let came = scene.tried(row, true);
    let plain = || scene.tried(row, false);
    let is_right = match came.code {
        0 => match row.shows {
            Shows::Results => came.differs(&plain()),
            Shows::Told => came.stderr != plain().stderr,
            Shows::MayBeSo => true,
        },
        1 | 2 => is_named(row, &came) || came.says_otherwise(&plain()),
        _ => false,
    };
    let is_right = is_right && !came.stderr.contains("panicked");
    let said = || String::from_utf8_lossy(&came.stdout).chars().take(200).collect::<String>();
    let tried = [row.beside, &[row.option], row.values].concat().join(" ");
    (!is_right).then(|| format!("{}: {tried}: exit {}, {:?}, {:?}", scene.name, came.code, came.stderr, said()))
}

/// Whether a refusal names the option or one beside it, or the file or the name that it was given.
fn is_named(row: &Row, came: &Came) -> bool {
    let said = came.stderr.to_lowercase();
    let is_said = |word: &str| match word.strip_prefix("--") {
        Some(option) => said.contains(option) || said.contains(&option.replace('-', "_")),
        None => {
            word.chars().all(|c| c.is_alphabetic() || "@./".contains(c)) && said.contains(&word.to_lowercase()[1..])
        }
    };
    let beside = row.beside.iter().filter(|word| word.starts_with("--"));
    std::iter::once(&row.option).chain(row.values).chain(beside).any(|word| is_said(word))
}
