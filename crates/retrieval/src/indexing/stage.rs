//! A stage's vectors on their way to their files.

use std::path::Path;

use embedkit_core::{CancelToken, Content, Embedding, EmbeddingKind, Error, Result, Role};
use embedkit_vector::SparseVector;
use embedkit_vector::multivector::{MultiVector, TokenPooling};

use crate::collection::{StageIndex, Version};
use crate::model::Model;
use crate::muvera::Encoder;
use crate::pipeline::{Stage, Vectors};
use crate::vectors::{DenseIndex, DenseWriter, MultiIndex, MultiWriter, SparseWriter};

/// What becomes of a record at a stage; none where its vectors are not stored.
type Outcome = Option<Result<Embedding>>;

/// Writes a stage's vectors.
pub(super) struct StageWriter {
    name: String,
    target: Target,
    pooling: Option<TokenPooling>,
    muvera: Option<Encoder>,
}

enum Target {
    Dense(DenseWriter),
    Sparse(SparseWriter),
    Multi(MultiWriter),
    Fresh,
}

/// A stage's vectors in an earlier version.
pub(super) enum Stored {
    Dense(DenseIndex),
    /// By record.
    Sparse(Vec<Vec<(u32, f32)>>),
    Multi(MultiIndex),
    Fresh,
}

/// Checks that a stage's options suit its model.
pub(super) fn check(stage: &Stage, model: &Model) -> Result<()> {
    let refused = |option: &str, message: String| Err(Error::option(format!("stage.{option}"), message));
    let (name, kind) = (&stage.name, model.output());
    let is_multi = kind == EmbeddingKind::Multi;
    if !is_multi && (stage.pool_factor.is_some() || stage.muvera.is_some()) {
        return refused(
            "model",
            format!("{name}: `pool-factor` and `muvera` are for models with a vector for every token"),
        );
    }
    match (stage.vectors, kind) {
        (Vectors::Stored, EmbeddingKind::Dense | EmbeddingKind::Multi) => Ok(()),
        (Vectors::Stored, EmbeddingKind::Sparse) if stage.stored_as != Default::default() => {
            refused("stored-as", format!("{name}: weights of terms are stored as they are"))
        }
        (Vectors::Stored, EmbeddingKind::Sparse) => Ok(()),
        (Vectors::Fresh, EmbeddingKind::Sparse) if model.requires_idf() => {
            refused("vectors", format!("{name}: document frequencies need stored vectors"))
        }
        (Vectors::Fresh, EmbeddingKind::Several) | (Vectors::Stored, _) => refused(
            "model",
            format!("{name}: the model of this stage gives no vectors that can be stored; name its family"),
        ),
        _ => Ok(()),
    }
}

impl StageWriter {
    pub(super) fn create(folder: &Path, stage: &Stage, model: &Model) -> Result<Self> {
        let muvera = stage.muvera.as_ref().map(|spec| Encoder::new(spec, model)).transpose()?;
        let target = match (stage.vectors, model.output()) {
            (Vectors::Fresh, _) => Target::Fresh,
            (_, EmbeddingKind::Sparse) => Target::Sparse(SparseWriter::create(folder, &stage.name)),
            (_, EmbeddingKind::Multi) if muvera.is_none() => {
                Target::Multi(MultiWriter::create(folder, &stage.name, stage.stored_as)?)
            }
            // The dot product of MUVERA's encodings stands for a sum, and must keep their lengths.
            _ => Target::Dense(DenseWriter::create(folder, &stage.name, stage.stored_as, muvera.is_none())?),
        };
        let pooling = stage.pool_factor.map(TokenPooling::new).transpose()?;
        Ok(Self { name: stage.name.clone(), target, pooling, muvera })
    }

    /// Embeds passages. One that cannot be has its error in its place; other errors end the run.
    pub(super) fn embed(&self, model: &Model, passages: &[Content], cancel: &CancelToken) -> Result<Vec<Outcome>> {
        if matches!(self.target, Target::Fresh) {
            return Ok(Vec::new());
        }
        let embeddings = model.embedder().embed_for(passages, Role::Passage).cancel_with(cancel);
        let outcome = |result: Result<Embedding>| match result {
            Err(error @ Error::InvalidInput { .. }) => Ok(Some(Err(error))),
            result => result.map(|embedding| Some(Ok(embedding))),
        };
        embeddings.map(outcome).collect()
    }

    pub(super) fn write(&mut self, embedding: Embedding) -> Result<()> {
        match (&mut self.target, embedding) {
            (Target::Fresh, _) => Ok(()),
            (Target::Dense(writer), Embedding::Dense(vector)) => writer.write(vector),
            (Target::Dense(writer), Embedding::Multi(vectors)) => match &self.muvera {
                Some(encoder) => writer.write(encoder.document(&vectors)?),
                None => Err(unexpected(&self.name)),
            },
            (Target::Sparse(writer), Embedding::Sparse(vector)) => {
                writer.write(&vector);
                Ok(())
            }
            (Target::Multi(writer), Embedding::Multi(vectors)) => writer.write(&pooled(self.pooling.as_ref(), vectors)),
            _ => Err(unexpected(&self.name)),
        }
    }

    pub(super) fn copy(&mut self, stored: &Stored, record: usize) -> Result<()> {
        match (&mut self.target, stored) {
            (Target::Fresh, Stored::Fresh) => Ok(()),
            (Target::Dense(writer), Stored::Dense(index)) => writer.copy(index, record),
            (Target::Multi(writer), Stored::Multi(index)) => writer.copy(index, record),
            (Target::Sparse(writer), Stored::Sparse(vectors)) => {
                writer.write(&SparseVector::from_entries(vectors[record].iter().copied())?);
                Ok(())
            }
            _ => Err(unexpected(&self.name)),
        }
    }

    pub(super) fn finish(self) -> Result<()> {
        match self.target {
            Target::Fresh => Ok(()),
            Target::Dense(writer) => writer.finish(),
            Target::Sparse(writer) => writer.finish(),
            Target::Multi(writer) => writer.finish(),
        }
    }
}

fn pooled(pooling: Option<&TokenPooling>, vectors: MultiVector) -> MultiVector {
    match pooling {
        Some(pooling) => pooling.pool(&vectors),
        None => vectors,
    }
}

impl Stored {
    pub(super) fn open(version: &Version, stage: &Stage, model: &Model) -> Result<Self> {
        Ok(match version.index(stage, model.output())? {
            StageIndex::Dense(index) => Self::Dense(index),
            StageIndex::Sparse(index) => Self::Sparse(index.vectors()?),
            StageIndex::Multi(index) => Self::Multi(index),
            StageIndex::Fresh => Self::Fresh,
        })
    }
}

fn unexpected(stage: &str) -> Error {
    Error::option("stage", format!("{stage}: the model gave another kind of embedding than its family says"))
}
