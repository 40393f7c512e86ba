//! A stage's vectors on their way to their files.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use embedkit_core::{CancelToken, Content, Embedding, EmbeddingKind, Error, Result, Role};
use embedkit_vector::SparseVector;
use embedkit_vector::multivector::{MultiVector, TokenPooling};

use crate::chunking::{late_chunks, mean_of};
use crate::collection::{StageIndex, Version};
use crate::model::Model;
use crate::muvera::Encoder;
use crate::pipeline::{Stage, Vectors};
use crate::vectors::{DenseIndex, DenseWriter, MultiIndex, MultiWriter, SparseWriter};

/// What becomes of a record at a stage; none where its vectors are not stored.
type Outcome = Option<Result<Embedding>>;

/// What is embedded: a chunk, and the document that it is of.
pub(super) struct Passage {
    pub(super) content: Content,
    /// The document's text behind its title.
    pub(super) document: Arc<str>,
    /// Where the chunk is in it.
    pub(super) range: Range<usize>,
}

/// Writes a stage's vectors.
pub(super) struct StageWriter {
    name: String,
    target: Target,
    pooling: Option<TokenPooling>,
    muvera: Option<Encoder>,
    is_late: bool,
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
    if !is_multi && (stage.pool_factor.is_some() || stage.muvera.is_some() || stage.late_chunking) {
        let message = "`pool-factor`, `muvera` and `late-chunking` are for models with a vector for every token";
        return refused("model", format!("{name}: {message}"));
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
            (_, EmbeddingKind::Multi) if muvera.is_none() && !stage.late_chunking => {
                Target::Multi(MultiWriter::create(folder, &stage.name, stage.stored_as)?)
            }
            // The dot product of MUVERA's encodings stands for a sum, and must keep their lengths.
            _ => Target::Dense(DenseWriter::create(folder, &stage.name, stage.stored_as, muvera.is_none())?),
        };
        let pooling = stage.pool_factor.map(TokenPooling::new).transpose()?;
        Ok(Self { name: stage.name.clone(), target, pooling, muvera, is_late: stage.late_chunking })
    }

    /// Embeds passages. One that cannot be has its error in its place; other errors end the run.
    pub(super) fn embed(&self, model: &Model, passages: &[Passage], cancel: &CancelToken) -> Result<Vec<Outcome>> {
        match self.target {
            Target::Fresh => Ok(Vec::new()),
            _ if self.is_late => self.embed_late(model, passages, cancel),
            _ => embed_each(model, passages.iter().map(|passage| &passage.content), cancel),
        }
    }

    /// Chunks of documents that are run once; a chunk that the model's window leaves out is run alone.
    fn embed_late(&self, model: &Model, passages: &[Passage], cancel: &CancelToken) -> Result<Vec<Outcome>> {
        let mut outcomes = Vec::with_capacity(passages.len());
        for chunks in passages.chunk_by(|a, b| Arc::ptr_eq(&a.document, &b.document)) {
            let Some(first) = chunks.first() else { continue };
            let ranges: Vec<Range<usize>> = chunks.iter().map(|chunk| chunk.range.clone()).collect();
            let vectors = match embed_alone(model, &Content::text(&*first.document), cancel)? {
                Some(Ok(Embedding::Multi(vectors))) => late_chunks(&first.document, &vectors, &ranges),
                Some(Ok(_)) => return Err(unexpected(&self.name)),
                Some(Err(_)) | None => vec![None; chunks.len()],
            };
            for (chunk, vector) in chunks.iter().zip(vectors) {
                outcomes.push(match vector {
                    Some(vector) => Some(Ok(Embedding::Dense(vector))),
                    None => match embed_alone(model, &chunk.content, cancel)? {
                        Some(Ok(Embedding::Multi(vectors))) => mean_of(vectors.rows()).map(Embedding::Dense).map(Ok),
                        other => other,
                    },
                });
            }
        }
        Ok(outcomes)
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

/// Embeds contents. One that cannot be has its error in its place; other errors end the run.
fn embed_each<'c>(
    model: &Model,
    contents: impl Iterator<Item = &'c Content>,
    cancel: &CancelToken,
) -> Result<Vec<Outcome>> {
    let embeddings = model.embedder().embed_for(contents, Role::Passage).cancel_with(cancel);
    let outcome = |result: Result<Embedding>| match result {
        Err(error @ Error::InvalidInput { .. }) => Ok(Some(Err(error))),
        result => result.map(|embedding| Some(Ok(embedding))),
    };
    embeddings.map(outcome).collect()
}

fn embed_alone(model: &Model, content: &Content, cancel: &CancelToken) -> Result<Outcome> {
    Ok(embed_each(model, std::iter::once(content), cancel)?.pop().flatten())
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
