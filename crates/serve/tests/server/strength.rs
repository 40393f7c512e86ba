//! Overload, silent connections and a soak. They are short here; those that are left out take their time:
//! `cargo test --release -p embedkit-serve --test server -- --ignored --nocapture --test-threads 1`.

use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::faulty::faulty;
use crate::common::{Client, Running, STATIC, families, serving};
use embedkit_serve::ModelConfig;

/// Four times as many clients as the server takes on, none of which waits as it is told to.
fn overload(time: Duration) {
    const CLIENTS: usize = 64;
    let mut config = serving([faulty("m")]);
    (config.max_requests, config.max_queue) = (CLIENTS / 4, CLIENTS / 8);
    config.request_timeout = Duration::from_secs(5);
    let deadline = config.request_timeout;
    let server = Running::start(config);
    let client = server.client();
    let body = json!({"model": "m", "input": "sleep 5"});
    let alone = median(&client, &body);
    let (refused, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let mut memory = Vec::new();
    let mut took: Vec<Duration> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let (mut connection, body, refused, is_over) = (client.keep(), &body, &refused, &is_over);
                scope.spawn(move || {
                    let mut took = Vec::new();
                    while !is_over.load(Ordering::Relaxed) {
                        let since = Instant::now();
                        match connection.post("/v1/embeddings", body).status {
                            200 => took.push(since.elapsed()),
                            429 => {
                                refused.fetch_add(1, Ordering::Relaxed);
                                std::thread::sleep(Duration::from_millis(10));
                            }
                            status => panic!("{status}"),
                        }
                    }
                    took
                })
            })
            .collect();
        for _ in 0..4 {
            std::thread::sleep(time / 4);
            memory.push(resident(&client));
        }
        is_over.store(true, Ordering::Relaxed);
        asking.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    took.sort();
    let (refused, slowest) = (refused.into_inner(), took[took.len() * 99 / 100]);
    println!("overload: {} answered, {refused} refused, p99 {slowest:?}, resident {memory:?}", took.len());
    assert!(refused > took.len() / 4, "there was too much to do");
    assert!(slowest <= deadline, "{slowest:?}");
    assert!(memory[3] <= memory[0] * 1.05 + 8e6, "memory is flat: {memory:?}");
    client.wait_for("quiet", || client.metric("embedkit_requests_in_flight", &[]) == 0.0);
    assert_eq!(client.metric("embedkit_queue_inputs", &["model=\"m\""]), 0.0);
    let after = median(&client, &body);
    assert!(after < 2 * alone + Duration::from_millis(20), "{after:?} after it, {alone:?} before");
}

#[test]
fn overload_gives_answers_and_refusals_and_nothing_else() {
    overload(Duration::from_secs(2));
}

#[test]
#[ignore = "takes a minute: cargo test -p embedkit-serve --test server -- --ignored a_minute"]
fn a_minute_of_overload() {
    overload(Duration::from_secs(60));
}

/// Connections that send nothing, or a part of a head, hinder no one.
fn silent(connections: usize) {
    let server = Running::start(serving([]));
    let client = server.client();
    let silent: Vec<_> = (0..connections).map(|_| client.connect()).collect();
    let since = Instant::now();
    let mut slow = client.connect();
    slow.write_all(b"POST /embed HTTP/1.1\r\nhost: localhost\r\ncontent-le").unwrap();
    let mut worst = Duration::ZERO;
    for _ in 0..20 {
        let asked = Instant::now();
        assert_eq!(client.get("/live").status, 200);
        assert_eq!(client.post("/v1/embeddings", &json!({"input": "a"})).status, 200);
        worst = worst.max(asked.elapsed());
    }
    println!("{connections} silent connections: two requests take at most {worst:?}");
    assert!(worst < Duration::from_secs(2), "{worst:?}");
    // A head must be there within ten seconds.
    client.wait_for("them to end", || client.metric("embedkit_connections", &[]) <= 1.0);
    assert!(since.elapsed() < Duration::from_secs(30), "{:?}", since.elapsed());
    drop((silent, slow));
}

#[test]
fn silent_connections_end_and_hinder_none() {
    silent(300);
}

#[test]
#[ignore = "needs 10,000 open files: ulimit -n 12000; cargo test -p embedkit-serve --test server -- --ignored five_thousand"]
fn five_thousand_silent_connections() {
    silent(5000);
}

/// All families and dialects at once, for as long as it takes to see what grows.
fn soak(time: Duration) {
    let models = [ModelConfig::id(STATIC), faulty("m")].into_iter().chain(families());
    let mut config = serving(models);
    // A machine that has more important things to do for a while ends no soak.
    config.request_timeout = Duration::from_secs(3600);
    let patience = config.request_timeout;
    let server = Running::start(config);
    let client = server.client().waiting(patience);
    let (texts, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let mut seen = Vec::new();
    std::thread::scope(|scope| {
        for start in 0..4_usize {
            let (client, texts, is_over) = (client.clone(), &texts, &is_over);
            scope.spawn(move || {
                let mut connection = client.keep();
                for turn in (start * 1000..).take_while(|_| !is_over.load(Ordering::Relaxed)) {
                    let (path, body, status, inputs) = request(turn);
                    let answer = connection.post(path, &body);
                    assert_eq!(answer.status, status, "{path} {body}: {}", answer.body);
                    texts.fetch_add(inputs, Ordering::Relaxed);
                    if turn % 50 == 0 {
                        // One that asks and goes.
                        drop(client.begin("/v1/embeddings", &json!({"model": "m", "input": vec!["sleep 1"; 20]})));
                    }
                }
            });
        }
        for _ in 0..20 {
            std::thread::sleep(time / 20);
            seen.push((resident(&client), client.metric("process_open_fds", &[])));
        }
        is_over.store(true, Ordering::Relaxed);
    });
    // The first quarter fills caches and opens sessions.
    let (memory, files): (Vec<f64>, Vec<f64>) = seen.split_off(5).into_iter().unzip();
    let most = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
    let (early, late) = (most(&memory[..5]), most(&memory[10..]));
    println!("soak: {} texts in {time:?}, resident {early} early, {late} late, files {files:?}", texts.into_inner());
    // Shorter ones run beside other tests of this process.
    if time > Duration::from_secs(60) {
        assert!(late <= early * 1.02 + 1e6, "memory grows: {memory:?}");
        assert!(most(&files[10..]) <= most(&files[..5]) + 8.0, "files are left open: {files:?}");
    }
    client.wait_for("quiet", || client.metric("embedkit_requests_in_flight", &[]) == 0.0);
    assert_eq!(client.metric("embedkit_buffered_bytes", &[]), 0.0);
    assert_eq!(client.metric("embedkit_queue_inputs", &[]), 0.0);
    client.wait_for("no connections", || client.metric("embedkit_connections", &[]) <= 1.0);
}

/// The request of a turn, the status that it must have, and how many texts it holds.
fn request(turn: usize) -> (&'static str, Value, u16, usize) {
    let text = |number: usize| format!("text {} of {}", number, "word ".repeat(number % 13));
    let many: Vec<String> = (0..turn % 17 + 1).map(|number| text(turn + number)).collect();
    let inputs = many.len();
    match turn % 9 {
        0 => ("/v1/embeddings", json!({"input": many}), 200, inputs),
        1 => ("/v1/embeddings", json!({"input": text(turn), "encoding_format": "base64"}), 200, 1),
        2 => ("/models/dense/embed", json!({"inputs": many}), 200, inputs),
        3 => ("/models/sparse/embed_sparse", json!({"inputs": many}), 200, inputs),
        4 => ("/models/multi/embed_all", json!({"inputs": many}), 200, inputs),
        5 => ("/v2/rerank", json!({"query": "hello", "documents": many, "return_documents": true}), 200, inputs),
        6 => ("/v1/embeddings", json!({"model": "several", "input": many, "outputs": ["sparse"]}), 200, inputs),
        7 => ("/embed", json!({"inputs": {"wrong": many}}), 422, 0),
        _ => ("/v1/embeddings", json!({"model": "m", "input": "fail"}), 500, 1),
    }
}

#[test]
fn mixed_requests_leave_nothing_behind() {
    soak(Duration::from_secs(2));
}

/// `EMBEDKIT_SOAK_SECONDS` says how long.
#[test]
#[ignore = "takes an hour: cargo test -p embedkit-serve --test server -- --ignored an_hour"]
fn an_hour_of_mixed_requests() {
    let seconds = std::env::var("EMBEDKIT_SOAK_SECONDS").ok().and_then(|text| text.parse().ok());
    soak(Duration::from_secs(seconds.unwrap_or(3600)));
}

/// How long a request takes when nobody else asks.
fn median(client: &Client, body: &Value) -> Duration {
    let mut connection = client.keep();
    let mut took: Vec<Duration> = (0..11)
        .map(|_| {
            let since = Instant::now();
            assert_eq!(connection.post("/v1/embeddings", body).status, 200);
            since.elapsed()
        })
        .collect();
    took.sort();
    took[5]
}

fn resident(client: &Client) -> f64 {
    client.metric("process_resident_memory_bytes", &[])
}
