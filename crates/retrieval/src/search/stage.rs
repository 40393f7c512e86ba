//! One stage, loaded.

use embedkit_core::{Content, Embedding, EmbeddingKind, Error, Pair, Result, Role};
use embedkit_vector::multivector::{MaxSim, MultiVector};
use embedkit_vector::normalize;
use rayon::prelude::*;

use crate::chunking::late_query;
use crate::model::{Configure, Model};
use crate::muvera::Encoder;
use crate::pipeline::{Stage, StoredKind};

/// A stage with its models.
pub(super) struct LoadedStage {
    pub(super) spec: Stage,
    pub(super) model: Model,
    /// The model of queries, where it is another.
    pub(super) query_model: Option<Model>,
    muvera: Option<Encoder>,
    stored: StoredKind,
}

impl LoadedStage {
    pub(super) fn load(stage: &Stage, configure: Configure<'_>) -> Result<Self> {
        let model = Model::load(&stage.spec, configure)?;
        let query_model = Model::load_for_queries(stage, &model, configure)?;
        let muvera = stage.muvera.as_ref().map(|spec| Encoder::new(spec, &model)).transpose()?;
        let stored = stage.stored(model.output())?;
        Ok(Self { spec: stage.clone(), model, query_model, muvera, stored })
    }

    /// The query, as this stage's model has it. One for pairs is embedded with each passage.
    pub(super) fn query(&self, text: &str) -> Result<Embedding> {
        match (&self.query_model, self.model.takes_pairs()) {
            (_, true) => Ok(Embedding::Score(0.0)),
            (Some(model), _) => model.query(text),
            (None, _) => self.model.query(text),
        }
    }

    /// The query as stored vectors are compared with it; none where none are stored.
    pub(super) fn vector(&self, query: &Embedding) -> Result<Option<Embedding>> {
        let vector = match (self.stored, query) {
            (StoredKind::Fresh, _) => return Ok(None),
            (StoredKind::Dense, Embedding::Dense(vector)) => Embedding::Dense(unit(vector)),
            (StoredKind::Dense, Embedding::Multi(vectors)) => Embedding::Dense(match &self.muvera {
                Some(encoder) => encoder.query(vectors)?,
                None => unit(&late_query(vectors).ok_or_else(|| self.unexpected())?),
            }),
            (StoredKind::Sparse, Embedding::Sparse(_)) | (StoredKind::Multi, Embedding::Multi(_)) => query.clone(),
            _ => return Err(self.unexpected()),
        };
        Ok(Some(vector))
    }

    /// Scores of passages that are embedded now.
    pub(super) fn fresh_scores(&self, query: &str, embedding: &Embedding, passages: &[String]) -> Result<Vec<f32>> {
        match self.model.takes_pairs() {
            true => fresh(&self.model, query, passages),
            false => scores(&self.model, embedding, passages),
        }
    }

    /// Whether its model gives a vector for every token, patch or image's part.
    pub(super) fn is_multi(&self) -> bool {
        self.model.output() == EmbeddingKind::Multi
    }

    fn unexpected(&self) -> Error {
        Error::option("stage", format!("{}: the model gave another kind of embedding than is stored", self.spec.name))
    }
}

/// Scores of passages for a query, by a model of whatever family: a reranker's own, else by how similar the embeddings
/// are.
pub(super) fn fresh(model: &Model, query: &str, passages: &[String]) -> Result<Vec<f32>> {
    if !model.takes_pairs() {
        return scores(model, &model.query(query)?, passages);
    }
    let pairs: Vec<Content> = passages.iter().map(|passage| Pair::new(query, passage.as_str()).into()).collect();
    let score = |result: Result<Embedding>| match result? {
        Embedding::Score(score) => Ok(score),
        _ => Err(Error::model(&model.identity().id, "gave no score for a query with a document")),
    };
    model.embedder().embed_for(&pairs, Role::Plain).map(score).collect()
}

fn scores(model: &Model, query: &Embedding, passages: &[String]) -> Result<Vec<f32>> {
    // A vector for every token of every passage takes much memory: where an answer costs a look-up, it goes at once.
    if let (Embedding::Multi(query), true) = (query, model.is_direct()) {
        let query = MaxSim::new(query)?;
        let score = |passage: &String| {
            let embedding = model.embedder().embed_one(&Content::text(passage), Role::Passage)?;
            let document = multi(embedding).ok_or_else(|| unexpected(model))?;
            Ok(query.score(&document)?)
        };
        return passages.par_iter().map(score).collect();
    }
    let contents: Vec<Content> = passages.iter().map(Content::text).collect();
    let embeddings = model.embedder().embed_for(&contents, Role::Passage);
    match query {
        Embedding::Multi(vectors) => {
            let documents = embeddings.map(|result| multi(result?).ok_or_else(|| unexpected(model)));
            let documents = documents.collect::<Result<Vec<_>>>()?;
            Ok(MaxSim::new(vectors)?.scores(&documents)?)
        }
        Embedding::Dense(vector) => {
            let query = unit(vector);
            let score = |result: Result<Embedding>| match result? {
                Embedding::Dense(vector) => Ok(embedkit_vector::dot(&query, &unit(&vector))),
                _ => Err(unexpected(model)),
            };
            embeddings.map(score).collect()
        }
        Embedding::Sparse(query) => {
            let score = |result: Result<Embedding>| match result? {
                Embedding::Sparse(vector) => Ok(vector.dot(query)),
                _ => Err(unexpected(model)),
            };
            embeddings.map(score).collect()
        }
        _ => Err(unexpected(model)),
    }
}

fn unexpected(model: &Model) -> Error {
    Error::model(&model.identity().id, "gave embeddings that cannot be compared")
}

fn multi(embedding: Embedding) -> Option<MultiVector> {
    if let Embedding::Multi(vectors) = embedding { Some(vectors) } else { None }
}

fn unit(vector: &[f32]) -> Vec<f32> {
    let mut unit = vector.to_vec();
    normalize(&mut unit);
    unit
}
