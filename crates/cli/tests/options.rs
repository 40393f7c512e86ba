//! Every option with every family: it changes what comes out, or is refused with a sentence that names it and who takes it.
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

mod common;

use std::path::Path;

use common::subject::*;
use common::{Outcome, model_args, run, run_with};

/// Options that have a use with every model: they say where things are, how a run goes or what is written beside vectors.
const FOR_ALL: &[&str] = &[
    "--manifest",
    "--verbose",
    "--quiet",
    "--help",
    "--version",
    "--input",
    "--input-format",
    "--field",
    "--input-encoding",
    "--skip-invalid",
    "--keep-fields",
    "--keep-text",
    "--model",
    "--model-dir",
    "--kind",
    "--batch-size",
    "--threads",
    "--cache-dir",
    "--offline",
    "--output",
    "--format",
    "--with-usage",
    "--color",
    "--resume",
    "--shard",
    "--batch-invariant",
];

/// The other options of `embed`, each with a value that changes what comes out where it is obeyed.
const SAMPLES: &[&[&str]] = &[
    &["--dim", "4"],
    &["--max-length", "3"],
    &["--tuning", "TUNING"],
    &["--sessions", "2"],
    &["--provider", "cpu"],
    &["--require-provider", "--provider", "cpu"],
    &["--device", "0"],
    &["--quantize", "int8"],
    &["--pooling", "mean"],
    &["--normalize"],
    &["--output-name", "nothing"],
    &["--model-file", "nothing.onnx"],
    &["--query"],
    &["--passage"],
    &["--no-prompts"],
    &["--task", "x"],
    &["--encoding", "binary"],
    &["--calibration", "SAMPLE", "--encoding", "int8"],
    &["--on-long", "error"],
    &["--language", "german"],
    &["--k", "3"],
    &["--b", "0"],
    &["--avg-len", "5"],
    &["--token-max-length", "3"],
    &["--disable-stemmer"],
    &["--stopwords", "world"],
    &["--alpha", "2"],
    &["--top-k", "1"],
    &["--min-weight", "1000"],
    &["--explain"],
    &["--chunk"],
    &["--chunk-tokens", "2", "--chunk"],
    &["--chunk-overlap", "1", "--chunk", "--chunk-tokens", "4"],
    &["--pool-factor", "2"],
    &["--pool-method", "pylate", "--pool-factor", "2"],
    &["--pdf", "PAGES"],
    &["--pages", "1", "--pdf", "PAGES"],
    &["--dpi", "20", "--pdf", "PAGES"],
    &["--page-time", "9", "--pdf", "PAGES"],
    &["--page-memory", "900", "--pdf", "PAGES"],
];

/// Options that may leave the numbers as they are where a model takes them: what they ask for may be so already.
const MAY_CHANGE_NOTHING: &[&str] = &[
    "--sessions",
    "--provider",
    "--require-provider",
    "--device",
    "--query",
    "--passage",
    "--no-prompts",
    "--on-long",
    "--dim",
    "--max-length",
    "--normalize",
    "--language",
    "--tuning",
];

const SUBJECTS: &[Subject] =
    &[TRANSFORMER, STATIC, BM25, BM42, MINICOIL, SPLADE, IF_SPLADE, COLBERT, COLPALI, IMAGE, HYBRID];

/// What `tune` writes, for another machine.
const TUNING: &str = "model = \"test/model\"\ncores = 3\nsessions = 1\nthreads = 1\nbatch_tokens = 4096\n\
    batch_attention = 1048576\nbatch_overhead = 16\n";

/// A model's arguments, and what it is given.
struct Scene {
    folder: tempfile::TempDir,
    model: Vec<String>,
    inputs: Vec<String>,
}

impl Scene {
    fn new(subject: Subject) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = folder.path().join("model");
        std::fs::create_dir(&files).unwrap();
        subject.copy_to(&files);
        let model = match subject {
            // The model that needs no files has all languages.
            BM25 => ["-m", "Qdrant/bm25"].map(str::to_owned).into(),
            _ => model_args(folder.path(), subject.row(), &files),
        };
        let is_seen = subject.sees() || subject == COLPALI;
        let texts = || ["hello world again", "the cats are hello hello"].map(str::to_owned).to_vec();
        let inputs = if is_seen { vec![image()] } else { texts() };
        std::fs::write(folder.path().join("PAGES"), embedkit_fixtures::pdf(200, 100, &["0 0 100 50 re f"])).unwrap();
        std::fs::write(folder.path().join("TUNING"), TUNING).unwrap();
        let scene = Self { folder, model, inputs };
        let sample = scene.embed(&[]);
        std::fs::write(scene.folder.path().join("SAMPLE"), &sample.stdout).unwrap();
        scene
    }

    fn embed(&self, options: &[&str]) -> Outcome {
        let files = ["PAGES", "SAMPLE", "TUNING"];
        let in_folder = |value: &&str| match files.contains(value) {
            true => self.folder.path().join(value).to_str().unwrap().to_owned(),
            false => (*value).to_owned(),
        };
        let mut args = vec!["embed".to_owned()];
        args.extend(self.model.iter().cloned().chain(options.iter().map(in_folder)));
        if !options.contains(&"--pdf") {
            args.extend(self.inputs.iter().cloned());
        }
        run(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

#[test]
fn every_option_is_obeyed_or_refused_by_name() {
    let mut wrong = Vec::new();
    std::thread::scope(|scope| {
        let walks: Vec<_> = SUBJECTS.iter().map(|&subject| scope.spawn(move || walk(subject))).collect();
        walks.into_iter().for_each(|walk| wrong.extend(walk.join().unwrap()));
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn walk(subject: Subject) -> Vec<String> {
    let scene = Scene::new(subject);
    let plain = scene.embed(&[]);
    assert_eq!(plain.code, 0, "{}: {}", subject.name(), plain.stderr);
    let mut wrong = Vec::new();
    for sample in SAMPLES {
        let option = sample[0];
        let outcome = scene.embed(sample);
        let names = sample.iter().filter_map(|word| word.strip_prefix("--"));
        let is_told = |name: &str| outcome.stderr.contains(name) || outcome.stderr.contains(&name.replace('-', "_"));
        let is_named = { names }.any(is_told);
        let is_right = match outcome.code {
            0 => outcome.stdout != plain.stdout || MAY_CHANGE_NOTHING.contains(&option),
            1 | 2 => is_named,
            _ => false,
        };
        if !is_right || outcome.stderr.contains("panicked") {
            wrong.push(format!("{} {sample:?}: exit {}, {:?}", subject.name(), outcome.code, outcome.stderr));
        }
    }
    wrong
}

/// What `embed --help` lists, so that no option is forgotten above.
#[test]
fn every_option_is_among_these() {
    let help = run(&["embed", "--help"]);
    let is_letter = |c: char| c.is_ascii_lowercase() || c == '-';
    let listed = help.text().lines().filter_map(|line| {
        let line = line.trim_start();
        let long = line.split(", ").find(|part| part.starts_with("--")).filter(|_| line.starts_with('-'))?;
        Some(long.chars().take_while(|c| is_letter(*c)).collect::<String>())
    });
    let mut count = 0;
    for option in listed {
        let known = FOR_ALL.contains(&&*option) || SAMPLES.iter().any(|sample| sample[0] == option);
        assert!(known, "{option} is walked with no family");
        count += 1;
    }
    assert!(count > 40, "{count} options were found in the help");
}

/// Options that the verb or the input has no use for, and what the refusal says.
#[test]
fn verbs_and_inputs_refuse_what_they_cannot_use() {
    let folder = tempfile::tempdir().unwrap();
    let scenes: Vec<(Subject, Scene)> =
        [TRANSFORMER, COLBERT, RERANK].into_iter().map(|subject| (subject, scene(subject, folder.path()))).collect();
    let model =
        |wanted: Subject| -> &[String] { &scenes.iter().find(|(subject, _)| *subject == wanted).unwrap().1.model };
    for (subject, args, message) in [
        (
            TRANSFORMER,
            &["tokens", "--include-extension", "x"][..],
            "--include-extension is for models that give multi-vectors",
        ),
        (TRANSFORMER, &["tokens", "--query-text", "q", "x"], "--query-text is for models that take pairs of texts"),
        (TRANSFORMER, &["tune", "--keep-fields", "-i", "-"], "--keep-fields"),
        (TRANSFORMER, &["tune", "--keep-text", "x"], "--keep-text"),
        (COLBERT, &["embed", "--explain", "x"], "the families that take it: sparse"),
        (COLBERT, &["explain", "--query", "q", "x", "--png", "a.png"], "--image"),
        (COLBERT, &["embed", "x", "--pages", "1"], "--pages is for --pdf"),
        (COLBERT, &["embed", "x", "--dpi", "100"], "--dpi is for --pdf"),
        (RERANK, &["rerank", "--query", "q", "--instruction", "i", "x"], "instruction"),
        (RERANK, &["rerank", "--query", "q", "--dim", "3", "x"], "dim"),
        (RERANK, &["tokens", "x"], "--query-text"),
        (COLBERT, &["similarity", "a", "b"], "dense"),
        (TRANSFORMER, &["embed", "--field", "x", "a text"], "--field"),
        (TRANSFORMER, &["embed", "--format", "npy", "--keep-text", "a"], "--keep-text"),
        (TRANSFORMER, &["embed", "--format", "npy", "--with-usage", "a"], "--with-usage"),
        (COLBERT, &["embed", "--format", "npy", "a"], "npy"),
        (TRANSFORMER, &["embed", "--calibration", "x", "a"], "int8"),
    ] {
        let model: Vec<&str> = model(subject).iter().map(String::as_str).collect();
        let outcome = run_with(&[args, &model[..]].concat(), b"a\n");
        assert!(outcome.code == 2 || outcome.code == 1, "{args:?}: {outcome:?}");
        assert!(outcome.stderr.contains(message), "{args:?}: {}", outcome.stderr);
    }
}

fn scene(subject: Subject, folder: &Path) -> Scene {
    let files = folder.join(subject.fixture);
    std::fs::create_dir(&files).unwrap();
    subject.copy_to(&files);
    let manifests = tempfile::tempdir().unwrap();
    let model = model_args(manifests.path(), subject.row(), &files);
    Scene { folder: manifests, model, inputs: Vec::new() }
}
