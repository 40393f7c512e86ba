//! Late-interaction text embeddings, as users call them.

use embedkit_core::{Embedder, Engine, ModelDescription, ModelFiles, Purpose, Result, Role, TextEmbedder};
use embedkit_vector::multivector::MultiVector;

use crate::pipeline::Parameters;
use crate::{FAMILY, describe};

/// A loaded late-interaction text model: one multi-vector a text, `[tokens, dim]`. Shared between threads
/// by reference or `Arc`.
///
/// Queries are marked as such and, where the model does so, expanded with mask tokens; all others are
/// documents. [`usage`](TextEmbedder::usage) counts neither the marker nor the mask tokens. Built with
/// `.parameter("labels", true)`, every row of a result is labelled with its token.
#[derive(Debug)]
pub struct LateInteractionTextEmbedding {
    engine: Engine<str, MultiVector>,
    parameters: Parameters,
}

impl LateInteractionTextEmbedding {
    /// Tokens of all texts with what the model adds to them, which [`token_count`](TextEmbedder::token_count) leaves
    /// out: the marker of every text, and the mask tokens that fill a query up.
    ///
    /// # Errors
    /// The first text's that the tokenizer refuses.
    pub fn extended_token_count<S>(&self, texts: S, purpose: impl Into<Purpose>) -> Result<usize>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        let purpose = purpose.into();
        let count = |text: S::Item| {
            let tokens = self.usage(text.as_ref(), purpose.clone())?.tokens;
            Ok(self.parameters.extended(tokens, purpose.role))
        };
        texts.into_iter().map(count).sum()
    }
}

/// A text's tokens with what a model of this row adds to them: the marker, and the mask tokens that fill a query up.
pub fn extended_tokens(model: &ModelDescription, tokens: usize, role: Role) -> usize {
    // Another crate's architecture has parameters of its own: it adds nothing that we know of.
    Parameters::of(model).unwrap_or_default().extended(tokens, role)
}

impl Embedder for LateInteractionTextEmbedding {
    const FAMILY: &'static str = FAMILY;
    const MODEL_TYPES: &'static [&'static str] = &["MultiVectorEncoder", "ColBERT"];
    type Input = str;
    type Output = MultiVector;

    fn describe(files: &ModelFiles) -> Result<ModelDescription> {
        describe::describe(files)
    }

    fn from_engine(engine: Engine<str, MultiVector>) -> Self {
        // Another crate's architecture has parameters of its own: it adds nothing that we know of.
        let parameters = Parameters::of(engine.model()).unwrap_or_default();
        Self { engine, parameters }
    }

    fn engine(&self) -> &Engine<str, MultiVector> {
        &self.engine
    }
}
