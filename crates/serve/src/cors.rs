//! Which pages of other origins may ask.

use axum::http::{HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use crate::config::Config;

/// What a page may read of an answer beside its body.
const EXPOSED: [&str; 14] = [
    "retry-after",
    "retry-after-ms",
    "server-timing",
    "x-compute-characters",
    "x-compute-time",
    "x-compute-tokens",
    "x-compute-type",
    "x-inference-time",
    "x-queue-time",
    "x-request-id",
    "x-should-retry",
    "x-tokenization-time",
    "x-total-time",
    "x-truncated-inputs",
];

/// What answers browsers; nothing unless the operator names origins.
pub(crate) fn layer(config: &Config) -> Option<CorsLayer> {
    if config.cors_origins.is_empty() {
        return None;
    }
    let origins = config.cors_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    let origins = match config.cors_origins.iter().any(|origin| origin == "*") {
        true => AllowOrigin::any(),
        false => AllowOrigin::list(origins),
    };
    let layer = CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST])
        // Which origins there are is the bound. Clients have headers of their own, as OpenAI's `x-stainless-…`, that no list has
        // all of.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(EXPOSED.map(HeaderName::from_static));
    Some(layer)
}
