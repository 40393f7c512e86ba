//! Headers of requests: without the key there is no result, whatever else they say.
#![no_main]

#[allow(dead_code, unreachable_pub)]
#[path = "server.rs"]
mod server;

use axum::body::Body;
use axum::http::Request;
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 12] = [
    "authorization",
    "x-api-key",
    "api-key",
    "host",
    "x-request-id",
    "x-request-timeout-ms",
    "traceparent",
    "content-type",
    "content-encoding",
    "content-length",
    "accept",
    "origin",
];

fuzz_target!(|data: &[u8]| {
    let mut request = Request::post("/base/embed");
    let (mut has_key, mut has_host) = (false, false);
    // A line is a header: its first byte says which.
    for line in data.split(|byte| *byte == b'\n') {
        let Some((name, value)) = line.split_first() else { continue };
        let name = NAMES[usize::from(*name) % NAMES.len()];
        has_host |= name == "host";
        has_key |= value.windows(server::KEY.len()).any(|part| part == server::KEY.as_bytes());
        request = request.header(name, value);
    }
    if !has_host {
        request = request.header("host", "localhost");
    }
    let Ok(request) = request.body(Body::from(r#"{"inputs": "a"}"#)) else { return };
    let answer = server::ask(request);
    assert!(has_key || answer.status.is_client_error(), "{}", answer.status);
});
