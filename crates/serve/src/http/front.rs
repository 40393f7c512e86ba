//! What every request passes first: its id, the host it asks, its key, its path.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt as _;

use super::head::check_head;
use super::host::is_loopback;
use super::known::KnownRoutes;
use super::path::{cleaned, split_model};
use super::record::RequestId;
use crate::app::App;
use crate::error::{ApiError, Case};

/// What stands in front of the routes.
#[derive(Clone)]
pub(crate) struct Front {
    pub(crate) app: Arc<App>,
    pub(crate) routes: Arc<KnownRoutes>,
}

/// Lets a request through to its route, under the path that the route has.
pub(crate) async fn front(State(front): State<Front>, mut request: Request, next: Next) -> Response {
    let Front { app, routes } = front;
    let id = RequestId::of(request.headers());
    let path = cleaned(request.uri().path(), &app.config.base_path);
    let route = path.as_deref().unwrap_or("");
    let has_body = request.method() == Method::POST;
    let model = split_model(route, has_body, &routes, &app.models);
    let route = model.as_ref().map_or(route, |(_, route)| route).to_owned();
    let known = routes.of(&route);
    let response = match checked(&app, &request, path.is_some(), known.is_open) {
        Ok(()) => {
            request.extensions_mut().insert(id.clone());
            if let Some((name, _)) = model {
                request.extensions_mut().insert(name);
            }
            *request.uri_mut() = with_path(request.uri(), &route);
            // One handler's panic is one answer.
            let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
            answer.unwrap_or_else(|_| panicked(&app).response(known.dialect, &id.0))
        }
        Err(error) => error.response(known.dialect, &id.0),
    };
    finished(response, &id)
}

/// Whether the request may go on.
fn checked(app: &App, request: &Request, has_prefix: bool, is_open: bool) -> Result<(), ApiError> {
    check_head(request)?;
    if !has_prefix {
        return Err(ApiError::new(Case::UnknownRoute, format!("every route begins with {}", app.config.base_path)));
    }
    let headers = request.headers();
    if app.config.is_local() && app.config.unix_socket.is_none() && !app.keys.are_needed() {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        // An address with a host in it goes before the header.
        let in_address = request.uri().authority().is_none_or(|host| is_loopback(host.as_str()));
        if !host.is_some_and(is_loopback) || !in_address {
            let message = "this server is for this machine alone, and was asked under another name, or none; it takes \
                           all names where it has keys, and a proxy's requests with `Host: localhost`";
            return Err(ApiError::new(Case::WrongHost, message));
        }
    }
    // Which methods there are is no secret, and browsers ask for them without a key.
    let asks_to_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if (is_open && asks_to_read) || request.method() == Method::OPTIONS || app.keys.allow(headers) {
        return Ok(());
    }
    Err(ApiError::new(Case::Unauthorized, "a key is needed, and there was none or a wrong one"))
}

fn panicked(app: &App) -> ApiError {
    tracing::error!("a handler panicked");
    app.metrics.panics.inc();
    ApiError::of_panic()
}

/// Whether a page is wanted, as browsers do.
pub(crate) fn wants_page(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// The address with another path; as it is where that would be none.
fn with_path(uri: &Uri, path: &str) -> Uri {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{path}{query}").parse().unwrap_or_else(|_| uri.clone())
}

fn finished(mut response: Response, id: &RequestId) -> Response {
    if let Ok(id) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), id);
    }
    response
}
