//! Cohere's embeddings, and Jina's multi-vectors.

use serde_json::{Value, json};

use crate::common::{Running, families, floats, numbers, serving};

#[test]
fn both_versions_have_their_shapes() {
    let server = Running::start(serving(families()));
    let client = server.client();
    let ask = |path: &str, body: Value| {
        let answer = client.post(path, &body);
        assert_eq!(answer.status, 200, "{path} {body}: {}", answer.body);
        answer.json()
    };
    let texts = json!(["hello", "world"]);
    let first = ask(
        "/v1/embed",
        json!({"model": "dense", "texts": texts, "input_type": "search_document", "embedding_types": null}),
    );
    assert_eq!(first["response_type"], "embeddings_floats");
    let vector = numbers(&first["embeddings"][0]);
    assert_eq!(vector.len(), 16);
    assert_eq!((&first["texts"], &first["meta"]["api_version"]["version"]), (&texts, &json!("1")));
    assert!(first["meta"]["billed_units"]["input_tokens"].as_u64().unwrap() > 0);
    let types = ["float", "int8", "uint8", "binary", "ubinary", "base64"];
    let second = ask(
        "/v2/embed",
        json!({"model": "dense", "texts": texts, "input_type": "search_query", "embedding_types": types, "truncate": "END", "max_tokens": null, "priority": 1}),
    );
    assert_eq!(second["response_type"], "embeddings_by_type");
    assert_eq!(numbers(&second["embeddings"]["float"][0]), vector);
    assert_eq!(floats(&second["embeddings"]["base64"][0]), vector);
    assert_eq!(second["embeddings"]["ubinary"][0].as_array().unwrap().len(), 2);
    let inputs = json!([{"content": [{"type": "text", "text": "hello"}]}]);
    let third = ask("/v2/embed", json!({"model": "dense", "inputs": inputs, "input_type": "classification"}));
    assert_eq!(numbers(&third["embeddings"]["float"][0]), vector, "version 2 gives floats");
    for body in [
        json!({"model": "dense"}),
        json!({"model": "dense", "texts": ["a"], "images": ["b"]}),
        json!({"model": "dense", "texts": ["a"], "truncate": "MIDDLE"}),
        json!({"model": "dense", "texts": ["a"], "output_dimension": 3}),
        json!({"model": "dense", "texts": ["a b c d"], "max_tokens": 3, "truncate": "none"}),
        json!({"model": "dense", "texts": ["a"], "max_tokens": 0}),
    ] {
        let answer = client.post("/v2/embed", &body);
        assert_eq!(answer.status, 400, "{body}: {}", answer.body);
        assert!(answer.json()["message"].is_string() && answer.json()["id"].is_string(), "{}", answer.body);
    }
}

#[test]
fn texts_are_cut_where_a_request_wants_them_to_be() {
    let server = Running::start(serving(families()));
    let client = server.client();
    let ask = |text: &str, more: Value| {
        let mut body = json!({"model": "dense", "texts": [text], "input_type": "classification"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = client.post("/v2/embed", &body);
        assert_eq!(answer.status, 200, "{body}: {}", answer.body);
        (numbers(&answer.json()["embeddings"]["float"][0]), answer.header("x-truncated-inputs").to_owned())
    };
    let tokens = client.post("/models/dense/tokenize", &json!({"inputs": "hello", "add_special_tokens": true})).json();
    let most = tokens[0].as_array().unwrap().len();
    let whole = ask("hello world", json!({})).0;
    let (hello, _) = ask("hello", json!({}));
    assert_ne!(whole, hello);
    for (truncate, text) in [("END", "hello world"), ("end", "hello world"), ("START", "world hello")] {
        assert_eq!(ask(text, json!({"max_tokens": most, "truncate": truncate})), (hello.clone(), "1".to_owned()));
    }
    assert_eq!(ask("hello world", json!({"max_tokens": most})).0, hello);
    assert_eq!(ask("hello world", json!({"max_tokens": 4096})), (whole, "0".to_owned()), "no more than the window");
}

#[test]
fn multi_vectors_come_in_jinas_shape() {
    let server = Running::start(serving(families()));
    let client = server.client();
    let ask = |kind: Value| {
        let body = json!({"model": "multi", "input": ["hello world"], "input_type": "document", "embedding_type": kind, "dimensions": 8});
        client.post("/v1/multi-vector", &body).json()["data"][0].clone()
    };
    let rows: Vec<Vec<f32>> = ask(Value::Null)["embeddings"].as_array().unwrap().iter().map(numbers).collect();
    assert_eq!(rows[0].len(), 8);
    let packed = ask(json!("base64"));
    assert_eq!((floats(&packed["embeddings"]), &packed["shape"]), (rows.concat(), &json!([rows.len(), 8])));
}
