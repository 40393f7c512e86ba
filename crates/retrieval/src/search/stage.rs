//! One stage, loaded.

use embedkit_core::{Content, Embedding, EmbeddingKind, Error, Pair, Result, Role};
use embedkit_vector::multivector::{MaxSim, MultiVector};
use embedkit_vector::normalize;

use crate::chunking::mean_of;
use crate::collection::{StageIndex, Version};
use crate::model::{Configure, Model};
use crate::muvera::Encoder;
use crate::pipeline::Stage;
use crate::vectors::Scores;

/// A stage with its model and its vectors.
pub(super) struct LoadedStage {
    pub(super) spec: Stage,
    pub(super) model: Model,
    pub(super) index: StageIndex,
    muvera: Option<Encoder>,
}

impl LoadedStage {
    pub(super) fn load(version: &Version, stage: &Stage, configure: Configure<'_>) -> Result<Self> {
        let model = Model::load(&stage.spec, configure)?;
        version.check_model(&stage.name, &model)?;
        let index = version.index(stage, model.output())?;
        let muvera = stage.muvera.as_ref().map(|spec| Encoder::new(spec, &model)).transpose()?;
        Ok(Self { spec: stage.clone(), model, index, muvera })
    }

    /// The query, as this stage's model has it. One for pairs is embedded with each passage.
    pub(super) fn query(&self, text: &str) -> Result<Embedding> {
        if self.model.takes_pairs() { Ok(Embedding::Score(0.0)) } else { self.model.query(text) }
    }

    /// Scores of stored vectors; none where vectors are made for each search.
    pub(super) fn scores<'s>(&'s self, query: &Embedding) -> Result<Option<Box<dyn Scores + 's>>> {
        Ok(match (&self.index, query) {
            (StageIndex::Fresh, _) => None,
            (StageIndex::Dense(index), Embedding::Dense(vector)) => Some(Box::new(index.scores(unit(vector))?)),
            (StageIndex::Dense(index), Embedding::Multi(vectors)) => match &self.muvera {
                Some(encoder) => Some(Box::new(index.scores(encoder.query(vectors)?)?)),
                None if self.spec.late_chunking => {
                    let mean = mean_of(vectors.rows()).ok_or_else(|| self.unexpected())?;
                    Some(Box::new(index.scores(unit(&mean))?))
                }
                None => return Err(self.unexpected()),
            },
            (StageIndex::Sparse(index), Embedding::Sparse(vector)) => {
                Some(Box::new(index.scores(vector, self.model.requires_idf())?))
            }
            (StageIndex::Multi(index), Embedding::Multi(vectors)) => Some(Box::new(index.scores(vectors)?)),
            _ => return Err(self.unexpected()),
        })
    }

    /// Scores of passages that are embedded now.
    pub(super) fn fresh_scores(&self, query: &str, embedding: &Embedding, passages: &[String]) -> Result<Vec<f32>> {
        match self.model.takes_pairs() {
            true => fresh(&self.model, query, passages),
            false => scores(&self.model, embedding, passages),
        }
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
    let contents: Vec<Content> = passages.iter().map(Content::text).collect();
    let embeddings = model.embedder().embed_for(&contents, Role::Passage);
    let unexpected = || Error::model(&model.identity().id, "gave embeddings that cannot be compared");
    match query {
        Embedding::Multi(vectors) => {
            let documents = embeddings.map(|result| multi(result?).ok_or_else(unexpected));
            let documents = documents.collect::<Result<Vec<_>>>()?;
            Ok(MaxSim::new(vectors)?.scores(&documents)?)
        }
        Embedding::Dense(vector) => {
            let query = unit(vector);
            let score = |result: Result<Embedding>| match result? {
                Embedding::Dense(vector) => Ok(embedkit_vector::dot(&query, &unit(&vector))),
                _ => Err(unexpected()),
            };
            embeddings.map(score).collect()
        }
        Embedding::Sparse(query) => {
            let score = |result: Result<Embedding>| match result? {
                Embedding::Sparse(vector) => Ok(vector.dot(query)),
                _ => Err(unexpected()),
            };
            embeddings.map(score).collect()
        }
        _ => Err(unexpected()),
    }
}

fn multi(embedding: Embedding) -> Option<MultiVector> {
    if let Embedding::Multi(vectors) = embedding { Some(vectors) } else { None }
}

fn unit(vector: &[f32]) -> Vec<f32> {
    let mut unit = vector.to_vec();
    normalize(&mut unit);
    unit
}

/// Whether a stage's vectors are one for every token.
pub(super) fn is_multi(stage: &LoadedStage) -> bool {
    stage.model.output() == EmbeddingKind::Multi
}
