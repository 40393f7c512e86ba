//! Contents that are not what they should be, and downloads without an end.

use std::time::{Duration, Instant};

use embedkit_fixtures::hub::{COMMIT, Fault, git_blob};
use embedkit_hub::FileStatus;

use super::*;

/// What the hub says of a small file without a digest: it redirects, and names the content by a word.
fn opaque(server: &Server) -> Fault {
    let headers = [("location", server.url.clone() + "/x"), ("x-repo-commit", COMMIT.to_owned())];
    Fault::Status(302, [&headers[..], &[("x-linked-etag", "\"opaque\"".to_owned())]].concat())
}

fn left_in_blobs(cache: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(cache.join("models--org--model/blobs")).unwrap().flatten();
    entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

#[test]
fn small_files_are_what_git_says() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    server.fault("GET", "config.json", 1, Fault::Body(b"[]".to_vec()));
    let error = hub(&server, cache.path()).fetch(&request()).unwrap_err();
    assert!(matches!(&error, HubError::Mismatch { what: "git blob id", .. }), "{error}");
    assert!(left_in_blobs(cache.path()).is_empty());
    assert_complete(&hub(&server, cache.path()).fetch(&request()).unwrap());
}

#[cfg(unix)]
#[test]
fn a_small_file_that_rots_is_found_and_repaired() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    let hub = hub(&server, cache.path());
    let folder = hub.fetch(&request()).unwrap();
    std::fs::write(folder.join("config.json"), "[]").unwrap();
    let report = hub.verify(&request()).unwrap();
    let config = report.files.iter().find(|file| file.name == "config.json").unwrap();
    assert!(matches!(&config.status, FileStatus::Wrong(text) if text.contains(&git_blob(b"[]"))), "{config:?}");
    let before = server.seen().len();
    assert_complete(&hub.repair(&request()).unwrap());
    assert_eq!(server.seen().len() - before, REQUESTS, "once for what it is, once for its content");
    assert!(hub.verify(&request()).unwrap().is_ok());
}

/// `hf-hub` does not show that they are: if they are not as they should be, size and digest tell.
#[test]
fn encoded_bodies_are_refused() {
    for (encoding, is_taken) in [("gzip", OVER_HF_HUB), ("br", OVER_HF_HUB), ("identity", true), ("", true)] {
        let (server, cache) = (served(), tempfile::tempdir().unwrap());
        server.fault("GET", "config.json", 1, Fault::Headers(vec![("content-encoding", encoding.to_owned())]));
        match hub(&server, cache.path()).fetch(&request()) {
            Ok(folder) => assert!(is_taken, "{encoding}: {folder:?}"),
            Err(error) => {
                assert!(matches!(error, HubError::Protocol { .. }) && !is_taken, "{encoding}: {error}");
                assert!(error.to_string().contains(encoding), "{error}");
            }
        }
    }
}

/// `hf-hub` hides that chunks mark the end, and whether an answer without a length heeds a range.
#[test]
fn an_end_that_nothing_tells_from_a_cut_is_refused() {
    for (has_digest, fault, is_taken) in [
        (false, Fault::Unsized(2), false),
        (false, Fault::Unsized(1), false),
        (false, Fault::Chunked { cut: false }, !OVER_HF_HUB),
        (false, Fault::Chunked { cut: true }, false),
        (true, Fault::Unsized(2), true),
        // That it is short is known, and the rest is asked for.
        (true, Fault::Unsized(1), !OVER_HF_HUB),
        (true, Fault::Chunked { cut: false }, true),
    ] {
        let (server, cache) = (served(), tempfile::tempdir().unwrap());
        if !has_digest {
            server.fault("HEAD", "config.json", 1, opaque(&server));
        }
        server.fault("GET", "config.json", 9, fault.clone());
        let fetched = hub(&server, cache.path()).fetch(&request());
        assert_eq!(fetched.is_ok(), is_taken, "{has_digest} {fault:?}: {fetched:?}");
        if let (Fault::Unsized(_), false, Err(error)) = (fault, has_digest, fetched) {
            assert!(matches!(error, HubError::Protocol { .. }), "{error}");
            assert_eq!(server.count("GET", "config.json"), 1);
        }
    }
}

/// `hf-hub` cannot ask for a range without an end.
#[test]
fn a_cut_of_a_file_without_a_size_is_resumed() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    server.fault("HEAD", "config.json", 1, opaque(&server)).fault("GET", "config.json", 1, Fault::Cut(1));
    assert_complete(&hub(&server, cache.path()).fetch(&request()).unwrap());
    let rest = (!OVER_HF_HUB).then(|| "bytes=1-".to_owned());
    assert_eq!(ranges_of(&server, "config.json"), [None, rest]);
}

/// A file of 4 MiB that is served with a fault.
fn big(fault: Fault) -> Server {
    let server = Server::start();
    server.file("onnx/model.onnx", vec![7; 4 << 20]).fault("GET", "model.onnx", 999, fault);
    server
}

#[test]
fn a_server_that_always_begins_anew_is_given_up() {
    let (server, cache) = (big(Fault::Restart((1 << 20) + 1000)), tempfile::tempdir().unwrap());
    let error = hub(&server, cache.path()).fetch(&request()).unwrap_err();
    assert!(matches!(error, HubError::Network { .. }) && error.is_retryable(), "{error}");
    // That it comes as far again is no progress: two retries, and no more.
    assert_eq!(server.count("GET", "model.onnx"), 3);
}

#[test]
fn a_server_that_breaks_off_but_gets_on_is_borne() {
    let (server, cache) = (big(Fault::Cut((1 << 20) + 1000)), tempfile::tempdir().unwrap());
    let hub = hub_with(&server, cache.path(), |options| options.retries = 1);
    hub.fetch(&request()).unwrap();
    assert_eq!(server.count("GET", "model.onnx"), 4);
}

#[test]
fn a_transfer_that_hardly_moves_is_given_up() {
    let (server, cache) = (big(Fault::Trickle(Duration::from_millis(150))), tempfile::tempdir().unwrap());
    let start = Instant::now();
    let error = hub(&server, cache.path()).fetch(&request()).unwrap_err();
    assert!(error.to_string().contains("all but stopped"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn downloads_have_a_bound() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    let hub = hub_with(&server, cache.path(), |options| options.max_file_bytes = 299_999);
    let error = hub.fetch(&request()).unwrap_err();
    assert!(matches!(&error, HubError::TooLarge { limit: 299_999, .. }), "{error}");
    assert!(error.to_string().contains("`max_file_bytes`"), "{error}");
    assert_eq!(server.count("GET", "model.onnx"), 0, "its size is known before");
    // Where nobody says how much comes, it is noticed on the way.
    server.raw("/any", weights()).fault("GET", "any", 9, Fault::Chunked { cut: false });
    let to = cache.path().join("any");
    let error = hub.download(&format!("{}/any", server.url), &to, None).unwrap_err();
    assert!(matches!(&error, HubError::TooLarge { .. }), "{error}");
    assert!(!to.exists() && !cache.path().join("any.incomplete").exists());
}
