//! Versions: switched, interrupted, damaged, and of other models.

use embedkit_core::CancelToken;
use embedkit_retrieval::collection::CollectionFolder;
use embedkit_retrieval::document::Inputs;
use embedkit_retrieval::pipeline::{ModelSpec, Stage};
use embedkit_retrieval::{Pipeline, Searcher};

use crate::{ANIMALS, TAXES, documents, files, index, indexer, write};

#[test]
fn versions_are_switched_and_rolled_back() {
    let folder = tempfile::tempdir().unwrap();
    let docs = documents(folder.path(), &[("a.md", ANIMALS)]);
    let collection = CollectionFolder::new(folder.path().join("notes"));
    assert!(collection.open().unwrap_err().to_string().contains("no collection here"));
    let first = index(&collection, &docs).version;
    write(&docs, &[("b.txt", TAXES)]);
    let second = index(&collection, &docs).version;
    assert_eq!(collection.versions().unwrap(), [first.clone(), second.clone()]);
    let found = |query: &str| {
        let searcher = Searcher::open(&collection, &|builder| builder).unwrap();
        searcher.search(query, 3).unwrap().iter().any(|hit| hit.record.path.ends_with("b.txt"))
    };
    assert!(found("interest on late payment"));
    assert_eq!(collection.rollback().unwrap(), first);
    assert!(!found("interest on late payment"));
    assert!(collection.rollback().unwrap_err().to_string().contains("no version before"));
    collection.switch(&second).unwrap();
    assert!(found("interest on late payment"));
    for wrong in ["../x", "000009", ""] {
        assert!(collection.switch(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn what_has_not_changed_is_searched_again_after_going_back() {
    let folder = tempfile::tempdir().unwrap();
    let docs = documents(folder.path(), &[("a.md", ANIMALS)]);
    let collection = CollectionFolder::new(folder.path().join("notes"));
    let first = index(&collection, &docs).version;
    write(&docs, &[("b.txt", TAXES)]);
    let second = index(&collection, &docs).version;
    let back: [&dyn Fn(); 2] = [&|| drop(collection.rollback().unwrap()), &|| collection.switch(&first).unwrap()];
    for go_back in back {
        go_back();
        let report = index(&collection, &docs);
        assert!(report.is_unchanged && report.is_current_again && report.version == second, "{report:?}");
        assert_eq!(collection.current().unwrap().as_ref(), Some(&second));
        let again = index(&collection, &docs);
        assert!(again.is_unchanged && !again.is_current_again && again.version == second, "{again:?}");
    }
    // Files as they were before are those of the version that is searched then.
    collection.rollback().unwrap();
    std::fs::remove_file(docs.join("b.txt")).unwrap();
    let report = index(&collection, &docs);
    assert!(report.is_unchanged && !report.is_current_again && report.version == first, "{report:?}");
}

#[test]
fn an_interrupted_run_changes_nothing_and_is_gone_on_from() {
    let folder = tempfile::tempdir().unwrap();
    let docs = documents(folder.path(), &[("a.md", ANIMALS)]);
    let collection = CollectionFolder::new(folder.path().join("notes"));
    let before = index(&collection, &docs).version;
    let lines: String = (0..5000).map(|n| format!("\"paragraph number {n} of many\"\n")).collect();
    write(&docs, &[("many.jsonl", &lines), ("z.txt", TAXES)]);
    let cancel = CancelToken::new();
    let token = cancel.clone();
    let interrupted = indexer(&Pipeline::default())
        .cancel_with(&cancel)
        .on_progress(move |done| {
            if done > 2000 {
                token.cancel()
            }
        })
        .index(&collection, &Inputs::new([&docs]))
        .unwrap();
    assert!(!interrupted.is_complete && interrupted.records > 2000 && interrupted.records < 5000, "{interrupted:?}");
    assert_eq!(collection.current().unwrap(), Some(before));
    assert!(collection.switch(&interrupted.version).unwrap_err().to_string().contains("not complete"));
    let after = index(&collection, &docs);
    assert!(after.is_complete && after.reused >= interrupted.records, "{} {}", after.reused, interrupted.records);
    let fresh_root = folder.path().join("fresh");
    let fresh = index(&CollectionFolder::new(&fresh_root), &docs);
    assert_eq!(files(&folder.path().join("notes"), &after.version), files(&fresh_root, &fresh.version));
}

/// What an older release made of a file is read again by a newer one, without embedding what stayed as it was.

#[test]
fn a_version_that_was_interrupted_is_not_searched_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[("a.md", ANIMALS)]);
    let root = folder.path().join("notes");
    let collection = CollectionFolder::new(&root);
    let version = index(&collection, &folder.path().join("a.md")).version;
    let manifest = root.join("versions").join(&version).join("manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replace("\"is_complete\": true", "\"is_complete\": false")).unwrap();
    let opened = collection.open_version(&version).unwrap();
    let error = Searcher::of_version(opened, &|builder| builder).err().unwrap().to_string();
    assert!(error.contains(&version) && error.contains("not complete"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_collection_of_another_model_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let docs = documents(folder.path(), &[("a.md", ANIMALS)]);
    let root = folder.path().join("notes");
    let collection = CollectionFolder::new(&root);
    let version = index(&collection, &docs).version;
    let manifest = root.join("versions").join(&version).join("manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let digest = collection.open().unwrap().manifest().models[0].model.digest.clone();
    std::fs::write(&manifest, text.replace(&digest, &"0".repeat(64))).unwrap();
    let error = Searcher::open(&collection, &|builder| builder).err().unwrap().to_string();
    assert!(error.contains("another model") && error.contains("meaning") && error.contains("000000000000"), "{error}");
    // Indexing makes all anew.
    assert_eq!(index(&collection, &docs).reused, 0);
    assert!(Searcher::open(&collection, &|builder| builder).is_ok());
}

/// What the vectors are of is the same: they are used again.

#[test]
fn a_collection_of_another_model_of_queries_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[("a.md", ANIMALS)]);
    let (docs, root) = (folder.path().join("a.md"), folder.path().join("notes"));
    let collection = CollectionFolder::new(&root);
    let mut query = ModelSpec::default();
    query.model = "embedkit/static-minilm-en".into();
    let mut stage = Stage::new("meaning", "embedkit/static-minilm-en");
    stage.query = Some(query);
    let indexer = indexer(&Pipeline::single("asked", stage));
    let index = || indexer.index(&collection, &Inputs::new([&docs])).unwrap();
    let first = index();
    assert!(index().is_unchanged);
    let manifest = root.join("versions").join(&first.version).join("manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let mut changed: serde_json::Value = serde_json::from_str(&text).unwrap();
    changed["models"][0]["query"]["digest"] = "0".repeat(64).into();
    std::fs::write(&manifest, changed.to_string()).unwrap();
    let error = Searcher::open(&collection, &|builder| builder).err().unwrap().to_string();
    assert!(error.contains("index again"), "{error}");
    let again = index();
    assert_eq!((again.is_unchanged, again.reused, again.records), (false, first.records, first.records));
    Searcher::open(&collection, &|builder| builder).unwrap();
    assert!(index().is_unchanged);
}

#[test]
fn damaged_collections_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let docs = documents(folder.path(), &[("a.md", ANIMALS), ("b.txt", TAXES)]);
    let root = folder.path().join("notes");
    let collection = CollectionFolder::new(&root);
    let version = index(&collection, &docs).version;
    let (names, current) = (files(&root, &version), std::fs::read(root.join("current")).unwrap());
    for (name, bytes) in &names {
        let path = root.join("versions").join(&version).join(name);
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        assert!(collection.open().is_err(), "{name} is cut");
        let mut changed = bytes.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 0x20;
        std::fs::write(&path, &changed).unwrap();
        // Whatever else is found, nothing panics.
        if let Ok(version) = collection.open() {
            assert!(version.verify().unwrap_err().to_string().contains("digest"), "{name}");
            if let Ok(searcher) = Searcher::of_version(version, &|builder| builder) {
                let _ = searcher.search("kitten", 3);
            }
        }
        // The next version takes nothing over from it.
        let next = index(&collection, &docs);
        assert_eq!((next.reused, next.is_unchanged), (0, false), "{name}");
        assert_eq!(files(&root, &next.version), names, "{name}");
        std::fs::remove_dir_all(root.join("versions").join(&next.version)).unwrap();
        std::fs::write(root.join("current"), &current).unwrap();
        std::fs::write(&path, bytes).unwrap();
    }
    let version = collection.open().unwrap();
    version.verify().unwrap();
    assert!(index(&collection, &docs).is_unchanged);
}

#[test]
fn what_names_no_version_is_told_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, root) = (folder.path().join("a.md"), folder.path().join("notes"));
    write(folder.path(), &[("a.md", ANIMALS)]);
    let collection = CollectionFolder::new(&root);
    let version = index(&collection, &docs).version;
    for (current, told) in
        [("", "is no version's name"), ("000", "there is no version 000"), ("../x", "is no version's")]
    {
        std::fs::write(root.join("current"), current).unwrap();
        let message = collection.open().unwrap_err().to_string();
        assert!(message.contains(told) && message.contains("notes/current: "), "{current:?}: {message}");
        assert!(message.contains("--switch") && !message.contains("option"), "{message}");
    }
    collection.switch(&version).unwrap();
    collection.open().unwrap();
    let message = CollectionFolder::new(&docs).open().unwrap_err().to_string();
    assert!(message.contains("there is no collection here"), "{message}");
}

#[test]
fn a_damaged_version_says_with_what_it_was_made() {
    let folder = tempfile::tempdir().unwrap();
    let docs = documents(folder.path(), &[("a.md", ANIMALS)]);
    let root = folder.path().join("notes");
    let collection = CollectionFolder::new(&root);
    assert_eq!(collection.pipeline().unwrap(), None);
    let pipeline = Pipeline::single("mine", Stage::new("words", "Qdrant/bm25"));
    let version = indexer(&pipeline).index(&collection, &Inputs::new([&docs])).unwrap().version;
    for name in files(&root, &version).into_keys().chain(["manifest.json".to_owned()]) {
        let path = root.join("versions").join(&version).join(&name);
        let bytes = std::fs::read(&path).unwrap();
        for damaged in [None, Some(bytes[..bytes.len() / 2].to_vec()), Some([&bytes[1..], b" "].concat())] {
            match damaged {
                None => std::fs::remove_file(&path).unwrap(),
                Some(damaged) => std::fs::write(&path, damaged).unwrap(),
            }
            match collection.pipeline() {
                Ok(found) => assert_eq!((found, &*name != "pipeline.toml"), (Some(pipeline.clone()), true), "{name}"),
                Err(error) => {
                    assert!(
                        name == "pipeline.toml" && error.to_string().contains("--pipeline FILE"),
                        "{name}: {error}"
                    );
                }
            }
        }
        std::fs::write(&path, bytes).unwrap();
    }
    assert_eq!(collection.pipeline().unwrap(), Some(pipeline));
}
