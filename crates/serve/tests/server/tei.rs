//! The routes of text-embeddings-inference.

use embedkit_serve::ModelConfig;
use serde_json::{Value, json};

use crate::common::{Client, Running, STATIC, families, numbers, serving};

fn ok(client: &Client, path: &str, body: Value) -> Value {
    let answer = client.post(path, &body);
    assert_eq!(answer.status, 200, "{path} {body}: {}", answer.body);
    answer.json()
}

#[test]
fn bare_arrays_come_back() {
    let server = Running::start(serving(families()));
    let client = server.client();
    let one = ok(&client, "/embed", json!({"inputs": "hello world"}));
    assert_eq!(one.as_array().unwrap().len(), 1, "also for a single text");
    let nulls = json!({
        "inputs": ["hello world", "x"], "truncate": null, "truncation_direction": "Right", "prompt_name": null,
        "normalize": null, "dimensions": null,
    });
    assert_eq!(ok(&client, "/embed", nulls)[0], one[0]);
    let sparse = ok(&client, "/embed_sparse", json!({"inputs": "hello world"}));
    let entries = sparse[0].as_array().unwrap();
    assert!(entries.is_sorted_by_key(|entry| entry["index"].as_u64()), "{sparse}");
    assert!(entries.iter().all(|entry| entry["value"] != 0.0));
    let rows = ok(&client, "/embed_all", json!({"inputs": "hello world"}));
    assert_eq!(rows[0][0].as_array().unwrap().len(), 8);
    assert_eq!(
        ok(&client, "/models/several/embed_all", json!({"inputs": "hello"}))[0][0].as_array().unwrap().len(),
        16
    );
}

#[test]
fn the_root_route_does_what_the_body_asks() {
    let server = Running::start(serving(families()));
    let client = server.client();
    for path in ["/", "/invocations", "/models/dense", "/models/dense/"] {
        let embedded = ok(&client, path, json!({"inputs": ["hello"], "normalize": false}));
        assert_eq!(numbers(&embedded[0]).len(), 16, "{path}");
    }
    let similarity = json!({"inputs": {"source_sentence": "hello", "sentences": ["hello", "world"]}, "parameters": {"truncate": null}});
    let cosines = numbers(&ok(&client, "/", similarity.clone()));
    assert!((cosines[0] - 1.0).abs() < 1e-5 && cosines.len() == 2, "{cosines:?}");
    assert_eq!(numbers(&ok(&client, "/similarity", similarity)), cosines);
    let ranks = ok(&client, "/", json!({"query": "hello", "texts": ["world", "hello"]}));
    assert_eq!(ranks.as_array().unwrap().len(), 2);
    let sparse = ok(&client, "/models/sparse", json!({"inputs": "hello"}));
    assert!(sparse[0][0]["index"].is_u64(), "{sparse}");
}

#[test]
fn tokens_tell_their_bytes_and_become_text_again() {
    let server = Running::start(serving(families()));
    let client = server.client();
    let rows = ok(&client, "/tokenize", json!({"inputs": ["hello world"], "add_special_tokens": null}));
    let tokens = rows[0].as_array().unwrap();
    let (first, last) = (&tokens[0], &tokens[tokens.len() - 1]);
    assert_eq!((&first["special"], &first["start"], &last["stop"]), (&json!(true), &Value::Null, &Value::Null));
    let hello = tokens.iter().find(|token| token["special"] == false).unwrap();
    assert_eq!(hello["start"], 0);
    let bare = ok(&client, "/tokenize", json!({"inputs": "hello world", "add_special_tokens": false}));
    assert_eq!(bare[0].as_array().unwrap().len() + 2, tokens.len());
    let ids: Vec<_> = tokens.iter().map(|token| token["id"].clone()).collect();
    let texts = ok(&client, "/decode", json!({"ids": [ids.clone(), ids]}));
    assert_eq!(texts[0], texts[1]);
    assert_eq!(client.post("/decode", &json!({"ids": [4_000_000]})).status, 422);
}

#[test]
fn tokens_are_the_parts_of_the_text_whatever_the_model_calls_them() {
    let server = Running::start(serving(families().into_iter().chain([ModelConfig::id(STATIC)])));
    let client = server.client();
    for model in ["dense", "sparse", "multi", "several", "rank", STATIC] {
        for text in ["Héllo", "👍", "bed \u{2603} snow", "a [SEP] b <s>", "日本 x", ""] {
            for special in [true, false] {
                let body = json!({"inputs": text, "add_special_tokens": special});
                let rows = ok(&client, &format!("/models/{model}/tokenize"), body);
                for token in rows[0].as_array().unwrap() {
                    let part = token["start"].as_u64().zip(token["stop"].as_u64());
                    assert_eq!(part.is_none(), token["special"] == true, "{model} {text}: {token}");
                    assert!(part.is_some() || special, "nothing was put around it: {model} {text}: {token}");
                    // A part of a letter has no text of its own.
                    let part = part.and_then(|(start, stop)| text.get(start as usize..stop as usize));
                    assert!(part.is_none_or(|part| token["text"] == part), "{model} {text}: {token}");
                }
            }
        }
    }
    for (model, text, written) in [("dense", "a </s> b", "</s>"), ("dense", "a \u{2603} b", "\u{2603}")] {
        let rows = ok(&client, &format!("/models/{model}/tokenize"), json!({"inputs": text}));
        let is_it = |token: &&Value| token["text"] == written && token["special"] == false && token["start"] == 2;
        assert_eq!(rows[0].as_array().unwrap().iter().filter(is_it).count(), 1, "{model} {text}: {rows}");
    }
}

#[test]
fn info_says_what_clients_size_their_batches_by() {
    let server = Running::start(serving(families()));
    let client = server.client();
    let info = client.get("/info").json();
    assert_eq!((&info["model_id"], &info["served_model_name"]), (&json!("fixture/dense"), &json!("dense")));
    assert_eq!(info["model_type"], json!({"embedding": {"pooling": "mean"}}));
    assert_eq!((&info["max_input_length"], &info["max_client_batch_size"]), (&json!(32), &json!(2048)));
    assert_eq!(info["embedkit"]["dim"], 16);
    let ranker = client.get("/models/rank/info").json();
    assert_eq!(ranker["model_type"], json!({"reranker": {"id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}}));
}

#[test]
fn info_says_the_commit_of_files_in_a_hubs_cache() {
    const SHA: &str = "fca14538aa9956a46526bd1d0d11d69e19b5a101";
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../dense/tests/fixtures/transformer-mean");
    let cache = tempfile::tempdir().unwrap();
    let snapshot = cache.path().join("models--fixture--dense/snapshots").join(SHA);
    std::fs::create_dir_all(&snapshot).unwrap();
    for file in std::fs::read_dir(source).unwrap().map(Result::unwrap).filter(|file| file.path().is_file()) {
        std::fs::copy(file.path(), snapshot.join(file.file_name())).unwrap();
    }
    let plain = families().swap_remove(0);
    let mut cached = plain.clone();
    (cached.name, cached.dir) = (Some("cached".to_owned()), Some(snapshot));
    let compiled_in = ModelConfig::id(STATIC);
    let server = Running::start(serving([cached, plain, compiled_in]));
    let sha = |path: &str| server.client().get(path).json()["model_sha"].clone();
    assert_eq!(sha("/info"), SHA);
    assert_eq!(sha("/models/dense/info"), Value::Null, "a folder of the operator's is of no commit");
    assert_eq!(sha(&format!("/models/{STATIC}/info")), Value::Null);
}

#[test]
fn texts_are_cut_at_the_end_that_is_asked_for() {
    let server = Running::start(serving(families()));
    let client = server.client();
    // Words whose pieces are the same wherever they are cut.
    let (start, end) = (["a"; 50].join(" "), ["b"; 40].join(" "));
    let long = format!("{start} {end}");
    let embed = |text: &str, direction: &str| {
        let body = json!({"inputs": text, "truncation_direction": direction});
        let answer = client.post("/models/dense/embed", &body);
        assert_eq!(answer.status, 200, "{}", answer.body);
        (numbers(&answer.json()[0]), answer.header("x-truncated-inputs").to_owned())
    };
    // The window has room for no more than either end.
    let (left, right) = (embed(&long, "Left"), embed(&long, "Right"));
    assert_eq!(left.0, embed(&end, "Right").0);
    assert_eq!(right.0, embed(&start, "left").0);
    assert_ne!(left.0, right.0);
    assert_eq!((&*left.1, &*right.1, &*embed("hello", "left").1), ("1", "1", "0"));
    let cohere = json!({"model": "dense", "texts": [long], "truncate": "START", "input_type": "classification"});
    assert_eq!(numbers(&client.post("/v2/embed", &cohere).json()["embeddings"]["float"][0]), left.0);
    let rank = |text: &str, direction: &str| {
        let body = json!({"query": "hello", "texts": [text], "raw_scores": true, "truncation_direction": direction});
        let answer = client.post("/rerank", &body);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()[0]["score"].as_f64().unwrap()
    };
    assert_eq!(rank(&long, "left"), rank(&end, "right"), "of a pair, the document is cut");
    assert_eq!(rank(&long, "right"), rank(&start, "right"));
}
