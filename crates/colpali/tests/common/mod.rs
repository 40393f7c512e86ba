//! What the tests share: the fixtures and their models.
#![allow(dead_code, reason = "every test takes what it needs")]

use embedkit_core::Embedder;
use std::collections::BTreeMap;
use std::path::PathBuf;

use embedkit_colpali::{Builder, LateInteractionMultimodalEmbedding};
use embedkit_core::ModelDescription;
use embedkit_fixtures::{Case, cases};
use serde::Deserialize;

/// `golden.json`.
#[derive(Deserialize)]
pub(crate) struct Golden {
    pub(crate) model: ModelDescription,
    pub(crate) inputs: Vec<String>,
    pub(crate) token_count: Vec<usize>,
    pub(crate) token_count_with_extension: Vec<usize>,
    pub(crate) embed_text: Vec<Sample>,
    pub(crate) images: Vec<String>,
    pub(crate) embed_image: Vec<Sample>,
    /// Each text's score with each page.
    pub(crate) scores: Option<Vec<Vec<f32>>>,
    /// Of each page, the similarity of the third text's tokens to patches: by token, row and column.
    pub(crate) maps: Option<Vec<Vec<Vec<Vec<f32>>>>>,
}

/// Enough of a multi-vector to recognise it: the first number of every row, and a few rows whole.
#[derive(Deserialize)]
pub(crate) struct Sample {
    pub(crate) shape: [usize; 2],
    pub(crate) first: Vec<f32>,
    pub(crate) rows: BTreeMap<usize, Vec<f32>>,
}

pub(crate) fn fixtures() -> Vec<Case<Golden>> {
    cases(folder(), |_| true)
}

pub(crate) fn fixture(name: &str) -> Case<Golden> {
    cases(folder(), |case| case == name).remove(0)
}

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures"))
}

pub(crate) fn builder(case: &Case<Golden>) -> Builder<LateInteractionMultimodalEmbedding> {
    LateInteractionMultimodalEmbedding::builder(case.golden.model.clone()).model_dir(&case.folder)
}

pub(crate) fn load(case: &Case<Golden>) -> LateInteractionMultimodalEmbedding {
    builder(case).build().unwrap_or_else(|e| panic!("{}: {e}", case.folder.display()))
}

pub(crate) fn pages(case: &Case<Golden>) -> Vec<PathBuf> {
    case.golden.images.iter().map(|image| folder().join(image)).collect()
}
