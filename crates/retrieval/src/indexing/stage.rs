//! A stage's vectors on their way to their files.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use embedkit_core::{CancelToken, Content, Embedding, EmbeddingKind, Error, ImageInput, Result, Role};
use embedkit_vector::SparseVector;
use embedkit_vector::multivector::{MultiVector, TokenPooling};

use crate::chunking::{is_of_input, late_vectors, late_windows};
use crate::collection::StageIndex;
use crate::model::Model;
use crate::muvera::Encoder;
use crate::pipeline::{Stage, StoredKind, Vectors};
use crate::vectors::{DenseWriter, MultiWriter, SparseWriter};

/// What becomes of a record at a stage: none where the record has nothing that the stage's model sees.
pub(super) type Outcome = Result<Option<Embedding>>;

/// What is embedded: a chunk, and the document that it is of, or a document's image.
pub(super) struct Passage {
    pub(super) text: String,
    pub(super) image: Option<ImageInput>,
    /// The document's text behind its title.
    pub(super) document: Arc<str>,
    /// Where the chunk is in it.
    pub(super) range: Range<usize>,
}

impl Passage {
    /// What a model sees of it; none of an image whose text is asked for and that has none, or the other way round.
    fn content(&self, model: &Model) -> Option<Content> {
        match (model.takes_images(), &self.image) {
            (true, image) => image.clone().map(Content::Image),
            (false, Some(_)) if self.text.trim().is_empty() => None,
            (false, _) => Some(Content::Text(self.text.clone())),
        }
    }
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
    Dense(Box<DenseWriter>),
    Sparse(SparseWriter),
    Multi(MultiWriter),
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
    if stage.late_chunking && !model.takes_images() && model.row_places("")?.is_none() {
        let message = "does not say which bytes of a text its vectors are of, which `late-chunking` needs";
        return refused("late-chunking", format!("{name}: {} {message}", model.identity().id));
    }
    if stage.first_pass.is_some() && stage.stored(kind)? != StoredKind::Dense {
        let message =
            "is for single vectors, and the model of this stage gives others: no `first-pass`, `oversampling`";
        return refused("first-pass", format!("{name}: {message}"));
    }
    if model.takes_images() && (stage.vectors == Vectors::Fresh || stage.late_chunking) {
        return refused("vectors", format!("{name}: vectors of images are stored, and no chunk's"));
    }
    if stage.feedback.is_some() && (kind != EmbeddingKind::Dense || model.takes_images()) {
        return refused("feedback", format!("{name}: is for models with one vector a text"));
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
        let target = match stage.stored(model.output())? {
            StoredKind::Fresh => Target::Fresh,
            StoredKind::Dense => {
                let writer = DenseWriter::create(folder, &stage.name, stage.stored_as, stage.first_pass)?;
                // The dot product of MUVERA's encodings stands for a sum.
                Target::Dense(Box::new(if muvera.is_some() { writer.keeping_lengths() } else { writer }))
            }
            StoredKind::Sparse => Target::Sparse(SparseWriter::create(folder, &stage.name)),
            StoredKind::Multi => Target::Multi(MultiWriter::create(folder, &stage.name, stage.stored_as)?),
        };
        let pooling = stage.pool_factor.map(TokenPooling::new).transpose()?;
        Ok(Self { name: stage.name.clone(), target, pooling, muvera, is_late: stage.late_chunking })
    }

    /// Embeds passages; none where vectors are not stored. One that cannot be embedded has its error in its place; other
    /// errors end the run.
    pub(super) fn embed(
        &self,
        model: &Model,
        passages: &[Passage],
        cancel: &CancelToken,
    ) -> Result<Option<Vec<Outcome>>> {
        match self.target {
            Target::Fresh => Ok(None),
            _ if self.is_late => self.embed_late(model, passages, cancel).map(Some),
            _ => {
                let contents: Vec<Option<Content>> = passages.iter().map(|passage| passage.content(model)).collect();
                let mut embedded = embed_each(model, contents.iter().flatten(), cancel)?.into_iter();
                let outcome = |content: &Option<Content>| content.as_ref().and_then(|_| embedded.next()).transpose();
                Ok(Some(contents.iter().map(outcome).collect()))
            }
        }
    }

    /// Chunks of documents that are run as wholes, as far as the model's window reaches.
    fn embed_late(&self, model: &Model, passages: &[Passage], cancel: &CancelToken) -> Result<Vec<Outcome>> {
        let fits = |text: &str| model.cuts(text).map(|cuts| !cuts);
        let mut windows = Vec::new();
        for chunks in passages.chunk_by(|a, b| Arc::ptr_eq(&a.document, &b.document)) {
            let Some(document) = chunks.first().map(|chunk| &chunk.document) else { continue };
            let ranges: Vec<Range<usize>> = chunks.iter().map(|chunk| chunk.range.clone()).collect();
            let of_document = late_windows(document, &ranges, &fits)?;
            windows.extend(of_document.into_iter().map(|window| (&document[window.range], window.chunks)));
        }
        let contents: Vec<Content> = windows.iter().map(|(text, _)| Content::text(text)).collect();
        let embedded = embed_each(model, &contents, cancel)?;
        let mut outcomes = Vec::with_capacity(passages.len());
        for ((text, chunks), embedded) in windows.iter().zip(embedded) {
            for vector in late_vectors(model.embedder(), &Role::Passage.into(), text, chunks, embedded)? {
                // One of zeros is similar to nothing, and is not found.
                let found =
                    |vector: Vec<f32>| vector.iter().any(|value| *value != 0.0).then_some(Embedding::Dense(vector));
                outcomes.push(in_place(vector)?.map(found));
            }
        }
        Ok(outcomes)
    }

    /// Writes a record's embedding, or that it has none.
    pub(super) fn write(&mut self, embedding: Option<Embedding>) -> Result<()> {
        match (&mut self.target, embedding) {
            (Target::Fresh, _) => Ok(()),
            (Target::Dense(writer), None) => writer.write_missing(),
            (Target::Sparse(writer), None) => {
                writer.write(&SparseVector::default());
                Ok(())
            }
            (Target::Multi(writer), None) => writer.write_missing(),
            (Target::Dense(writer), Some(Embedding::Dense(vector))) => writer.write(vector),
            (Target::Dense(writer), Some(Embedding::Multi(vectors))) => match &self.muvera {
                Some(encoder) => writer.write(encoder.document(&vectors)?),
                None => Err(unexpected(&self.name)),
            },
            (Target::Sparse(writer), Some(Embedding::Sparse(vector))) => {
                writer.write(&vector);
                Ok(())
            }
            (Target::Multi(writer), Some(Embedding::Multi(vectors))) => {
                writer.write(&pooled(self.pooling.as_ref(), vectors))
            }
            _ => Err(unexpected(&self.name)),
        }
    }

    /// Takes over what an earlier version has of a record.
    pub(super) fn copy(&mut self, stored: &StageIndex, record: usize) -> Result<()> {
        match (&mut self.target, stored) {
            (Target::Fresh, StageIndex::Fresh) => Ok(()),
            (Target::Dense(writer), StageIndex::Dense(index)) => writer.copy(index, record),
            (Target::Multi(writer), StageIndex::Multi(index)) => writer.copy(index, record),
            (Target::Sparse(writer), StageIndex::Sparse(index)) => {
                writer.write(&index.vector(record)?);
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
    contents: impl IntoIterator<Item = &'c Content>,
    cancel: &CancelToken,
) -> Result<Vec<Result<Embedding>>> {
    model.embedder().embed_for(contents, Role::Passage).cancel_with(cancel).map(in_place).collect()
}

/// An error of what was embedded, an image that is no image or a page that cannot be drawn, stays in its place: the others go
/// on.
fn in_place<T>(result: Result<T>) -> Result<Result<T>> {
    match result {
        Err(error) if !is_of_input(&error) => Err(error),
        result => Ok(result),
    }
}

fn pooled(pooling: Option<&TokenPooling>, vectors: MultiVector) -> MultiVector {
    match pooling {
        Some(pooling) => pooling.pool(&vectors),
        None => vectors,
    }
}

fn unexpected(stage: &str) -> Error {
    Error::option("stage", format!("{stage}: the model gave another kind of embedding than its family says"))
}
