//! All routes: where they are, whose clients ask them, who answers, and how they are described.

use std::sync::LazyLock;

use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use super::route::{Gives, Route};
use super::{cohere, health, info, jina, metrics, models, openai, openapi, page, rerank, tei};
use crate::error::Dialect::{Cohere, OpenAi, Tei};
use crate::http::endpoint;
use crate::reply::json_response;

/// Where the counters are: the one route that may be at another listener instead.
pub(super) const METRICS: &str = "/metrics";

/// What a model's task gives in the shapes of text-embeddings-inference: vectors, sparse ones, ranks, cosines.
const BY_TASK: &[Gives] = &[
    Gives::Lists(2, None),
    Gives::Lists(2, Some("TeiSparseValue")),
    Gives::Lists(1, Some("TeiRank")),
    Gives::Lists(1, None),
];

pub(super) static ROUTES: &[Route] = &[
    Route {
        about: "Embeddings, in OpenAI's shape",
        takes: &["OpenAiEmbeddingRequest"],
        gives: Gives::One("OpenAiEmbeddingResponse"),
        answer: |place| endpoint(place, openai::embeddings),
        ..Route::at(OpenAi, &["/v1/embeddings", "/embeddings"])
    },
    Route {
        about: "Documents by their relevance to a query; with `texts`, in the shape of text-embeddings-inference",
        takes: &["RerankRequest", "TeiRerankRequest"],
        gives: Gives::Either(&[Gives::One("RerankResponse"), Gives::Lists(1, Some("TeiRank"))]),
        answer: |place| endpoint(place, rerank::rerank),
        ..Route::at(OpenAi, &["/rerank", "/v1/rerank", "/v2/rerank", "/v1/reranking", "/reranking"])
    },
    Route {
        about: "Dense embeddings, in the shape of text-embeddings-inference",
        takes: &["TeiEmbedRequest"],
        gives: Gives::Lists(2, None),
        answer: |place| endpoint(place, tei::embed),
        ..Route::at(Tei, &["/embed"])
    },
    Route {
        about: "Sparse embeddings, in the shape of text-embeddings-inference",
        takes: &["TeiEmbedRequest"],
        gives: Gives::Lists(2, Some("TeiSparseValue")),
        answer: |place| endpoint(place, tei::embed_sparse),
        ..Route::at(Tei, &["/embed_sparse"])
    },
    Route {
        about: "The rows of multi-vectors, in the shape of text-embeddings-inference",
        takes: &["TeiEmbedRequest"],
        gives: Gives::Lists(3, None),
        answer: |place| endpoint(place, tei::embed_all),
        ..Route::at(Tei, &["/embed_all"])
    },
    Route {
        about: "The cosine of a text with others",
        takes: &["TeiSimilarityRequest"],
        gives: Gives::Lists(1, None),
        answer: |place| endpoint(place, tei::similarity),
        ..Route::at(Tei, &["/similarity"])
    },
    Route {
        about: "Scores of pairs, on rerankers",
        takes: &["TeiPredictRequest"],
        gives: Gives::Either(&[Gives::Lists(1, Some("TeiPrediction")), Gives::Lists(2, Some("TeiPrediction"))]),
        answer: |place| endpoint(place, tei::predict),
        ..Route::at(Tei, &["/predict"])
    },
    Route {
        about: "Texts to tokens",
        takes: &["TeiTokenizeRequest"],
        gives: Gives::Lists(2, Some("TeiTokenBody")),
        answer: |place| endpoint(place, tei::tokenize),
        ..Route::at(Tei, &["/tokenize"])
    },
    Route {
        about: "Token ids to texts",
        takes: &["TeiDecodeRequest"],
        gives: Gives::Texts,
        answer: |place| endpoint(place, tei::decode),
        ..Route::at(Tei, &["/decode"])
    },
    Route {
        is_open: true,
        about: "The default model's task, by what the body has",
        takes: &["TeiEmbedRequest", "TeiRerankRequest", "TeiSimilarityRequest"],
        gives: Gives::Either(BY_TASK),
        answer: |place| get(page::root).merge(endpoint(place, tei::root)),
        ..Route::at(Tei, &["/"])
    },
    Route {
        about: "The default model's task, by what the body has",
        takes: &["TeiEmbedRequest", "TeiRerankRequest", "TeiSimilarityRequest"],
        gives: Gives::Either(BY_TASK),
        answer: |place| endpoint(place, tei::root),
        ..Route::at(Tei, &["/invocations"])
    },
    Route {
        about: "Embeddings, in Cohere's shape",
        takes: &["CohereEmbedRequest"],
        gives: Gives::One("CohereEmbedResponse"),
        answer: |place| endpoint(place, cohere::embed),
        ..Route::at(Cohere, &["/v1/embed", "/v2/embed"])
    },
    Route {
        about: "Multi-vectors, in Jina's shape",
        takes: &["JinaMultiVectorRequest"],
        gives: Gives::One("JinaMultiVectorResponse"),
        answer: |place| endpoint(place, jina::multi_vector),
        ..Route::at(OpenAi, &["/v1/multi-vector"])
    },
    Route {
        about: "The models",
        gives: Gives::One("OpenAiModelList"),
        answer: |_| get(models::list),
        ..Route::at(OpenAi, &["/v1/models", "/models"])
    },
    Route {
        about: "A model by its name",
        gives: Gives::One("OpenAiModelEntry"),
        answer: |_| get(models::one),
        ..Route::at(OpenAi, &["/v1/models/{*name}", "/models/{*name}"])
    },
    Route {
        about: "The default model",
        gives: Gives::One("TeiInfo"),
        answer: |_| get(info::info),
        ..Route::at(Tei, &["/info"])
    },
    Route {
        is_open: true,
        about: "Whether the process answers",
        answer: |_| get(health::live),
        ..Route::at(OpenAi, &["/live"])
    },
    Route {
        is_open: true,
        about: "Whether requests are taken",
        answer: |_| get(health::ready),
        ..Route::at(OpenAi, &["/ready", "/health", "/ping"])
    },
    Route {
        about: "Counters, in Prometheus's text format",
        gives: Gives::Plain,
        answer: |_| get(metrics::metrics),
        ..Route::at(OpenAi, &[METRICS])
    },
    Route { about: "This description", answer: |_| get(description), ..Route::at(OpenAi, &["/openapi.json"]) },
];

/// `GET /openapi.json`.
async fn description() -> Response {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| openapi::described(ROUTES));
    json_response(StatusCode::OK, DOCUMENT.as_str())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    /// Set, the test writes the committed copy instead of comparing it.
    const WRITE: &str = "EMBEDKIT_WRITE_OPENAPI";

    #[test]
    fn every_route_has_a_path_of_its_own_and_is_described() {
        let mut paths = BTreeSet::new();
        for route in ROUTES {
            assert!(!route.about.is_empty(), "{:?}", route.paths);
            assert!(route.paths.iter().all(|path| paths.insert(*path)), "{:?}", route.paths);
        }
        assert!(paths.contains(METRICS));
    }

    #[test]
    fn the_committed_copy_is_what_the_types_say() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        let described = openapi::described(ROUTES);
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(path, &described).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap();
        assert!(committed == described, "run this test with {WRITE}=1, and look at what changed");
    }

    #[test]
    fn every_reference_leads_to_a_schema() {
        let document: Value = serde_json::from_str(&openapi::described(ROUTES)).unwrap();
        let text = document.to_string();
        let names = text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next());
        for name in names {
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
    }
}
