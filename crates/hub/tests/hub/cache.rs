//! What is found in the cache, and what is left there.

use std::path::PathBuf;

use super::*;
use embedkit_fixtures::hub::{COMMIT, Fault, sha256};

/// Lays out a snapshot as Python's client does; `reference` is the branch that points to it.
fn python_snapshot(cache: &Path, repository: &str, reference: Option<&str>) -> PathBuf {
    let folder = cache.join(repository);
    let snapshot = folder.join("snapshots").join(COMMIT);
    std::fs::create_dir_all(folder.join("blobs")).unwrap();
    std::fs::create_dir_all(snapshot.join("onnx")).unwrap();
    for (name, content, up) in [("config.json", b"{}".to_vec(), "../.."), ("onnx/model.onnx", weights(), "../../..")] {
        let etag = sha256(&content);
        std::fs::write(folder.join("blobs").join(&etag), content).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(format!("{up}/blobs/{etag}"), snapshot.join(name)).unwrap();
        #[cfg(not(unix))]
        std::fs::copy(folder.join("blobs").join(&etag), snapshot.join(name)).map(|_| up).unwrap();
    }
    if let Some(reference) = reference {
        std::fs::create_dir_all(folder.join("refs")).unwrap();
        std::fs::write(folder.join("refs").join(reference), COMMIT).unwrap();
    }
    snapshot
}

fn pinned(revision: &str) -> Request {
    request_from("org/model", Some(revision))
}

#[test]
fn snapshots_made_by_python_are_found_offline() {
    for (repository, reference, request) in [
        ("models--org--model", Some("main"), request()),
        ("models--org--model", None, pinned(COMMIT)),
        ("models--Org--Model", Some("main"), request()),
    ] {
        let cache = tempfile::tempdir().unwrap();
        let snapshot = python_snapshot(cache.path(), repository, reference);
        let hub = offline_hub(cache.path());
        assert_complete(&hub.fetch(&request).unwrap());
        let cached = hub.cached(&request).unwrap().unwrap();
        assert_eq!((cached.folder.as_path(), cached.size()), (snapshot.as_path(), 300_002));
    }
}

#[test]
fn offline_says_what_is_missing_and_where_it_looked() {
    let cache = tempfile::tempdir().unwrap();
    let snapshot = python_snapshot(cache.path(), "models--org--model", Some("main"));
    std::fs::remove_file(snapshot.join("onnx/model.onnx")).unwrap();
    let error = offline_hub(cache.path()).fetch(&request()).unwrap_err();
    let HubError::Offline { missing, looked_in, .. } = &error else { panic!("{error}") };
    assert_eq!((missing.as_slice(), looked_in.as_slice()), (&["onnx/model.onnx".to_owned()][..], &[snapshot][..]));
    assert!(error.to_string().contains("HF_HUB_OFFLINE"), "{error}");

    let error = offline_hub(cache.path()).fetch(&pinned("v2")).unwrap_err();
    assert!(matches!(&error, HubError::Offline { missing, .. } if missing == &["onnx/model.onnx"]), "{error}");
}

#[test]
fn the_environment_can_forbid_the_network() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    let options = options(&server, cache.path()).environment(|name| (name == "HF_HUB_OFFLINE").then(|| "1".into()));
    assert!(matches!(Hub::new(options).unwrap().fetch(&request()).unwrap_err(), HubError::Offline { .. }));
    assert!(server.seen().is_empty());
}

#[test]
fn a_file_of_the_wrong_size_does_not_count() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    let snapshot = python_snapshot(cache.path(), "models--org--model", Some("main"));
    let request = request().expected("onnx/model.onnx", Expected::default().size(300_000));
    std::fs::write(snapshot.join("onnx/model.onnx"), "short").unwrap();
    let error = offline_hub(cache.path()).fetch(&request).unwrap_err().to_string();
    assert!(error.contains("has 5 bytes instead of 300000"), "{error}");
    assert_complete(&hub(&server, cache.path()).fetch(&request).unwrap());
}

/// The layout that Python's `try_to_load_from_cache` and `snapshot_download` expect.
#[cfg(unix)]
#[test]
fn what_is_written_is_laid_out_as_python_expects() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    hub(&server, cache.path()).fetch(&request()).unwrap();
    let folder = cache.path().join("models--org--model");
    let etag = sha256(&weights());
    assert_eq!(std::fs::read_to_string(folder.join("refs/main")).unwrap(), COMMIT);
    let pointer = folder.join("snapshots").join(COMMIT).join("onnx/model.onnx");
    assert_eq!(std::fs::read_link(pointer).unwrap(), Path::new("../../../blobs").join(&etag));
    assert!(folder.join("blobs").join(&etag).is_file());
    assert!(folder.join(".no_exist").join(COMMIT).join("tokenizer.json").is_file());
    assert!(cache.path().join(".locks/models--org--model").join(format!("{etag}.lock")).is_file());
    assert_eq!(std::fs::read_dir(folder.join("blobs")).unwrap().count(), 2, "nothing incomplete is left");
}

#[test]
fn a_commit_is_asked_for_by_its_name() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    assert_complete(&hub(&server, cache.path()).fetch(&pinned(COMMIT)).unwrap());
    assert!(server.seen().iter().all(|seen| seen.path.contains(&format!("/resolve/{COMMIT}/"))));
    assert!(!cache.path().join("models--org--model/refs").exists());
    assert_complete(&offline_hub(cache.path()).fetch(&pinned(COMMIT)).unwrap());
}

#[test]
fn all_files_are_of_the_first_ones_commit() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    hub(&server, cache.path()).fetch(&request()).unwrap();
    let of_branch = server.seen().into_iter().filter(|seen| seen.path.contains("/main/")).count();
    assert_eq!(of_branch, 1);
}

#[test]
fn optional_files_that_nobody_asked_for_yet_are_asked_for_once() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    python_snapshot(cache.path(), "models--org--model", Some("main"));
    for _ in 0..2 {
        assert_complete(&hub(&server, cache.path()).fetch(&request()).unwrap());
        assert_eq!(server.seen().len(), 1, "{:?}", server.seen());
        assert_eq!(server.count("HEAD", "tokenizer.json"), 1);
    }
}

#[test]
fn a_complete_model_survives_a_failing_network() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    python_snapshot(cache.path(), "models--org--model", Some("main"));
    server.fault("HEAD", "", 99, Fault::Status(500, vec![]));
    assert_complete(&hub(&server, cache.path()).fetch(&request()).unwrap());
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn ids_revisions_and_names_that_leave_the_cache_are_refused() {
    let cache = tempfile::tempdir().unwrap();
    for request in [request_from("../x", None), request_from("a/b", Some("../../x")), request().optional("../x")] {
        let error = offline_hub(cache.path()).fetch(&request).unwrap_err();
        assert!(matches!(error, HubError::InvalidRequest { .. }), "{error}");
    }
}

/// Since ONNX Runtime 1.24, external data must not resolve outside of the model file's folder.
#[test]
fn external_data_lies_beside_the_model_file() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    server.file("onnx/model.onnx_data", "tensors");
    let external = request().required("onnx/model.onnx_data");
    let stale = cache.path().join("models--org--model/onnx_snapshots/gone");
    std::fs::create_dir_all(&stale).unwrap();
    for hub in [hub(&server, cache.path()), offline_hub(cache.path())] {
        let folder = hub.fetch(&external).unwrap();
        assert_complete(&folder);
        let root = folder.canonicalize().unwrap();
        for name in ["onnx/model.onnx", "onnx/model.onnx_data", "config.json"] {
            assert_eq!(root.join(name).canonicalize().unwrap(), root.join(name), "{name} is no link");
        }
        assert_eq!(text(&folder, "onnx/model.onnx_data"), "tensors");
    }
    assert!(!stale.exists() || cfg!(not(unix)));
    // A graph without such data is used where it is.
    let folder = offline_hub(cache.path()).fetch(&request()).unwrap();
    assert!(folder.ends_with(Path::new("snapshots").join(COMMIT)));
}

#[test]
fn a_hit_writes_nothing() {
    let cache = tempfile::tempdir().unwrap();
    python_snapshot(cache.path(), "models--org--model", Some("main"));
    let before = std::fs::read_dir(cache.path()).unwrap().count();
    offline_hub(cache.path()).fetch(&request()).unwrap();
    assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), before);
}
