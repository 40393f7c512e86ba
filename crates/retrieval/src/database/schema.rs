//! What a version's points look like.

use embedkit_core::Result;

use crate::model::Model;
use crate::pipeline::{Pipeline, Stage, StoredAs, StoredKind};

/// The payload's keys that are filtered by most, all of texts.
const KEYS: [&str; 3] = ["path", "document", "tags"];

/// What a version's points look like.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Schema {
    /// The vectors of stages that store any.
    pub vectors: Vec<VectorSchema>,
    /// Keys of the payload that have an index of texts.
    pub keys: Vec<&'static str>,
}

/// A stage's vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VectorSchema {
    /// The stage.
    pub name: String,
    /// What its vectors are.
    pub kind: VectorKind,
    /// Whether values are kept in 16 bits. Values that a collection's files have in 8 bits are stored as what they stand
    /// for, so that scores are those of the files.
    pub is_half: bool,
}

/// What vectors are. All are compared by the dot product, for which single vectors have been brought to length 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VectorKind {
    /// One a record, in a graph (HNSW).
    Dense {
        /// Values.
        dim: usize,
    },
    /// Weights of terms, multiplied by the collection's document frequencies where the model asks for it.
    Sparse {
        /// Whether they are.
        with_idf: bool,
    },
    /// One for every token, compared by MaxSim and only ever with what else was found: no graph.
    Multi {
        /// Values of a token's.
        dim: usize,
    },
}

impl Schema {
    /// The schema of a pipeline with its models, whose vectors have these widths.
    pub(super) fn new(pipeline: &Pipeline, models: &[Model], width: &dyn Fn(&Stage) -> Result<usize>) -> Result<Self> {
        let mut vectors = Vec::new();
        for (stage, model) in pipeline.stages.iter().zip(models) {
            let kind = match stage.stored(model.output())? {
                StoredKind::Fresh => continue,
                StoredKind::Dense => VectorKind::Dense { dim: width(stage)? },
                StoredKind::Sparse => VectorKind::Sparse { with_idf: model.requires_idf() },
                StoredKind::Multi => VectorKind::Multi { dim: width(stage)? },
            };
            vectors.push(VectorSchema { name: stage.name.clone(), kind, is_half: stage.stored_as == StoredAs::F16 });
        }
        Ok(Self { vectors, keys: KEYS.to_vec() })
    }
}
