//! The verb on a hub of its own, on loopback, with the small models of the families' tests.

use std::path::{Path, PathBuf};

use embedkit_fixtures::hub::{COMMIT, Server, sha256};
use embedkit_fixtures::{TextGolden, without_runtime};

use super::canonical::Stated;
use super::*;

/// A small model of the dense family's tests, and one of the sparse family's.
const DENSE: &str = "../crates/dense/tests/fixtures/transformer-cls";
const SPARSE: &str = "../crates/sparse/tests/fixtures/splade";

/// The comments around rows, which stay.
const HEADING: &str = "# The catalogue.\n\n# ---- dense ----\n\n";

/// A hub that serves the two small models, and a folder for the catalogue and the cache.
struct Bench {
    server: Server,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Self { server: Server::start(), folder: tempfile::tempdir().unwrap() };
        bench.serve("org/dense", Path::new(DENSE), "");
        bench.serve("org/sparse", Path::new(SPARSE), "");
        bench
    }

    fn serve(&self, repo: &str, folder: &Path, below: &str) {
        for entry in std::fs::read_dir(folder.join(below)).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{below}{}", path.file_name().unwrap().to_str().unwrap());
            if path.is_dir() {
                self.serve(repo, folder, &format!("{name}/"));
            } else {
                self.server.file_of(repo, &name, std::fs::read(&path).unwrap());
            }
        }
    }

    fn hub(&self) -> HubOptions {
        let mut options = HubOptions::default().environment(|_| None);
        options.endpoint = Some(self.server.url.clone());
        options.cache_dir = Some(self.folder.path().join("cache"));
        options.retries = 0;
        options
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("models.toml")
    }

    /// Runs the verb on a catalogue: what it gives, and the catalogue afterwards.
    fn run(&self, catalogue: &str, options: &Catalogue, canonical: Option<&Canonical>) -> (Outcome, String) {
        std::fs::write(self.path(), catalogue).unwrap();
        let runtime = std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from);
        let outcome = compare(&self.path(), options, self.hub(), canonical, runtime.as_deref());
        (outcome, std::fs::read_to_string(self.path()).unwrap())
    }
}

fn online(write: bool) -> Catalogue {
    Catalogue { online: true, endpoint: None, models: Vec::new(), vectors: false, picture: None, write }
}

/// The row of a small model, as the catalogue would have it.
fn row(fixture: &str, id: &str) -> String {
    let golden = std::fs::read_to_string(Path::new(fixture).join("golden.json")).unwrap();
    let golden: TextGolden = serde_json::from_str(&golden).unwrap();
    let mut row = golden.model;
    let size = |name: &str| std::fs::metadata(Path::new(fixture).join(name)).map_or(0, |file| file.len());
    row.id = id.to_owned();
    row.size_gb = repository::files_of(&row).map(size).sum::<u64>() as f64 / 1e9;
    row.sources = vec![Source::Hub { hf: id.to_owned(), revision: None }];
    let mut text = String::from("# Why it is here.\n[[model]]\n");
    let written = toml::to_string(&row).unwrap();
    for line in written.lines().take_while(|line| !line.starts_with("[[sources]]")).filter(|line| !line.is_empty()) {
        assert!(!line.starts_with('['), "{written}");
        text += &format!("{line}\n");
    }
    text + &format!("sources = [{{ hf = \"{id}\" }}] # the only one\n")
}

fn dense() -> String {
    row(DENSE, "org/dense")
}

fn right() -> String {
    format!("{HEADING}{}\n# ---- sparse ----\n\n{}", dense(), row(SPARSE, "org/sparse"))
}

#[test]
fn a_right_catalogue_agrees_and_is_pinned() {
    let bench = Bench::new();
    let (outcome, unchanged) = bench.run(&right(), &online(false), None);
    outcome.unwrap();
    assert_eq!(unchanged, right());
    assert!(bench.server.seen().iter().all(|seen| !seen.path.ends_with(".onnx")), "weights were asked for");

    let (outcome, pinned) = bench.run(&right(), &online(true), None);
    outcome.unwrap();
    let rows = Manifest::parse("pinned", &pinned).unwrap().models;
    for (row, fixture) in rows.iter().zip([DENSE, SPARSE]) {
        let Source::Hub { revision, .. } = &row.sources[0] else { panic!("{row:?}") };
        assert_eq!(revision.as_deref(), Some(COMMIT));
        assert!(row.digests.len() >= 4, "{:?}", row.digests);
        for (file, digest) in &row.digests {
            let content = std::fs::read(Path::new(fixture).join(file)).unwrap();
            assert_eq!(digest.size, Some(content.len() as u64), "{file}");
            assert_eq!(digest.sha256, Some(sha256(&content)), "{file}");
        }
    }
    // Everything else stays, and a row is still one paragraph.
    let is_old = |line: &&str| !line.starts_with("digests.") && !line.starts_with("sources");
    let kept: Vec<&str> = pinned.lines().filter(is_old).collect();
    assert_eq!(kept, right().lines().filter(is_old).collect::<Vec<_>>());
    assert_eq!(pinned.lines().filter(|line| line.ends_with("# the only one")).count(), 2);
    assert_eq!(pinned.matches("\n\n").count(), right().matches("\n\n").count());

    // Pinned, it agrees still, with and without the hub; and pinning again changes nothing.
    let (outcome, again) = bench.run(&pinned, &online(true), None);
    outcome.unwrap();
    assert_eq!(again, pinned);
    bench.run(&pinned, &Catalogue { online: false, ..online(false) }, None).0.unwrap();
}

#[test]
fn each_way_of_being_wrong_is_told() {
    let pin = format!("sources = [{{ hf = \"org/dense\", revision = \"{COMMIT}\" }}]\n");
    let digest = |file: &str, text: &str| format!("{pin}digests.\"{file}\" = {text}\n");
    let bench = Bench::new();
    bench.server.file_of("org/external", "model.onnx_data", "data");
    bench.serve("org/external", Path::new(DENSE), "");
    let folder = |pooling: &str, dim: usize, prompt: &str| {
        let repo = format!("org/{pooling}-{dim}-{}", prompt.len());
        bench.serve(&repo, Path::new(DENSE), "");
        let modules = r#"[{"path":"","type":"sentence_transformers.models.Transformer"},
            {"path":"1_Pooling","type":"sentence_transformers.models.Pooling"}]"#;
        bench.server.file_of(&repo, "modules.json", modules);
        let config = format!("{{\"word_embedding_dimension\": {dim}, \"pooling_mode\": \"{pooling}\"}}");
        bench.server.file_of(&repo, "1_Pooling/config.json", config);
        let prompts = format!("{{\"prompts\": {{\"query\": \"{prompt}\"}}}}");
        bench.server.file_of(&repo, "config_sentence_transformers.json", prompts);
        repo
    };
    let dim = Manifest::parse("dense", &dense()).unwrap().models[0].dim.unwrap();
    let broken = "org/broken";
    bench.serve(broken, Path::new(DENSE), "");
    bench.server.file_of(broken, "tokenizer.json", "{}");
    let sized = "org/sized";
    bench.serve(sized, Path::new(DENSE), "");
    bench.server.file_of(sized, "config.json", format!("{{\"hidden_size\": {}}}", dim + 1));
    let narrow = "org/narrow";
    bench.serve(narrow, Path::new(DENSE), "");
    bench.server.file_of(narrow, "config.json", format!("{{\"hidden_size\": {dim}, \"max_position_embeddings\": 5}}"));

    let without = |key: &str| -> String {
        dense().lines().filter(|line| !line.starts_with(key)).map(|line| format!("{line}\n")).collect()
    };
    let from = |repo: &str| without("sources") + &format!("sources = [{{ hf = \"{repo}\" }}]\n");
    let with = |key: &str, value: &str| without(key) + &format!("{key} = {value}\n");
    let pinned = |text: String| without("sources") + &text;
    for (catalogue, what, word) in [
        (from("org/none"), "repository", "does not exist"),
        (with("model-file", "\"onnx/weights.onnx\""), "files", "onnx/weights.onnx"),
        (with("files", "[\"stopwords.txt\"]"), "files", "stopwords.txt"),
        (from("org/external"), "files", "model.onnx_data"),
        (with("size-gb", "1.5"), "size-gb", "1.5"),
        (from(sized), "dim", "config.json"),
        (from(&folder("cls", dim + 1, "")), "dim", "its modules"),
        (from(&folder("mean", dim, "")), "pooling", "Mean"),
        (
            with("prompts", "{ query = \"q: \" }")
                .replace("org/dense\" }", &format!("{}\" }}", folder("cls", dim, "p: "))),
            "prompts.query",
            "p: ",
        ),
        (with("max-length", "100000"), "window", "100000"),
        (from(narrow), "window", "positions for 5"),
        (from(broken), "tokenizer", "tokenizer.json"),
        (pinned(pin.clone()), "digests", "none of model.onnx"),
        (
            pinned(
                digest("model.onnx", "{ size = 3, sha256 = \"0\" }")
                    .replace("\"0\"", &format!("\"{}\"", "0".repeat(64))),
            ),
            "digests",
            "0000",
        ),
        (
            pinned(digest("absent.json", "{ size = 3 }"))
                .replace("config-files = [", "config-files = [\"absent.json\", "),
            "digests",
            "no such file",
        ),
        (dense() + "digests.\"config.json\" = { size = 3 }\n", "revision", "at no commit"),
    ] {
        let catalogue = format!("{catalogue}\n{}", row(SPARSE, "org/sparse"));
        let (outcome, written) = bench.run(&catalogue, &online(true), None);
        let failure = outcome.expect_err(&catalogue).0;
        assert!(failure.contains(&format!(": {what}: ")) && failure.contains(word), "{what}, {word}: {failure}");
        // The other row is right, and pinned; this one is not.
        let rows = Manifest::parse("written", &written).unwrap().models;
        let before = Manifest::parse("before", &catalogue).unwrap().models;
        assert_eq!(rows[0], before[0], "{what}");
        assert!(pins::is_pinned(&rows[1]), "{what}");
    }
    bench.serve("org/vocabulary", Path::new(SPARSE), "");
    bench.server.file_of("org/vocabulary", "config.json", "{\"vocab_size\": 7}");
    let sparse = row(SPARSE, "org/vocabulary");
    let failure = bench.run(&sparse, &online(false), None).0.unwrap_err().0;
    assert!(failure.contains(": vocab-size: "), "{failure}");
}

#[test]
fn rows_are_chosen_by_name() {
    let bench = Bench::new();
    let options = Catalogue { models: vec!["ORG/Sparse".to_owned()], ..online(true) };
    let (outcome, written) = bench.run(&right(), &options, None);
    outcome.unwrap();
    let rows = Manifest::parse("written", &written).unwrap().models;
    assert!(!pins::is_pinned(&rows[0]) && pins::is_pinned(&rows[1]));
    let options = Catalogue { models: vec!["org/nothing".to_owned()], ..online(false) };
    assert!(bench.run(&right(), &options, None).0.unwrap_err().0.contains("org/nothing"));
}

#[test]
fn without_a_hub_it_says_so() {
    let bench = Bench::new();
    let dead = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    std::fs::write(bench.path(), right()).unwrap();
    for (endpoint, offline) in [(dead, false), (bench.server.url.clone(), true)] {
        let mut hub = bench.hub();
        (hub.endpoint, hub.offline) = (Some(endpoint), offline);
        let failure = compare(&bench.path(), &online(true), hub, None, None).unwrap_err().0;
        assert!(failure.contains("`--online` needs the hub"), "{failure}");
        assert_eq!(std::fs::read_to_string(bench.path()).unwrap(), right());
    }
}

#[test]
fn vectors_are_compared_with_what_is_stated() {
    let bench = Bench::new();
    if let Err(error) = embedkit_core::session::Runtime::load(&embedkit_core::session::RuntimeOptions::new()) {
        return without_runtime(&error);
    }
    let options = Catalogue { vectors: true, ..online(false) };
    let golden = |fixture: &str| -> TextGolden {
        serde_json::from_str(&std::fs::read_to_string(Path::new(fixture).join("golden.json")).unwrap()).unwrap()
    };
    let of_dense = golden(DENSE);
    let vectors: Vec<Vec<f32>> = of_dense.get("embed").unwrap();
    let stated = |change: f32| {
        let mut start = vectors[0][..3].to_vec();
        start[1] += change;
        Stated {
            family: "dense".to_owned(),
            model: "org/dense".to_owned(),
            texts: of_dense.inputs[..1].to_vec(),
            starts: vec![start],
            tolerance: 1e-3,
            ..Stated::default()
        }
    };
    bench.run(&right(), &options, Some(&Canonical::of(vec![stated(0.0)]))).0.unwrap();
    let failure = bench.run(&right(), &options, Some(&Canonical::of(vec![stated(0.01)]))).0.unwrap_err().0;
    assert!(failure.contains("dense org/dense: vectors"), "{failure}");

    // What the model gives has the last word on its width.
    let wide: String = dense()
        .lines()
        .map(|line| if line.starts_with("dim = ") { "dim = 7\n".to_owned() } else { format!("{line}\n") })
        .collect();
    let failure = bench.run(&wide, &options, Some(&Canonical::of(Vec::new()))).0.unwrap_err().0;
    assert!(failure.contains("the row says 7"), "{failure}");
    bench.serve("org/projecting", Path::new(DENSE), "");
    bench.server.file_of("org/projecting", "config.json", "{\"hidden_size\": 12345}");
    let projecting = dense().replace("hf = \"org/dense\"", "hf = \"org/projecting\"");
    bench.run(&projecting, &online(false), None).0.unwrap_err();
    bench.run(&projecting, &options, Some(&Canonical::of(Vec::new()))).0.unwrap();

    let sparse = Stated {
        family: "sparse".to_owned(),
        model: "org/sparse".to_owned(),
        texts: golden(SPARSE).inputs[..1].to_vec(),
        indices: vec![0],
        values: vec![-1.0],
        whole: true,
        tolerance: 1e-3,
        ..Stated::default()
    };
    let failure = bench.run(&right(), &options, Some(&Canonical::of(vec![sparse]))).0.unwrap_err().0;
    assert!(failure.contains("entries") && failure.contains("-1 at 0"), "{failure}");
}

#[test]
fn the_table_has_a_line_for_each() {
    let row = ModelDescription::new("a/b", "dense", "transformer");
    let mut differences = Differences::default();
    assert_eq!(differences.table(), "");
    differences.of(&row).note("window", "512", "x".repeat(100));
    differences.of(&row).wrong("dim", "3", "4\n");
    let table = differences.table();
    assert_eq!(table.lines().count(), 3);
    assert!(table.lines().all(|line| line.chars().count() < 110), "{table}");
    assert!(table.contains("note   dense a/b  window") && table.contains("wrong  dense a/b  dim"), "{table}");
    assert_eq!(differences.all().len(), 2);
}
