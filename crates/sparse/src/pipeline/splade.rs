//! `splade`: a masked language model's logits, pooled.

use std::sync::Arc;

use embedkit_core::session::SessionPool;
use embedkit_core::tokenizer::Encoding;
use embedkit_core::{
    AnyPipeline, Architecture, IndexNames, LoadContext, ModelDescription, Pipeline, Prepared, Purpose, Result, Usage,
};
use embedkit_vector::SparseVector;

use super::graph::Graph;
use crate::names::SharedNames;
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

    fn check(&self, model: &ModelDescription) -> Result<()> {
        super::check_graph(model)?;
        super::check_no_parameters(model)
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        let graph = Arc::new(Graph::load(context)?);
        let names: SharedNames = graph.clone();
        Ok(AnyPipeline::new(SpladePipeline(graph)).with_extra(names))
    }
}

struct SpladePipeline(Arc<Graph>);

impl Pipeline for SpladePipeline {
    type Input = str;
    type Prepared = Encoding;
    type Output = SparseVector;

    fn prepare(&self, text: &str, purpose: &Purpose) -> Result<Prepared<Encoding, SparseVector>> {
        self.0.prepare(text, purpose)
    }

    fn run(&self, batch: &[&Encoding], _: &Purpose) -> Result<Vec<Result<SparseVector>>> {
        self.0.run(batch, (2, 0), |row| {
            self.0.check_vocabulary(row.shape[1])?;
            Ok(scoring::splade(row.values, row.mask, |weight| row.precision.round(weight))?)
        })
    }

    fn usage(&self, text: &str, purpose: &Purpose) -> Result<Usage> {
        self.0.usage(text, purpose)
    }

    fn sessions(&self) -> Option<&SessionPool> {
        Some(self.0.pool())
    }
}

/// Indices that are token ids.
impl IndexNames for Graph {
    fn name(&self, index: u32) -> Option<String> {
        self.tokenizer().token(index)
    }
}
