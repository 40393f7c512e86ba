//! Verifying and repairing what the cache has.

use embedkit_hub::{FileStatus, Report};

use super::*;
use embedkit_fixtures::hub::{COMMIT, sha256};

fn status(report: &Report, name: &str) -> FileStatus {
    report.files.iter().find(|file| file.name == name).unwrap().status.clone()
}

#[test]
fn a_report_says_what_is_there() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    let offline = offline_hub(cache.path());
    let report = offline.verify(&request()).unwrap();
    assert!(!report.is_ok() && report.folder.is_none());
    assert_eq!(status(&report, "onnx/model.onnx"), FileStatus::Missing);

    hub(&server, cache.path()).fetch(&request()).unwrap();
    let report = offline.verify(&request()).unwrap();
    assert!(report.is_ok() && report.folder.is_some());
    assert_eq!(status(&report, "tokenizer.json"), FileStatus::Missing);
    if cfg!(unix) {
        assert_eq!(status(&report, "config.json"), FileStatus::Verified);
        assert_eq!(status(&report, "onnx/model.onnx"), FileStatus::Verified);
    }
}

#[cfg(unix)]
#[test]
fn what_is_wrong_is_fetched_again_and_nothing_else() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    let hub = hub(&server, cache.path());
    hub.fetch(&request()).unwrap();
    let blob = cache.path().join("models--org--model/blobs").join(sha256(&weights()));
    let mut rotten = weights();
    rotten[5] ^= 1;
    std::fs::write(&blob, rotten).unwrap();

    let report = hub.verify(&request()).unwrap();
    assert!(matches!(status(&report, "onnx/model.onnx"), FileStatus::Wrong(text) if text.contains("SHA-256")));
    let error = offline_hub(cache.path()).repair(&request()).unwrap_err();
    assert!(matches!(&error, HubError::Offline { missing, .. } if missing == &["onnx/model.onnx"]), "{error}");
    assert!(blob.exists(), "what cannot be replaced stays");

    let before = server.seen().len();
    assert_complete(&hub.repair(&request()).unwrap());
    assert_eq!(server.seen().len() - before, REQUESTS, "once for what it is, once for its content");
    assert!(hub.verify(&request()).unwrap().is_ok());
    hub.repair(&request()).unwrap();
    assert_eq!(server.seen().len() - before, REQUESTS, "nothing is wrong any more");
}

#[test]
fn what_is_missing_is_fetched() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    let hub = hub(&server, cache.path());
    hub.fetch(&request()).unwrap();
    std::fs::remove_file(cache.path().join("models--org--model/snapshots").join(COMMIT).join("onnx/model.onnx"))
        .unwrap();
    assert_complete(&hub.repair(&request()).unwrap());
    assert_eq!(server.count("GET", "model.onnx"), 1, "the content was still there");
}

#[cfg(unix)]
#[test]
fn repaired_external_data_is_repaired_beside_the_model_too() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    server.file("onnx/model.onnx_data", "tensors");
    let request = request().required("onnx/model.onnx_data");
    let hub = hub(&server, cache.path());
    let folder = hub.fetch(&request).unwrap();
    std::fs::write(folder.join("onnx/model.onnx_data"), "tenSors").unwrap();
    assert_eq!(text(&hub.repair(&request).unwrap(), "onnx/model.onnx_data"), "tensors");
}
