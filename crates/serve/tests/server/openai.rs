//! OpenAI's routes.

use std::collections::BTreeSet;

use embedkit_serve::{Load, ModelConfig, Server};
use serde_json::{Value, json};

use crate::common::{Running, STATIC, families, floats, numbers, serving};

#[test]
fn the_compiled_in_model_answers_as_clients_ask() {
    let server = Running::start(serving([]));
    let client = server.client();
    let ask = |body: Value| {
        let answer = client.post("/v1/embeddings", &body);
        assert_eq!(answer.status, 200, "{body}: {}", answer.body);
        answer.json()
    };
    let one = ask(json!({"input": "a cat"}));
    assert_eq!((&one["object"], &one["model"]), (&json!("list"), &json!(STATIC)));
    assert_eq!(one["data"][0]["object"], "embedding");
    let vector = numbers(&one["data"][0]["embedding"]);
    assert_eq!(vector.len(), 256);
    let length: f32 = vector.iter().map(|value| value * value).sum();
    assert!((length - 1.0).abs() < 1e-5, "{length}");
    assert_eq!(one["usage"], json!({"prompt_tokens": 2, "total_tokens": 2, "truncated_inputs": 0}));

    // As the clients send it: nulls in every optional field, unknown fields, another order of keys.
    let nulls = json!({
        "encoding_format": "base64", "user": {"any": 1}, "unknown": [1], "model": null, "dimensions": null,
        "input_type": null, "prompt_name": null, "task": null, "role": null, "truncate": null,
        "truncation_direction": null, "normalize": null, "output_dtype": null, "outputs": null, "modality": null,
        "late_chunking": null, "input": ["a cat", "", "a dog"],
    });
    let three = ask(nulls);
    assert_eq!(floats(&three["data"][0]["embedding"]), vector, "base64 and numbers are the same");
    assert_eq!(floats(&three["data"][1]["embedding"]).len(), 256, "an empty text has a vector");
    let indices: Vec<_> = three["data"].as_array().unwrap().iter().map(|entry| entry["index"].clone()).collect();
    assert_eq!(indices, [0, 1, 2]);

    for path in [
        "/embeddings",
        "//embeddings/",
        "/models/static-minilm-en/v1/embeddings",
        "/models/EMBEDKIT/static-minilm-en/embeddings",
    ] {
        let answer = client.post(path, &json!({"input": "a cat", "model": STATIC.to_uppercase()}));
        assert_eq!((answer.status, numbers(&answer.json()["data"][0]["embedding"])), (200, vector.clone()), "{path}");
    }
}

#[test]
fn models_are_listed_and_named_in_any_case() {
    let mut config = serving(families());
    config.aliases = vec![("text-embedding-3-small".to_owned(), "dense".to_owned())];
    let server = Running::start(config);
    let client = server.client();
    let list = client.get("/v1/models").json();
    let ids: Vec<_> = list["data"].as_array().unwrap().iter().map(|entry| entry["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["dense", "sparse", "multi", "several", "rank", "image"]);
    assert_eq!(
        list["data"][0]["embedkit"],
        json!({"family": "dense", "dim": 16, "max_tokens": 32, "state": "ready", "tasks": ["embed", "similarity"]})
    );
    assert_eq!(client.get("/models").json(), list);
    let one = client.get("/v1/models/Fixture/DENSE").json();
    assert_eq!((&one["id"], &one["owned_by"]), (&json!("dense"), &json!("embedkit")));
    assert_eq!(one["aliases"], json!(["text-embedding-3-small", "fixture/dense"]));
    assert_eq!(client.get("/v1/models/none").status, 404);
    let answer = client.post("/v1/embeddings", &json!({"input": "x", "model": "Text-Embedding-3-Small"}));
    assert_eq!((answer.status, &answer.json()["model"]), (200, &json!("dense")));
    for unnamed in ["", "default/not-specified"] {
        let answer = client.post("/v1/embeddings", &json!({"input": "x", "model": unnamed}));
        assert_eq!((answer.status, &answer.json()["model"]), (200, &json!("dense")), "{unnamed:?}");
    }
}

#[test]
fn folders_tell_what_they_are() {
    let fixture = |folder: &str| format!("{}/../{folder}", env!("CARGO_MANIFEST_DIR"));
    // As a reranker's settings are: the fixture's own name no architecture.
    let kept = tempfile::tempdir().unwrap();
    let reranker = kept.path().join("reranker");
    std::fs::create_dir_all(reranker.join("onnx")).unwrap();
    std::fs::write(reranker.join("config.json"), r#"{"architectures": ["BertForSequenceClassification"]}"#).unwrap();
    for file in ["onnx/model.onnx", "tokenizer.json", "tokenizer_config.json"] {
        let from = fixture(&format!("rerank/tests/fixtures/cross-encoder-plain/{file}"));
        std::fs::copy(from, reranker.join(file)).unwrap();
    }
    let folders = [
        fixture("colbert/tests/fixtures/pylate"),
        reranker.to_str().unwrap().to_owned(),
        fixture("image/tests/fixtures/clip"),
    ];
    let models = folders.map(|folder| ModelConfig { load: Load::Lazy, ..ModelConfig::dir(&folder) });
    let server = Running::start(serving(models));
    let list = server.client().get("/v1/models").json();
    let told: Vec<_> =
        list["data"].as_array().unwrap().iter().map(|it| (&it["id"], &it["embedkit"]["family"])).collect();
    let expected = [("pylate", "colbert"), ("reranker", "rerank"), ("clip", "image")];
    assert_eq!(told, expected.map(|(name, family)| (json!(name), json!(family))).each_ref().map(|(a, b)| (a, b)));
}

#[test]
fn no_folder_is_taken_for_a_model_that_it_is_not() {
    let mut known = BTreeSet::new();
    for family in ["colbert", "dense", "image", "rerank", "sparse"] {
        let fixtures = format!("{}/../{family}/tests/fixtures", env!("CARGO_MANIFEST_DIR"));
        for folder in std::fs::read_dir(fixtures).unwrap().map(|entry| entry.unwrap().path()) {
            if !folder.join("golden.json").is_file() {
                continue;
            }
            let model = ModelConfig { load: Load::Lazy, ..ModelConfig::dir(folder.to_str().unwrap()) };
            match Server::builder().config(serving([model.clone()])).build() {
                Ok(_) => {
                    let list = Running::start(serving([model])).client().get("/v1/models").json();
                    assert_eq!(list["data"][0]["embedkit"]["family"], *family, "{}", folder.display());
                    known.insert(family);
                }
                Err(error) => assert!(error.to_string().contains("name its `family`"), "{}: {error}", folder.display()),
            }
        }
    }
    assert!(known.is_superset(&BTreeSet::from(["colbert", "dense", "image", "sparse"])), "{known:?}");
}

#[test]
fn every_kind_of_vectors_has_its_shape() {
    let server = Running::start(serving(families()));
    let client = server.client();
    let entry = |body: Value| {
        let answer = client.post("/v1/embeddings", &body);
        assert_eq!(answer.status, 200, "{body}: {}", answer.body);
        answer.json()["data"][0].clone()
    };
    let sparse = entry(json!({"model": "sparse", "input": "hello world", "encoding_format": "base64"}));
    assert_eq!(sparse["object"], "sparse_embedding");
    let (indices, values) = (numbers(&sparse["embedding"]["indices"]), numbers(&sparse["embedding"]["values"]));
    assert!(indices.len() == values.len() && indices.is_sorted(), "{sparse}");

    let rows = entry(json!({"model": "multi", "input": "hello world"}));
    let rows: Vec<Vec<f32>> = rows["embedding"].as_array().unwrap().iter().map(numbers).collect();
    let packed = entry(json!({"model": "multi", "input": "hello world", "encoding_format": "base64"}));
    assert_eq!(packed["shape"], json!([rows.len(), 8]));
    assert_eq!(floats(&packed["embedding"]), rows.concat());
    let query = entry(json!({"model": "multi", "input": "hello world", "input_type": "query"}));
    assert_ne!(query["embedding"].as_array().unwrap().len(), rows.len(), "a query is extended");

    let all = entry(json!({"model": "several", "input": "hello", "outputs": ["dense", "sparse", "multi_vector"]}));
    assert_eq!(numbers(&all["embedding"]).len(), 16);
    assert!(all["sparse"]["indices"].is_array() && all["multi_vector"][0].is_array(), "{all}");
    let dense = entry(json!({"model": "several", "input": "hello"}));
    assert_eq!((&dense["embedding"], &dense["sparse"]), (&all["embedding"], &Value::Null));
    let only = entry(json!({"model": "several", "input": "hello", "outputs": ["sparse"]}));
    assert_eq!((&only["object"], &only["embedding"]), (&json!("sparse_embedding"), &all["sparse"]));

    for (dtype, width) in [("float16", 16), ("int8", 16), ("uint8", 16), ("binary", 2), ("ubinary", 2)] {
        let entry = entry(json!({"model": "dense", "input": "hello", "output_dtype": dtype}));
        assert_eq!(numbers(&entry["embedding"]).len(), width, "{dtype}");
    }
}

#[test]
fn vectors_have_unit_length_unless_the_models_own_are_wanted() {
    let server = Running::start(serving(families()));
    let client = server.client();
    let length = |normalize: Value| {
        let answer =
            client.post("/v1/embeddings", &json!({"model": "dense", "input": "hello world", "normalize": normalize}));
        numbers(&answer.json()["data"][0]["embedding"]).iter().map(|value| value * value).sum::<f32>().sqrt()
    };
    assert!((length(Value::Null) - 1.0).abs() < 1e-5);
    assert!((length(json!(true)) - 1.0).abs() < 1e-5);
    assert!((length(json!(false)) - 1.0).abs() > 1e-2, "this model does not scale by itself");
}

#[test]
fn what_a_request_took_stands_in_headers() {
    let server = Running::start(serving([]));
    let client = server.client().with("x-request-id", "mine-1");
    let answer = client.post("/v1/embeddings", &json!({"input": ["a cat", "a dog"]}));
    assert_eq!(answer.header("x-request-id"), "mine-1");
    assert_eq!((answer.header("x-compute-tokens"), answer.header("x-compute-characters")), ("4", "10"));
    assert_eq!((answer.header("x-truncated-inputs"), answer.header("x-compute-type")), ("0", "cpu"));
    for name in ["x-compute-time", "x-total-time", "x-tokenization-time", "x-queue-time", "x-inference-time"] {
        assert!(answer.header(name).parse::<u64>().is_ok(), "{name}: {answer:?}");
    }
    assert!(answer.header("server-timing").contains("total;dur="), "{answer:?}");
    let made = server.client().with("x-request-id", "with blank").get("/v1/models");
    assert!(!made.header("x-request-id").is_empty() && made.header("x-request-id") != "with blank", "{made:?}");
}

#[test]
fn token_ids_are_read_as_the_models_own_or_refused() {
    let mut config = serving(families().into_iter().chain([ModelConfig::id(STATIC)]));
    config.token_ids = embedkit_serve::TokenIds::Model;
    let server = Running::start(config);
    let client = server.client();
    let tokens = client.post("/models/dense/tokenize", &json!({"inputs": "hello world"})).json();
    let ids: Vec<_> = tokens[0].as_array().unwrap().iter().map(|token| token["id"].clone()).collect();
    let of = |input: Value| client.post("/v1/embeddings", &json!({"model": "dense", "input": input}));
    let (of_ids, of_text) = (of(json!(ids)), of(json!("hello world")));
    assert_eq!(of_ids.status, 200, "{}", of_ids.body);
    assert_eq!(of_ids.json()["data"], of_text.json()["data"]);
    let strange = "hello \u{2603} world";
    let tokens = client.post("/models/dense/tokenize", &json!({"inputs": strange})).json();
    let tokens = tokens[0].as_array().unwrap();
    assert!(tokens[1..tokens.len() - 1].iter().any(|token| token["text"] == "\u{2603}"), "{tokens:?}");
    let ids: Vec<_> = tokens.iter().map(|token| token["id"].clone()).collect();
    assert_eq!(of(json!([ids])).json()["data"], of(json!(strange)).json()["data"], "what is unknown has an id too");
    assert_eq!(of(json!([[999_999]])).status, 400);
    for (empty, field) in [(json!([[]]), "input"), (json!([[], ids]), "input[0]"), (json!([ids, []]), "input[1]")] {
        let refused = of(empty.clone());
        assert_eq!(
            (refused.status, &refused.json()["error"]["param"]),
            (400, &json!(field)),
            "{empty}: {}",
            refused.body
        );
        assert!(refused.body.contains("there are no token ids"), "{}", refused.body);
    }
    assert_eq!(client.metric("embedkit_panics_total", &[]), 0.0);
    let (bare, both) = (of(json!([[ids[1]]])), of(json!([ids, [ids[1]]])));
    assert_eq!((bare.status, both.status), (200, 200), "special tokens are the caller's: {}", bare.body);
    assert_eq!(bare.json()["usage"]["prompt_tokens"], 1);
    assert_eq!(both.json()["data"][1]["embedding"], bare.json()["data"][0]["embedding"]);
    assert_ne!(bare.json()["data"], of(json!(tokens[1]["text"])).json()["data"]);
    for model in ["sparse", "several", STATIC] {
        let tokens = client.post(&format!("/models/{model}/tokenize"), &json!({"inputs": "hello world"})).json();
        let ids: Vec<_> = tokens[0].as_array().unwrap().iter().map(|token| token["id"].clone()).collect();
        let of = |input: Value| client.post("/v1/embeddings", &json!({"model": model, "input": input})).json();
        assert_eq!(of(json!(ids))["data"], of(json!("hello world"))["data"], "{model}");
    }
    for (body, status) in [
        (json!({"input": ["a", [5]]}), 400),
        (json!({"input": [[]]}), 400),
        (json!({"input": vec![ids[1].clone(); 99]}), 200),
        (json!({"input": vec![ids[1].clone(); 99], "truncate": false}), 400),
        (json!({"input": vec![ids[1].clone(); 99], "truncation_direction": "left"}), 400),
        (json!({"input": ids, "truncate": false, "truncation_direction": "left"}), 200),
        (json!({"model": "sparse", "input": ids}), 200),
        (json!({"model": "several", "input": [4, 5], "outputs": ["dense", "multi_vector"]}), 200),
        (json!({"model": "multi", "input": ids}), 400),
        (json!({"model": "image", "input": ids}), 400),
        (json!({"model": "rank", "input": ids}), 400),
    ] {
        let mut asked = json!({"model": "dense"});
        asked.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        let answer = client.post("/v1/embeddings", &asked);
        assert_eq!(answer.status, status, "{asked}: {}", answer.body);
    }
}
