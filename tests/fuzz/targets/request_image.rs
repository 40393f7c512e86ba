//! Images in requests: data URLs, base64 and addresses. Whatever is no image is the caller's fault.
#![no_main]

#[allow(dead_code, unreachable_pub)]
#[path = "server.rs"]
mod server;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(image) = std::str::from_utf8(data) else { return };
    let body = serde_json::json!({"model": "images", "input": [{"image": image}]});
    let request = Request::post("/base/v1/embeddings")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("authorization", server::KEY)
        .body(Body::from(body.to_string()))
        .expect("a request");
    let status = server::ask(request).status;
    assert!(status == StatusCode::OK || status == StatusCode::BAD_REQUEST, "{status}");
});
