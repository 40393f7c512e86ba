//! Contents in Xet storage: a small one on loopback, which keeps the weights in five chunks.

use std::path::Path;

use embedkit_fixtures::hub::{COMMIT, Fault, Server, sha256};
use embedkit_hub::{Hub, HubError};

use super::suite::{assert_complete, options, request, served, weights};

/// The weights' name in Xet storage.
const FILE: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
/// The name of what holds its chunks.
const XORB: &str = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";
/// Bytes of a chunk, and of its head.
const CHUNK: usize = 60_000;
const HEAD: usize = 8;

/// A hub, and the storage that it sends to for the weights.
fn with_storage() -> (Server, Server) {
    let (server, storage) = (served(), Server::start());
    let headers = vec![
        ("location", format!("{}/bridge", storage.url)),
        ("x-repo-commit", COMMIT.to_owned()),
        ("x-linked-etag", format!("\"{}\"", sha256(&weights()))),
        ("x-linked-size", weights().len().to_string()),
        ("x-xet-hash", FILE.to_owned()),
    ];
    server.fault("HEAD", "model.onnx", 99, Fault::Status(302, headers));
    let pass = format!(r#"{{"accessToken": "pass", "exp": 9999999999, "casUrl": "{}"}}"#, storage.url);
    server.raw(&format!("/api/models/org/model/xet-read-token/{COMMIT}"), pass);
    // Where the same comes over plain HTTP.
    storage.raw("/bridge", weights());
    storage.raw("/xorb", xorb(&weights()));
    tell_chunks(&storage, 0, 0);
    (server, storage)
}

/// Chunks as they are: each with the length that it has and that it would have unpacked.
fn xorb(content: &[u8]) -> Vec<u8> {
    let chunk = |bytes: &[u8]| {
        let length = &(bytes.len() as u32).to_le_bytes()[..3];
        [&[0], length, &[0], length, bytes].concat()
    };
    content.chunks(CHUNK).flat_map(chunk).collect()
}

/// Has the storage say where the weights are, from a byte of a chunk on.
fn tell_chunks(storage: &Server, first: usize, offset: usize) {
    let count = weights().len() / CHUNK;
    let (unpacked, start) = ((count - first) * CHUNK, first * (HEAD + CHUNK));
    let (range, end, url) =
        (format!(r#"{{"start": {first}, "end": {count}}}"#), xorb(&weights()).len() - 1, &storage.url);
    let terms = format!(r#"[{{"hash": "{XORB}", "unpacked_length": {unpacked}, "range": {range}}}]"#);
    let info =
        format!(r#"[{{"range": {range}, "url": "{url}/xorb", "url_range": {{"start": {start}, "end": {end}}}}}]"#);
    let told =
        format!(r#"{{"offset_into_first_range": {offset}, "terms": {terms}, "fetch_info": {{"{XORB}": {info}}}}}"#);
    let path = format!("/v1/reconstructions/{FILE}");
    // The range asked for is the file's.
    storage.raw(&path, told).fault("GET", FILE, 99, Fault::IgnoreRange);
}

fn hub(server: &Server, cache: &Path) -> Hub {
    Hub::new(options(server, cache)).unwrap()
}

/// A hub that sees one variable.
fn hub_seeing(server: &Server, cache: &Path, variable: &'static str, value: &'static str) -> Hub {
    Hub::new(options(server, cache).environment(move |name| (name == variable).then(|| value.into()))).unwrap()
}

/// Whether the storage was asked as Xet storage is.
fn is_used(storage: &Server) -> bool {
    storage.seen().iter().any(|seen| seen.path.contains("/reconstructions/"))
}

#[test]
fn what_is_in_xet_storage_comes_from_there() {
    let ((server, storage), cache) = (with_storage(), tempfile::tempdir().unwrap());
    server.require_token("hf_secret");
    let mut options = options(&server, cache.path());
    options.token = Some("hf_secret".to_owned());
    assert_complete(&Hub::new(options).unwrap().fetch(&request()).unwrap());
    assert_eq!(server.count("GET", "model.onnx") + storage.count("GET", "/bridge"), 0);
    let asked: Vec<_> = storage.seen().into_iter().filter(|seen| seen.path.contains("/reconstructions/")).collect();
    assert!(!asked.is_empty() && asked.iter().all(|seen| seen.headers["authorization"] == "Bearer pass"), "{asked:?}");
    assert!(!format!("{:?}", storage.seen()).contains("hf_secret"));
    assert!(
        std::fs::read_dir(cache.path())
            .unwrap()
            .flatten()
            .all(|entry| { [".locks", "models--org--model"].iter().any(|name| entry.file_name() == *name) })
    );
}

#[test]
fn a_cut_is_resumed_by_the_next_process() {
    let ((server, storage), cache) = (with_storage(), tempfile::tempdir().unwrap());
    tell_chunks(&storage, 1, 100_000 - CHUNK);
    let blobs = cache.path().join("models--org--model/blobs");
    std::fs::create_dir_all(&blobs).unwrap();
    std::fs::write(blobs.join(format!("{}.incomplete", sha256(&weights()))), &weights()[..100_000]).unwrap();
    assert_complete(&hub(&server, cache.path()).fetch(&request()).unwrap());
    let asked = storage.seen().into_iter().find(|seen| seen.path.contains("/reconstructions/")).unwrap();
    assert_eq!(asked.headers["range"], "bytes=100000-299999");
}

#[test]
fn a_storage_that_fails_is_asked_again() {
    let ((server, storage), cache) = (with_storage(), tempfile::tempdir().unwrap());
    storage.fault("GET", "/xorb", 1, Fault::Status(503, vec![]));
    storage.fault("GET", "/xorb", 1, Fault::Cut(100_000));
    assert_complete(&hub(&server, cache.path()).fetch(&request()).unwrap());
    assert_eq!(storage.count("GET", "/bridge"), 0);
}

#[test]
fn a_storage_that_stalls_is_given_up() {
    let ((server, storage), cache) = (with_storage(), tempfile::tempdir().unwrap());
    let mut options = options(&server, cache.path());
    options.retries = 0;
    storage.fault("GET", "/xorb", 99, Fault::Stall(100_000));
    let start = std::time::Instant::now();
    let error = Hub::new(options).unwrap().fetch(&request()).unwrap_err();
    assert!(matches!(error, HubError::Network { .. }) && error.is_retryable(), "{error}");
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

#[test]
fn what_comes_from_xet_storage_is_checked() {
    let ((server, storage), cache) = (with_storage(), tempfile::tempdir().unwrap());
    let mut rotten = weights();
    rotten[70_000] ^= 1;
    storage.raw("/xorb", xorb(&rotten));
    let error = hub(&server, cache.path()).fetch(&request()).unwrap_err();
    assert!(matches!(error, HubError::Mismatch { what: "SHA-256", .. }), "{error}");
    assert!(!hub(&server, cache.path()).is_cached(&request()).unwrap());
}

/// `hf-xet` knows the process's proxies and certificates alone.
#[test]
fn where_the_settings_are_not_the_processs_own_the_same_comes_over_http() {
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hub/tls/authority.pem");
    for (variable, value) in
        [("HF_HUB_DISABLE_XET", "1"), ("HTTPS_PROXY", "http://127.0.0.1:1"), ("SSL_CERT_FILE", authority)]
    {
        let ((server, storage), cache) = (with_storage(), tempfile::tempdir().unwrap());
        // The content itself, as the hub redirects to it.
        let location = vec![("location", format!("{}/bridge", storage.url))];
        server.fault("GET", "model.onnx", 9, Fault::Status(302, location));
        assert_complete(&hub_seeing(&server, cache.path(), variable, value).fetch(&request()).unwrap());
        assert!(!is_used(&storage), "{variable}");
    }
}

#[test]
fn a_hub_that_lets_nobody_in_is_said() {
    for (status, is_final) in [(401, true), (403, true), (404, true), (503, false)] {
        let ((server, storage), cache) = (with_storage(), tempfile::tempdir().unwrap());
        server.fault("GET", COMMIT, 99, Fault::Status(status, vec![]));
        let error = hub(&server, cache.path()).fetch(&request()).unwrap_err();
        let is_said = match error {
            HubError::Refused { status: said, .. } | HubError::Status { status: said, .. } => said == status,
            HubError::NotFound { .. } => status == 404,
            _ => false,
        };
        assert!(is_said && error.is_retryable() != is_final, "{status}: {error}");
        assert!(!is_used(&storage));
    }
    let ((server, _), cache) = (with_storage(), tempfile::tempdir().unwrap());
    server.raw(&format!("/api/models/org/model/xet-read-token/{COMMIT}"), "<html>");
    let error = hub(&server, cache.path()).fetch(&request()).unwrap_err();
    assert!(matches!(error, HubError::Protocol { .. }), "{error}");
}
