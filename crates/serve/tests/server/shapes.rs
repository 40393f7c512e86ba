//! Bodies as clients write them: nulls, unknown fields, keys in any order, every path of a route.

use serde_json::{Value, json};

use crate::common::{Client, Running, families, serving};

/// A route: its paths, a body, and the fields of it that may be absent.
type Row = (&'static [&'static str], Value, &'static [&'static str]);

fn rows() -> Vec<Row> {
    let embed = ["truncate", "truncation_direction", "prompt_name", "normalize", "dimensions"].as_slice();
    vec![
        (
            &["/v1/embeddings", "/embeddings", "//embeddings", "/v1/embeddings/"],
            json!({"input": ["hello", ""], "model": "dense"}),
            &[
                "encoding_format",
                "dimensions",
                "user",
                "input_type",
                "prompt_name",
                "task",
                "role",
                "truncate",
                "truncation_direction",
                "normalize",
                "output_dtype",
                "outputs",
                "modality",
                "late_chunking",
                "output_dimension",
            ],
        ),
        (
            &["/rerank", "/v1/rerank", "/v1/reranking", "/reranking", "/models/rank/rerank"],
            json!({"query": "hello", "documents": ["hello world", {"text": "lazy dog"}]}),
            &[
                "model",
                "top_n",
                "return_documents",
                "raw_scores",
                "truncate",
                "max_tokens_per_doc",
                "rank_fields",
                "relevant_spans",
                "texts",
            ],
        ),
        (
            &["/rerank", "/models/rank", "/models/rank/invocations"],
            json!({"query": "hello", "texts": ["hello world", "lazy dog"]}),
            &["raw_scores", "return_text", "truncate", "truncation_direction", "top_n", "documents"],
        ),
        (&["/embed", "/", "/invocations", "/models/dense/embed"], json!({"inputs": ["hello", "dog"]}), embed),
        (&["/models/sparse/embed_sparse", "/models/sparse"], json!({"inputs": "hello"}), embed),
        (&["/models/multi/embed_all"], json!({"inputs": "hello"}), embed),
        (
            &["/similarity", "/", "/invocations"],
            json!({"inputs": {"source_sentence": "hello", "sentences": ["dog", "world"]}}),
            &["parameters"],
        ),
        (&["/predict"], json!({"inputs": [["hello", "dog"]]}), &["raw_scores", "truncate", "truncation_direction"]),
        (&["/tokenize"], json!({"inputs": "hello"}), &["add_special_tokens", "prompt_name"]),
        (&["/decode"], json!({"ids": [5, 6]}), &["skip_special_tokens"]),
        (
            &["/v1/embed"],
            json!({"texts": ["hello"], "model": "dense"}),
            &["images", "inputs", "input_type", "embedding_types", "truncate", "output_dimension", "max_tokens"],
        ),
        (&["/v2/embed"], json!({"texts": ["hello"]}), &["model", "images", "inputs", "embedding_types", "priority"]),
        (
            &["/v1/multi-vector"],
            json!({"input": ["hello"], "model": "multi"}),
            &["input_type", "dimensions", "embedding_type"],
        ),
    ]
}

/// What is answered, but for what differs from request to request.
fn answer(client: &Client, path: &str, body: &str) -> Value {
    let answer = client.post_text(path, body);
    assert_eq!(answer.status, 200, "{path} {body}: {}", answer.body);
    let mut value = answer.json();
    if let Some(fields) = value.as_object_mut() {
        fields.remove("id");
    }
    value
}

#[test]
fn nulls_unknown_fields_and_the_order_of_keys_change_nothing() {
    let server = Running::start(serving(families()));
    let client = server.client();
    for (paths, body, optional) in rows() {
        let expected = answer(&client, paths[0], &body.to_string());
        let mut fields: Vec<(String, Value)> = body.as_object().unwrap().clone().into_iter().collect();
        fields.extend(optional.iter().map(|name| ((*name).to_owned(), Value::Null)));
        fields.push(("unknown".to_owned(), json!({"deep": [1, {"er": null}]})));
        let text = |fields: &[(String, Value)]| {
            let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{:?}: {value}", name)).collect();
            format!("{{{}}}", fields.join(", "))
        };
        let forwards = text(&fields);
        fields.reverse();
        for path in paths {
            assert_eq!(answer(&client, path, &forwards), expected, "{path} {forwards}");
            assert_eq!(answer(&client, path, &text(&fields)), expected, "{path}, backwards");
        }
    }
}
