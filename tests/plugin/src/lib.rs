//! A plug-in as a third party would write it: an architecture of its own with rows for it, registered
//! in one line. A program that depends on it and names it finds its models like any other.

use embedkit::plugin::{AnyPipeline, Architecture, Direct, LoadContext, ModelDescription, ModelOption, Plugin};
use embedkit::{Error, Purpose, Result, Usage, vector};

/// This crate's rows and architecture.
pub static PLUGIN: Plugin =
    Plugin::new(env!("CARGO_PKG_NAME")).manifest(include_str!("../models.toml")).architectures(&[&HashedTrigrams]);
embedkit::register!(PLUGIN);

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

    fn check(&self, model: &ModelDescription) -> Result<()> {
        model.require_dim().map(drop)
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        let dim = context.model.require_dim()?;
        Ok(AnyPipeline::direct(Trigrams { dim, normalize: context.model.normalize }))
    }
}

struct Trigrams {
    dim: usize,
    normalize: bool,
}

impl Direct for Trigrams {
    type Input = str;
    type Output = Vec<f32>;

    fn embed(&self, text: &str, _: &Purpose) -> Result<(Vec<f32>, Usage)> {
        let letters: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
        if letters.is_empty() {
            return Err(Error::input("the text is empty"));
        }
        let mut counts = vec![0.0; self.dim];
        for trigram in letters.windows(3) {
            // FNV-1a, whose constants are public.
            let hash = trigram.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, letter| {
                (hash ^ u64::from(*letter)).wrapping_mul(0x0100_0000_01b3)
            });
            counts[(hash % self.dim as u64) as usize] += 1.0;
        }
        if self.normalize {
            vector::normalize(&mut counts);
        }
        Ok((counts, Usage { tokens: letters.len(), truncated: false }))
    }
}
