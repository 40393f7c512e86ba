//! What a pipeline asks of a database.
//!
//! There are two ways. [`Query::nested`] has the database do all of it, in one query: fetch by every stage, fuse by ranks,
//! and order the best by the vectors of the stage that a reranker names. That is a pipeline's meaning where it fuses by
//! `rrf`, or has one stage. [`Query::by_stage`] asks for every stage's scores of all that any stage finds, from which any
//! fusion can be computed, and explained.

use embedkit_core::Embedding;

use crate::filter::Filter;
use crate::fusion::Method;
use crate::pipeline::Pipeline;

/// A query.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Query {
    /// What is fetched, and in which order.
    pub fetch: Fetch,
    /// What may be found.
    pub filter: Filter,
    /// The only points that may be found; none if all may.
    pub ids: Option<Vec<u64>>,
    /// Whether payloads come with the points.
    pub with_payload: bool,
}

/// The best of what was fetched before, or of all points.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Fetch {
    /// What is fetched before; without any, all points are ordered.
    pub prefetch: Vec<Fetch>,
    /// The order.
    pub order: Order,
    /// How many.
    pub limit: usize,
}

/// An order of points.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Order {
    /// By their similarity to a vector.
    Nearest {
        /// The stage whose vectors are compared.
        stage: String,
        /// With what.
        vector: Embedding,
    },
    /// By reciprocal ranks in what was fetched before: the sum of `1 / (k + rank)`, from rank 1.
    Rrf {
        /// The constant.
        k: u32,
    },
}

/// A path into a payload as databases write it; dots and brackets of a name would lead further in.
#[cfg(any(feature = "qdrant", feature = "qdrant-edge"))]
pub(super) fn json_path(names: &[String]) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let written = |name: &String| if name.chars().all(is_plain) { name.clone() } else { format!("\"{name}\"") };
    names.iter().map(written).collect::<Vec<_>>().join(".")
}

impl Fetch {
    /// The best of all points by a stage.
    pub fn nearest(stage: &str, vector: Embedding, limit: usize) -> Self {
        Self { prefetch: Vec::new(), order: Order::Nearest { stage: stage.to_owned(), vector }, limit }
    }

    /// The best of what was fetched before.
    #[must_use]
    pub fn of(mut self, prefetch: Vec<Self>) -> Self {
        self.prefetch = prefetch;
        self
    }
}

impl Query {
    /// What is fetched of all points, with their payloads.
    pub fn new(fetch: Fetch) -> Self {
        Self { fetch, filter: Filter::new(), ids: None, with_payload: true }
    }

    /// The same, of what a filter lets pass.
    #[must_use]
    pub fn filtered(mut self, filter: &Filter) -> Self {
        self.filter = filter.clone();
        self
    }

    /// The same, of these points alone.
    #[must_use]
    pub fn among(mut self, ids: Vec<u64>) -> Self {
        self.ids = Some(ids);
        self
    }

    /// The same, with or without payloads.
    #[must_use]
    pub fn with_payload(mut self, with_payload: bool) -> Self {
        self.with_payload = with_payload;
        self
    }

    /// All of a pipeline's fusion and its first reranker, if that is by a stage, as one query for the best `k`; none where a
    /// database's fusion is not the pipeline's. `vectors` are the stages' of a question, none of stages that store none.
    pub fn nested(pipeline: &Pipeline, vectors: &[Option<Embedding>], k: usize, filter: &Filter) -> Option<Self> {
        let fused: Vec<_> = pipeline.stages.iter().zip(vectors).filter(|(stage, _)| pipeline.fuses(stage)).collect();
        // What a stage of depth 0 adds to a fusion, what is made anew, and a query that is moved, a database cannot add.
        let finds = |stage: &crate::pipeline::Stage| stage.depth > 0;
        if fused.iter().any(|(stage, vector)| !finds(stage) || vector.is_none() || stage.feedback.is_some()) {
            return None;
        }
        let rerank = pipeline.rerankers.first().filter(|rerank| rerank.stage.is_some());
        // What a reranker leaves behind the best would be missing.
        if rerank.is_some_and(|rerank| rerank.depth < k) {
            return None;
        }
        let limit = rerank.map_or(k, |rerank| rerank.depth);
        let leaf = |(stage, vector): &(&crate::pipeline::Stage, &Option<Embedding>)| {
            Some(Fetch::nearest(&stage.name, (*vector).clone()?, stage.depth.max(k)))
        };
        let leaves: Vec<Fetch> = fused.iter().map(leaf).collect::<Option<_>>()?;
        let is_plain = pipeline.fusion.weights.values().all(|weight| *weight == 1.0);
        let is_whole = pipeline.fusion.k.fract() == 0.0 && (0.0..1e9).contains(&pipeline.fusion.k);
        let best = match (leaves.as_slice(), pipeline.fusion.method) {
            // Of one stage the order is its own, whatever the fusion; the scores are the reranker's.
            ([only], _) if rerank.is_some() => Fetch { limit, ..only.clone() },
            (_, Method::Rrf) if is_plain && is_whole => {
                Fetch { prefetch: leaves, order: Order::Rrf { k: pipeline.fusion.k as u32 }, limit }
            }
            _ => return None,
        };
        let fetch = match rerank.and_then(|rerank| rerank.stage.as_ref()) {
            None => best,
            Some(name) => {
                let at = pipeline.stages.iter().position(|stage| stage.name == *name)?;
                Fetch::nearest(name, vectors[at].clone()?, k).of(vec![best])
            }
        };
        Some(Self::new(fetch).filtered(filter))
    }

    /// Every stored stage's scores of all that any stage finds, each stage the best `k` at least: a query for each stage
    /// that has a vector, in their order, the first with payloads.
    pub fn by_stage(pipeline: &Pipeline, vectors: &[Option<Embedding>], k: usize, filter: &Filter) -> Vec<Self> {
        let pairs = || pipeline.stages.iter().zip(vectors).filter_map(|(stage, vector)| Some((stage, vector.clone()?)));
        let leaves: Vec<Fetch> = pairs()
            .filter(|(stage, _)| stage.depth > 0)
            .map(|(stage, vector)| Fetch::nearest(&stage.name, vector, stage.depth.max(k)))
            .collect();
        let limit = leaves.iter().map(|leaf| leaf.limit).sum();
        let query = |(at, (stage, vector)): (usize, (&crate::pipeline::Stage, Embedding))| {
            let fetch = Fetch::nearest(&stage.name, vector, limit).of(leaves.clone());
            Self::new(fetch).filtered(filter).with_payload(at == 0)
        };
        pairs().enumerate().map(query).collect()
    }
}
