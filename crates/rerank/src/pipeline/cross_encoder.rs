//! `cross-encoder`: a classifier over query and document in one row.

use embedkit_core::session::{BadOutput, SessionPool};
use embedkit_core::tokenizer::{Encoding, TokenizerOptions};
use embedkit_core::{
    Activation, AnyPipeline, Architecture, Error, LoadContext, ModelDescription, ModelOption, Pipeline, Prepared,
    Purpose, Result, TextModel, TextRow,
};

use super::activation;
use crate::{FAMILY, Pair};

/// The `cross-encoder` architecture: a graph from a row with both texts to logits `[rows, labels]`.
/// Texts that do not fit are cut, the longer one first.
pub struct CrossEncoder;

impl Architecture for CrossEncoder {
    fn name(&self) -> &'static str {
        "cross-encoder"
    }

    fn family(&self) -> &'static str {
        FAMILY
    }

    fn options(&self) -> &'static [ModelOption] {
        &[ModelOption::MaxLength, ModelOption::Output, ModelOption::Activation, ModelOption::MemoryMap]
    }

    fn check(&self, model: &ModelDescription) -> Result<()> {
        model.require_model_file()?;
        model.require_no_parameters()
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        let model = TextModel::load(context, TokenizerOptions::default())?.with_segments();
        Ok(AnyPipeline::new(CrossEncoderPipeline(model)))
    }
}

struct CrossEncoderPipeline(TextModel);

impl CrossEncoderPipeline {
    fn score(&self, row: &TextRow<'_>) -> Result<f32> {
        let [labels] = *row.shape else { return Err(row.misshapen("[rows, labels]")) };
        let model = self.0.model();
        if model.activation == Activation::Softmax && labels == 1 {
            let message = format!("softmax is for several labels, and model {} has one; use sigmoid", model.id);
            return Err(Error::option("activation", message));
        }
        activation::score(row.values, model.activation).ok_or_else(|| row.wrong(BadOutput::NotFinite))
    }
}

impl Pipeline for CrossEncoderPipeline {
    type Input = Pair;
    type Prepared = Encoding;
    type Output = f32;

    fn prepare(&self, pair: &Pair, purpose: &Purpose) -> Result<Prepared<Encoding, f32>> {
        let model = self.0.model();
        purpose.check_task(model)?;
        if pair.instruction.is_some() {
            return Err(Error::option("instruction", format!("model {} takes no instruction", model.id)));
        }
        Ok(TextModel::prepared(self.0.tokenizer().encode_pair(&pair.query, &pair.document)?))
    }

    fn run(&self, pairs: &[&Encoding], _: &Purpose) -> Result<Vec<Result<f32>>> {
        self.0.run(pairs, &[], |row| self.score(row))
    }

    fn sessions(&self) -> Option<&SessionPool> {
        Some(self.0.sessions())
    }
}
