//! HTTP beneath the routes: methods, paths, versions, and what clients do with a connection.

use std::io::{Read, Write};

use serde_json::json;

use crate::common::{Client, Running, families, serving};

/// Sends bytes, and reads all that comes back until the connection ends.
fn told(client: &Client, bytes: &str) -> String {
    let mut stream = client.connect();
    stream.write_all(bytes.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

const BODY: &str = r#"{"inputs": "a", "input": "a"}"#;

/// A request to embed a text, with further lines in its head.
fn post(path: &str, version: &str, lines: &str) -> String {
    let length = BODY.len();
    let head = format!("POST {path} HTTP/{version}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n");
    format!("{head}{lines}\r\n{BODY}")
}

#[test]
fn methods_that_a_route_lacks_are_refused_and_those_that_it_has_named() {
    let server = Running::start(serving([]));
    let client = server.client();
    for (path, allowed) in [
        ("/v1/embeddings", "POST"),
        ("/embed", "POST"),
        ("/v1/models", "GET,HEAD"),
        ("/health", "GET,HEAD"),
        ("/", "GET,HEAD,POST"),
    ] {
        for method in ["OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"] {
            let answer = client.clone().with("content-length", "0").send(method, path, "");
            assert_eq!((answer.status, answer.header("allow")), (405, allowed), "{method} {path}");
            assert!(answer.json()["error"]["message"].as_str().unwrap().contains(method), "{}", answer.body);
            assert!(answer.header("access-control-allow-origin").is_empty());
        }
    }
    for path in
        ["/", "/health", "/live", "/v1/models", "/info", "/metrics", "/openapi.json", "/models/static-minilm-en"]
    {
        let (head, get) = (client.send("HEAD", path, ""), client.get(path));
        assert_eq!((head.status, head.body.as_str(), get.status), (200, "", 200), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
    }
    assert_eq!((client.send("HEAD", "/embed", "").status, client.send("HEAD", "/nowhere", "").status), (405, 404));
}

#[test]
fn slashes_and_percent_encoding_are_read() {
    let server = Running::start(serving(families()));
    let client = server.client();
    let body = json!({"inputs": "a"});
    let expected = client.post("/models/fixture/dense/embed", &body);
    assert_eq!(expected.status, 200);
    for path in [
        "/models/fixture%2Fdense/embed",
        "/models/fixture%2fDENSE/embed/",
        "//models//fixture/dense//embed//",
        "/models/den%73e/embed",
        "/models/dense",
        "/models/dense/",
        "/models/%64ense/invocations?x=1",
    ] {
        let answer = client.post(path, &body);
        assert_eq!((answer.status, answer.body), (200, expected.body.clone()), "{path}");
    }
    for path in
        ["/models/dense%20/embed", "/models/dense%00/embed", "/models/%ff/embed", "/models/../embed", "/models/embed"]
    {
        let answer = client.post(path, &body);
        assert_eq!((answer.status, answer.json()["error_type"].as_str()), (404, Some("Validation")), "{path}");
    }
    for path in ["/EMBED", "/./embed", "/../embed", "/%65mbed"] {
        assert_eq!(client.post(path, &body).status, 404, "{path}");
    }
    for path in ["/v1/models/fixture/dense", "/v1/models/fixture%2FDense", "/models/dense", "/v1/models/dense/"] {
        assert_eq!(client.get(path).json()["id"], "dense", "{path}");
    }
}

#[test]
fn bodies_are_json_in_utf_8_as_they_are() {
    let server = Running::start(serving([]));
    let client = server.client();
    for (kind, status) in [
        ("application/json", 200),
        ("application/JSON;charset=UTF-8", 200),
        ("application/json; charset=\"utf-8\"; x=y", 200),
        ("application/json;", 200),
        ("application/json; charset=utf-16", 415),
        ("application/json; Charset=latin1", 415),
        ("application/jsonx", 415),
        ("application/vnd.api+json", 415),
        ("application/x-ndjson", 415),
        ("multipart/form-data; boundary=application/json", 415),
        ("text/plain", 415),
        ("", 415),
    ] {
        for path in ["/embed", "/v1/embeddings", "/v2/embed"] {
            let body = r#"{"inputs": "a", "input": "a", "texts": ["a"]}"#;
            let body = if path == "/v2/embed" { r#"{"texts": ["a"]}"# } else { body };
            let answer = client.clone().with("content-type", kind).send("POST", path, body);
            assert_eq!(answer.status, status, "{kind}: {}", answer.body);
        }
    }
    for (encoding, then) in [("identity", None), ("Identity", None), ("identity", Some("identity"))] {
        let client = client.clone().with("content-encoding", encoding);
        let client = then.map_or(client.clone(), |then| client.with("content-encoding", then));
        assert_eq!(client.post_text("/v1/embeddings", BODY).status, 200, "{encoding} {then:?}");
    }
    for encoding in ["gzip", "br", "deflate, gzip", "identity, gzip", ""] {
        let answer = client.clone().with("content-encoding", encoding).post_text("/v1/embeddings", BODY);
        assert_eq!(answer.status, 415);
        assert!(answer.body.contains("content-encoding"), "{}", answer.body);
    }
    let sixteen: String = "\u{feff}{\"inputs\": \"a\"}".to_owned();
    assert_eq!(client.post_text("/embed", &sixteen).status, 422, "a mark of byte order is no JSON");
    let deep = |levels: usize| format!("{{\"inputs\": \"a\", \"x\": {}{}}}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(client.post_text("/embed", &deep(100)).status, 200);
    assert!([200, 422].contains(&client.post_text("/embed", &deep(500_000)).status), "and no stack is used up");
}

#[test]
fn a_connection_is_used_as_http_allows() {
    let server = Running::start(serving([]));
    let client = server.client();
    let count = |text: &str, what: &str| text.matches(what).count();
    let old = told(&client, &post("/embed", "1.0", "host: localhost\r\n"));
    assert!(old.starts_with("HTTP/1.0 200") && !old.contains("transfer-encoding"), "{old}");
    let nameless = told(&client, "GET /health HTTP/1.0\r\n\r\n");
    assert!(nameless.starts_with("HTTP/1.0 403"), "without a key it answers to local names alone: {nameless}");
    let last = "GET /live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let several = post("/embed", "1.1", "host: localhost\r\n").repeat(3) + last;
    let answers = told(&client, &several);
    assert_eq!((count(&answers, "HTTP/1.1 200"), count(&answers, "alive")), (4, 1), "pipelined: {answers}");
    let wrong = post("/embed", "1.1", "host: localhost\r\ncontent-encoding: gzip\r\n") + last;
    let answers = told(&client, &wrong);
    assert_eq!((count(&answers, "HTTP/1.1 415"), count(&answers, "HTTP/1.1 200")), (1, 1), "{answers}");
    let waits = "host: localhost\r\nexpect: 100-continue\r\nconnection: close\r\n";
    let answers = told(&client, &post("/embed", "1.1", waits));
    assert!(answers.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200"), "{answers}");
    let refused = "POST /embed HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\
                   content-type: text/plain\r\nconnection: close\r\n\r\n";
    let answers = told(&client, refused);
    assert!(answers.starts_with("HTTP/1.1 415"), "a body that is not taken is not asked for: {answers}");
    let size = BODY.len();
    let chunked = format!(
        "POST /embed HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\
         connection: close\r\n\r\n{size:x};name=value\r\n{BODY}\r\n0\r\ntrailer: x\r\n\r\n"
    );
    assert!(told(&client, &chunked).starts_with("HTTP/1.1 200"));
}

#[test]
fn the_host_in_an_address_counts_too() {
    let server = Running::start(serving([]));
    let asked = |address: &str| {
        let head = format!("GET {address} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        told(&server.client(), &head)[9..12].to_owned()
    };
    assert_eq!(asked("/live"), "200");
    assert_eq!(asked("http://127.0.0.1:80/live"), "200");
    for address in
        ["http://evil.example/live", "http://localhost@evil.example/live", "http://localhost.evil.example/live"]
    {
        assert_eq!(asked(address), "403", "{address}");
    }
}

#[test]
fn a_connection_that_ends_behind_an_answer_says_so() {
    let server = Running::start(serving(families()));
    let client = server.client();
    // Much of a body is left, or does not come.
    let large = "x".repeat(1 << 20);
    for (length, body) in [(large.len(), &*large), (9, "x"), (1 << 20, "x")] {
        let head = format!("POST /nowhere HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n");
        let mut stream = client.connect();
        // The server may have ended the connection by then.
        let _ = stream.write_all(format!("{head}{body}").as_bytes());
        let mut answer = [0; 1 << 10];
        let length = stream.read(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer[..length]).to_lowercase();
        assert!(answer.starts_with("http/1.1 404") && answer.contains("\r\nconnection: close\r\n"), "{answer}");
    }
    // A little is read, and the connection goes on, however the request ended.
    let mut kept = client.keep();
    for path in ["/nowhere", "/embed", "/health", "/embed"] {
        let answer = kept.post(path, &json!({"inputs": "a".repeat(1 << 12)}));
        assert_eq!((answer.status == 200, answer.header("connection")), (path == "/embed", ""), "{path}");
    }
}
