//! The routes, by whose clients ask them.

mod cohere;
mod health;
mod info;
mod jina;
mod metrics;
mod models;
mod openai;
mod openapi;
mod page;
mod rerank;
mod tei;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::Method;
use axum::middleware;
use axum::response::Response;
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::App;
use crate::error::{ApiError, Case, Dialect};
use crate::http::{RequestId, endpoint, front};

/// All routes of a server, with what every request passes before them.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let routes = routes(app);
    let panicked = app.clone();
    // What stands in front changes paths, so the routes are looked up behind it.
    let router = Router::new()
        .fallback_service(routes)
        .layer(middleware::from_fn_with_state(app.clone(), front))
        .layer(CatchPanicLayer::custom(move |_| on_panic(&panicked)));
    match crate::cors::layer(&app.config) {
        Some(cors) => router.layer(cors),
        None => router,
    }
}

/// The counters alone, without keys: for a listener of their own.
pub(crate) fn metrics_router(app: &Arc<App>) -> Router {
    Router::new().route("/metrics", get(metrics::metrics)).fallback(unknown).with_state(app.clone())
}

fn routes(app: &Arc<App>) -> Router {
    use Dialect::{Cohere, OpenAi, Tei};
    let mut router = Router::new()
        .route("/", get(page::root).merge(endpoint(app, Tei, "/", tei::root)))
        .route("/invocations", endpoint(app, Tei, "/invocations", tei::root))
        .route("/embed", endpoint(app, Tei, "/embed", tei::embed))
        .route("/embed_sparse", endpoint(app, Tei, "/embed_sparse", tei::embed_sparse))
        .route("/embed_all", endpoint(app, Tei, "/embed_all", tei::embed_all))
        .route("/similarity", endpoint(app, Tei, "/similarity", tei::similarity))
        .route("/predict", endpoint(app, Tei, "/predict", tei::predict))
        .route("/tokenize", endpoint(app, Tei, "/tokenize", tei::tokenize))
        .route("/decode", endpoint(app, Tei, "/decode", tei::decode))
        .route("/info", get(info::info))
        .route("/v1/multi-vector", endpoint(app, OpenAi, "/v1/multi-vector", jina::multi_vector))
        .route("/models", get(models::list))
        .route("/v1/models", get(models::list))
        .route("/models/{*name}", get(models::one))
        .route("/v1/models/{*name}", get(models::one))
        .route("/live", get(health::live))
        .route("/openapi.json", get(openapi::document));
    if app.config.metrics_addr.is_none() {
        router = router.route("/metrics", get(metrics::metrics));
    }
    for route in ["/v1/embeddings", "/embeddings"] {
        router = router.route(route, endpoint(app, OpenAi, route, openai::embeddings));
    }
    for route in ["/v1/embed", "/v2/embed"] {
        router = router.route(route, endpoint(app, Cohere, route, cohere::embed));
    }
    for route in ["/rerank", "/v1/rerank", "/v2/rerank", "/v1/reranking", "/reranking"] {
        router = router.route(route, endpoint(app, OpenAi, route, rerank::rerank));
    }
    for route in ["/ready", "/health", "/ping"] {
        router = router.route(route, get(health::ready));
    }
    router.fallback(unknown).method_not_allowed_fallback(wrong_method).with_state(app.clone())
}

async fn unknown(request: Request) -> Response {
    let shown: String = request.uri().path().chars().take(80).collect();
    error(&request, Case::UnknownRoute, format!("there is no route {shown:?}; /openapi.json lists those there are"))
}

async fn wrong_method(request: Request) -> Response {
    let wanted = if request.method() == Method::POST { "GET" } else { "POST" };
    error(&request, Case::WrongMethod, format!("this route takes {wanted}, and was asked with {}", request.method()))
}

fn error(request: &Request, case: Case, message: String) -> Response {
    let id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    ApiError::new(case, message).response(Dialect::OpenAi, &id)
}

/// One handler's panic is one answer.
fn on_panic(app: &App) -> Response {
    tracing::error!("a handler panicked");
    app.metrics.panics.inc();
    ApiError::new(Case::Panic, "the server failed at this request, which its log tells more of")
        .response(Dialect::OpenAi, "")
}
