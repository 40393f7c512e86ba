//! Every row of the table of errors, in the three bodies.

use embedkit_serve::ModelConfig;
use serde_json::{Value, json};

use crate::common::{Running, families, serving};

/// Asks, and gives the status with OpenAI's type, code and field, or TEI's type.
fn told(answer: &crate::common::Answer) -> (u16, String, String, String) {
    let body = answer.json();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    match body["error"].is_object() {
        true => {
            assert_eq!(body["detail"], body["error"]["message"], "clients of Jina and Voyage read it there");
            (answer.status, text(&body["error"]["type"]), text(&body["error"]["code"]), text(&body["error"]["param"]))
        }
        false => (answer.status, text(&body["error_type"]), text(&body["error"]), String::new()),
    }
}

#[test]
fn of_a_pair_that_is_too_long_the_query_is_named_where_it_is_at_fault() {
    let server = Running::start(serving(families()));
    let client = server.client();
    let (long, short) = ("hello ".repeat(100), "hello");
    for (query, document, more, param) in [
        (&*long, short, json!({"truncation_direction": "left"}), "query"),
        (&long, short, json!({"truncate": false}), "query"),
        (short, &long, json!({"truncate": false}), "documents[1]"),
    ] {
        let mut body = json!({"model": "rank", "query": query, "documents": [short, document]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = client.post("/v1/rerank", &body);
        let error = &answer.json()["error"];
        assert_eq!((answer.status, &error["param"]), (400, &json!(param)), "{}", answer.body);
        let message = error["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("{param}: `inputs` must have less than ")), "{message}");
    }
}

#[test]
fn openais_routes_have_openais_errors() {
    let mut config = serving(families());
    (config.max_inputs, config.max_body) = (8, 4096);
    let server = Running::start(config);
    let client = server.client();
    let invalid = "invalid_request_error";
    let long = "hello ".repeat(100);
    for (body, status, code, param) in [
        (json!({"model": "dense"}), 400, "-", "input"),
        (json!({"model": "dense", "input": "a", "encoding_format": 5}), 400, "-", "encoding_format"),
        (json!({"model": "dense", "input": [1, "a"]}), 400, "-", "input"),
        (json!({"model": "dense", "input": "a", "encoding_format": "hex"}), 400, "-", "encoding_format"),
        (json!({"model": "dense", "input": "a", "dimensions": 7}), 400, "-", "dimensions"),
        (json!({"model": "dense", "input": "a", "task": "none"}), 400, "-", "task"),
        (json!({"model": "dense", "input": "a", "role": "query", "input_type": "passage"}), 400, "-", "role"),
        (json!({"model": "dense", "input": "a", "late_chunking": true}), 400, "-", "late_chunking"),
        (json!({"model": "dense", "input": "a", "outputs": ["sparse"]}), 400, "-", "model"),
        (json!({"model": "dense", "input": []}), 400, "-", "input"),
        (
            json!({"model": "dense", "input": ["a", long], "truncate": false}),
            400,
            "context_length_exceeded",
            "input[1]",
        ),
        (json!({"model": "dense", "input": vec!["a"; 9]}), 413, "too_many_inputs", "input"),
        (json!({"model": "dense", "input": "a".repeat(5000)}), 413, "payload_too_large", "-"),
        (json!({"model": "no such", "input": "a"}), 404, "model_not_found", "model"),
        (json!({"model": "rank", "input": "a"}), 400, "-", "model"),
        (json!({"model": "dense", "input": {"image": "AAAA"}}), 400, "-", "model"),
        (json!({"model": "image", "input": "a"}), 400, "-", "model"),
    ] {
        let answer = client.post("/v1/embeddings", &body);
        let shown: String = body.to_string().chars().take(90).collect();
        assert_eq!(
            told(&answer),
            (status, invalid.to_owned(), code.to_owned(), param.to_owned()),
            "{shown}: {}",
            answer.body
        );
    }
    let too_long = client.post("/v1/embeddings", &json!({"model": "dense", "input": long, "truncate": false}));
    assert!(too_long.body.contains("must have less than 32 tokens. Given: "), "{}", too_long.body);
    let listed = client.post_text("/v1/embeddings", "[\"a\", null, null]");
    assert_eq!((listed.status, listed.json()["error"]["type"].as_str()), (400, Some(invalid)), "{}", listed.body);
    let unknown = client.post("/v1/embeddings", &json!({"model": "no such", "input": "a"}));
    assert!(unknown.body.contains("dense") && unknown.body.contains("rank"), "it lists the names: {}", unknown.body);
    for (method, path, status) in [
        ("GET", "/v1/embeddings", 405),
        ("POST", "/v1/models", 405),
        ("POST", "/nowhere", 404),
        ("GET", "/models/x/y/z/embed", 404),
        ("GET", "/v1/models/%ff%00", 404),
    ] {
        let answer = client.clone().with("content-type", "application/json").send(method, path, "{}");
        assert_eq!(
            (answer.status, answer.json()["error"]["type"].as_str()),
            (status, Some(invalid)),
            "{method} {path}"
        );
        assert_eq!(answer.header("allow").is_empty(), status != 405, "{method} {path}: {answer:?}");
    }
}

#[test]
fn teis_routes_have_teis_errors() {
    let mut config = serving(families());
    (config.max_inputs, config.max_body) = (8, 4096);
    let server = Running::start(config);
    let client = server.client();
    let long = "hello ".repeat(100);
    for (path, body, status, kind) in [
        ("/embed", json!({}), 422, "Validation"),
        ("/embed", json!({"inputs": 1.5}), 422, "Validation"),
        ("/embed", json!({"inputs": []}), 400, "Empty"),
        ("/embed", json!({"inputs": "a", "prompt_name": "none"}), 422, "Validation"),
        ("/embed", json!({"inputs": long, "truncate": false}), 422, "Validation"),
        ("/embed", json!({"inputs": vec!["a"; 9]}), 413, "Validation"),
        ("/embed", json!({"inputs": "a".repeat(5000)}), 413, "Validation"),
        ("/models/sparse/embed", json!({"inputs": "a"}), 424, "Backend"),
        ("/models/dense/embed_all", json!({"inputs": "a"}), 424, "Backend"),
        ("/models/none/embed", json!({"inputs": "a"}), 404, "Validation"),
        ("/rerank", json!({"query": "a", "texts": []}), 400, "Empty"),
        ("/rerank", json!({"query": "a", "texts": ["b"], "top_n": -1}), 422, "Validation"),
        ("/models/dense/rerank", json!({"query": "a", "texts": ["b"]}), 424, "Backend"),
        ("/similarity", json!({"inputs": {"source_sentence": "a", "sentences": []}}), 400, "Empty"),
        ("/predict", json!({"inputs": ["a"]}), 422, "Validation"),
        ("/tokenize", json!({"inputs": []}), 400, "Empty"),
    ] {
        let answer = client.post(path, &body);
        let (status_told, kind_told, message, _) = told(&answer);
        assert_eq!((status_told, kind_told.as_str()), (status, kind), "{path}: {}", answer.body);
        assert!(message.len() > 5, "{}", answer.body);
    }
    assert_eq!(told(&client.post_text("/embed", "{\"inputs\": ")).0, 422);
}

#[test]
fn rerankers_errors_are_their_callers() {
    let server = Running::start(serving(families()));
    let client = server.client();
    for (body, param) in [
        (json!({"query": "a", "documents": ["b"], "top_n": -1}), "top_n"),
        (json!({"query": "a", "documents": ["b"], "top_k": 1}), "top_k"),
        (json!({"query": "a", "documents": ["b"], "rank_fields": ["title"]}), "rank_fields"),
        (json!({"query": "a", "documents": ["b"], "relevant_spans": true}), "relevant_spans"),
        (json!({"query": "a", "documents": []}), "documents"),
        (json!({"query": "a", "documents": [{"title": "b"}]}), "documents[0].text"),
        (json!({"documents": ["b"]}), "query"),
        (json!({"query": "a"}), "documents"),
        (json!({"query": "a", "input": ["b"]}), "input"),
    ] {
        let answer = client.post("/rerank", &body);
        assert_eq!((answer.status, told(&answer).3.as_str()), (400, param), "{body}: {}", answer.body);
    }
}

#[test]
fn only_json_is_taken_and_nothing_of_it_is_repeated() {
    let server = Running::start(serving([]));
    let client = server.client();
    for (name, value) in
        [("content-type", "text/plain"), ("content-type", "application/x-www-form-urlencoded"), ("x-none", "x")]
    {
        let answer = client.clone().with(name, value).send("POST", "/v1/embeddings", "{\"input\": \"a\"}");
        assert_eq!(answer.status, 415, "{name}: {value}");
    }
    let fine = client.clone().with("content-type", "Application/JSON; charset=utf-8");
    assert_eq!(fine.send("POST", "/v1/embeddings", "{\"input\": \"a\"}").status, 200);
    assert_eq!(fine.with("content-encoding", "gzip").send("POST", "/v1/embeddings", "x").status, 415);
    for body in [
        "{\"input\": {\"secret words\": 1}}",
        "{\"input\": \"a\", \"dimensions\": \"secret words\"}",
        "[\"secret words\"]",
        "secret words",
    ] {
        let answer = client.post_text("/v1/embeddings", body);
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert!(!answer.body.contains("secret"), "{}", answer.body);
    }
    let deep = format!("{{\"input\": {}1{}}}", "[".repeat(200), "]".repeat(200));
    assert_eq!(client.post_text("/v1/embeddings", &deep).status, 400);
}

#[test]
fn what_cannot_be_served_is_said_at_the_start() {
    use embedkit_serve::Server;
    let fails = |config| Server::builder().config(config).build().unwrap_err().to_string();
    assert!(fails(serving([ModelConfig::id("no/such-model")])).contains("no/such-model"));
    let twice = serving([ModelConfig::id("static-minilm-en"), ModelConfig::id("static-minilm-en")]);
    assert!(fails(twice).contains("two models"));
    let mut config = serving([]);
    config.aliases = vec![("a".to_owned(), "none".to_owned())];
    assert!(fails(config).contains("none"));
}

/// What stands behind a model's name is a route or none, and the name may be of any number of parts.
#[test]
fn a_model_in_the_path_is_told_from_what_is_asked_of_it() {
    let mut models = families();
    for (model, name) in models.iter_mut().zip(["a", "a/b", "a/b/c"]) {
        model.name = Some(name.to_owned());
    }
    let server = Running::start(serving(models));
    let client = server.client();
    let body = json!({"input": "hello"});
    for (path, status, says) in [
        ("/models/a/v1/embeddings", 200, "\"model\":\"a\""),
        ("/models/a/b/v1/embeddings", 200, "\"model\":\"a/b\""),
        ("/models/a/b/c/embeddings", 200, "\"model\":\"a/b/c\""),
        ("/models/A%2Fb%2fC/embeddings", 200, "\"model\":\"a/b/c\""),
        ("/models/a/nope", 404, "there is no route \\\"/nope\\\""),
        ("/models/a/b/c/d", 404, "there is no route \\\"/d\\\""),
        ("/models/a/%65mbeddings", 404, "there is no route"),
        ("/models/none/embeddings", 404, "no model is called \\\"none\\\""),
        ("/models/none/b/embeddings", 404, "no model is called \\\"none/b\\\""),
    ] {
        let answer = client.post(path, &body);
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert!(answer.body.contains(says), "{path}: {}", answer.body);
    }
    for (path, name) in [("/models/a", "a"), ("/models/a/b", "a/b"), ("/models/a/b/c", "a/b/c")] {
        assert_eq!(client.get(path).json()["id"], name);
        assert_eq!(client.get(&format!("{path}/info")).json()["served_model_name"], name);
    }
    assert_eq!(client.get(&format!("/models/{}", "a/".repeat(30_000))).status, 404);
}
