//! The description of the routes, made from the types that they take and give.

use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::route::{Gives, Route};
use crate::shapes::{cohere, jina, openai, rerank, tei};

/// The shapes.
#[derive(OpenApi)]
#[openapi(
    info(title = "embedkit", description = "Embeddings and rerank scores, for the clients of several servers."),
    components(schemas(
        openai::EmbeddingRequest,
        openai::EmbeddingResponse,
        openai::ModelList,
        openai::ModelEntry,
        tei::EmbedRequest,
        tei::SparseValue,
        tei::RerankRequest,
        tei::Rank,
        tei::SimilarityRequest,
        tei::PredictRequest,
        tei::Prediction,
        tei::TokenizeRequest,
        tei::TokenBody,
        tei::DecodeRequest,
        tei::Info,
        rerank::RerankRequest,
        rerank::RerankResponse,
        cohere::EmbedRequest,
        cohere::EmbedResponse,
        jina::MultiVectorRequest,
        jina::MultiVectorResponse,
    ))
)]
struct Shapes;

/// The whole description.
pub(super) fn described(routes: &[Route]) -> String {
    let mut document = serde_json::to_value(Shapes::openapi()).unwrap_or_default();
    document["openapi"] = json!("3.1.0");
    document["paths"] = routes.iter().flat_map(|route| route.paths.iter().map(|path| entry(path, route))).collect();
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn entry(path: &str, route: &Route) -> (String, Value) {
    let path = path.replace("{*", "{");
    let mut operation = Map::new();
    operation.insert("summary".to_owned(), json!(route.about));
    let name = path.trim_matches('/').replace(['/', '{', '}'], "_").replace("__", "_");
    operation.insert("operationId".to_owned(), json!(if name.is_empty() { "root" } else { &name }));
    if path.contains("{name}") {
        let parameter = json!({"name": "name", "in": "path", "required": true, "schema": {"type": "string"}});
        operation.insert("parameters".to_owned(), json!([parameter]));
    }
    if !route.takes.is_empty() {
        let schemas: Vec<Value> = route.takes.iter().map(|name| reference(name)).collect();
        let schema = if let [schema] = &schemas[..] { schema.clone() } else { json!({"anyOf": schemas}) };
        let body = json!({"required": true, "content": {"application/json": {"schema": schema}}});
        operation.insert("requestBody".to_owned(), body);
    }
    let errors = json!({"description": "An error, in the shape of the route's clients"});
    let content = match &route.gives {
        Gives::Plain => json!({"text/plain": {"schema": {"type": "string"}}}),
        gives => json!({"application/json": {"schema": schema(gives)}}),
    };
    let responses = json!({"200": {"description": "OK", "content": content}, "default": errors});
    operation.insert("responses".to_owned(), responses);
    let method = if route.takes.is_empty() { "get" } else { "post" };
    (path, json!({method: operation}))
}

fn schema(gives: &Gives) -> Value {
    match gives {
        Gives::One(name) => reference(name),
        Gives::Lists(depth, of) => {
            let inner = of.map_or_else(|| json!({"type": "number"}), reference);
            (0..*depth).fold(inner, |inner, _| json!({"type": "array", "items": inner}))
        }
        Gives::Texts => json!({"type": "array", "items": {"type": "string"}}),
        Gives::Any | Gives::Plain => json!({}),
    }
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}
