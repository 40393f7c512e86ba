//! The verbs that need no inputs.
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

mod common;

use common::{embedkit, run};
use serde_json::Value;

const DEFAULT: &str = "embedkit/static-minilm-en";

fn json(args: &[&str]) -> Value {
    let outcome = run(args);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    serde_json::from_str(outcome.text()).unwrap()
}

#[test]
fn models_are_listed_by_filters() {
    assert!(run(&["models", "list"]).text().lines().any(|line| line.starts_with(DEFAULT)));
    let ids = |args: &[&str]| -> Vec<String> {
        let rows = json(&[&["models", "list", "--json"], args].concat());
        rows.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    let all = ids(&[]);
    assert!(all.len() > 40 && all.iter().any(|id| id == DEFAULT));
    let few = ids(&[
        "--family",
        "dense",
        "--language",
        "en",
        "--dim",
        "256",
        "--max-size",
        "0.01",
        "--license",
        "apache-2.0",
    ]);
    assert!(few.iter().any(|id| id == DEFAULT) && few.len() < all.len() / 4, "{few:?}");
}

#[test]
fn a_row_is_shown_whole() {
    let row = json(&["models", "show", "static-MiniLM-en", "--json"]);
    assert_eq!((row["id"].as_str(), row["dim"].as_u64()), (Some(DEFAULT), Some(256)));
    assert_eq!(row["aliases"][0], "static-minilm-en");
    assert_eq!(row["digests"]["model.safetensors"]["size"], 7_676_660);
    let text = run(&["models", "show", DEFAULT]);
    assert!(text.text().starts_with("[[model]]\nid = \"embedkit/static-minilm-en\"\n"), "{}", text.text());
}

#[test]
fn doctor_and_runtime_tell_what_they_find() {
    let doctor = run(&["doctor"]);
    for part in ["threads", "providers", "runtime", "cache", "embedkit-static-en", "transformer"] {
        assert!(doctor.text().contains(part), "{part}: {}", doctor.text());
    }
    let folder = tempfile::tempdir().unwrap();
    let fake = folder.path().join("libonnxruntime.so");
    std::fs::write(&fake, "not a library").unwrap();
    let no_cache = run(&["doctor", "--cache-dir", fake.to_str().unwrap()]);
    assert!(no_cache.code == 1 && no_cache.text().contains("is no folder"), "{no_cache:?}");
    let output = embedkit().args(["runtime", "status", "--json"]).env("ORT_DYLIB_PATH", &fake).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let status: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&status["used"], status["looked_at"][0]["path"].as_str()), (&Value::Null, fake.to_str()));
    run(&["runtime", "install", "--file", fake.to_str().unwrap(), "--runtime-dir", folder.path().to_str().unwrap()])
        .assert_fails(1, "libonnxruntime.so");
}

#[test]
fn a_runtime_is_installed_only_if_it_is_the_one_that_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let status: Value = serde_json::from_slice(&run(&["runtime", "status", "--json"]).stdout).unwrap();
    let (library, runtimes) = (status["used"]["path"].as_str().unwrap(), folder.path().join("runtimes"));
    let install = |more: &[&str]| {
        let always = ["runtime", "install", "--runtime-dir", runtimes.to_str().unwrap()];
        run(&[&always[..], more].concat())
    };
    let zeros = "0".repeat(64);
    let refused = install(&["--file", library, "--sha256", &zeros]);
    refused.assert_fails(1, "nothing was installed");
    assert!(!runtimes.exists(), "{}", refused.stderr);
    install(&["--sha256", &zeros]).assert_fails(2, "--sha256 is for --release or --file");
    install(&["--python", "python3", "--sha256", &zeros]).assert_fails(2, "--sha256 is for --release or --file");
    let told = refused.stderr.split("SHA-256 is ").nth(1).and_then(|rest| rest.get(..64)).unwrap();
    let installed = install(&["--file", library, "--sha256", &told.to_uppercase()]);
    assert!(installed.code == 0 && runtimes.exists(), "{}", installed.stderr);
}

/// What lies in the current folder, or where a relative variable leads to from it, is never run.
#[test]
fn code_of_the_current_folder_is_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let (here, runtimes) = (folder.path().join("here"), folder.path().join("runtimes"));
    let planted = here.join("venv/lib/python3.11/site-packages/onnxruntime/capi/libonnxruntime.so");
    std::fs::create_dir_all(planted.parent().unwrap()).unwrap();
    std::fs::write(planted, "not a library").unwrap();
    std::fs::write(here.join("pip.py"), "import os, sys; open(os.environ['MARK'], 'w'); sys.exit('planted')").unwrap();
    let mark = folder.path().join("ran");
    // Without an index, pip itself ends at once.
    let install = embedkit()
        .args(["runtime", "install"])
        .current_dir(&here)
        .envs([("EMBEDKIT_RUNTIME_DIR", &runtimes), ("MARK", &mark)])
        .env("PIP_NO_INDEX", "1")
        .env("PYTHONPATH", &here)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&install.stderr);
    assert_eq!(install.status.code(), Some(1), "{error}");
    assert!(!error.contains("planted") && !mark.exists(), "{error}");

    let status = |variable: &str, value: &str| {
        let mut command = embedkit();
        command.args(["runtime", "status"]).current_dir(&here).env_remove("ORT_DYLIB_PATH");
        let output = command.env("EMBEDKIT_RUNTIME_DIR", &runtimes).env(variable, value).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    for (variable, value) in [
        ("VIRTUAL_ENV", "venv"),
        ("CONDA_PREFIX", "venv"),
        ("EMBEDKIT_RUNTIME_DIR", "venv"),
        ("ORT_DYLIB_PATH", "venv/lib"),
    ] {
        let text = status(variable, value);
        assert!(text.contains(&format!("the variable {variable} holds a relative path")), "{text}");
        assert!(!text.contains("python3.11"), "{text}");
    }
}

#[test]
fn shells_get_their_completions() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(&["completions", shell]);
        assert!(script.code == 0 && script.text().contains("similarity"), "{shell}");
    }
}
