//! The facade: texts in, vectors out.

use embedkit_core::{Engine, Facade, Loaded, ModelDescription, ModelFiles, Purpose, Result};

use crate::{FAMILY, describe};

/// A loaded dense text model: one vector a text, `[dim]`. Shared between threads by reference or `Arc`.
#[derive(Debug)]
pub struct TextEmbedding {
    engine: Engine<str, Vec<f32>>,
}

embedkit_core::text_facade!(TextEmbedding, Vec<f32>);

impl TextEmbedding {
    /// Tokens of all texts: after truncation, special tokens included, padding not.
    ///
    /// # Errors
    /// A text that the tokenizer refuses.
    pub fn token_count<S>(&self, texts: S) -> Result<usize>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        self.engine.count_tokens(texts, &Purpose::default())
    }
}

impl Facade for TextEmbedding {
    const FAMILY: &'static str = FAMILY;

    fn describe(files: &ModelFiles) -> Result<ModelDescription> {
        describe::describe(files)
    }

    fn from_loaded(loaded: Loaded) -> Result<Self> {
        Ok(Self { engine: loaded.engine()? })
    }
}
