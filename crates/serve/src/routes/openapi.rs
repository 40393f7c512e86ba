//! The description of the routes.

use axum::http::StatusCode;
use axum::response::Response;

use crate::reply::json_response;

/// `GET /openapi.json`.
pub(super) async fn document() -> Response {
    json_response(StatusCode::OK, "{}")
}
