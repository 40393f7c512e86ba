//! `splade`: a masked language model's logits, pooled.

use std::sync::Arc;

use embedkit_core::session::SessionPool;
use embedkit_core::tokenizer::Encoding;
use embedkit_core::{
    AnyPipeline, Architecture, IndexNames, LoadContext, ModelDescription, ModelOption, Pipeline, Prepared, Purpose,
    Result, TextModel, Usage,
};
use embedkit_vector::SparseVector;

use super::token_model;
use crate::{FAMILY, scoring};

/// The `splade` architecture: [`scoring::splade`] of the logits `[batch, tokens, vocabulary]` of a graph.
pub struct Splade;

impl Architecture for Splade {
    fn name(&self) -> &'static str {
        "splade"
    }

    fn family(&self) -> &'static str {
        FAMILY
    }

    fn options(&self) -> &'static [ModelOption] {
        &[ModelOption::MaxLength, ModelOption::Output, ModelOption::MemoryMap]
    }

    fn check(&self, model: &ModelDescription) -> Result<()> {
        model.require_model_file()?;
        model.require_no_parameters()
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        Ok(AnyPipeline::new(SpladePipeline(token_model::load(context)?)))
    }
}

struct SpladePipeline(TextModel);

impl Pipeline for SpladePipeline {
    type Input = str;
    type Prepared = Encoding;
    type Output = SparseVector;

    fn prepare(&self, text: &str, purpose: &Purpose) -> Result<Prepared<Encoding, SparseVector>> {
        self.0.prepare(text, purpose)
    }

    fn run(&self, texts: &[&Encoding], _: &Purpose) -> Result<Vec<Result<SparseVector>>> {
        token_model::run(&self.0, texts, (2, 0), |row| {
            token_model::check_vocabulary(&self.0, row)?;
            Ok(scoring::splade(row.values, row.mask, |weight| row.precision.round(weight))?)
        })
    }

    fn usage(&self, text: &str, purpose: &Purpose) -> Result<Usage> {
        self.0.usage(text, purpose)
    }

    fn index_names(&self) -> Option<Arc<dyn IndexNames>> {
        Some(Arc::new(VocabularyNames(self.0.clone())))
    }

    fn sessions(&self) -> Option<&SessionPool> {
        Some(self.0.sessions())
    }
}

/// Indices that are token ids.
pub(super) struct VocabularyNames(pub(super) TextModel);

impl IndexNames for VocabularyNames {
    fn name(&self, index: u32) -> Option<String> {
        self.0.tokenizer().token(index)
    }
}
