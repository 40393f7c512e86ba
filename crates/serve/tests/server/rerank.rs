//! Rerankers, in all dialects.

use embedkit_core::Embedder as _;
use embedkit_rerank::{Pair, Reranker};
use serde_json::{Value, json};

use crate::common::{Running, families, numbers, serving};

const QUERY: &str = "hello";
const TEXTS: [&str; 4] = ["the quick brown fox", "hello world", "lazy dog", "hello"];

/// The library's logits.
fn logits() -> Vec<f32> {
    families();
    let model = Reranker::builder("fixture/rank").build().unwrap();
    TEXTS.iter().map(|text| model.score(&Pair::new(QUERY, *text)).unwrap()).collect()
}

/// A result's position and score.
fn scored(result: &Value, name: &str) -> (usize, f32) {
    (result["index"].as_u64().unwrap() as usize, result[name].as_f64().unwrap() as f32)
}

fn scored_pair(prediction: &Value) -> f32 {
    prediction["score"].as_f64().unwrap() as f32
}

fn order(scores: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    order
}

#[test]
fn every_dialect_gives_the_librarys_scores() {
    let server = Running::start(serving(families()));
    let (client, logits) = (server.client(), logits());
    let order = order(&logits);
    let shares: Vec<f32> = logits.iter().map(|logit| 1.0 / (1.0 + (-logit).exp())).collect();

    let ranks = client.post("/rerank", &json!({"query": QUERY, "texts": TEXTS, "return_text": true})).json();
    let found: Vec<(usize, f32)> = ranks.as_array().unwrap().iter().map(|rank| scored(rank, "score")).collect();
    assert!(found.is_sorted_by(|a, b| a.1 >= b.1) && found.len() == TEXTS.len(), "{found:?}");
    for (rank, (index, score)) in ranks.as_array().unwrap().iter().zip(&found) {
        assert_eq!(rank["text"], TEXTS[*index]);
        assert!((score - shares[*index]).abs() < 1e-6, "{score} {shares:?}");
    }
    let raw = client.post("/rerank", &json!({"texts": TEXTS, "raw_scores": true, "query": QUERY, "top_n": 2})).json();
    assert_eq!(raw.as_array().unwrap().len(), 2);
    let (index, score) = scored(&raw[0], "score");
    assert!((score - logits[index]).abs() < 1e-6, "{score} {logits:?}");
    assert_eq!(raw[0]["text"], Value::Null);

    for (path, version) in
        [("/rerank", "1"), ("/v1/rerank", "1"), ("/v2/rerank", "2"), ("/reranking", "1"), ("/v1/reranking", "1")]
    {
        let documents = [json!({"text": TEXTS[0]}), json!(TEXTS[1]), json!(TEXTS[2]), json!(TEXTS[3])];
        let body = json!({
            "model": "rank", "query": QUERY, "documents": documents, "return_documents": true, "top_n": null,
            "raw_scores": null, "max_tokens_per_doc": 4096, "truncate": null, "rank_fields": ["text"],
        });
        let answer = client.post(path, &body);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        let answer = answer.json();
        assert_eq!((&answer["object"], &answer["model"]), (&json!("rerank"), &json!("rank")));
        assert_eq!(answer["meta"]["api_version"]["version"], version);
        assert_eq!(answer["meta"]["billed_units"], json!({"search_units": 1}));
        assert_eq!(answer["meta"]["tokens"]["input_tokens"], answer["usage"]["prompt_tokens"]);
        let best = &answer["results"][0];
        let (index, score) = scored(best, "relevance_score");
        assert_eq!(best["document"]["text"], TEXTS[index]);
        assert!((score - shares[order[0]]).abs() < 1e-6, "{score} {shares:?}");
        assert_eq!(answer["results"].as_array().unwrap().len(), 4);
    }
}

#[test]
fn late_interaction_models_rank_too() {
    let server = Running::start(serving(families()));
    let client = server.client();
    let ask = |raw: bool| {
        let body = json!({"model": "multi", "query": QUERY, "documents": TEXTS, "raw_scores": raw});
        client.post("/v1/rerank", &body).json()["results"].clone()
    };
    let rows = |model: &str, text: &str, role: &str| -> Vec<Vec<f32>> {
        let body = json!({"model": model, "input": text, "input_type": role});
        let embedding = client.post("/v1/embeddings", &body).json()["data"][0]["embedding"].clone();
        embedding.as_array().unwrap().iter().map(numbers).collect()
    };
    let query = rows("multi", QUERY, "query");
    let expected: Vec<f32> = TEXTS
        .iter()
        .map(|text| {
            let document = rows("multi", text, "document");
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            query.iter().map(|row| document.iter().map(|other| dot(row, other)).fold(f32::MIN, f32::max)).sum()
        })
        .collect();
    let (sums, means) = (ask(true), ask(false));
    assert_eq!(sums[0]["index"], order(&expected)[0]);
    for result in sums.as_array().unwrap() {
        let (index, score) = (result["index"].as_u64().unwrap() as usize, result["relevance_score"].as_f64().unwrap());
        assert!((score as f32 - expected[index]).abs() < 1e-4, "{score} {expected:?}");
    }
    let mean = means[0]["relevance_score"].as_f64().unwrap() as f32;
    assert!((mean - expected[order(&expected)[0]] / query.len() as f32).abs() < 1e-4);
}

#[test]
fn pairs_are_predicted_and_documents_shortened() {
    let server = Running::start(serving(families()));
    let (client, logits) = (server.client(), logits());
    let one = client.post("/predict", &json!({"inputs": [QUERY, TEXTS[0]], "raw_scores": true})).json();
    assert_eq!(one[0]["label"], "LABEL_0");
    assert!((scored_pair(&one[0]) - logits[0]).abs() < 1e-6, "{one}");
    let many =
        client.post("/predict", &json!({"inputs": [[QUERY, TEXTS[0]], [QUERY, TEXTS[1]]], "raw_scores": true})).json();
    assert!((scored_pair(&many[1][0]) - logits[1]).abs() < 1e-6, "{many}");

    let ask = |documents: &str, most: Value| {
        let body = json!({"query": QUERY, "documents": [documents], "max_tokens_per_doc": most, "raw_scores": true});
        client.post("/v2/rerank", &body).json()["results"][0]["relevance_score"].clone()
    };
    let tokens =
        client.post("/models/rank/tokenize", &json!({"inputs": "hello world", "add_special_tokens": false})).json();
    let second = tokens[0].as_array().unwrap().iter().position(|token| token["start"].as_u64() >= Some(5)).unwrap();
    let start = tokens[0][second]["start"].as_u64().unwrap() as usize;
    let cut = &"hello world"[..start];
    assert_eq!(ask("hello world", json!(second)), ask(cut, Value::Null));
    assert_ne!(ask("hello world", Value::Null), ask(cut, Value::Null));
}
