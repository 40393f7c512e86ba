//! The description of the routes, made from the types that they take and give.

use std::sync::LazyLock;

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use crate::reply::json_response;
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

/// A route as it is described: what it is for, what it takes and gives.
struct Route {
    paths: &'static [&'static str],
    about: &'static str,
    /// The schemas of bodies; any of several.
    takes: &'static [&'static str],
    gives: Gives,
}

/// What a route gives.
enum Gives {
    One(&'static str),
    /// Lists of lists, so deep, of a schema or of numbers.
    Lists(usize, Option<&'static str>),
    Texts,
    Any,
    Plain,
}

const ROUTES: &[Route] = &[
    Route {
        paths: &["/v1/embeddings", "/embeddings"],
        about: "Embeddings, in OpenAI's shape",
        takes: &["OpenAiEmbeddingRequest"],
        gives: Gives::One("OpenAiEmbeddingResponse"),
    },
    Route {
        paths: &["/rerank", "/v1/rerank", "/v2/rerank", "/v1/reranking", "/reranking"],
        about: "Documents by their relevance to a query; with `texts`, in the shape of text-embeddings-inference",
        takes: &["RerankRequest", "TeiRerankRequest"],
        gives: Gives::One("RerankResponse"),
    },
    Route {
        paths: &["/embed"],
        about: "Dense embeddings, in the shape of text-embeddings-inference",
        takes: &["TeiEmbedRequest"],
        gives: Gives::Lists(2, None),
    },
    Route {
        paths: &["/embed_sparse"],
        about: "Sparse embeddings, in the shape of text-embeddings-inference",
        takes: &["TeiEmbedRequest"],
        gives: Gives::Lists(2, Some("TeiSparseValue")),
    },
    Route {
        paths: &["/embed_all"],
        about: "The rows of multi-vectors, in the shape of text-embeddings-inference",
        takes: &["TeiEmbedRequest"],
        gives: Gives::Lists(3, None),
    },
    Route {
        paths: &["/similarity"],
        about: "The cosine of a text with others",
        takes: &["TeiSimilarityRequest"],
        gives: Gives::Lists(1, None),
    },
    Route {
        paths: &["/predict"],
        about: "Scores of pairs, on rerankers",
        takes: &["TeiPredictRequest"],
        gives: Gives::Lists(2, Some("TeiPrediction")),
    },
    Route {
        paths: &["/tokenize"],
        about: "Texts to tokens",
        takes: &["TeiTokenizeRequest"],
        gives: Gives::Lists(2, Some("TeiTokenBody")),
    },
    Route { paths: &["/decode"], about: "Token ids to texts", takes: &["TeiDecodeRequest"], gives: Gives::Texts },
    Route {
        paths: &["/", "/invocations"],
        about: "The default model's task, by what the body has",
        takes: &["TeiEmbedRequest", "TeiRerankRequest", "TeiSimilarityRequest"],
        gives: Gives::Any,
    },
    Route {
        paths: &["/v1/embed", "/v2/embed"],
        about: "Embeddings, in Cohere's shape",
        takes: &["CohereEmbedRequest"],
        gives: Gives::One("CohereEmbedResponse"),
    },
    Route {
        paths: &["/v1/multi-vector"],
        about: "Multi-vectors, in Jina's shape",
        takes: &["JinaMultiVectorRequest"],
        gives: Gives::One("JinaMultiVectorResponse"),
    },
    Route { paths: &["/v1/models", "/models"], about: "The models", takes: &[], gives: Gives::One("OpenAiModelList") },
    Route {
        paths: &["/v1/models/{name}"],
        about: "A model by its name",
        takes: &[],
        gives: Gives::One("OpenAiModelEntry"),
    },
    Route { paths: &["/info"], about: "The default model", takes: &[], gives: Gives::One("TeiInfo") },
    Route { paths: &["/live"], about: "Whether the process answers", takes: &[], gives: Gives::Any },
    Route {
        paths: &["/ready", "/health", "/ping"],
        about: "Whether requests are taken",
        takes: &[],
        gives: Gives::Any,
    },
    Route { paths: &["/metrics"], about: "Counters, in Prometheus's text format", takes: &[], gives: Gives::Plain },
];

/// `GET /openapi.json`.
pub(super) async fn document() -> Response {
    static DOCUMENT: LazyLock<String> = LazyLock::new(described);
    json_response(StatusCode::OK, DOCUMENT.as_str())
}

/// The whole description.
fn described() -> String {
    let mut document = serde_json::to_value(Shapes::openapi()).unwrap_or_default();
    document["openapi"] = json!("3.1.0");
    document["paths"] = ROUTES.iter().flat_map(|route| route.paths.iter().map(|path| entry(path, route))).collect();
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn entry(path: &str, route: &Route) -> (String, Value) {
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
    (path.to_owned(), json!({method: operation}))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Set, the test writes the committed copy instead of comparing it.
    const WRITE: &str = "EMBEDKIT_WRITE_OPENAPI";

    #[test]
    fn the_committed_copy_is_what_the_types_say() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(path, described()).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap();
        assert!(committed == described(), "run this test with {WRITE}=1, and look at what changed");
    }

    #[test]
    fn every_reference_leads_to_a_schema() {
        let document: Value = serde_json::from_str(&described()).unwrap();
        let text = document.to_string();
        let names = text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next());
        for name in names {
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
    }
}
