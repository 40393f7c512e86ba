//! Modules of late-interaction models: which tokens have a vector, and how many of those are kept.

use super::config::Config;
use crate::{ModelFiles, Result};

/// A `MultiVectorMask` module.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MultiVectorMask {
    /// Words whose token costs a document its vector; those that the vocabulary lacks have none.
    pub skip_words: Vec<String>,
}

/// A `HierarchicalTokenPooling` module that keeps every vector, and brings documents' to length 1 where it says so.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TokenPooling {
    /// Whether documents' vectors are brought to length 1.
    pub normalize: bool,
}

impl MultiVectorMask {
    pub(super) fn read(files: &ModelFiles, name: &str) -> Result<Self> {
        let mut config = Config::read(files, name)?;
        let skip_words: Option<Vec<String>> = config.take("skiplist_words")?;
        config.expect("skiplist_tasks", &documents(), "words are skipped in documents alone")?;
        config.refuse("keep_only_token_ids", "a text keeps the vectors of all its tokens")?;
        config.finish()?;
        Ok(Self { skip_words: skip_words.unwrap_or_default() })
    }
}

impl TokenPooling {
    pub(super) fn read(files: &ModelFiles, name: &str) -> Result<Self> {
        let mut config = Config::read(files, name)?;
        let why = "vectors are pooled where the caller asks for it: set it to 1, and pool the multi-vectors";
        config.expect("pool_factor", &1.0, why)?;
        // Which leading tokens are kept out of the pooling that there is not.
        config.pass_over(&["num_protected_tokens"]);
        config.expect("tasks", &documents(), "documents alone are pooled")?;
        let normalize = config.take("normalize_embeddings")?.unwrap_or(false);
        config.finish()?;
        Ok(Self { normalize })
    }
}

fn documents() -> Vec<String> {
    vec!["document".to_owned()]
}
