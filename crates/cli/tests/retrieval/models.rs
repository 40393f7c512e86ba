//! Models of which something changed are others.

use super::*;

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
