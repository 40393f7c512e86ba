//! The settings of all dialects on all routes: each is obeyed, or refused by its name.

use serde_json::{Map, Value, json};

use crate::common::{Answer, Client, Running, families, fixture, serving};

/// Settings: a value that asks for another result, and one that asks for what happens anyway, or null.
fn settings() -> Vec<(&'static str, Value, Value)> {
    let nothing = || Value::Null;
    vec![
        ("activation", json!(false), json!(true)),
        ("add_special_tokens", json!(false), json!(true)),
        ("apply_softmax", json!(true), json!(false)),
        ("dimensions", json!(7), json!(0)),
        ("dtype", json!("float16"), json!("float32")),
        ("embed_dtype", json!("float16"), json!("float32")),
        ("embedding_type", json!("binary"), json!("float")),
        ("embedding_types", json!(["int8"]), json!(["float"])),
        ("encoding", json!("base64"), json!("float")),
        ("encoding_type", json!("binary"), json!("float")),
        ("endianness", json!("big"), json!("little")),
        ("input_type", json!("nonsense"), json!("")),
        ("instruct", json!("x"), nothing()),
        ("instruction", json!("x"), nothing()),
        ("late_chunking", json!(true), json!(false)),
        ("max_chunks_per_doc", json!(2), json!(1)),
        ("max_length", json!(5), nothing()),
        ("max_query_length", json!(5), nothing()),
        ("max_tokens", json!(5), nothing()),
        ("max_tokens_per_doc", json!(3), nothing()),
        ("modality", json!("image"), json!("text")),
        ("normalize", json!(false), json!(true)),
        ("normalized", json!(false), json!(true)),
        ("output_dimension", json!(7), json!(0)),
        ("output_dtype", json!("int8"), json!("float")),
        ("output_type", json!("sparse"), nothing()),
        ("outputs", json!(["dense", "sparse"]), json!([])),
        ("overlap_tokens", json!(80), json!(0)),
        ("parameters", json!({"normalize": false}), json!({"normalize": null})),
        ("pooling", json!("cls"), nothing()),
        ("precision", json!("int8"), json!("float32")),
        ("prompt", json!("x"), nothing()),
        ("prompt_name", json!("nonsense"), json!("")),
        ("quantization", json!("binary"), json!("none")),
        ("rank_fields", json!(["title"]), json!(["text"])),
        ("raw_scores", json!(true), json!(false)),
        ("relevant_spans", json!(true), json!(false)),
        ("return_documents", json!(true), json!(false)),
        ("return_input", json!(true), json!(false)),
        ("return_multivector", json!(true), json!(false)),
        ("return_text", json!(true), json!(false)),
        ("rewrite_query", json!(true), json!(false)),
        ("role", json!("nonsense"), json!("")),
        ("score_threshold", json!(0.5), nothing()),
        ("softmax", json!(false), nothing()),
        ("task", json!("nonsense"), json!("")),
        ("threshold", json!(0.5), nothing()),
        ("top_n", json!(1), json!(0)),
        ("truncate", json!(false), json!(true)),
        ("truncate_dim", json!(7), json!(0)),
        ("truncate_prompt_tokens", json!(3), json!(-1)),
        ("truncation", json!(false), json!(true)),
        ("truncation_direction", json!("left"), json!("Right")),
        ("truncation_side", json!("left"), json!("right")),
        ("use_activation", json!(false), json!(true)),
    ]
}

/// A route, a body, whether its errors are those of text-embeddings-inference, and other values of settings there: one that
/// asks for another result, or null where none does, and one that does not.
struct Row {
    path: &'static str,
    body: Value,
    is_tei: bool,
    instead: &'static [(&'static str, &'static str, &'static str)],
}

/// All routes that take a body. A text is longer than any window, so that cutting can be seen.
fn rows() -> Vec<Row> {
    let row = |path, body, is_tei, instead| Row { path, body, is_tei, instead };
    let long = format!("{} {}", ["a"; 50].join(" "), ["b"; 40].join(" "));
    let (documents, one) = (json!(["hello", long]), json!({"inputs": long}));
    let similarity = json!({"inputs": {"source_sentence": long, "sentences": ["hello"]}});
    let of_pairs = &[][..];
    // Nothing that is said cuts tokens; multi-vectors are what some routes give. They and sparse ones are as the model gives
    // them.
    let tokens = &[("truncate", "true", "false"), ("truncation", "true", "false")][..];
    let multi =
        &[("return_multivector", "false", "true"), ("normalize", "null", "false"), ("normalized", "null", "false")][..];
    let sparse = &[("normalize", "null", "true"), ("normalized", "null", "true")][..];
    vec![
        row("/models/dense/v1/embeddings", json!({"input": long}), false, &[]),
        row("/models/dense/embed", one.clone(), true, &[]),
        row("/models/dense", one.clone(), true, &[]),
        row("/models/dense/invocations", one.clone(), true, &[]),
        row("/embed_sparse", one.clone(), true, sparse),
        row("/embed_all", one, true, multi),
        row("/similarity", similarity.clone(), true, &[]),
        row("/", similarity, true, &[]),
        row("/rerank", json!({"query": "hello", "documents": documents}), false, of_pairs),
        row("/v1/rerank", json!({"query": "hello", "documents": documents, "model": "multi"}), false, of_pairs),
        row("/rerank", json!({"query": "hello", "texts": documents}), true, of_pairs),
        row("/models/rank", json!({"query": "hello", "texts": documents}), true, of_pairs),
        row("/predict", json!({"inputs": [["hello", long], ["hello", "world"]]}), true, of_pairs),
        row("/tokenize", json!({"inputs": long}), true, tokens),
        row("/decode", json!({"ids": [5, 6]}), true, tokens),
        row("/v1/embed", json!({"texts": [long], "model": "dense"}), false, COHERE),
        row("/v2/embed", json!({"texts": [long], "model": "dense"}), false, COHERE),
        row("/v1/multi-vector", json!({"input": long, "model": "multi"}), false, multi),
    ]
}

/// Cohere says the end that is cut, and vectors by type; version 1 gives these another shape.
const COHERE: &[(&str, &str, &str)] = &[
    ("truncate", "\"NONE\"", "\"END\""),
    ("embedding_types", "[\"int8\"]", "null"),
    ("encoding_format", "\"base64\"", "\"float\""),
];

fn with(body: &Value, name: &str, value: Value) -> Value {
    let mut body = body.clone();
    body.as_object_mut().unwrap().insert(name.to_owned(), value);
    body
}

/// What is answered, but for what differs from request to request.
fn shown(answer: &Answer) -> Value {
    let mut value = answer.json();
    value.as_object_mut().map(|fields| fields.remove("id"));
    value
}

fn is_named(answer: &Answer, name: &str, is_tei: bool) -> bool {
    let body = answer.json();
    let of_tei = body["error_type"].is_string() && body["error"].as_str().is_some_and(|told| told.contains(name));
    let told = body["error"]["message"].as_str().or(body["message"].as_str());
    let of_others = body["error_type"].is_null() && told.is_some_and(|told| told.contains(name));
    if is_tei { answer.status == 422 && of_tei } else { answer.status == 400 && of_others }
}

#[test]
fn a_setting_is_obeyed_or_refused_by_name_on_every_route() {
    let server = Running::start(serving(families()));
    let client = server.client();
    let read = |json: &str| serde_json::from_str::<Value>(json).unwrap();
    let mut faults = Vec::new();
    for Row { path, body, is_tei, instead } in rows() {
        let without = client.post(path, &body);
        assert_eq!(without.status, 200, "{path} {body}: {}", without.body);
        let added = instead.iter().map(|(name, telling, usual)| (*name, read(telling), read(usual)));
        let own = |name: &str| instead.iter().any(|(other, ..)| *other == name);
        for (name, telling, usual) in settings().into_iter().filter(|(name, ..)| !own(name)).chain(added) {
            for nothing in [Value::Null, usual] {
                let answer = client.post(path, &with(&body, name, nothing.clone()));
                if answer.status != 200 || shown(&answer) != shown(&without) {
                    faults.push(format!("{path} {name}: {nothing} changes the answer: {:.200}", answer.body));
                }
            }
            let answer = client.post(path, &with(&body, name, telling.clone()));
            // Errors of values that are obeyed elsewhere have the words of their own.
            let is_an_error = is_named(&answer, name, is_tei) || is_obeyed(&answer);
            let is_other = shown(&answer) != shown(&without) || telling.is_null();
            let is_seen = if answer.status == 200 { is_other } else { is_an_error };
            if !is_seen {
                faults.push(format!("{path} {name}: {telling} is passed over: {} {:.200}", answer.status, answer.body));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Voyage's client sends it whatever its value, and reads answers of another shape.
#[test]
fn top_k_is_refused_even_as_null() {
    let server = Running::start(serving(families()));
    let client = server.client();
    for Row { path, body, is_tei, .. } in rows() {
        for value in [json!(1), Value::Null] {
            let answer = client.post(path, &with(&body, "top_k", value.clone()));
            assert!(is_named(&answer, "top_k", is_tei), "{path} {value}: {}", answer.body);
        }
    }
}

/// Whether an error says what came of obeying a setting: a text is too long; a name, an image or a width is none of the
/// model's.
fn is_obeyed(answer: &Answer) -> bool {
    let causes =
        ["must have less than", "Available prompts: [", "does not take an image", "no model here gives", "gives 16"];
    causes.iter().any(|cause| answer.body.contains(cause))
}

#[test]
fn what_stands_in_parameters_of_similarity_is_looked_at_too() {
    let server = Running::start(serving(families()));
    let client = server.client();
    let body = json!({"inputs": {"source_sentence": "a", "sentences": ["b"]}});
    for (name, telling, usual) in settings() {
        let ask = |value: &Value| client.post("/similarity", &with(&body, "parameters", one(name, value)));
        assert_eq!(ask(&usual).status, 200, "{name}: {usual}");
        let of_long_texts = ["truncate", "truncation", "truncation_direction"].contains(&name);
        let answer = ask(&telling);
        assert!(of_long_texts || is_named(&answer, name, true) || is_obeyed(&answer), "{name}: {}", answer.body);
    }
    for (fields, status) in [
        (json!({"prompt_name": "query", "parameters": {"prompt_name": "query"}}), 200),
        (json!({"prompt_name": "query", "parameters": {"prompt_name": "passage"}}), 422),
        (json!({"truncate": true, "parameters": {"truncate": false}}), 422),
    ] {
        let fields = fields.as_object().unwrap().iter();
        let asked = fields.fold(body.clone(), |body, (name, value)| with(&body, name, value.clone()));
        assert_eq!(client.post("/similarity", &asked).status, status, "{asked}");
    }
}

/// An object of one field.
fn one(name: &str, value: &Value) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), value.clone())]))
}

/// The cosine of two texts for a purpose.
fn cosine(client: &Client, fields: Value) -> Value {
    let body = json!({"inputs": {"source_sentence": "hello world", "sentences": ["lazy dog"]}});
    let fields = fields.as_object().unwrap().clone();
    let body = fields.into_iter().fold(body, |body, (name, value)| with(&body, &name, value));
    let answer = client.post("/similarity", &body);
    assert_eq!(answer.status, 200, "{body}: {}", answer.body);
    answer.json()
}

#[test]
fn similarity_is_told_what_texts_are_for_beside_parameters_too() {
    let server = Running::start(serving([fixture("jina", "dense/tests/fixtures/jina-v3")]));
    let client = server.client();
    let within = cosine(&client, json!({"parameters": {"task": "separation"}}));
    assert_ne!(within, cosine(&client, json!({})));
    for name in ["task", "input_type", "prompt_name", "role"] {
        assert_eq!(cosine(&client, one(name, &json!("separation"))), within, "{name}");
    }
}

#[test]
fn a_setting_that_is_huge_or_deep_is_refused_like_any() {
    let server = Running::start(serving(families()));
    let client = server.client();
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let wide = format!("[{}1]", "1,".repeat(500_000));
    for value in [&deep, &wide] {
        let answer = client.post_text("/embed", &format!(r#"{{"inputs": "a", "rank_fields": {value}}}"#));
        assert!(is_named(&answer, "rank_fields", true), "{:.300}", answer.body);
        let answer = client.post_text("/embed", &format!(r#"{{"inputs": "a", "unknown": {value}}}"#));
        assert_eq!(answer.status, 200, "{:.300}", answer.body);
    }
}
