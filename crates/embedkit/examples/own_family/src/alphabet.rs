//! The architecture: counts the letters of an alphabet, which stands in the row's parameters.

use std::sync::Arc;

use embedkit::plugin::{
    AnyPipeline, Architecture, Direct, Embedder, LoadContext, ModelDescription, ModelFiles, RowField, parameter_names,
};
use embedkit::{Error, Purpose, Result, Usage};
use serde::Deserialize;

use crate::{LetterEmbedding, Letters};

/// The file of a folder that describes itself: `{"alphabet": "abc"}`.
const FILE: &str = "letters.json";

/// The architecture's parameters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// The letters, in the order of their dimensions.
    alphabet: String,
}

/// Describes a folder by its `letters.json`.
pub(crate) fn describe(files: &ModelFiles) -> Result<ModelDescription> {
    let Parameters { alphabet } = files.json(FILE)?;
    let mut model = ModelDescription::new("letters", LetterEmbedding::FAMILY, Alphabet.name());
    model.dim = Some(alphabet.chars().count());
    model.parameters.insert("alphabet".to_owned(), alphabet.into());
    Ok(model)
}

/// The letters of a row, of which there must be as many as the row says that vectors are wide.
fn letters(model: &ModelDescription) -> Result<Arc<[char]>> {
    let letters: Arc<[char]> = model.parameters::<Parameters>()?.alphabet.chars().collect();
    let dim = model.require_dim()?;
    if letters.len() != dim {
        let message = format!("`dim` is {dim}, and the alphabet has {} letters", letters.len());
        return Err(Error::manifest(&model.id, message));
    }
    Ok(letters)
}

pub(crate) struct Alphabet;

impl Architecture for Alphabet {
    fn name(&self) -> &'static str {
        "alphabet"
    }

    fn family(&self) -> &'static str {
        LetterEmbedding::FAMILY
    }

    fn fields(&self) -> &'static [RowField] {
        &[RowField::Prompts]
    }

    fn parameters(&self) -> &'static [&'static str] {
        parameter_names::<Parameters>()
    }

    fn check(&self, model: &ModelDescription) -> Result<()> {
        letters(model).map(drop)
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        let model = context.model.clone();
        Ok(AnyPipeline::direct(Counter { alphabet: letters(&model)?, model }))
    }
}

/// A loaded model: it answers at once, so it needs neither batches nor sessions.
struct Counter {
    model: Arc<ModelDescription>,
    alphabet: Arc<[char]>,
}

impl Direct for Counter {
    type Input = str;
    type Output = Letters;

    fn embed(&self, text: &str, purpose: &Purpose) -> Result<(Letters, Usage)> {
        // Refuses tasks that the row does not have.
        let text = purpose.prompted(&self.model, text)?.to_lowercase();
        if text.is_empty() {
            return Err(Error::input("the text is empty"));
        }
        let mut counts = vec![0_u16; self.alphabet.len()];
        let mut tokens = 0;
        for letter in text.chars() {
            if let Some(at) = self.alphabet.iter().position(|other| *other == letter) {
                counts[at] = counts[at].saturating_add(1);
                tokens += 1;
            }
        }
        Ok((Letters { alphabet: self.alphabet.clone(), counts }, Usage { tokens, truncated: false }))
    }
}
