//! Too much load, clients that go, deadlines, fairness.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::common::client::read;
use crate::common::faulty::faulty;
use crate::common::{Running, serving};

/// Texts that keep the model busy, alone in their batch each.
fn sleep(milliseconds: usize) -> serde_json::Value {
    json!({"model": "m", "input": format!("sleep {milliseconds}")})
}

#[test]
fn too_many_requests_are_refused_at_once() {
    let mut config = serving([faulty("m")]);
    config.max_requests = 4;
    let server = Running::start(config);
    let client = server.client();
    let under_way: Vec<_> = (0..4).map(|_| client.begin("/v1/embeddings", &sleep(400))).collect();
    client.wait_for("four requests", || client.metric("embedkit_requests_in_flight", &[]) == 4.0);
    let since = Instant::now();
    let refused = client.post("/v1/embeddings", &sleep(1));
    assert!(since.elapsed() < Duration::from_millis(200), "{:?}", since.elapsed());
    let body = refused.json();
    assert_eq!(
        (refused.status, &body["error"]["type"], &body["error"]["code"]),
        (429, &json!("rate_limit_error"), &json!("overloaded"))
    );
    let seconds: u64 = refused.header("retry-after").parse().unwrap();
    let milliseconds: u64 = refused.header("retry-after-ms").parse().unwrap();
    assert!((1..=60).contains(&seconds) && (1..=60_000).contains(&milliseconds), "{refused:?}");
    let tei = client.post("/models/m/embed", &json!({"inputs": "a"}));
    assert_eq!((tei.status, &tei.json()["error_type"]), (429, &json!("Overloaded")));
    assert!(under_way.into_iter().map(read).all(|answer| answer.status == 200), "who was let in is answered");
    assert_eq!(client.metric("embedkit_rejected_total", &["reason=\"requests\""]), 2.0);
    assert_eq!(client.post("/v1/embeddings", &sleep(1)).status, 200);
}

#[test]
fn a_full_queue_takes_a_request_whole_or_not_at_all() {
    let mut config = serving([faulty("m")]);
    config.max_queue = 10;
    let server = Running::start(config);
    let client = server.client();
    let busy = client.begin("/v1/embeddings", &sleep(500));
    client.wait_for("a run", || client.metric("embedkit_requests_in_flight", &[]) == 1.0);
    std::thread::sleep(Duration::from_millis(50));
    let waits = client.begin("/v1/embeddings", &json!({"model": "m", "input": vec!["a"; 8]}));
    client.wait_for("eight inputs", || client.metric("embedkit_queue_inputs", &["model=\"m\""]) == 8.0);
    let refused = client.post("/v1/embeddings", &json!({"model": "m", "input": vec!["a"; 3]}));
    assert_eq!(refused.status, 429, "{}", refused.body);
    let fits = client.begin("/v1/embeddings", &json!({"model": "m", "input": vec!["a"; 2]}));
    for stream in [busy, waits, fits] {
        assert_eq!(read(stream).status, 200);
    }
    let large = client.post("/v1/embeddings", &json!({"model": "m", "input": vec!["a"; 100]}));
    assert_eq!(large.status, 200, "where nothing waits, any request is let in");
    assert_eq!(client.metric("embedkit_rejected_total", &["model=\"m\"", "reason=\"queue\""]), 1.0);
}

#[test]
fn bodies_wait_within_their_memory() {
    let mut config = serving([faulty("m")]);
    (config.max_body, config.max_buffered) = (20_000, 30_000);
    let server = Running::start(config);
    let client = server.client();
    let large = json!({"model": "m", "input": ["sleep 400", "x".repeat(18_000)]});
    let busy = client.begin("/v1/embeddings", &large);
    client.wait_for("the body", || client.metric("embedkit_buffered_bytes", &[]) > 18_000.0);
    assert_eq!(client.post("/v1/embeddings", &large).status, 429);
    assert_eq!(client.post("/v1/embeddings", &json!({"model": "m", "input": "y".repeat(25_000)})).status, 413);
    assert_eq!(read(busy).status, 200);
    client.wait_for("no bytes", || client.metric("embedkit_buffered_bytes", &[]) == 0.0);
}

#[test]
fn a_deadline_ends_waiting_and_refuses_what_could_not_be_done() {
    let server = Running::start(serving([faulty("m")]));
    let client = server.client();
    for wrong in ["-5", "1.5", "soon", ""] {
        let refused = client.clone().with("x-request-timeout-ms", wrong).post("/v1/embeddings", &sleep(1));
        assert!(refused.status == 400 && refused.body.contains("x-request-timeout-ms"), "{wrong}: {}", refused.body);
    }
    let busy = client.begin("/v1/embeddings", &sleep(600));
    client.wait_for("a run", || client.metric("embedkit_requests_in_flight", &[]) == 1.0);
    let hurried = client.clone().with("x-request-timeout-ms", "100");
    let since = Instant::now();
    let late = hurried.post("/v1/embeddings", &sleep(1));
    assert!(since.elapsed() < Duration::from_millis(400), "{:?}", since.elapsed());
    assert_eq!((late.status, late.header("x-should-retry")), (504, "false"), "{}", late.body);
    assert_eq!(late.json()["error"]["code"], "timeout");
    assert_eq!(client.metric("embedkit_queue_inputs", &["model=\"m\""]), 0.0, "it left the queue");
    assert_eq!(read(busy).status, 200);

    // Now the model's speed is known: what would wait for longer than it may is refused before it waits.
    let padded = format!("sleep 200{}", " ".repeat(4000));
    let long = client.begin("/v1/embeddings", &json!({"model": "m", "input": vec![padded; 40]}));
    client.wait_for("a long queue", || client.metric("embedkit_queue_inputs", &["model=\"m\""]) >= 30.0);
    // One run of these is known, after which a longer wait than this is foreseen.
    std::thread::sleep(Duration::from_millis(500));
    let since = Instant::now();
    let refused = hurried.post("/v1/embeddings", &sleep(1));
    assert_eq!(refused.status, 429, "{}", refused.body);
    assert!(since.elapsed() < Duration::from_millis(90), "{:?}", since.elapsed());
    assert_eq!(client.metric("embedkit_rejected_total", &["model=\"m\"", "reason=\"deadline\""]), 2.0);
    for code in ["504", "429"] {
        let labels = ["model=\"m\"", &format!("code=\"{code}\"")];
        assert_eq!(client.metric("embedkit_requests_total", &labels), 1.0, "{code}, of the model that was meant");
    }
    drop(long);
}

#[test]
fn who_goes_takes_what_waits_along() {
    let server = Running::start(serving([faulty("m")]));
    let client = server.client();
    let busy = client.begin("/v1/embeddings", &sleep(500));
    client.wait_for("a run", || client.metric("embedkit_requests_in_flight", &[]) == 1.0);
    std::thread::sleep(Duration::from_millis(50));
    let gone: Vec<_> = (0..64).map(|_| client.begin("/v1/embeddings", &sleep(200))).collect();
    client.wait_for("64 inputs", || client.metric("embedkit_queue_inputs", &["model=\"m\""]) == 64.0);
    drop(gone);
    client.wait_for("an empty queue", || client.metric("embedkit_queue_inputs", &["model=\"m\""]) == 0.0);
    assert_eq!(client.metric("embedkit_cancelled_total", &["stage=\"waiting\""]), 64.0);
    let since = Instant::now();
    assert_eq!(read(busy).status, 200);
    assert_eq!(client.post("/v1/embeddings", &sleep(1)).status, 200);
    assert!(since.elapsed() < Duration::from_millis(800), "nothing of them ran: {:?}", since.elapsed());
    client.wait_for("no requests", || client.metric("embedkit_requests_in_flight", &[]) == 0.0);
}

#[test]
fn short_requests_pass_a_long_job() {
    let server = Running::start(serving([faulty("m")]));
    let client = server.client();
    // Each of its texts fills a batch of its own.
    let job = json!({"model": "m", "input": vec![format!("sleep 50{}", " ".repeat(4000)); 40]});
    let long = client.begin("/v1/embeddings", &job);
    client.wait_for("the job", || client.metric("embedkit_queue_inputs", &["model=\"m\""]) > 0.0);
    let longest = (0..5)
        .map(|_| {
            let since = Instant::now();
            assert_eq!(client.post("/v1/embeddings", &json!({"model": "m", "input": "short"})).status, 200);
            since.elapsed()
        })
        .max()
        .unwrap();
    assert!(longest < Duration::from_millis(400), "{longest:?}, and the job takes two seconds");
    assert_eq!(read(long).status, 200);
}
