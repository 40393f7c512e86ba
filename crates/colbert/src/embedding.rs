//! The facade: texts in, multi-vectors out.

use embedkit_core::{Engine, Facade, Loaded, ModelDescription, ModelFiles, Purpose, Result};
use embedkit_vector::multivector::MultiVector;

use crate::pipeline::Parameters;
use crate::{FAMILY, describe};

/// A loaded late-interaction text model: one multi-vector a text, `[tokens, dim]`. Shared between threads
/// by reference or `Arc`.
///
/// Queries are marked as such and, where the model does so, expanded with mask tokens; all others are
/// documents. [`usage`](Self::usage) counts neither the marker nor the mask tokens. Built with
/// `.parameter("labels", true)`, every row of a result is labelled with its token.
#[derive(Debug)]
pub struct LateInteractionTextEmbedding {
    engine: Engine<str, MultiVector>,
    parameters: Parameters,
}

embedkit_core::text_facade!(LateInteractionTextEmbedding, MultiVector);

impl LateInteractionTextEmbedding {
    /// Tokens of all texts: after truncation, special tokens included, padding not. With
    /// `include_extension`, what the model adds is counted too: the marker of every text, and the
    /// mask tokens that fill a query up.
    ///
    /// # Errors
    /// A text that the tokenizer refuses.
    pub fn token_count<S>(&self, texts: S, purpose: impl Into<Purpose>, include_extension: bool) -> Result<usize>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        let purpose = purpose.into();
        let count = |text: S::Item| {
            let tokens = self.engine.usage(text.as_ref(), &purpose)?.tokens;
            Ok(if include_extension { self.parameters.extended(tokens, purpose.role) } else { tokens })
        };
        texts.into_iter().map(count).sum()
    }
}

impl Facade for LateInteractionTextEmbedding {
    const FAMILY: &'static str = FAMILY;

    fn describe(files: &ModelFiles) -> Result<ModelDescription> {
        describe::describe(files)
    }

    fn from_loaded(loaded: Loaded) -> Result<Self> {
        // Another crate's architecture has parameters of its own: it adds nothing that we know of.
        let parameters = Parameters::of(loaded.model()).unwrap_or_default();
        Ok(Self { engine: loaded.engine()?, parameters })
    }
}
