//! The description of the routes, made from the types that they take and give.

use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::route::{Gives, Route};
use crate::error::{CohereError, Dialect, OpenAiError, TeiError};
use crate::shapes::{cohere, jina, openai, rerank, tei};

/// The shapes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "embedkit",
        description = "Embeddings and rerank scores, for the clients of several servers. Every route that takes or \
                       tells of a model is also there below /models/{name}, which then names the model."
    ),
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
        OpenAiError,
        TeiError,
        CohereError,
    ))
)]
struct Shapes;

/// The whole description.
pub(super) fn described(routes: &[Route]) -> String {
    let mut document = serde_json::to_value(Shapes::openapi()).unwrap_or_default();
    document["openapi"] = json!("3.1.0");
    document["components"]["securitySchemes"] = json!({
        "bearer": {"type": "http", "scheme": "bearer"},
        "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    });
    // A server without keys takes requests without them.
    document["security"] = json!([{}, {"bearer": []}, {"key": []}]);
    document["paths"] = routes.iter().flat_map(|route| route.paths.iter().map(|path| entry(path, route))).collect();
    // One order in every build: another crate may have maps keep the order in which they were filled.
    document.sort_all_objects();
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
        let body = json!({"required": true, "content": json_of(schema)});
        operation.insert("requestBody".to_owned(), body);
    }
    if route.is_open && route.takes.is_empty() {
        operation.insert("security".to_owned(), json!([]));
    }
    let errors =
        json!({"description": "An error, in the shape of the route's clients", "content": json_of(errors(route))});
    let content = match &route.gives {
        Gives::Plain => json!({"text/plain": {"schema": {"type": "string"}}}),
        gives => json_of(schema(gives)),
    };
    let responses = json!({"200": {"description": "OK", "content": content}, "default": errors});
    operation.insert("responses".to_owned(), responses);
    let method = if route.takes.is_empty() { "get" } else { "post" };
    (path, json!({method: operation}))
}

/// The errors that a route answers with: where a body may be of another dialect, its errors are too. What has no shape of
/// its own says the same whatever the status.
fn errors(route: &Route) -> Value {
    if let Gives::Any = route.gives {
        return json!({});
    }
    let of_tei = route.takes.iter().any(|name| name.starts_with("Tei")) && route.dialect != Dialect::Tei;
    let dialects = [Some(route.dialect), of_tei.then_some(Dialect::Tei)];
    let schemas: Vec<Value> = dialects.into_iter().flatten().map(|dialect| reference(dialect.schema())).collect();
    if let [schema] = &schemas[..] { schema.clone() } else { json!({"anyOf": schemas}) }
}

fn json_of(schema: Value) -> Value {
    json!({"application/json": {"schema": schema}})
}

fn schema(gives: &Gives) -> Value {
    match gives {
        Gives::One(name) => reference(name),
        Gives::Lists(depth, of) => {
            let inner = of.map_or_else(|| json!({"type": "number"}), reference);
            (0..*depth).fold(inner, |inner, _| json!({"type": "array", "items": inner}))
        }
        Gives::Texts => json!({"type": "array", "items": {"type": "string"}}),
        Gives::Either(shapes) => json!({"anyOf": shapes.iter().map(schema).collect::<Vec<_>>()}),
        Gives::Any | Gives::Plain => json!({}),
    }
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}
