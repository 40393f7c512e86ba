//! Whether the server lives, and whether it can work. Neither waits for anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::json;

use super::models::state;
use crate::app::{App, Health};
use crate::reply::json_response;

/// `GET /live`: 200 while the process answers and no batch hangs.
pub(super) async fn live(State(app): State<Arc<App>>) -> Response {
    match app.is_stalled() {
        false => json_response(StatusCode::OK, r#"{"status":"alive"}"#),
        true => json_response(StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"stalled"}"#),
    }
}

/// `GET /ready`, `/health`, `/ping`: 200 while requests are taken and every model that is loaded at the start is there.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    readiness(&app)
}

/// The server's readiness as an answer.
pub(super) fn readiness(app: &App) -> Response {
    let (code, status) = match app.health() {
        Health::Ok => (StatusCode::OK, "ok"),
        Health::Loading => (StatusCode::SERVICE_UNAVAILABLE, "loading"),
        Health::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
        Health::Stalled => (StatusCode::SERVICE_UNAVAILABLE, "stalled"),
    };
    let models: BTreeMap<&str, &str> =
        app.models.all().iter().map(|model| (model.name(), state(model.condition()))).collect();
    let mut body = json!({"status": status, "models": models});
    if !app.config.is_local() && !app.keys.are_needed() {
        body["warning"] = "other machines can reach this server, and it asks for no key".into();
    }
    let mut response = json_response(code, body.to_string());
    if code != StatusCode::OK {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
