//! A vector is the one that the library gives, to the bit, whoever else is served.

use embedkit_core::{AnyEmbedder, Content, Embedding, Purpose, Registry, Role};
use serde_json::{Value, json};

use crate::common::{Running, families, fixture, floats, serving};

const TEXTS: [&str; 6] = [
    "hello world",
    "",
    "the quick brown fox jumps over the lazy dog",
    "Ünïcödé, naïve CAFÉ",
    "hello",
    "你好世界，今天天气很好。",
];

/// The library's vector, as the server would answer it.
fn expected(model: &AnyEmbedder, text: &str, role: Role) -> Value {
    match model.embed_one(&Content::text(text), Purpose::new(role)).unwrap() {
        Embedding::Dense(vector) => json!(vector),
        Embedding::Multi(rows) => json!(rows.as_slice()),
        Embedding::Sparse(vector) => json!({"indices": vector.indices(), "values": vector.values()}),
        other => panic!("{other:?}"),
    }
}

fn model(id: &str) -> AnyEmbedder {
    let row = Registry::global().find_all(id).pop().unwrap();
    let family = Registry::global().family(&row.family).unwrap();
    AnyEmbedder::builder(family, row).build().unwrap()
}

#[test]
fn answers_are_the_librarys_at_any_number_of_clients() {
    let mut models = families();
    models.push(fixture("int8", "dense/tests/fixtures/int8-dynamic"));
    let server = Running::start(serving(models));
    let client = server.client();
    let names = [("dense", Role::Query), ("int8", Role::Plain), ("sparse", Role::Passage), ("multi", Role::Passage)];
    let cases: Vec<(Value, Value)> = names
        .iter()
        .flat_map(|(name, role)| {
            let library = model(&format!("fixture/{name}"));
            TEXTS.map(|text| {
                let request = json!({
                    "model": name, "input": text, "normalize": false, "encoding_format": "base64",
                    "role": match role { Role::Query => "query", Role::Passage => "passage", Role::Plain => "plain" },
                });
                (request, expected(&library, text, *role))
            })
        })
        .collect();
    for clients in [1, 8, 64] {
        std::thread::scope(|scope| {
            for number in 0..clients {
                let (client, cases) = (client.clone(), &cases);
                scope.spawn(move || {
                    // Each client asks in an order of its own.
                    let count = if clients == 1 { cases.len() } else { 6 };
                    for step in 0..count {
                        let (request, expected) = &cases[(number * 7 + step * 5) % cases.len()];
                        let answer = client.post("/v1/embeddings", request);
                        assert_eq!(answer.status, 200, "{request}: {}", answer.body);
                        let embedding = answer.json()["data"][0]["embedding"].clone();
                        let embedding = if embedding.is_string() { json!(floats(&embedding)) } else { embedding };
                        assert!(is_same(&embedding, expected), "{clients} clients, {request}");
                    }
                });
            }
        });
    }
}

/// To the bit for single texts and for models whose batches cannot matter; else within the rounding of floats.
fn is_same(actual: &Value, expected: &Value) -> bool {
    match (actual, expected) {
        (Value::Array(actual), Value::Array(expected)) => {
            actual.len() == expected.len() && actual.iter().zip(expected).all(|(a, b)| is_same(a, b))
        }
        (Value::Object(actual), Value::Object(expected)) => {
            expected.iter().all(|(key, value)| is_same(&actual[key], value))
        }
        (Value::Number(actual), Value::Number(expected)) => {
            let (actual, expected) = (actual.as_f64().unwrap(), expected.as_f64().unwrap());
            (actual - expected).abs() <= 1e-6 * expected.abs().max(1.0)
        }
        _ => false,
    }
}
