//! An architecture without a graph: it answers as soon as it sees a text.

use std::sync::Arc;

use embedkit::plugin::{AnyPipeline, Architecture, Direct, LoadContext, ModelDescription, ModelOption, RowField};
use embedkit::{Error, Purpose, Result, Usage, vector};

/// Vectors of letter-trigram counts, each trigram hashed to a dimension.
pub struct HashedTrigrams;

impl Architecture for HashedTrigrams {
    fn name(&self) -> &'static str {
        "hashed-trigrams"
    }

    fn family(&self) -> &'static str {
        "dense"
    }

    fn options(&self) -> &'static [ModelOption] {
        &[ModelOption::Normalize]
    }

    fn fields(&self) -> &'static [RowField] {
        &[RowField::Prompts]
    }

    fn check(&self, model: &ModelDescription) -> Result<()> {
        model.require_dim()?;
        model.require_no_parameters()
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        let dim = context.model.require_dim()?;
        Ok(AnyPipeline::direct(Trigrams { dim, model: context.model.clone() }))
    }
}

struct Trigrams {
    dim: usize,
    model: Arc<ModelDescription>,
}

impl Direct for Trigrams {
    type Input = str;
    type Output = Vec<f32>;

    fn embed(&self, text: &str, purpose: &Purpose) -> Result<(Vec<f32>, Usage)> {
        if text.is_empty() {
            return Err(Error::input("the text is empty"));
        }
        // The row's prompt; an unknown task is refused.
        let text = purpose.prompted(&self.model, text)?;
        let letters: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
        let mut counts = vec![0.0; self.dim];
        for trigram in letters.windows(3) {
            // FNV-1a, whose constants are public.
            let hash = trigram.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, letter| {
                (hash ^ u64::from(*letter)).wrapping_mul(0x0100_0000_01b3)
            });
            counts[(hash % self.dim as u64) as usize] += 1.0;
        }
        if self.model.normalize {
            vector::normalize(&mut counts);
        }
        Ok((counts, Usage { tokens: letters.len(), truncated: false }))
    }
}
