//! Paths of requests: with and without the prefix, names of models in them, doubled slashes, percent-encoding.
#![no_main]

#[allow(dead_code, unreachable_pub)]
#[path = "server.rs"]
mod server;

use axum::body::Body;
use axum::http::{Request, Uri};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((first, path)) = data.split_first() else { return };
    let Ok(uri) = Uri::try_from(path) else { return };
    let (method, body) = [("GET", ""), ("HEAD", ""), ("POST", r#"{"input": "a", "inputs": "a"}"#), ("OPTIONS", "")]
        [usize::from(*first) % 4];
    let request = Request::builder()
        .method(method)
        .uri(uri)
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("x-api-key", server::KEY)
        .body(Body::from(body));
    if let Ok(request) = request {
        server::ask(request);
    }
});
