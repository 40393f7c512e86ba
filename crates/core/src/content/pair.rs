//! What a reranker scores.

use std::sync::Arc;

/// A query with a document to score against it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pair {
    /// The query.
    pub query: Arc<str>,
    /// The document.
    pub document: String,
    /// What makes a document relevant, for models that take an instruction, instead of their own.
    pub instruction: Option<Arc<str>>,
}

impl Pair {
    /// A query and a document.
    pub fn new(query: impl Into<Arc<str>>, document: impl Into<String>) -> Self {
        Self { query: query.into(), document: document.into(), instruction: None }
    }

    /// Says what makes a document relevant, for models that take an instruction. Default: what the row says.
    #[must_use]
    pub fn with_instruction(mut self, instruction: impl Into<Arc<str>>) -> Self {
        self.instruction = Some(instruction.into());
        self
    }
}

impl AsRef<Pair> for Pair {
    fn as_ref(&self) -> &Pair {
        self
    }
}

impl<Q: Into<Arc<str>>, D: Into<String>> From<(Q, D)> for Pair {
    fn from((query, document): (Q, D)) -> Self {
        Self::new(query, document)
    }
}
