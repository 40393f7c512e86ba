//! Bodies of requests: each is answered, or refused with what is wrong with it, and nothing of it stands in the refusal.
#![no_main]

#[allow(dead_code, unreachable_pub)]
#[path = "server.rs"]
mod server;

use axum::body::Body;
use axum::http::Request;
use libfuzzer_sys::fuzz_target;

const ROUTES: [&str; 14] = [
    "/v1/embeddings",
    "/rerank",
    "/v2/rerank",
    "/embed",
    "/embed_sparse",
    "/embed_all",
    "/similarity",
    "/predict",
    "/tokenize",
    "/decode",
    "/",
    "/v1/embed",
    "/v2/embed",
    "/v1/multi-vector",
];

fuzz_target!(|data: &[u8]| {
    let Some((route, body)) = data.split_first() else { return };
    let route = ROUTES[usize::from(*route) % ROUTES.len()];
    let request = Request::post(format!("/base{route}"))
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("authorization", server::KEY)
        .body(Body::from(body.to_vec()))
        .expect("a request");
    server::ask(request);
});
