//! What a repository holds.

use embedkit_fixtures::hub::{COMMIT, Fault, Server, sha256};
use embedkit_hub::{Hub, HubError};

use super::options;

#[test]
fn every_file_is_listed_page_by_page() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    for index in 0..9 {
        server.file(&format!("files/{index}.json"), "x".repeat(index));
    }
    server.file("onnx/model.onnx", "weights").file_of("org/other", "other.json", "{}");
    let hub = Hub::new(options(&server, folder.path())).unwrap();

    let listing = hub.list("org/model", None).unwrap();
    assert_eq!(listing.commit, COMMIT);
    let names: Vec<_> = listing.files.iter().map(|file| file.name.clone()).collect();
    let expected: Vec<_> = (0..9).map(|index| format!("files/{index}.json")).collect();
    assert_eq!(names, [expected, vec!["onnx/model.onnx".to_owned()]].concat());
    let sizes: Vec<_> = listing.files.iter().map(|file| file.size).collect();
    assert_eq!(sizes, [0, 1, 2, 3, 4, 5, 6, 7, 8, 7]);
    assert_eq!(listing.file("onnx/model.onnx").unwrap().sha256, Some(sha256(b"weights")));
    assert_eq!(listing.file("files/0.json").unwrap().sha256, None);
    assert_eq!(hub.list("org/model", Some(COMMIT)).unwrap(), listing);
    assert_eq!(server.count("GET", "main"), 1);
}

#[test]
fn what_cannot_be_listed_is_an_error() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    server.file("config.json", "{}");
    let hub = Hub::new(options(&server, folder.path())).unwrap();
    let error = |repo: &str, revision| hub.list(repo, revision).unwrap_err();
    assert!(matches!(error("org/none", None), HubError::NotFound { .. }));
    assert!(matches!(error("org/model", Some("v2")), HubError::NotFound { .. }));
    assert!(matches!(error("../model", None), HubError::InvalidRequest { .. }));

    let body = |text: &str| Fault::Body(text.as_bytes().to_vec());
    server.fault("GET", "/revision/main", 1, body("<html>"));
    assert!(matches!(error("org/model", None), HubError::Protocol { .. }));
    server.fault("GET", "/revision/main", 1, body("{\"sha\": \"../..\"}"));
    assert!(matches!(error("org/model", None), HubError::Protocol { .. }));
    let endless = vec![("link", format!("</api/models/org/model/tree/{COMMIT}?cursor=0>; rel=\"next\""))];
    server.fault("GET", &["/tree/", COMMIT].concat().leak()[..], 2000, Fault::Headers(endless));
    assert!(error("org/model", None).to_string().contains("pages"));
}

#[test]
fn what_may_pass_is_tried_again_and_offline_nothing_is() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    server.file("config.json", "{}");
    server.fault("GET", "/revision/main", 1, Fault::Status(503, Vec::new()));
    let mut options = options(&server, folder.path());
    assert_eq!(Hub::new(options.clone()).unwrap().list("org/model", None).unwrap().files.len(), 1);
    let seen = server.seen().len();
    options.offline = true;
    let error = Hub::new(options).unwrap().list("org/model", None).unwrap_err();
    assert!(matches!(error, HubError::OfflineAddress { .. }));
    assert_eq!(server.seen().len(), seen);
}
