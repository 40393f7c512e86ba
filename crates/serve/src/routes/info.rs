//! What text-embeddings-inference's clients ask first.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use embedkit_core::{ContentKind, Pooling, Quantization};
use serde_json::{Value, json};

use crate::app::App;
use crate::error::{ApiResult, Dialect};
use crate::http::{ModelInPath, RequestId};
use crate::models::{Loaded, Served, Task, takes};
use crate::reply::json_response;
use crate::shapes::tei::{Info, InfoFacts};

/// `GET /info`.
pub(super) async fn info(State(app): State<Arc<App>>, request: Request) -> Response {
    let id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let name = request.extensions().get::<ModelInPath>().map(|name| name.0.clone());
    match describe(&app, name.as_deref()).await {
        Ok(info) => json_response(StatusCode::OK, serde_json::to_vec(&info).unwrap_or_default()),
        Err(error) => error.response(Dialect::Tei, &id),
    }
}

async fn describe(app: &App, name: Option<&str>) -> ApiResult<Info> {
    let served = app.models.find(name, Task::Tokens, None)?.clone();
    let loaded = served.loaded(Instant::now() + app.config.request_timeout).await?;
    let (row, batching) = (loaded.row(), loaded.embedder().engine().batching());
    let version = env!("CARGO_PKG_VERSION");
    Ok(Info {
        model_id: row.id.clone(),
        model_sha: None,
        model_dtype: match row.quantization {
            Quantization::None => "float32",
            Quantization::F16 => "float16",
            _ => "int8",
        },
        served_model_name: served.name().to_owned(),
        model_type: model_type(&served, &loaded),
        max_concurrent_requests: app.config.max_requests,
        max_input_length: loaded.window().unwrap_or(0),
        max_batch_tokens: batching.tokens,
        max_batch_requests: batching.rows,
        max_client_batch_size: app.config.max_inputs,
        auto_truncate: app.config.truncate,
        tokenization_workers: loaded.embedder().engine().workers(),
        version,
        sha: None,
        docker_label: None,
        embedkit: InfoFacts {
            version,
            family: served.family().name(),
            dim: loaded.dim,
            matryoshka: row.matryoshka.clone(),
            roles: ["query", "passage", "plain"]
                .into_iter()
                .chain(row.tasks.keys().map(String::as_str))
                .map(str::to_owned)
                .collect(),
            provider: loaded.provider.clone(),
        },
    })
}

/// Clients know two kinds of models, and refuse others.
fn model_type(served: &Served, loaded: &Loaded) -> Value {
    if takes(served.family(), ContentKind::Pair) {
        return json!({"reranker": {"id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}});
    }
    let pooling = match &loaded.row().pooling {
        Pooling::Cls => "cls",
        Pooling::LastToken => "last_token",
        Pooling::Mean => "mean",
        _ if Task::Sparse.suits(served.family()) => "splade",
        _ => "mean",
    };
    json!({"embedding": {"pooling": pooling}})
}
