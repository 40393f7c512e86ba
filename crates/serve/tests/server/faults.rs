//! A model that panics, fails, gives no numbers.

use embedkit_core::{Registry, Source};
use embedkit_serve::{Load, ModelConfig};
use serde_json::json;

use crate::common::faulty::{broken, faulty};
use crate::common::{Running, STATIC, serving};

#[test]
fn one_requests_fault_is_its_own() {
    let server = Running::start(serving([faulty("m")]));
    let client = server.client();
    let ask = |text: &str| client.post("/v1/embeddings", &json!({"model": "m", "input": ["fine", text]}));
    for (text, status, code) in [
        ("panic", 500, "internal_error"),
        ("fail", 500, "internal_error"),
        ("nan", 500, "internal_error"),
        ("refused", 400, "-"),
    ] {
        let answer = ask(text);
        assert_eq!(answer.status, status, "{text}: {}", answer.body);
        assert_eq!(answer.json()["error"]["code"].as_str().unwrap_or("-"), code, "{text}");
        assert_eq!(answer.header("x-should-retry"), if status == 500 { "false" } else { "" }, "{text}");
        if text != "panic" {
            assert_eq!(answer.json()["error"]["param"], "input[1]", "{}", answer.body);
            assert!(answer.json()["error"]["message"].as_str().unwrap().starts_with("input[1]: "), "{}", answer.body);
        }
        assert_eq!(ask("fine").status, 200, "the next request has what it asks for");
    }
    assert_eq!(client.metric("embedkit_panics_total", &[]), 1.0);
    let tei = client.post("/models/m/embed", &json!({"inputs": "fail"}));
    assert_eq!((tei.status, &tei.json()["error_type"]), (424, &json!("Backend")));
    assert_eq!(client.post("/models/m/embed", &json!({"inputs": "panic"})).status, 500);
}

#[test]
fn requests_that_share_a_batch_do_not_share_faults() {
    let server = Running::start(serving([faulty("m")]));
    let client = server.client();
    std::thread::scope(|scope| {
        // The sleeper holds the only worker, so that the others share the next batch.
        let _sleeper = client.begin("/v1/embeddings", &json!({"model": "m", "input": "sleep 200"}));
        client.wait_for("the sleeper", || client.metric("embedkit_requests_in_flight", &[]) == 1.0);
        let ask = |text: &'static str| {
            let client = client.clone();
            scope.spawn(move || client.post("/v1/embeddings", &json!({"model": "m", "input": text})).status)
        };
        let asked =
            [("fine", 200), ("fail", 500), ("nan", 500), ("also fine", 200)].map(|(text, status)| (ask(text), status));
        for (answer, status) in asked {
            assert_eq!(answer.join().unwrap(), status);
        }
    });
}

#[test]
fn a_batch_that_hangs_makes_the_server_not_live() {
    let mut config = serving([faulty("m")]);
    config.stall_timeout = std::time::Duration::from_millis(100);
    let server = Running::start(config);
    let client = server.client();
    let busy = client.begin("/v1/embeddings", &json!({"model": "m", "input": "sleep 700"}));
    client.wait_for("a stall", || client.get("/live").status == 503);
    assert_eq!(client.get("/ready").json()["status"], "stalled");
    assert_eq!(crate::common::client::read(busy).status, 200);
    assert_eq!((client.get("/live").status, client.get("/ready").status), (200, 200));
}

#[test]
fn a_model_that_cannot_be_loaded_ends_the_start_or_its_requests() {
    let failed = Running::begin(serving([broken("m")])).wait().unwrap_err();
    assert!(failed.to_string().contains("weights are missing") && !failed.is_usage(), "{failed}");
    let mut lazy = broken("m");
    lazy.load = Load::Lazy;
    let server = Running::start(serving([faulty("good"), lazy]));
    let client = server.client();
    for _ in 0..2 {
        let answer = client.post("/v1/embeddings", &json!({"model": "m", "input": "a"}));
        assert_eq!(answer.status, 503, "{}", answer.body);
        assert!(answer.body.contains("weights are missing") && !answer.header("retry-after").is_empty(), "{answer:?}");
    }
    let ready = client.get("/ready");
    assert_eq!((ready.status, &ready.json()["models"]["m"]), (200, &json!("failed")), "others go on");
    assert_eq!(client.post("/v1/embeddings", &json!({"model": "good", "input": "a"})).status, 200);
}

/// Whether a text is seen whole is looked at before it waits for the model, in the handler.
#[test]
fn a_handlers_panic_is_an_error_of_its_routes_clients_and_noted_as_one() {
    let server = Running::start(serving([faulty("m")]));
    let client = server.client();
    let texts = ["panic early"];
    for (path, body, message) in [
        ("/v1/embeddings", json!({"input": texts, "truncate": false}), "/error/message"),
        ("/embed", json!({"inputs": texts, "truncate": false}), "/error"),
        ("/v2/embed", json!({"texts": texts, "truncate": "NONE"}), "/message"),
    ] {
        let answer = client.clone().with("x-request-id", "mine").post(path, &body);
        let told = answer.json();
        let message = told.pointer(message).and_then(|message| message.as_str());
        assert!(answer.status == 500 && message.is_some_and(|told| told.contains("its log")), "{path}: {answer:?}");
        assert_eq!((answer.header("x-request-id"), answer.header("x-should-retry")), ("mine", "false"), "{path}");
        assert!(path != "/v2/embed" || told["id"] == "mine", "{told}");
        let route = format!("route=\"{path}\"");
        for (code, count) in [("500", 1.0), ("499", 0.0)] {
            let labels = [&*route, "model=\"m\"", &format!("code=\"{code}\"")];
            assert_eq!(client.metric("embedkit_requests_total", &labels), count, "{path} {code}");
        }
    }
    assert_eq!(client.metric("embedkit_panics_total", &[]), 3.0);
    assert_eq!(client.metric("embedkit_requests_in_flight", &[]), 0.0);
}

#[test]
fn what_a_failed_load_tells_of_this_machine_is_for_its_log() {
    const FOLDER: &str = "/nowhere/of-this-machine";
    let mut row = (*Registry::global().find("dense", STATIC).unwrap()).clone();
    (row.id, row.aliases) = ("test/absent".to_owned(), Vec::new());
    row.sources = vec![Source::Folder { folder: FOLDER.into() }];
    Registry::global().register(row).unwrap();
    let mut absent = ModelConfig::id("m=test/absent");
    absent.load = Load::Lazy;
    let server = Running::start(serving([absent]));
    for _ in 0..2 {
        let answer = server.client().post("/v1/embeddings", &json!({"model": "m", "input": "a"}));
        assert_eq!(answer.status, 503, "{}", answer.body);
        assert!(answer.body.contains("the server's log") && !answer.body.contains("nowhere"), "{}", answer.body);
    }
}
