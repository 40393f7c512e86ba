//! `models pull`, `verify` and `repair` as processes, against a hub on loopback.
#![cfg(feature = "hub")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

mod common;

use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use common::{Outcome, embedkit, fixtures};
use embedkit::{ModelDescription, Source};
use embedkit_fixtures::hub::{Fault, Server, sha256};
use serde_json::Value;
use tempfile::TempDir;

const FILES: [&str; 5] =
    ["model.onnx", "tokenizer.json", "tokenizer_config.json", "config.json", "special_tokens_map.json"];

/// A hub with a model of the fixtures, and a folder with the row and the cache.
struct Scene {
    server: Server,
    folder: TempDir,
}

impl Scene {
    fn new() -> Self {
        let scene = Self { server: Server::start(), folder: tempfile::tempdir().unwrap() };
        for name in FILES {
            scene.server.file(name, std::fs::read(Self::model().join(name)).unwrap());
        }
        let golden: Value = serde_json::from_slice(&std::fs::read(Self::model().join("golden.json")).unwrap()).unwrap();
        let mut row: ModelDescription = serde_json::from_value(golden["model"].clone()).unwrap();
        row.id = "test/model".to_owned();
        row.sources = vec![Source::Hub { hf: "org/model".to_owned(), revision: None }];
        let rows = std::collections::BTreeMap::from([("model", [row])]);
        std::fs::write(scene.folder.path().join("models.toml"), toml::to_string(&rows).unwrap()).unwrap();
        scene
    }

    /// The model's folder among the fixtures.
    fn model() -> PathBuf {
        fixtures("dense").join("transformer-cls")
    }

    fn command(&self, args: &[&str]) -> std::process::Command {
        let mut command = embedkit();
        for (name, _) in std::env::vars_os().filter(|(name, _)| {
            let name = name.to_string_lossy().to_lowercase();
            name.starts_with("hf_") || name.starts_with("embedkit_") || name.ends_with("_proxy")
        }) {
            command.env_remove(name);
        }
        command.env("HF_ENDPOINT", &self.server.url);
        command.args(args).arg("--manifest").arg(self.folder.path().join("models.toml"));
        command.arg("--cache-dir").arg(self.cache());
        command
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    fn run(&self, args: &[&str]) -> Outcome {
        outcome(self.command(args).output().unwrap())
    }

    /// The file of the cache that holds a file of the model.
    fn cached(&self, name: &str) -> PathBuf {
        let pulled = self.run(&["models", "pull", "test/model", "--json", "--offline"]).json();
        PathBuf::from(pulled[0]["folder"].as_str().unwrap()).join(name).canonicalize().unwrap()
    }
}

fn outcome(output: Output) -> Outcome {
    Outcome {
        code: output.status.code().unwrap(),
        stdout: output.stdout,
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn a_pulled_model_is_whole_and_runs_offline() {
    let scene = Scene::new();
    let pulled = scene.run(&["models", "pull", "Test/Model"]);
    assert_eq!(pulled.code, 0, "{}", pulled.stderr);
    assert!(pulled.text().starts_with("test/model  "), "{}", pulled.text());
    let requests = scene.server.seen().len();

    let verified = &scene.run(&["models", "verify", "test/model", "--json"]).json()[0];
    assert_eq!((&verified["ok"], verified["files"].as_array().unwrap().len()), (&Value::Bool(true), FILES.len()));
    let embedded = scene.run(&["embed", "-m", "test/model", "hello world", "--offline"]).vectors();
    let golden: Value = serde_json::from_slice(&std::fs::read(Scene::model().join("golden.json")).unwrap()).unwrap();
    let expected: Vec<f32> = serde_json::from_value(golden["embed"][2].clone()).unwrap();
    embedkit_fixtures::assert_near(&embedded[0], &expected, "a pulled model");
    assert_eq!(scene.run(&["models", "pull", "test/model"]).code, 0);
    assert_eq!(scene.server.count("GET", "model.onnx"), 1, "what is there is not fetched again");
    assert!(scene.server.seen().len() <= requests + FILES.len(), "only asked after");
}

#[test]
fn what_is_wrong_is_found_and_repaired() {
    for damage in [None, Some(&b"something else"[..]), Some(b"")] {
        let scene = Scene::new();
        assert_eq!(scene.run(&["models", "pull", "test/model"]).code, 0);
        let file = scene.cached("model.onnx");
        let sound = std::fs::read(&file).unwrap();
        match damage {
            None => std::fs::remove_file(&file).unwrap(),
            Some(bytes) => std::fs::write(&file, bytes).unwrap(),
        }
        let found = scene.run(&["models", "verify", "test/model"]);
        found.assert_fails(1, "not as they should be: test/model; `embedkit models repair`");
        assert!(found.text().contains("model.onnx: "), "{}", found.text());
        let report: Value =
            serde_json::from_slice(&scene.run(&["models", "verify", "test/model", "--json"]).stdout).unwrap();
        assert_eq!(report["ok"], false);

        let repaired = scene.run(&["models", "repair", "test/model"]);
        assert_eq!(repaired.code, 0, "{}", repaired.stderr);
        assert_eq!(std::fs::read(scene.cached("model.onnx")).unwrap(), sound);
        assert_eq!(scene.run(&["models", "verify", "test/model"]).code, 0);
        assert_eq!(scene.server.count("GET", "tokenizer.json"), 1, "what was right stays");
    }
}

#[test]
fn without_network_it_says_what_to_do() {
    let scene = Scene::new();
    for args in [
        &["models", "pull", "test/model", "--offline"][..],
        &["models", "repair", "test/model", "--offline"],
        &["embed", "-m", "test/model", "--offline", "a"],
    ] {
        let offline = scene.run(args);
        for part in ["offline", "model.onnx", "HF_HUB_OFFLINE", "EMBEDKIT_CACHE"] {
            offline.assert_fails(1, part);
        }
        assert_eq!(offline.stdout, b"", "{args:?}");
    }
    assert!(scene.server.seen().is_empty(), "nothing was asked");
    scene.run(&["models", "verify", "test/model", "--offline"]).assert_fails(1, "not as they should be");
    let by_variable = scene.command(&["models", "pull", "test/model"]).env("HF_HUB_OFFLINE", "1").output().unwrap();
    outcome(by_variable).assert_fails(1, "offline");
    scene.run(&["models", "pull", "no/such"]).assert_fails(1, "no/such");
}

#[test]
fn a_pull_that_is_killed_goes_on_where_it_was() {
    let scene = Scene::new();
    let slow = Fault::Trickle(Duration::from_millis(200));
    scene.server.fault("GET", "model.onnx", 1, slow);
    let mut child = scene.command(&["models", "pull", "test/model"]).stderr(Stdio::null()).spawn().unwrap();
    let content = std::fs::read(Scene::model().join("model.onnx")).unwrap();
    let part = scene.cache().join(format!("models--org--model/blobs/{}.incomplete", sha256(&content)));
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while std::fs::metadata(&part).map_or(0, |meta| meta.len()) < 3000 {
        assert!(std::time::Instant::now() < deadline, "nothing came");
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().code(), None);
    scene.run(&["models", "verify", "test/model"]).assert_fails(1, "not as they should be");
    scene.run(&["embed", "-m", "test/model", "--offline", "a"]).assert_fails(1, "offline");

    assert_eq!(scene.run(&["models", "pull", "test/model"]).code, 0);
    let ranges: Vec<String> = scene
        .server
        .seen()
        .iter()
        .filter(|seen| seen.path.ends_with("model.onnx"))
        .filter_map(|seen| seen.headers.get("range").cloned())
        .collect();
    assert_eq!(ranges.len(), 1, "{ranges:?}");
    assert!(ranges[0].starts_with("bytes=") && ranges[0] != "bytes=0-", "{ranges:?}");
    assert_eq!(std::fs::read(scene.cached("model.onnx")).unwrap(), content);
}

#[test]
fn a_connection_that_is_cut_is_taken_up_again() {
    let scene = Scene::new();
    scene.server.fault("GET", "model.onnx", 1, Fault::Cut(4000));
    let pulled = scene.run(&["models", "pull", "test/model"]);
    assert_eq!(pulled.code, 0, "{}", pulled.stderr);
    assert!(pulled.stderr.contains("retry"), "{}", pulled.stderr);
    assert_eq!(scene.run(&["models", "verify", "test/model"]).code, 0);
}

#[test]
fn a_file_that_is_not_the_promised_one_is_refused() {
    let scene = Scene::new();
    let other = vec![0; std::fs::metadata(Scene::model().join("model.onnx")).unwrap().len() as usize];
    scene.server.fault("GET", "model.onnx", 99, Fault::Body(other));
    scene.run(&["models", "pull", "test/model"]).assert_fails(1, "SHA-256");
    scene.run(&["embed", "-m", "test/model", "a", "--offline"]).assert_fails(1, "offline");
}

#[test]
fn a_cache_that_cannot_be_written_is_named() {
    let scene = Scene::new();
    std::fs::write(scene.cache(), "a file, not a folder").unwrap();
    let path = scene.cache();
    scene.run(&["models", "pull", "test/model"]).assert_fails(1, path.to_str().unwrap());
    scene.run(&["embed", "-m", "test/model", "a"]).assert_fails(1, path.to_str().unwrap());
    assert_eq!(std::fs::read(&path).unwrap(), b"a file, not a folder");
}

/// The signal that the system sends otherwise ends the program at once.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_a_cache_that_can_be_completed() {
    let scene = Scene::new();
    let plain = scene.command(&["models", "pull", "test/model"]);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\""]).arg(plain.get_program()).args(plain.get_args());
    shell.env("HF_ENDPOINT", &scene.server.url);
    let full = outcome(shell.output().unwrap());
    full.assert_fails(1, "File too large");
    full.assert_fails(1, scene.cache().to_str().unwrap());
    scene.run(&["models", "verify", "test/model"]).assert_fails(1, "not as they should be");
    assert_eq!(scene.run(&["models", "pull", "test/model"]).code, 0);
    assert_eq!(scene.run(&["models", "verify", "test/model"]).code, 0);
}

#[test]
fn what_is_downloaded_is_listed_and_removed() {
    let scene = Scene::new();
    let listed = |scene: &Scene| scene.run(&["models", "list", "--cached", "--json"]);
    assert_eq!(serde_json::from_slice::<Value>(&listed(&scene).stdout).unwrap(), serde_json::json!([]));
    assert_eq!(scene.run(&["models", "pull", "test/model"]).code, 0);
    let rows: Value = serde_json::from_slice(&listed(&scene).stdout).unwrap();
    assert_eq!((&rows[0]["id"], rows.as_array().unwrap().len()), (&"test/model".into(), 1));
    let bytes = rows[0]["downloaded-bytes"].as_u64().unwrap();
    assert!(bytes > 0 && scene.run(&["models", "list", "test"]).text().contains(" kB"));
    let all = &scene.run(&["models", "verify", "--all", "--json"]).json();
    assert_eq!((&all[0]["model"], all.len()), (&"test/model".into(), 1));

    let removed = &scene.run(&["models", "rm", "model", "--json"]).json()[0];
    assert!(removed["freed-bytes"].as_u64().unwrap() >= bytes, "{removed}");
    assert_eq!(serde_json::from_slice::<Value>(&listed(&scene).stdout).unwrap(), serde_json::json!([]));
    assert!(scene.run(&["models", "rm", "test/model"]).text().contains("was not downloaded"));
    assert_eq!(
        std::fs::read_dir(scene.cache()).unwrap().flatten().filter(|entry| entry.file_name() != ".locks").count(),
        0
    );
    scene.run(&["models", "verify", "test/model"]).assert_fails(1, "not as they should be");
    scene.run(&["models", "rm"]).assert_fails(2, "ID");
}
