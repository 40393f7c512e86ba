//! The routes, by whose clients ask them.

mod cohere;
mod given;
mod health;
mod info;
mod jina;
mod metrics;
mod models;
mod openai;
mod openapi;
mod page;
mod rerank;
mod route;
mod said;
mod table;
mod tei;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware;
use axum::response::Response;
use axum::routing::get;

use crate::app::App;
use crate::error::{ApiError, Case, Dialect};
use crate::http::{Front, Known, KnownRoutes, Place, RequestId, front};
use route::Route;

/// All routes of a server, with what every request passes before them.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let served: Vec<(&'static str, &Route)> = served(app).collect();
    let known =
        |(path, route): &(&'static str, &Route)| (*path, Known { dialect: route.dialect, is_open: route.is_open });
    let front_of = Front { app: app.clone(), routes: Arc::new(KnownRoutes::new(served.iter().map(known))) };
    let add = |router: Router<Arc<App>>, (path, route): (&'static str, &Route)| {
        router.route(path, (route.answer)(Place { app: app.clone(), dialect: route.dialect, path }))
    };
    let routes = served.into_iter().fold(Router::new(), add);
    let routes = routes.fallback(unknown).method_not_allowed_fallback(wrong_method).with_state(app.clone());
    // What stands in front changes paths, so the routes are looked up behind it.
    let router = Router::new().fallback_service(routes).layer(middleware::from_fn_with_state(front_of, front));
    match crate::cors::layer(&app.config) {
        Some(cors) => router.layer(cors),
        None => router,
    }
}

/// The counters alone, without keys: for a listener of their own.
pub(crate) fn metrics_router(app: &Arc<App>) -> Router {
    Router::new().route(table::METRICS, get(metrics::metrics)).fallback(unknown).with_state(app.clone())
}

/// The routes of a server, each path with its own.
fn served(app: &App) -> impl Iterator<Item = (&'static str, &'static Route)> {
    let has_metrics = app.config.metrics_addr.is_none();
    let paths = table::ROUTES.iter().flat_map(|route| route.paths.iter().map(move |path| (*path, route)));
    paths.filter(move |(path, _)| has_metrics || *path != table::METRICS)
}

async fn unknown(request: Request) -> Response {
    let shown: String = request.uri().path().chars().take(80).collect();
    error(&request, Case::UnknownRoute, format!("there is no route {shown:?}; /openapi.json lists those there are"))
}

async fn wrong_method(request: Request) -> Response {
    let message = format!("this route is not asked with {}: the header `allow` says how it is", request.method());
    error(&request, Case::WrongMethod, message)
}

fn error(request: &Request, case: Case, message: String) -> Response {
    let id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    ApiError::new(case, message).response(Dialect::OpenAi, &id)
}
