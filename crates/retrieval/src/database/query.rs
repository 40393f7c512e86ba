//! What a pipeline asks of a database.
//!
//! There are two ways. [`Query::nested`] has the database do all of it, in one query: fetch by every stage, fuse by ranks,
//! and order the best by the vectors of the stage that a reranker names. That is a pipeline's meaning where it fuses by
//! `rrf`, or has one stage, and has such a reranker, whose order leaves nothing out. [`Query::by_stage`] asks for every stage's scores of all that any
//! stage finds, from which any fusion can be computed, and explained.
//!
//! Of points that score alike a database may give any, and each time others. Where their scores are compared here, a few
//! more are asked for than are wanted, so that those that tie with the last can be told apart by their numbers.

use embedkit_core::Embedding;

use crate::filter::Filter;
use crate::fusion::Method;
use crate::pipeline::{Pipeline, Stage};

/// How many more are asked for than are wanted.
const BEYOND: usize = 16;

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

    /// The same, and all that is fetched before, with no limit above this.
    #[must_use]
    pub fn at_most(mut self, limit: usize) -> Self {
        self.limit = self.limit.min(limit);
        self.prefetch = self.prefetch.into_iter().map(|fetch| fetch.at_most(limit)).collect();
        self
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

    /// The same, of which nothing asks for more than so many: for more than there are, databases make room all the same.
    #[must_use]
    pub fn at_most(mut self, points: usize) -> Self {
        self.fetch = self.fetch.at_most(points.max(1));
        self
    }

    /// All of a pipeline's fusion and its first reranker, as one query for the best `k`, or for as many as the rerankers
    /// behind it order; none where that one is by no stage or by one of term weights, of which a database leaves out what
    /// shares no term, or a database's fusion is not the pipeline's. `vectors` are the stages' of a question, none of stages
    /// that store none. A few more come than are wanted.
    pub fn nested(pipeline: &Pipeline, vectors: &[Option<Embedding>], k: usize, filter: &Filter) -> Option<Self> {
        let (rerank, behind) = pipeline.rerankers.split_first()?;
        let name = rerank.stage.as_ref()?;
        let wanted = behind.iter().map(|rerank| rerank.depth).fold(k, usize::max);
        // What a reranker leaves behind the best would be missing.
        if rerank.depth < wanted {
            return None;
        }
        let fused: Vec<_> = pipeline.stages.iter().zip(vectors).filter(|(stage, _)| pipeline.fuses(stage)).collect();
        // What a stage of depth 0 adds to a fusion, what is made anew, and a query that is moved, a database cannot add.
        let finds = |stage: &Stage| stage.depth > 0;
        if fused.iter().any(|(stage, vector)| !finds(stage) || vector.is_none() || stage.feedback.is_some()) {
            return None;
        }
        let leaf = |(stage, vector): &(&Stage, &Option<Embedding>)| {
            Some(Fetch::nearest(&stage.name, (*vector).clone()?, stage.depth.max(k)))
        };
        let leaves: Vec<Fetch> = fused.iter().map(leaf).collect::<Option<_>>()?;
        let is_plain = pipeline.fusion.weights.values().all(|weight| *weight == 1.0);
        let is_whole = pipeline.fusion.k.fract() == 0.0 && (0.0..1e9).contains(&pipeline.fusion.k);
        let best = match (leaves.as_slice(), pipeline.fusion.method) {
            // Of one stage the order is its own, whatever the fusion.
            ([only], _) => only.clone().at_most(rerank.depth),
            (_, Method::Rrf) if is_plain && is_whole => {
                Fetch { prefetch: leaves, order: Order::Rrf { k: pipeline.fusion.k as u32 }, limit: rerank.depth }
            }
            _ => return None,
        };
        let at = pipeline.stages.iter().position(|stage| stage.name == *name)?;
        let vector = vectors[at].clone().filter(|vector| !matches!(vector, Embedding::Sparse(_)))?;
        let limit = wanted.saturating_add(BEYOND).min(rerank.depth);
        Some(Self::new(Fetch::nearest(name, vector, limit).of(vec![best])).filtered(filter))
    }

    /// Every stored stage's scores of all that any stage finds, each stage the best `k` at least, and a few more: a query
    /// for each stage that has a vector, in their order, the first with payloads.
    pub fn by_stage(pipeline: &Pipeline, vectors: &[Option<Embedding>], k: usize, filter: &Filter) -> Vec<Self> {
        let pairs = || pipeline.stages.iter().zip(vectors).filter_map(|(stage, vector)| Some((stage, vector.clone()?)));
        let leaves: Vec<Fetch> = pairs()
            .filter(|(stage, _)| stage.depth > 0)
            .map(|(stage, vector)| Fetch::nearest(&stage.name, vector, stage.depth.max(k).saturating_add(BEYOND)))
            .collect();
        let limit = leaves.iter().map(|leaf| leaf.limit).fold(0, usize::saturating_add);
        let query = |(at, (stage, vector)): (usize, (&Stage, Embedding))| {
            let fetch = Fetch::nearest(&stage.name, vector, limit).of(leaves.clone());
            Self::new(fetch).filtered(filter).with_payload(at == 0)
        };
        pairs().enumerate().map(query).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fusion::Fusion;
    use crate::pipeline::Rerank;

    /// The limits of a fetch and of what it fetches before, from the outside in.
    fn limits(fetch: &Fetch) -> Vec<usize> {
        let mut all = vec![fetch.limit];
        all.extend(fetch.prefetch.iter().flat_map(limits));
        all
    }

    fn rerank(stage: Option<&str>, depth: usize) -> Rerank {
        let by = |stage: &str| Rerank::by_stage(stage);
        Rerank { depth, ..stage.map_or_else(|| Rerank::by_model("m"), by) }
    }

    #[test]
    fn stages_fetch_as_deep_as_the_pipeline_says() {
        let tokens = Stage { depth: 0, ..Stage::new("tokens", "m") };
        let stage = |name: &str, depth: usize| Stage { depth, ..Stage::new(name, "m") };
        let one = vec![stage("a", 5), tokens.clone()];
        let two = vec![stage("a", 4), stage("b", 7), tokens];
        for (stages, rerankers, k, expected) in [
            (&one, vec![(Some("tokens"), 50)], 3, Some(vec![19, 5])),
            (&one, vec![(Some("tokens"), 4)], 3, Some(vec![4, 4])),
            (&one, vec![(Some("tokens"), 50)], 9, Some(vec![25, 9])),
            (&two, vec![(Some("tokens"), 60)], 3, Some(vec![19, 60, 4, 7])),
            (&two, vec![(Some("tokens"), 60)], 6, Some(vec![22, 60, 6, 7])),
            (&two, vec![(Some("tokens"), 60), (None, 30)], 3, Some(vec![46, 60, 4, 7])),
            (&two, vec![(Some("tokens"), 20), (None, 30)], 3, None),
            (&two, vec![(Some("tokens"), 2)], 3, None),
            (&two, vec![(None, 50)], 3, None),
            (&two, vec![], 3, None),
        ] {
            let rerankers = rerankers.iter().map(|(stage, depth)| rerank(*stage, *depth)).collect();
            let pipeline = Pipeline { stages: stages.clone(), rerankers, ..Pipeline::default() };
            let pipeline = Pipeline { fusion: Fusion::rrf(), ..pipeline };
            let vectors = vec![Some(Embedding::Dense(vec![1.0])); stages.len()];
            let nested = Query::nested(&pipeline, &vectors, k, &Filter::new());
            assert_eq!(nested.map(|query| limits(&query.fetch)), expected, "{pipeline:?} {k}");
        }
    }

    #[test]
    fn nothing_asks_for_more_than_there_is() {
        let stages = vec![Stage { depth: usize::MAX, ..Stage::new("a", "m") }; 3];
        let pipeline = Pipeline { stages, ..Pipeline::default() };
        let vectors = vec![Some(Embedding::Dense(vec![1.0])); 3];
        for (points, expected) in [(6, 6), (0, 1)] {
            for query in Query::by_stage(&pipeline, &vectors, usize::MAX, &Filter::new()) {
                assert_eq!(limits(&query.at_most(points).fetch), [expected; 4]);
            }
        }
    }
}
