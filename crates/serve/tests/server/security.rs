//! Keys, names, origins, slow and silent connections.

use std::io::{Read, Write};

use serde_json::json;

use crate::common::{Running, serving};

#[test]
fn everything_but_health_needs_a_key() {
    let mut config = serving([]);
    config.api_keys = vec!["one".to_owned(), "two".to_owned()];
    let server = Running::start(config);
    let client = server.client();
    let body = json!({"input": "a", "inputs": "a", "texts": ["a"]});
    for path in ["/live", "/ready", "/health", "/ping", "/"] {
        assert_eq!(client.get(path).status, 200, "{path}");
    }
    for path in ["/v1/models", "/metrics", "/info", "/openapi.json", "/nowhere"] {
        assert_eq!(client.get(path).status, 401, "{path}");
    }
    let page = client.clone().with("accept", "text/html").get("/");
    assert!(page.status == 200 && page.body.contains("asks for a key"), "the page has nothing to hide, and asks");
    assert_eq!(client.send("OPTIONS", "/v1/embeddings", "").status, 405, "which methods there are is no secret");
    for (path, is_tei) in [("/v1/embeddings", false), ("/embed", true), ("/", true)] {
        let answer = client.post(path, &body);
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, "Bearer"), "{path}");
        assert_eq!(answer.json()["error_type"] == "Validation", is_tei, "{path}: {}", answer.body);
        for (name, value) in
            [("authorization", "Bearer two"), ("authorization", "one"), ("x-api-key", "one"), ("api-key", "two")]
        {
            assert_eq!(client.clone().with(name, value).post(path, &body).status, 200, "{path} {name}: {value}");
        }
        assert_eq!(client.clone().with("authorization", "Bearer three").post(path, &body).status, 401);
    }
    let answer = client.post("/v1/embeddings", &body).json();
    assert_eq!(
        (&answer["error"]["type"], &answer["error"]["code"]),
        (&json!("authentication_error"), &json!("invalid_api_key"))
    );
    let cohere = client.post("/v2/embed", &body);
    assert!(cohere.status == 401 && cohere.json()["message"].is_string(), "{}", cohere.body);
}

#[test]
fn a_local_server_answers_to_local_names_alone() {
    let server = Running::start(serving([]));
    for (host, status) in [
        ("localhost:8080", 200),
        ("127.0.0.1", 200),
        ("[::1]:9", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
    ] {
        assert_eq!(server.client().with("host", host).get("/live").status, status, "{host}");
    }
    let mut config = serving([]);
    config.api_keys = vec!["k".to_owned()];
    let server = Running::start(config);
    assert_eq!(server.client().with("host", "some.name").get("/live").status, 200, "with a key, any name does");
}

#[test]
fn origins_are_let_in_by_name() {
    /// Ours, and those that OpenAI's client has of its own.
    const WANTED: &str = "api-key,authorization,content-type,traceparent,x-api-key,x-request-id,x-request-timeout-ms,\
                          x-stainless-arch,x-stainless-retry-count";
    let mut config = serving([]);
    config.cors_origins = vec!["https://app.example".to_owned()];
    config.api_keys = vec!["k".to_owned()];
    let server = Running::start(config);
    let client = server.client();
    let preflight = |origin: &str| {
        let client = client.clone().with("origin", origin).with("access-control-request-method", "POST");
        client.with("access-control-request-headers", WANTED).send("OPTIONS", "/v1/embeddings", "")
    };
    let answer = preflight("https://app.example");
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, "https://app.example"));
    assert_eq!(answer.header("access-control-allow-headers"), WANTED);
    assert_eq!(preflight("https://evil.example").header("access-control-allow-origin"), "");
    let refused = client.clone().with("origin", "https://app.example").post("/v1/embeddings", &json!({"input": "a"}));
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (401, "https://app.example"));
    let exposed: Vec<&str> = refused.header("access-control-expose-headers").split(',').collect();
    assert!(
        ["retry-after", "retry-after-ms", "x-should-retry"].iter().all(|name| exposed.contains(name)),
        "{exposed:?}"
    );
    let with_key = client.clone().with("origin", "https://app.example").with("api-key", "k");
    let answer = with_key.post("/v1/embeddings", &json!({"input": "a"}));
    let told = answer.headers.keys().filter(|name| name.starts_with("x-") || *name == "server-timing");
    let hidden: Vec<_> = told.filter(|name| !exposed.contains(&name.as_str())).collect();
    assert!(answer.status == 200 && hidden.is_empty(), "a page cannot read {hidden:?}");

    let closed = Running::start(serving([]));
    let answer = closed.client().with("origin", "https://app.example").get("/v1/models");
    assert_eq!(answer.header("access-control-allow-origin"), "", "without origins there are no such headers");
}

#[test]
fn heads_that_are_too_large_or_wrong_are_refused() {
    let server = Running::start(serving([]));
    let answer = server.client().with("x-large", &"x".repeat(200_000)).get("/live");
    assert_eq!(answer.status, 431);
    assert_eq!(server.client().with("x-large", &"x".repeat(60_000)).get("/live").status, 200);
    let answer = server.client().with("x-large", &"x".repeat(66_000)).get("/live");
    assert_eq!(answer.status, 431, "more than 64 KiB: {answer:?}");
    for head in [
        "POST /embed HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
        "POST /embed HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5x\r\n\r\n",
        "GET /li ve HTTP/1.1\r\nhost: localhost\r\n\r\n",
        "GET /live HTTP/1.1\r\nhost : localhost\r\n\r\n",
        "GET /live HTTP/1.1\r\nconnection: close\r\n\r\n",
        "GET /live HTTP/1.1\r\nconnection: close\r\nhost: localhost\r\nhost: 127.0.0.1\r\n\r\n",
    ] {
        let mut stream = server.client().connect();
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400"), "{head}: {answer}");
    }
    assert_eq!(server.client().get("/live").status, 200);
}

#[test]
fn metrics_may_have_a_listener_of_their_own() {
    let mut config = serving([]);
    config.metrics_addr = Some("127.0.0.1:0".parse().unwrap());
    config.api_keys = vec!["k".to_owned()];
    let server = Running::start(config);
    let metrics = crate::common::Client::new(server.metrics_address.unwrap());
    let answer = metrics.get("/metrics");
    assert!(answer.status == 200 && answer.body.contains("embedkit_build_info"), "{answer:?}");
    assert_eq!(metrics.get("/v1/models").status, 404);
    assert_eq!(server.client().with("x-api-key", "k").get("/metrics").status, 404);
}
