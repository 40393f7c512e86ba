//! The models that are served.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::app::App;
use crate::error::Dialect;
use crate::models::{Condition, Served, Task};
use crate::reply::json_response;
use crate::shapes::openai::{ModelEntry, ModelFacts, ModelList};

/// `GET /v1/models`.
pub(super) async fn list(State(app): State<Arc<App>>) -> Response {
    let data = app.models.all().iter().map(|model| entry(model)).collect();
    json(&ModelList { object: "list", data })
}

/// `GET /v1/models/{name}`.
pub(super) async fn one(State(app): State<Arc<App>>, name: Result<Path<String>, PathRejection>) -> Response {
    // Bytes that are no text name no model.
    let name = name.map_or_else(|_| String::new(), |Path(name)| name);
    match app.models.named(&name) {
        Some(model) => json(&entry(model)),
        None => app.models.unknown(&name).response(Dialect::OpenAi, ""),
    }
}

fn json(value: &impl serde::Serialize) -> Response {
    json_response(StatusCode::OK, serde_json::to_vec(value).unwrap_or_default())
}

fn entry(model: &Served) -> ModelEntry {
    let loaded = model.if_loaded();
    let of_loaded = |get: fn(&crate::models::Loaded) -> Option<usize>| loaded.as_deref().and_then(get);
    ModelEntry {
        id: model.name().to_owned(),
        object: "model",
        created: model.created,
        owned_by: "embedkit",
        aliases: model.aliases().iter().filter(|alias| **alias != model.name().to_lowercase()).cloned().collect(),
        embedkit: ModelFacts {
            family: model.family().name(),
            dim: of_loaded(|loaded| loaded.dim),
            max_tokens: of_loaded(crate::models::Loaded::window),
            state: state(model.condition()),
            tasks: [(Task::Embed, "embed"), (Task::Dense, "similarity"), (Task::Rank, "rerank")]
                .into_iter()
                .filter_map(|(task, name)| task.suits(model.family()).then_some(name))
                .collect(),
        },
    }
}

/// The name of a model's state.
pub(super) fn state(condition: Condition) -> &'static str {
    match condition {
        Condition::Idle => "idle",
        Condition::Loading => "loading",
        Condition::Ready => "ready",
        Condition::Failed => "failed",
    }
}
