//! What text-embeddings-inference's clients ask first.

use std::path::Path;
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
    let (row, bounds) = (loaded.row(), loaded.embedder().engine().bounds());
    let version = env!("CARGO_PKG_VERSION");
    Ok(Info {
        model_id: row.id.clone(),
        model_sha: loaded.embedder().engine().folder().and_then(commit),
        model_dtype: match row.quantization {
            Quantization::None => "float32",
            Quantization::F16 => "float16",
            _ => "int8",
        },
        served_model_name: served.name().to_owned(),
        model_type: model_type(&served, &loaded),
        max_concurrent_requests: app.config.max_requests,
        max_input_length: loaded.window().unwrap_or(0),
        max_batch_tokens: bounds.tokens,
        max_batch_requests: bounds.rows,
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

/// The commit that a folder's files are of, where it is one of a hub's cache: `models--org--name/snapshots/COMMIT`.
fn commit(folder: &Path) -> Option<String> {
    let name = |path: &Path| Some(path.file_name()?.to_str()?.to_owned());
    let (snapshots, commit) = (folder.parent()?, name(folder)?);
    let is_of_cache = name(snapshots)? == "snapshots" && name(snapshots.parent()?)?.starts_with("models--");
    let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_of_cache && is_commit).then_some(commit)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_told_by_the_layout_of_a_cache_alone() {
        const SHA: &str = "fca14538aa9956a46526bd1d0d11d69e19b5a101";
        for (folder, expected) in [
            (format!("/cache/models--org--name/snapshots/{SHA}"), Some(SHA)),
            (format!("models--org--name/snapshots/{SHA}/"), Some(SHA)),
            (format!("/cache/models--org--name/snapshots/{SHA}/onnx"), None),
            (format!("/cache/models--org--name/{SHA}"), None),
            (format!("/cache/org/snapshots/{SHA}"), None),
            ("/cache/models--org--name/snapshots/main".to_owned(), None),
            ("/".to_owned(), None),
        ] {
            assert_eq!(commit(Path::new(&folder)).as_deref(), expected, "{folder}");
        }
    }
}
