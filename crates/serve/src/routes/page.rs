//! The page.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;

use super::health::readiness;
use crate::app::App;
use crate::http::wants_page;

/// One file, with nothing of others in it.
const PAGE: &str = include_str!("page.html");

/// `GET /`: the page for browsers, the server's readiness for others.
pub(super) async fn root(State(app): State<Arc<App>>, request: Request) -> Response {
    if !wants_page(&request) {
        return readiness(&app);
    }
    let mut response = Response::new(PAGE.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(HeaderName::from_static("referrer-policy"), HeaderValue::from_static("no-referrer"));
    if let Ok(policy) = HeaderValue::from_str(&policy(PAGE)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Only the page's own script and style, by their digests, and requests to this server.
fn policy(page: &str) -> String {
    let digest = |tag: &str| {
        let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
        let inner = page.split_once(&open).and_then(|(_, rest)| rest.split_once(&close)).map_or("", |(inner, _)| inner);
        base64_simd::STANDARD.encode_to_string(<sha2::Sha256 as sha2::Digest>::digest(inner.as_bytes()))
    };
    let (script, style) = (digest("script"), digest("style"));
    format!(
        "default-src 'self'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; img-src 'self' data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}
