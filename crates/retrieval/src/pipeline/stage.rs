//! One way by which records are found.

use std::path::PathBuf;

use embedkit_core::{EmbeddingKind, Error, Result};
use serde::{Deserialize, Serialize};

use super::{Feedback, ModelSpec};

/// What is named so in a collection's folder, beside the stages' vectors.
const RECORDS: &str = "records";

/// One way by which records are found, or scored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", from = "Flat")]
#[non_exhaustive]
pub struct Stage {
    /// Its name, in explanations, weights and file names.
    pub name: String,
    /// Its model.
    #[serde(flatten)]
    pub spec: ModelSpec,
    /// Records that it proposes; with 0 it scores only what other stages found. Default: 100.
    pub depth: usize,
    /// Whether a record's vectors are in the collection or made anew for a search. Default: stored.
    pub vectors: Vectors,
    /// How the values of stored vectors are kept. Default: `f32`.
    pub stored_as: StoredAs,
    /// Pools a multi-vector's rows to about one in so many. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool_factor: Option<usize>,
    /// Makes single vectors of multi-vectors, whose dot product stands for their MaxSim. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub muvera: Option<MuveraSpec>,
    /// Runs a document once and makes each chunk's single vector of its tokens, which saw the whole document. Default: no.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub late_chunking: bool,
    /// The model of queries, where it is another: that of texts beside one of images. Default: the stage's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<ModelSpec>,
    /// Has its query moved towards the best of what all stages found, before its scores count. Default: it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feedback: Option<Feedback>,
    /// What single vectors are looked through in first, the best by it being scored exactly. Default: nothing, all are
    /// scored exactly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_pass: Option<FirstPass>,
    /// How many times as many records as are wanted a first pass hands on. Default: 4.
    #[serde(skip_serializing_if = "is_usual_oversampling")]
    pub oversampling: usize,
}

/// As it is read: serde tells of unknown fields only where no struct is flattened into another.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Flat {
    name: String,
    model: String,
    family: Option<String>,
    folder: Option<PathBuf>,
    dim: Option<usize>,
    max_length: Option<usize>,
    #[serde(default)]
    parameters: toml::Table,
    #[serde(default = "usual_depth")]
    depth: usize,
    #[serde(default)]
    vectors: Vectors,
    #[serde(default)]
    stored_as: StoredAs,
    pool_factor: Option<usize>,
    muvera: Option<MuveraSpec>,
    #[serde(default)]
    late_chunking: bool,
    query: Option<ModelSpec>,
    feedback: Option<Feedback>,
    first_pass: Option<FirstPass>,
    #[serde(default = "usual_oversampling")]
    oversampling: usize,
}

fn usual_depth() -> usize {
    100
}

fn usual_oversampling() -> usize {
    4
}

fn is_usual_oversampling(times: &usize) -> bool {
    *times == usual_oversampling()
}

impl From<Flat> for Stage {
    fn from(flat: Flat) -> Self {
        let Flat { name, model, family, folder, dim, max_length, parameters, .. } = flat;
        Self {
            name,
            spec: ModelSpec { model, family, folder, dim, max_length, parameters },
            depth: flat.depth,
            vectors: flat.vectors,
            stored_as: flat.stored_as,
            pool_factor: flat.pool_factor,
            muvera: flat.muvera,
            late_chunking: flat.late_chunking,
            query: flat.query,
            feedback: flat.feedback,
            first_pass: flat.first_pass,
            oversampling: flat.oversampling,
        }
    }
}

/// Where a record's vectors are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Vectors {
    /// In the collection.
    #[default]
    Stored,
    /// Nowhere: made of the records' texts for each search, which suits models that cost a look-up.
    Fresh,
}

/// How the values of stored vectors are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum StoredAs {
    /// As they are.
    #[default]
    F32,
    /// In 16 bits.
    F16,
    /// In 8 bits, with a scale for each row.
    Int8,
}

/// What a collection has of a stage for each record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoredKind {
    /// Nothing: vectors are made for each search.
    Fresh,
    /// One vector.
    Dense,
    /// Weights of terms.
    Sparse,
    /// A vector for every token.
    Multi,
}

/// Small values beside single vectors, which are looked through first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FirstPass {
    /// Values in 8 bits, with a scale for each row.
    Int8,
    /// Signs: a bit a value.
    Binary,
}

/// How multi-vectors become single vectors ([`Muvera`](embedkit_vector::multivector::Muvera)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[non_exhaustive]
pub struct MuveraSpec {
    /// Hyperplanes of a repetition. Default: 5.
    pub k_sim: u32,
    /// Width that a cluster's centre is projected to. Default: 16.
    pub dim_proj: usize,
    /// Repetitions. Default: 20.
    pub r_reps: usize,
    /// Seed of the random projections. Default: 42.
    pub random_seed: u64,
}

impl Default for MuveraSpec {
    fn default() -> Self {
        Self { k_sim: 5, dim_proj: 16, r_reps: 20, random_seed: 42 }
    }
}

impl Stage {
    /// A stage of a model, with all defaults.
    pub fn new(name: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            spec: ModelSpec { model: model.into(), ..ModelSpec::default() },
            depth: usual_depth(),
            vectors: Vectors::default(),
            stored_as: StoredAs::default(),
            pool_factor: None,
            muvera: None,
            late_chunking: false,
            query: None,
            feedback: None,
            first_pass: None,
            oversampling: usual_oversampling(),
        }
    }

    /// What a collection has of it, whose model gives this.
    pub(crate) fn stored(&self, output: EmbeddingKind) -> Result<StoredKind> {
        let is_pooled = self.muvera.is_some() || self.late_chunking;
        match (self.vectors, output) {
            (Vectors::Fresh, _) => Ok(StoredKind::Fresh),
            (_, EmbeddingKind::Multi) if !is_pooled => Ok(StoredKind::Multi),
            (_, EmbeddingKind::Dense | EmbeddingKind::Multi) => Ok(StoredKind::Dense),
            (_, EmbeddingKind::Sparse) => Ok(StoredKind::Sparse),
            _ => Err(Error::option("stage", format!("{} has a model that gives no vectors", self.name))),
        }
    }

    /// The same, all of whose vectors are scored exactly.
    pub(crate) fn without_first_pass(self) -> Self {
        Self { first_pass: None, oversampling: usual_oversampling(), ..self }
    }

    pub(super) fn check(&self) -> Result<()> {
        let refused = |option: &str, message: String| Err(Error::option(format!("stage.{option}"), message));
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.name.is_empty() || !self.name.chars().all(is_name) {
            return refused(
                "name",
                format!("{:?} must be of letters, digits, - and _, as files are named so", self.name),
            );
        }
        if self.name.eq_ignore_ascii_case(RECORDS) {
            return refused("name", format!("{:?} is the name of the records' own file: choose another", self.name));
        }
        if self.vectors == Vectors::Fresh && self.depth > 0 {
            let message = "of `fresh` vectors nothing can be found, only scored: set `depth` to 0".to_owned();
            return refused("vectors", message);
        }
        if self.vectors == Vectors::Fresh && (self.stored_as != StoredAs::F32 || self.muvera.is_some()) {
            return refused("vectors", "`fresh` vectors are not stored: no `stored-as` and no `muvera`".to_owned());
        }
        if self.late_chunking && (self.vectors == Vectors::Fresh || self.muvera.is_some() || self.pool_factor.is_some())
        {
            let message =
                "gives stored single vectors: no `fresh` vectors, `muvera` or `pool-factor` with it".to_owned();
            return refused("late-chunking", message);
        }
        if self.first_pass.is_some() && self.vectors == Vectors::Fresh {
            return refused("first-pass", "`fresh` vectors are not stored, and not looked through".to_owned());
        }
        if self.first_pass == Some(FirstPass::Int8) && self.stored_as == StoredAs::Int8 {
            return refused("first-pass", "is no smaller than vectors that are stored as `int8`".to_owned());
        }
        if self.oversampling == 0 || (self.first_pass.is_none() && self.oversampling != usual_oversampling()) {
            return refused("oversampling", "is of a `first-pass`, and at least 1".to_owned());
        }
        if self.feedback.is_some() && (self.vectors == Vectors::Fresh || self.muvera.is_some() || self.late_chunking) {
            return refused("feedback", "is for stored vectors of whole chunks, one each".to_owned());
        }
        self.feedback.as_ref().map_or(Ok(()), Feedback::check)?;
        if self.pool_factor == Some(0) {
            return refused("pool-factor", "must be at least 1".to_owned());
        }
        if self.pool_factor.is_some() && self.muvera.is_some() {
            return refused("pool-factor", "with `muvera`, rows are not pooled: choose one".to_owned());
        }
        Ok(())
    }
}
