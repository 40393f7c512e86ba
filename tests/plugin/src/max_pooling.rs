//! An architecture over a graph.

use embedkit::plugin::session::{BadOutput, SessionPool};
use embedkit::plugin::tokenizer::{Encoding, Tokenizer, TokenizerOptions};
use embedkit::plugin::{
    AnyPipeline, Architecture, LoadContext, ModelDescription, ModelOption, Pipeline, Prepared, RowField, TextModel,
};
use embedkit::{Purpose, Result, Usage, vector};

/// The largest value of each dimension over a text's tokens.
pub struct MaxPooling;

impl Architecture for MaxPooling {
    fn name(&self) -> &'static str {
        "max-pooling"
    }

    fn family(&self) -> &'static str {
        "dense"
    }

    fn options(&self) -> &'static [ModelOption] {
        &[ModelOption::MaxLength, ModelOption::Normalize, ModelOption::Output, ModelOption::MemoryMap]
    }

    fn fields(&self) -> &'static [RowField] {
        &[RowField::Prompts, RowField::Padding]
    }

    fn check(&self, model: &ModelDescription) -> Result<()> {
        model.require_model_file()?;
        model.require_dim()?;
        model.require_no_parameters()
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        Ok(AnyPipeline::new(Pooled(TextModel::load(context, TokenizerOptions::default())?)))
    }
}

struct Pooled(TextModel);

impl Pipeline for Pooled {
    type Input = str;
    type Prepared = Encoding;
    type Output = Vec<f32>;

    fn prepare(&self, text: &str, purpose: &Purpose) -> Result<Prepared<Encoding, Vec<f32>>> {
        self.0.prepare(text, purpose)
    }

    fn run(&self, batch: &[&Encoding], _: &Purpose) -> Result<Vec<Result<Vec<f32>>>> {
        let model = self.0.model();
        let dim = model.require_dim()?;
        self.0.run(batch, &[], |row| {
            if *row.shape != [row.length(), dim] {
                return Err(row.misshapen(format!("[texts, tokens, {dim}]")));
            }
            let mut largest = vec![f32::NEG_INFINITY; dim];
            for (token, kept) in row.values.chunks_exact(dim).zip(row.mask) {
                if *kept != 0 {
                    largest.iter_mut().zip(token).for_each(|(most, value)| *most = most.max(*value));
                }
            }
            BadOutput::check_finite(&largest).map_err(|what| row.wrong(what))?;
            if model.normalize {
                vector::normalize(&mut largest);
            }
            Ok(largest)
        })
    }

    fn usage(&self, text: &str, purpose: &Purpose) -> Result<Usage> {
        self.0.usage(text, purpose)
    }

    fn tokenizer(&self) -> Option<&Tokenizer> {
        Some(self.0.tokenizer())
    }

    fn sessions(&self) -> Option<&SessionPool> {
        Some(self.0.sessions())
    }
}
