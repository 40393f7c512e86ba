//! What servers and networks do wrong.

use std::time::{Duration, Instant};

use super::*;
use embedkit_fixtures::hub::{COMMIT, Fault, Server, sha256};

#[test]
fn a_model_is_downloaded_once_with_events() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    let (options, events) = events(options(&server, cache.path()));
    let hub = Hub::new(options).unwrap();
    assert_complete(&hub.fetch(&request()).unwrap());
    let log: Vec<String> = events.lock().unwrap().iter().map(|event| format!("{event:?}")).collect();
    let position = |start: &str| log.iter().position(|event| event.starts_with(start)).unwrap();
    assert!(
        position("Started { file: \"config.json\"")
            < position("Started { file: \"onnx/model.onnx\", total: Some(300000)")
    );
    assert!(log.iter().any(|event| event.contains("done: 300000, total: Some(300000)")), "{log:?}");
    assert_eq!(log.last().unwrap(), "Finished { file: \"onnx/model.onnx\", bytes: 300000 }");

    let requests = server.seen().len();
    assert_complete(&hub.fetch(&request()).unwrap());
    assert_eq!(server.seen().len(), requests, "a complete model needs no network");
    assert!(matches!(events.lock().unwrap().last(), Some(HubEvent::Cached { .. })));
}

#[test]
fn only_files_of_the_request_are_asked_for() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    server.file("README.md", "much");
    hub(&server, cache.path()).fetch(&request()).unwrap();
    for seen in server.seen() {
        assert!(
            ["config.json", "tokenizer.json", "model.onnx"].iter().any(|name| seen.path.ends_with(name)),
            "{seen:?}"
        );
    }
}

#[test]
fn the_token_is_not_sent_to_a_cdn() {
    let (server, cdn, cache) = (served(), Server::start(), tempfile::tempdir().unwrap());
    server.require_token("hf_secret").redirect_to(&cdn);
    let hub = hub_with(&server, cache.path(), |options| options.token = Some("hf_secret".to_owned()));
    assert_complete(&hub.fetch(&request()).unwrap());
    assert_eq!(cdn.count("GET", ""), 1);
    assert!(cdn.seen().iter().all(|seen| !seen.headers.contains_key("authorization")), "{:?}", cdn.seen());
    assert!(server.seen().iter().all(|seen| seen.headers["authorization"] == "Bearer hf_secret"));
}

#[test]
fn errors_show_no_secret() {
    let (server, cdn, cache) = (served(), Server::start(), tempfile::tempdir().unwrap());
    server.redirect_to(&cdn);
    cdn.fault("GET", "", 9, Fault::Status(403, vec![]));
    let hub = hub_with(&server, cache.path(), |options| options.token = Some("hf_secret".to_owned()));
    let error = hub.fetch(&request()).unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(matches!(error, HubError::Refused { status: 403, .. }), "{text}");
    assert!(!text.contains("secret") && !text.contains("Signature"), "{text}");
    assert_eq!(cdn.count("GET", ""), 1, "a refusal is final");
}

#[test]
fn what_does_not_exist_is_named() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start();
    server.file("config.json", "{}");
    let error = hub(&server, cache.path()).fetch(&request()).unwrap_err();
    assert!(
        matches!(&error, HubError::NotFound { what, .. } if what.contains("onnx/model.onnx in org/model")),
        "{error}"
    );
    assert_eq!(server.count("HEAD", "model.onnx"), 1, "a 404 is final");

    for (code, expected) in
        [("RepoNotFound", "the repository org/model"), ("RevisionNotFound", "revision main of org/model")]
    {
        let server = served();
        server.fault("HEAD", "config.json", 1, Fault::Status(404, vec![("x-error-code", code.to_owned())]));
        let error = hub(&server, tempfile::tempdir().unwrap().path()).fetch(&request()).unwrap_err();
        assert!(matches!(&error, HubError::NotFound { what, .. } if what == expected), "{error}");
    }
}

#[test]
fn refusals_say_what_to_do() {
    for (token, advice) in [(None, "set HF_TOKEN"), (Some("wrong"), "the token (HF_TOKEN) is wrong")] {
        let (server, cache) = (served(), tempfile::tempdir().unwrap());
        server.require_token("right");
        let hub = hub_with(&server, cache.path(), |options| options.token = token.map(str::to_owned));
        let error = hub.fetch(&request()).unwrap_err();
        assert!(
            matches!(&error, HubError::Refused { status: 401, .. }) && error.to_string().contains(advice),
            "{error}"
        );
        assert_eq!(server.seen().len(), 1, "a refusal is final");
    }
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    server.fault("HEAD", "config.json", 1, Fault::Status(403, vec![("x-error-code", "GatedRepo".to_owned())]));
    let error = hub(&server, cache.path()).fetch(&request()).unwrap_err();
    assert!(error.to_string().contains("accept its terms"), "{error}");
}

#[test]
fn too_many_requests_are_repeated_when_the_server_says() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    server.fault("HEAD", "config.json", 1, Fault::Status(429, vec![("retry-after", "1".to_owned())]));
    let (options, events) = events(options(&server, cache.path()));
    let start = Instant::now();
    assert_complete(&Hub::new(options).unwrap().fetch(&request()).unwrap());
    assert!(start.elapsed() >= Duration::from_secs(1));
    let is_retry =
        |event: &HubEvent| matches!(event, HubEvent::Retrying { attempt: 1, wait, .. } if wait.as_secs() == 1);
    assert_eq!(events.lock().unwrap().iter().filter(|event| is_retry(event)).count(), 1);
}

/// `hf-hub` tells the wait alone that is in seconds, after 429.
#[test]
fn the_wait_that_a_server_of_contents_asks_for_is_heeded() {
    for (status, wait, is_heeded) in
        [(429, "1", true), (503, "1", !OVER_HF_HUB), (429, "Sunday, 06-Nov-94 08:49:37 GMT", !OVER_HF_HUB)]
    {
        let (server, cache) = (served(), tempfile::tempdir().unwrap());
        server.fault("GET", "model.onnx", 1, Fault::Status(status, vec![("retry-after", wait.to_owned())]));
        let (options, events) = events(options(&server, cache.path()));
        assert_complete(&Hub::new(options).unwrap().fetch(&request()).unwrap());
        let events = events.lock().unwrap();
        let waits = events.iter().filter_map(|event| match event {
            HubEvent::Retrying { wait, .. } => Some(*wait),
            _ => None,
        });
        let asked = Duration::from_secs(wait.parse().unwrap_or(0));
        assert_eq!(waits.collect::<Vec<_>>() == [asked], is_heeded, "{status} {wait}: {events:?}");
    }
}

#[test]
fn failures_of_the_server_are_retried_a_bounded_number_of_times() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    server.fault("HEAD", "model.onnx", 1, Fault::Status(500, vec![]));
    server.fault("GET", "model.onnx", 2, Fault::Status(503, vec![]));
    assert_complete(&hub(&server, cache.path()).fetch(&request()).unwrap());

    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    server.fault("HEAD", "config.json", 99, Fault::Status(500, vec![]));
    let hub = hub_with(&server, cache.path(), |options| {
        (options.retries, options.backoff) = (1, Duration::from_millis(300));
    });
    let start = Instant::now();
    let error = hub.fetch(&request()).unwrap_err();
    assert!(matches!(error, HubError::Status { status: 500, .. }), "{error}");
    assert_eq!(server.seen().len(), 2);
    assert!(start.elapsed() < Duration::from_millis(900), "no wait after the last try");
}

#[test]
fn a_stall_is_noticed_and_resumed() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    server.fault("HEAD", "config.json", 1, Fault::Silence);
    server.fault("GET", "model.onnx", 1, Fault::Stall(100_000));
    let start = Instant::now();
    assert_complete(&hub(&server, cache.path()).fetch(&request()).unwrap());
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    assert_eq!(ranges(&server), [None, Some("bytes=100000-".to_owned())]);
}

#[test]
fn a_cut_is_resumed() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    server.fault("GET", "model.onnx", 1, Fault::Cut(200_000));
    assert_complete(&hub(&server, cache.path()).fetch(&request()).unwrap());
    assert_eq!(ranges(&server), [None, Some("bytes=200000-".to_owned())]);
}

#[test]
fn a_cut_is_resumed_by_the_next_call() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    server.fault("GET", "model.onnx", 1, Fault::Cut(200_000));
    let hub = hub_with(&server, cache.path(), |options| options.retries = 0);
    let error = hub.fetch(&request()).unwrap_err();
    assert!(matches!(error, HubError::Network { .. }), "{error}");
    assert_complete(&hub.fetch(&request()).unwrap());
    assert_eq!(ranges(&server), [None, Some("bytes=200000-".to_owned())]);
}

#[test]
fn a_server_without_ranges_starts_again() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    server.fault("GET", "model.onnx", 1, Fault::Cut(200_000));
    server.fault("GET", "model.onnx", 1, Fault::IgnoreRange);
    assert_complete(&hub(&server, cache.path()).fetch(&request()).unwrap());
}

#[test]
fn what_an_earlier_download_left_is_checked_too() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    let blobs = cache.path().join("models--org--model/blobs");
    std::fs::create_dir_all(&blobs).unwrap();
    std::fs::write(blobs.join(format!("{}.incomplete", sha256(&weights()))), vec![7; 1000]).unwrap();
    assert_complete(&hub(&server, cache.path()).fetch(&request()).unwrap());
    assert_eq!(ranges(&server), [Some("bytes=1000-".to_owned()), None]);
}

#[test]
fn a_wrong_size_is_refused() {
    for body in [weights()[..1000].to_vec(), vec![0; 300_001]] {
        let (server, cache) = (served(), tempfile::tempdir().unwrap());
        server.fault("GET", "model.onnx", 9, Fault::Body(body));
        let error = hub(&server, cache.path()).fetch(&request()).unwrap_err();
        assert!(matches!(error, HubError::Mismatch { what: "size", .. }), "{error}");
        assert_eq!(server.count("GET", "model.onnx"), 1);
        assert!(!hub(&server, cache.path()).is_cached(&request()).unwrap());
    }
}

#[test]
fn a_wrong_hash_is_refused() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    server.fault("GET", "model.onnx", 1, Fault::Body(vec![0; 300_000]));
    let error = hub(&server, cache.path()).fetch(&request()).unwrap_err();
    assert!(matches!(error, HubError::Mismatch { what: "SHA-256", .. }), "{error}");
    let blobs = cache.path().join("models--org--model/blobs");
    assert_eq!(std::fs::read_dir(blobs).unwrap().count(), 1, "only config.json is left");
    assert_complete(&hub(&server, cache.path()).fetch(&request()).unwrap());
}

#[test]
fn the_digests_of_the_request_are_checked_before_anything_is_downloaded() {
    let zeros = "0".repeat(64);
    for expected in [Expected::default().size(5), Expected::default().sha256(&zeros)] {
        let (server, cache) = (served(), tempfile::tempdir().unwrap());
        let request = request().expected("onnx/model.onnx", expected);
        let error = hub(&server, cache.path()).fetch(&request).unwrap_err();
        assert!(matches!(error, HubError::Mismatch { .. }), "{error}");
        assert_eq!(server.count("GET", "model.onnx"), 0);
    }
    // A small file's etag is no SHA-256; there the content is checked.
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    let request = request().expected("config.json", Expected::default().size(2).sha256(&zeros));
    let error = hub(&server, cache.path()).fetch(&request).unwrap_err();
    assert!(matches!(error, HubError::Mismatch { what: "SHA-256", .. }), "{error}");
}

#[test]
fn a_page_instead_of_a_hub_is_noticed() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    let portal = Server::start();
    portal.raw("/login", "<html>");
    let login = vec![("location", format!("{}/login", portal.url))];
    server.fault("HEAD", "config.json", 1, Fault::Status(302, login));
    let error = hub(&server, cache.path()).fetch(&request()).unwrap_err();
    assert!(matches!(error, HubError::Protocol { .. }), "{error}");

    let loops = vec![("location", "/org/model/resolve/main/config.json".to_owned())];
    server.fault("HEAD", "config.json", 99, Fault::Status(307, loops));
    let error = hub(&server, cache.path()).fetch(&request()).unwrap_err();
    assert!(error.to_string().contains("redirects without end"), "{error}");
}

#[test]
fn a_renamed_repository_is_followed() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    server.raw("/new/name/resolve/main/config.json", "{}");
    let location = vec![("location", "/new/name/resolve/main/config.json".to_owned())];
    server.fault("HEAD", "/org/model/resolve/main/config.json", 1, Fault::Status(307, location));
    assert_complete(&hub(&server, cache.path()).fetch(&request()).unwrap());
}

#[test]
fn names_from_the_server_cannot_leave_the_cache() {
    for (commit, etag) in
        [("../../evil", "e"), (COMMIT, "../../evil"), (COMMIT, "\"..\""), (COMMIT, "\"abc.incomplete\"")]
    {
        let (server, cache) = (served(), tempfile::tempdir().unwrap());
        let headers = [("location", "http://cdn/x"), ("x-repo-commit", commit), ("x-linked-etag", etag)];
        let headers = headers.map(|(name, value)| (name, value.to_owned())).into();
        server.fault("HEAD", "config.json", 1, Fault::Status(302, headers));
        let error = hub(&server, cache.path()).fetch(&request()).unwrap_err();
        assert!(matches!(error, HubError::Protocol { .. }), "{error}");
    }
}

#[test]
fn the_next_source_is_tried() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    let request = request_from("org/gone", None).repository("org/model", None);
    assert_complete(&hub(&server, cache.path()).fetch(&request).unwrap());
    let request = request_from("org/gone", None).repository("org/lost", None);
    let error = hub(&server, cache.path()).fetch(&request).unwrap_err().to_string();
    assert!(error.contains("[org/gone]") && error.contains("[org/lost]"), "{error}");
    let error = hub(&server, cache.path()).fetch(&without_source()).unwrap_err();
    assert!(matches!(error, HubError::NoSource { .. }), "{error}");
}

#[test]
fn nobody_listens() {
    let cache = tempfile::tempdir().unwrap();
    let server = Server::start();
    let hub = hub_with(&server, cache.path(), |options| options.endpoint = Some("http://127.0.0.1:1".to_owned()));
    let error = hub.fetch(&request()).unwrap_err();
    assert!(matches!(error, HubError::Network { .. }), "{error}");
}

#[test]
fn a_refusal_has_the_hubs_reason() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    let reason = ("X-Error-Message", "this country is not served".to_owned());
    server.fault("HEAD", "", 9, Fault::Status(403, vec![reason]));
    let error = hub(&server, cache.path()).fetch(&request()).unwrap_err().to_string();
    assert!(error.contains("the hub says: this country is not served"), "{error}");
}
