//! What every route for work has around its handler: the body, the deadline, the answer's headers, the log.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{MethodRouter, post};
use futures_util::future::{Either, select};

use super::Answer;
use super::incoming::Incoming;
use super::meant::Meant;
use super::record::{Record, RequestId};
use crate::app::App;
use crate::blocking::RETRY_ELSEWHERE;
use crate::error::{ApiError, ApiResult, Case, Dialect};
use crate::reply::json_response;

/// Where a handler stands.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) app: Arc<App>,
    /// Whose errors it speaks.
    pub(crate) dialect: Dialect,
    /// The route's template.
    pub(crate) path: &'static str,
}

/// A route that is posted to.
pub(crate) fn endpoint<F, R>(place: Place, handler: F) -> MethodRouter<Arc<App>>
where
    F: Fn(Incoming) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = ApiResult<Answer>> + Send,
{
    post(async move |request: Request| answer(place, handler, request).await)
}

async fn answer<R>(place: Place, handler: impl Fn(Incoming) -> R, request: Request) -> Response
where
    R: Future<Output = ApiResult<Answer>> + Send,
{
    let Place { app, dialect, path: route } = place;
    let id = request.extensions().get::<RequestId>().cloned().unwrap_or_else(|| RequestId::of(request.headers()));
    let meant = Meant::default();
    let record = Record::new(app.clone(), id.clone(), request.headers(), route, dialect, meant.clone());
    let wanted = wanted_timeout(request.headers());
    let timeout = app.config.request_timeout.min(wanted.as_ref().map_or(Duration::MAX, |wanted| *wanted));
    let deadline = record.started + timeout;
    let work = async {
        wanted?;
        if app.is_closed() {
            app.metrics.rejected("", "draining");
            return Err(ApiError::new(Case::Unavailable(RETRY_ELSEWHERE), "the server ends"));
        }
        handler(Incoming::read(app.clone(), id.clone(), route, deadline, request, meant.clone()).await?).await
    };
    let timed_out = |_| {
        app.metrics.rejected(meant.name(), "deadline");
        Err(ApiError::new(Case::Timeout, format!("it was not done within {timeout:?}")))
    };
    let work = async { tokio::time::timeout_at(deadline.into(), work).await.unwrap_or_else(timed_out) };
    let outcome = match select(pin!(work), pin!(app.aborted())).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right(_) => {
            Err(ApiError::new(Case::Unavailable(RETRY_ELSEWHERE), "the server ended before it was done"))
        }
    };
    match outcome {
        Ok(Answer { body, stats }) => {
            let mut response = json_response(StatusCode::OK, app.admission.unsent(body));
            stats.headers(record.started.elapsed(), response.headers_mut());
            record.succeeded(&stats);
            response
        }
        Err(error) => {
            let response = error.response(dialect, &id.0);
            record.failed(&error);
            response
        }
    }
}

/// The limit that the caller asks for; without one, the longest there is.
fn wanted_timeout(headers: &HeaderMap) -> ApiResult<Duration> {
    const NAME: &str = "x-request-timeout-ms";
    let Some(value) = headers.get(NAME) else { return Ok(Duration::MAX) };
    let wanted = value.to_str().ok().and_then(|value| value.trim().parse().ok());
    let message = format!("the header {NAME} is a whole number of milliseconds");
    wanted.map(Duration::from_millis).ok_or_else(|| ApiError::new(Case::Invalid, message))
}
