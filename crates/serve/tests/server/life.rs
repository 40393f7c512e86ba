//! From the start to the end: loading, readiness, stopping, models that come and go.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use embedkit_serve::{Ended, Load, ModelConfig, Server, Time};
use serde_json::json;

use crate::common::client::read;
use crate::common::faulty::{LINGERING, LOADS, faulty, lingering};
use crate::common::{Running, STATIC, families, serving};

#[test]
fn it_lives_before_it_is_ready() {
    let server = Running::begin(serving([faulty("m")]));
    let client = server.client();
    assert_eq!(client.get("/live").status, 200);
    client.wait_until_ready();
    for path in ["/ready", "/health", "/ping", "/", "/models/m/health"] {
        assert_eq!(client.get(path).json(), json!({"status": "ok", "models": {"m": "ready"}}), "{path}");
    }
    assert_eq!(client.send("HEAD", "/health", "").status, 200);
}

#[test]
fn stopping_loses_nothing_that_was_let_in() {
    let server = Running::start(serving([faulty("m")]));
    let client = server.client();
    let asked: Vec<_> =
        (0..6).map(|_| client.begin("/v1/embeddings", &json!({"model": "m", "input": "sleep 50"}))).collect();
    client.wait_for("six requests", || client.metric("embedkit_requests_in_flight", &[]) == 6.0);
    server.handle.stop();
    for stream in asked {
        let answer = read(stream);
        assert_eq!((answer.status, answer.header("connection")), (200, "close"));
    }
    assert_eq!(server.wait().unwrap(), Ended::Gracefully);
}

#[test]
fn no_model_outlives_its_server() {
    let server = Running::start(serving([lingering("m")]));
    let answer = server.client().post("/v1/embeddings", &json!({"model": "m", "input": "a"}));
    assert_eq!((answer.status, LINGERING.load(Ordering::Relaxed)), (200, 1));
    server.handle.stop();
    assert!(server.wait().is_ok());
    // A process that ended while a thread closes a session could end by a signal.
    assert_eq!(LINGERING.load(Ordering::Relaxed), 0);
}

#[test]
fn told_to_stop_while_it_loads_it_ends_in_good_order() {
    let server = Running::begin(serving((0..8).map(|number| faulty(&format!("m{number}")))));
    let client = server.client();
    assert_eq!(client.get("/live").status, 200);
    server.handle.stop();
    assert_eq!(server.wait().unwrap(), Ended::Gracefully);
}

#[test]
fn a_server_that_drains_is_unready_and_still_answers() {
    let mut config = serving([faulty("m")]);
    config.drain_delay = Duration::from_millis(500);
    let server = Running::start(config);
    let client = server.client();
    server.handle.stop();
    client.wait_for("draining", || client.get("/ready").status == 503);
    assert_eq!(client.get("/ready").json()["status"], "draining");
    assert_eq!(client.get("/live").status, 200);
    assert_eq!(client.post("/v1/embeddings", &json!({"model": "m", "input": "a"})).status, 200);
    assert_eq!(server.wait().unwrap(), Ended::Gracefully);
}

#[test]
fn what_is_not_done_in_time_is_told_so() {
    let mut config = serving([faulty("m")]);
    config.shutdown_timeout = Duration::from_millis(200);
    let server = Running::start(config);
    let client = server.client();
    let slow = client.begin("/v1/embeddings", &json!({"model": "m", "input": "sleep 1500"}));
    client.wait_for("a run", || client.metric("embedkit_requests_in_flight", &[]) == 1.0);
    let since = Instant::now();
    server.handle.stop();
    assert_eq!(read(slow).status, 503);
    assert_eq!(server.wait().unwrap(), Ended::Gracefully);
    assert!(since.elapsed() < Duration::from_millis(1200), "{:?}", since.elapsed());
}

#[test]
fn told_twice_it_ends_at_once() {
    let server = Running::start(serving([faulty("m")]));
    let client = server.client();
    let _slow = client.begin("/v1/embeddings", &json!({"model": "m", "input": "sleep 3000"}));
    client.wait_for("a run", || client.metric("embedkit_requests_in_flight", &[]) == 1.0);
    let since = Instant::now();
    server.handle.stop();
    server.handle.stop();
    assert_eq!(server.wait().unwrap(), Ended::AtOnce);
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
}

#[test]
fn a_lazy_model_is_loaded_once_and_dropped_when_idle() {
    let mut lazy = faulty("lazy");
    lazy.load = Load::Lazy;
    lazy.idle_unload = Some(Time(Duration::from_millis(1200)));
    let server = Running::start(serving([lazy]));
    let client = server.client();
    assert_eq!(client.get("/ready").json()["models"]["lazy"], "idle");
    assert_eq!(client.get("/v1/models").json()["data"][0]["embedkit"]["state"], "idle");
    let before = LOADS.load(Ordering::Relaxed);
    std::thread::scope(|scope| {
        let ask = || client.post("/v1/embeddings", &json!({"model": "lazy", "input": "a"})).status;
        let asked: Vec<_> = (0..50).map(|_| scope.spawn(ask)).collect();
        assert!(asked.into_iter().all(|answer| answer.join().unwrap() == 200));
    });
    // Other tests load such models too, at any time.
    assert!(client.metric("embedkit_model_loaded", &["model=\"lazy\""]) == 1.0);
    let loads = LOADS.load(Ordering::Relaxed) - before;
    assert!(loads < 50, "{loads}");
    let busy = client.begin("/v1/embeddings", &json!({"model": "lazy", "input": "sleep 2600"}));
    assert_eq!(read(busy).status, 200, "a model in use is not dropped");
    client.wait_for("the model to be dropped", || client.get("/ready").json()["models"]["lazy"] == "idle");
    assert_eq!(client.metric("embedkit_model_loaded", &["model=\"lazy\""]), 0.0);
    assert_eq!(client.post("/v1/embeddings", &json!({"model": "lazy", "input": "a"})).status, 200);
}

#[test]
fn an_unready_server_warns_of_what_others_can_reach() {
    let mut config = serving([]);
    config.host = "0.0.0.0".to_owned();
    let server = Running::start(config);
    let client = crate::common::Client::new(([127, 0, 0, 1], server.address.port()).into());
    assert!(client.get("/ready").json()["warning"].is_string());
}

#[test]
fn what_a_model_is_told_wrongly_is_told_by_the_names_of_settings() {
    let with = |set: fn(&mut ModelConfig)| {
        let mut model = ModelConfig::id(STATIC);
        set(&mut model);
        model
    };
    for (model, says) in [
        (with(|model| model.max_batch_tokens = Some(0)), "`max-batch-tokens`"),
        (with(|model| model.device = vec![0]), "`device`"),
        (with(|model| model.require_provider = true), "`require-provider`"),
        (with(|model| model.provider = vec!["nonsense".to_owned()]), "`provider`"),
        (with(|model| model.batch_size = Some(0)), "`batch-size`"),
    ] {
        let error = Running::begin(serving([model])).wait().unwrap_err().to_string();
        assert!(error.contains(says), "{says}: {error}");
    }
    for name in ["", " "] {
        let mut model = ModelConfig::id(STATIC);
        model.name = Some(name.to_owned());
        let error = Server::builder().config(serving([model])).build().unwrap_err();
        assert!(error.is_usage() && error.to_string().contains("a model's name is empty"), "{error}");
    }
}

#[test]
fn padding_is_told_of_models_that_pad() {
    let server = Running::start(serving([families().swap_remove(0), ModelConfig::id(STATIC)]));
    let client = server.client();
    for (model, batches) in [("dense", 1.0), (STATIC, 0.0)] {
        let answer = client.post("/v1/embeddings", &json!({"model": model, "input": ["a", "a b c d"]}));
        assert_eq!(answer.status, 200, "{}", answer.body);
        let label = format!("model=\"{model}\"");
        assert_eq!(client.metric("embedkit_batch_padding_ratio_count", &[&label]), batches, "{model}");
        assert_eq!(client.metric("embedkit_batch_inputs_count", &[&label]), 1.0, "{model}");
    }
}
