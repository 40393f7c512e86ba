//! Fields of all dialects: obeyed, or refused by name.

use serde_json::{Value, json};

use crate::common::{Answer, Client, Running, families, numbers, serving};

/// A body with further fields.
fn with(body: &Value, fields: Value) -> Value {
    let mut body = body.clone();
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

fn ok(client: &Client, path: &str, body: &Value) -> Value {
    let answer = client.post(path, body);
    assert_eq!(answer.status, 200, "{path} {body}: {}", answer.body);
    answer.json()
}

/// The message of an error, in whichever of the three bodies.
fn message(answer: &Answer) -> String {
    let body = answer.json();
    let places = [&body["error"]["message"], &body["error"], &body["message"]];
    places.into_iter().find_map(Value::as_str).unwrap().to_owned()
}

#[test]
fn what_is_not_obeyed_is_refused_by_name() {
    let server = Running::start(serving(families()));
    let client = server.client();
    let openai = json!({"model": "dense", "input": "a"});
    let jina = json!({"model": "multi", "input": "a"});
    let tei = json!({"inputs": "a"});
    let similarity = json!({"inputs": {"source_sentence": "a", "sentences": ["b"]}});
    let (documents, texts) = (json!({"query": "a", "documents": ["b"]}), json!({"query": "a", "texts": ["b"]}));
    for (path, body, fields) in [
        (
            "/v1/embeddings",
            &openai,
            vec![
                json!({"late_chunking": true}),
                json!({"return_multivector": true}),
                json!({"add_special_tokens": false}),
                json!({"embed_dtype": "float16"}),
                json!({"embedding_types": ["int8"]}),
                json!({"endianness": "big"}),
                json!({"instruction": "x"}),
                json!({"prompt": "x"}),
                json!({"max_tokens": 3}),
                json!({"truncate_prompt_tokens": 3}),
                json!({"embedding_type": "int8"}),
                json!({"encoding_format": "hex"}),
                json!({"truncation_direction": "up"}),
                json!({"output_dtype": "float64"}),
                json!({"dimensions": 99_999}),
                json!({"dimensions": -1}),
                json!({"dimensions": 16.0}),
                json!({"dimensions": "16"}),
                json!({"output_dimension": 3}),
                json!({"prompt_name": "none"}),
                json!({"truncate": "END"}),
            ],
        ),
        (
            "/v1/multi-vector",
            &jina,
            vec![json!({"late_chunking": true}), json!({"dimensions": 3}), json!({"truncation_direction": 1})],
        ),
        (
            "/rerank",
            &documents,
            vec![
                json!({"top_k": 1}),
                json!({"top_n": -1}),
                json!({"top_n": 1.5}),
                json!({"texts": ["c"]}),
                json!({"instruction": "x"}),
                json!({"max_chunks_per_doc": 2}),
                json!({"max_tokens_per_doc": 0}),
                json!({"truncate_prompt_tokens": 3}),
                json!({"truncation_direction": "up"}),
                json!({"rank_fields": ["text", "title"]}),
                json!({"relevant_spans": true}),
                json!({"input": "x"}),
                json!({"raw_scores": 1}),
                json!({"return_documents": "yes"}),
            ],
        ),
        (
            "/rerank",
            &texts,
            vec![
                json!({"top_k": 1}),
                json!({"top_n": -1}),
                json!({"instruction": "x"}),
                json!({"max_tokens_per_doc": 0}),
                json!({"return_text": 1}),
                json!({"truncation_direction": "up"}),
            ],
        ),
        (
            "/embed",
            &tei,
            vec![
                json!({"parameters": {"normalize": false}}),
                json!({"dimensions": 7}),
                json!({"truncation_direction": "up"}),
                json!({"prompt_name": "none"}),
            ],
        ),
        ("/models/sparse/embed_sparse", &tei, vec![json!({"dimensions": 7})]),
        (
            "/similarity",
            &similarity,
            vec![json!({"prompt_name": "none"}), json!({"parameters": []}), json!({"parameters": [true, null, null]})],
        ),
        (
            "/v2/embed",
            &json!({"texts": ["a"], "model": "dense"}),
            vec![
                json!({"embedding_types": ["float64"]}),
                json!({"truncate": "MIDDLE"}),
                json!({"truncate": true}),
                json!({"output_dimension": 7}),
                json!({"dimensions": 7}),
                json!({"input_type": "none"}),
                json!({"images": ["x"]}),
            ],
        ),
    ] {
        assert_eq!(client.post(path, body).status, 200, "{path} {body}");
        for field in fields {
            let name = field.as_object().unwrap().keys().next().unwrap().clone();
            let answer = client.post(path, &with(body, field.clone()));
            let (is_tei, told) = (answer.json()["error_type"].is_string(), message(&answer));
            assert_eq!(answer.status, if is_tei { 422 } else { 400 }, "{path} {field}: {}", answer.body);
            let param = answer.json()["error"]["param"].as_str().unwrap_or_default().to_owned();
            // Prompts are told by their names, which clients of text-embeddings-inference look for.
            let is_named = told.contains(&name) || param.contains(&name) || told.contains("Available prompts");
            // Cohere calls the width otherwise.
            assert!(is_named || (name, told.contains("output_dimension")) == ("dimensions".to_owned(), true), "{told}");
        }
    }
}

#[test]
fn what_says_nothing_changes_nothing() {
    let server = Running::start(serving(families()));
    let client = server.client();
    for (path, body, fields) in [
        (
            "/v1/embeddings",
            json!({"model": "dense", "input": "hello"}),
            json!({
                "late_chunking": false, "return_multivector": false, "add_special_tokens": true, "dimensions": 0,
                "embedding_type": "float", "truncation": true, "truncate": true, "normalized": true, "user": {"a": 1},
            }),
        ),
        (
            "/embed",
            json!({"inputs": "hello"}),
            json!({"parameters": {"normalize": null}, "options": {"wait_for_model": true}, "encoding_format": "base64"}),
        ),
        (
            "/rerank",
            json!({"query": "a", "documents": [{"text": "b"}]}),
            json!({
                "documents": [{"text": "b", "image": null, "title": "t"}], "max_chunks_per_doc": 1, "top_n": 0,
                "rank_fields": ["text"], "relevant_spans": false, "texts": null, "priority": 3,
                "max_tokens_per_doc": 4096, "truncation_direction": "RIGHT",
            }),
        ),
    ] {
        let values = |body: &Value| {
            let answer = ok(&client, path, body);
            json!([answer["data"], answer["results"], answer["usage"], answer[0]])
        };
        assert_eq!(values(&with(&body, fields)), values(&body), "{path}");
    }
}

#[test]
fn other_dialects_names_are_obeyed() {
    let server = Running::start(serving(families()));
    let client = server.client();
    let openai = json!({"model": "dense", "input": "hello world"});
    let embedding =
        |fields: Value| ok(&client, "/v1/embeddings", &with(&openai, fields))["data"][0]["embedding"].clone();
    for (theirs, ours) in [
        (json!({"normalized": false}), json!({"normalize": false})),
        (json!({"embedding_type": "base64"}), json!({"encoding_format": "base64"})),
        (json!({"embedding_type": "binary"}), json!({"output_dtype": "binary"})),
        (json!({"embedding_type": "ubinary"}), json!({"output_dtype": "ubinary"})),
        (json!({"encoding_type": "base64"}), json!({"encoding_format": "base64"})),
        (json!({"encoding_type": "binary", "embedding_type": "binary"}), json!({"output_dtype": "binary"})),
        (json!({"encoding_type": "ubinary"}), json!({"output_dtype": "ubinary"})),
    ] {
        assert_eq!(embedding(theirs.clone()), embedding(ours), "{theirs}");
        assert_ne!(embedding(theirs), embedding(json!({})));
    }
    let long = "hello ".repeat(100);
    for (path, body) in [
        ("/v1/embeddings", json!({"model": "dense", "input": long, "truncation": false})),
        ("/v1/multi-vector", json!({"model": "multi", "input": long, "truncate": false})),
        ("/rerank", json!({"query": "a", "documents": [long], "truncation": false})),
    ] {
        let answer = client.post(path, &body);
        assert_eq!(answer.json()["error"]["code"], "context_length_exceeded", "{path}: {}", answer.body);
    }
    let texts = json!({"query": "a", "texts": ["b"], "return_documents": true});
    assert_eq!(ok(&client, "/rerank", &texts)[0]["text"], "b");
    let documents = json!({"query": "a", "documents": ["b"], "return_text": true});
    assert_eq!(ok(&client, "/rerank", &documents)["results"][0]["document"]["text"], "b");
    for name in ["encoding_format", "embedding_type", "encoding_type"] {
        let rows = json!({"model": "multi", "input": "hello", name: "base64"});
        assert!(ok(&client, "/v1/multi-vector", &rows)["data"][0]["embeddings"].is_string(), "{name}");
    }
}

#[test]
fn fields_of_one_meaning_agree() {
    let server = Running::start(serving(families()));
    let client = server.client();
    let openai = json!({"model": "dense", "input": "a"});
    for (fields, at) in [
        (json!({"dimensions": 16, "output_dimension": 8}), "output_dimension"),
        (json!({"truncate": true, "truncation": false}), "truncation"),
        (json!({"normalize": true, "normalized": false}), "normalized"),
        (json!({"encoding_format": "float", "embedding_type": "base64"}), "embedding_type"),
        (json!({"output_dtype": "int8", "embedding_type": "binary"}), "embedding_type"),
        (json!({"output_dtype": "int8", "encoding_type": "binary"}), "encoding_type"),
        (json!({"embedding_type": "float", "encoding_type": "binary"}), "encoding_type"),
        (json!({"input_type": "query", "task": "passage"}), "task"),
    ] {
        let answer = client.post("/v1/embeddings", &with(&openai, fields.clone()));
        assert_eq!((answer.status, &answer.json()["error"]["param"]), (400, &json!(at)), "{fields}: {}", answer.body);
    }
}

#[test]
fn a_model_in_the_address_and_another_in_the_body_are_refused() {
    let server = Running::start(serving(families()));
    let client = server.client();
    for (path, body) in [
        ("/models/dense/v1/embeddings", json!({"input": "a"})),
        ("/models/dense/embed", json!({"inputs": "a"})),
        ("/models/dense/tokenize", json!({"inputs": "a"})),
        ("/models/rank/rerank", json!({"query": "a", "texts": ["b"]})),
    ] {
        let alone = ok(&client, path, &body);
        for same in ["", "any", "DENSE", "fixture/dense"] {
            let same = if path.contains("rank") {
                same.replace("dense", "rank").replace("DENSE", "Rank")
            } else {
                same.into()
            };
            assert_eq!(ok(&client, path, &with(&body, json!({"model": same}))), alone, "{path} {same}");
        }
        let answer = client.post(path, &with(&body, json!({"model": "several"})));
        assert!(
            [400, 422].contains(&answer.status) && answer.body.contains("`model` names several"),
            "{path}: {}",
            answer.body
        );
    }
}

#[test]
fn every_route_reads_the_model_and_what_inputs_are_for() {
    let server = Running::start(serving(families()));
    let client = server.client();
    let similarity = json!({"inputs": {"source_sentence": "a", "sentences": ["b"]}});
    for (path, body, other) in [
        ("/embed", json!({"inputs": "a"}), "several"),
        ("/embed_sparse", json!({"inputs": "a"}), "several"),
        ("/embed_all", json!({"inputs": "a"}), "several"),
        ("/", json!({"inputs": "a"}), "sparse"),
        ("/invocations", json!({"inputs": "a"}), "several"),
        ("/similarity", similarity, "several"),
        ("/tokenize", json!({"inputs": "a"}), ""),
        ("/decode", json!({"ids": [20, 21, 22]}), ""),
    ] {
        let default = ok(&client, path, &body);
        let of_other = ok(&client, path, &with(&body, json!({"model": other})));
        assert_eq!(of_other == default, other.is_empty(), "{path}");
        let unknown = client.post(path, &with(&body, json!({"model": "no such"})));
        assert_eq!((unknown.status, unknown.json()["error_type"].as_str()), (404, Some("Validation")), "{path}");
    }
    for path in ["/predict", "/embed"] {
        let body = json!({"inputs": [["a", "b"]], "model": if path == "/embed" { "rank" } else { "dense" }});
        let body = if path == "/embed" { with(&body, json!({"inputs": "a"})) } else { body };
        let answer = client.post(path, &body);
        assert_eq!((answer.status, answer.json()["error_type"].as_str()), (424, Some("Backend")), "{}", answer.body);
    }
    for (path, body) in [
        ("/embed", json!({"inputs": "a"})),
        ("/v1/embeddings", json!({"input": "a", "model": "dense"})),
        ("/tokenize", json!({"inputs": "a"})),
        ("/v1/embed", json!({"texts": ["a"]})),
        ("/v1/multi-vector", json!({"input": "a"})),
    ] {
        for field in ["input_type", "prompt_name", "task", "role"] {
            assert_eq!(client.post(path, &with(&body, json!({field: "Query"}))).status, 200, "{path} {field}");
            let answer = client.post(path, &with(&body, json!({field: "nonsense"})));
            assert!(message(&answer).contains("Available prompts: ["), "{path} {field}: {}", answer.body);
        }
    }
}

#[test]
fn documents_are_cut_at_the_end_that_is_asked_for_and_counted() {
    let server = Running::start(serving(families()));
    let client = server.client();
    let (start, end) = (["a"; 50].join(" "), ["b"; 40].join(" "));
    let rank = |model: &str, text: &str, fields: Value| {
        let body = json!({"model": model, "query": "hello", "documents": [text], "raw_scores": true});
        let answer = ok(&client, "/rerank", &with(&body, fields));
        (answer["results"][0]["relevance_score"].clone(), answer["usage"]["truncated_inputs"].clone())
    };
    for model in ["rank", "multi"] {
        let long = format!("{start} {end}");
        let left = rank(model, &long, json!({"truncation_direction": "Left"}));
        assert_eq!(left.0, rank(model, &end, json!({})).0, "{model}");
        assert_eq!(left.1, 1);
        assert_ne!(left.0, rank(model, &long, json!({})).0, "{model}");
        let words = "a b c d e f";
        let body = json!({"model": model, "inputs": words, "add_special_tokens": false});
        let fifth = ok(&client, "/tokenize", &body)[0][4]["start"].as_u64().unwrap();
        let four = &words[..usize::try_from(fifth).unwrap()];
        let cut = json!({"max_tokens_per_doc": 4});
        assert_eq!(rank(model, words, cut.clone()), (rank(model, four, json!({})).0, json!(1)), "{model}");
        assert_eq!(rank(model, four, cut).1, 0, "{model}");
        assert_eq!(rank(model, &long, json!({"max_tokens_per_doc": 30})).1, 1, "{model}: cut twice, counted once");
    }
}

#[test]
fn a_key_is_there_once() {
    let server = Running::start(serving(families()));
    let client = server.client();
    for (path, body, status) in [
        ("/v1/embeddings", r#"{"input": "a", "input": "b"}"#, 400),
        ("/v1/embeddings", r#"{"input": "a", "model": "dense", "model": "sparse"}"#, 400),
        ("/v1/embeddings", r#"{"input": {"text": "a", "text": "b"}}"#, 400),
        ("/v1/embeddings", r#"{"model": "image", "input": {"image": "a", "image": "b"}}"#, 400),
        ("/v1/embeddings", r#"{"input": {"type": "image_url", "text": "b"}}"#, 400),
        ("/embed", r#"{"inputs": "a", "inputs": "b"}"#, 422),
        ("/", r#"{"inputs": "a", "inputs": {"source_sentence": "a", "sentences": ["b"]}}"#, 422),
        ("/similarity", r#"{"inputs": {"source_sentence": "a", "source_sentence": "c", "sentences": ["b"]}}"#, 422),
        ("/similarity", r#"{"inputs": ["a", ["b"]]}"#, 422),
        ("/rerank", r#"{"query": "a", "documents": ["b"], "documents": ["c"]}"#, 400),
        ("/rerank", r#"{"query": "a", "documents": [{"text": "b", "text": "c"}]}"#, 400),
        ("/rerank", r#"{"query": "a", "texts": ["b"], "texts": ["c"]}"#, 422),
        ("/v2/embed", r#"{"inputs": [{"content": [{"text": "a"}], "content": [{"text": "b"}]}]}"#, 400),
        ("/v1/multi-vector", r#"{"input": "a", "encoding_format": "float", "embedding_type": "float"}"#, 400),
    ] {
        let answer = client.post_text(path, body);
        assert_eq!(answer.status, status, "{body}: {}", answer.body);
    }
    let unknown = r#"{"inputs": "a", "x": 1, "x": 2, "y": {"z": [[[[]]]]}}"#;
    assert_eq!(client.post_text("/embed", unknown).status, 200, "unknown fields are passed over");
}

#[test]
fn empty_inputs_are_embedded_and_empty_lists_refused() {
    let server = Running::start(serving(families()));
    let client = server.client();
    let one = |path: &str, body: Value| ok(&client, path, &body);
    assert!(!numbers(&one("/embed", json!({"inputs": ""}))[0]).is_empty());
    assert_eq!(
        one("/v1/embeddings", json!({"model": "dense", "input": ["", ""]}))["data"].as_array().unwrap().len(),
        2
    );
    assert_eq!(one("/rerank", json!({"query": "", "documents": ["", {"text": ""}]}))["results"][1]["index"], 1);
    assert_eq!(one("/rerank", json!({"query": "", "texts": [""]}))[0]["index"], 0);
    assert_eq!(one("/similarity", json!({"inputs": {"source_sentence": "", "sentences": [""]}})), json!([1.0]));
    for (path, body) in [
        ("/v1/embeddings", json!({"input": []})),
        ("/v1/multi-vector", json!({"input": []})),
        ("/embed", json!({"inputs": []})),
        ("/rerank", json!({"query": "a", "documents": []})),
        ("/rerank", json!({"query": "a", "texts": []})),
        ("/predict", json!({"inputs": []})),
        ("/similarity", json!({"inputs": {"source_sentence": "a", "sentences": []}})),
        ("/tokenize", json!({"inputs": []})),
        ("/decode", json!({"ids": []})),
        ("/v1/embed", json!({"texts": []})),
        ("/v2/embed", json!({"images": []})),
        ("/v2/embed", json!({"inputs": []})),
    ] {
        let answer = client.post(path, &body);
        assert_eq!(answer.status, 400, "{path} {body}: {}", answer.body);
        assert!(message(&answer).contains("is empty"), "{}", answer.body);
    }
}
