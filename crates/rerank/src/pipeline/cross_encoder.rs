//! `cross-encoder`: a classifier over query and document in one row.

use std::sync::Arc;

use embedkit_core::session::{SessionPool, TextGraph};
use embedkit_core::tokenizer::{Encoding, TokenizerOptions};
use embedkit_core::{
    Activation, AnyPipeline, Architecture, Error, LoadContext, ModelDescription, Pipeline, Prepared, Purpose, Result,
};

use super::{activation, prepared};
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

    fn check(&self, model: &ModelDescription) -> Result<()> {
        if model.model_file.is_empty() {
            return Err(Error::manifest(&model.id, "`model-file` must name the graph"));
        }
        match model.parameters.is_empty() {
            true => Ok(()),
            false => Err(Error::manifest(&model.id, "cross-encoders take no `parameters`")),
        }
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        let graph = TextGraph::load(context, TokenizerOptions::default())?.with_segments();
        Ok(AnyPipeline::new(CrossEncoderPipeline { model: context.model.clone(), graph }))
    }
}

struct CrossEncoderPipeline {
    model: Arc<ModelDescription>,
    graph: TextGraph,
}

impl Pipeline for CrossEncoderPipeline {
    type Input = Pair;
    type Prepared = Encoding;
    type Output = f32;

    fn prepare(&self, pair: &Pair, _: &Purpose) -> Result<Prepared<Encoding, f32>> {
        if pair.instruction.is_some() {
            return Err(Error::option("instruction", format!("model {} takes no instruction", self.model.id)));
        }
        Ok(prepared(self.graph.tokenizer().encode_pair(&pair.query, &pair.document)?))
    }

    fn run(&self, batch: &[&Encoding], _: &Purpose) -> Result<Vec<Result<f32>>> {
        let index = self.graph.pool().output_index(self.model.output.as_ref())?;
        self.graph.run(batch, &[], |batch, outputs| {
            let output = outputs.get(index, batch.rows)?;
            if output.shape.len() != 2 {
                return Err(outputs.wrong(index, &format!("has shape {:?}, not [rows, labels]", output.shape)));
            }
            if self.model.activation == Activation::Softmax && output.shape[1] == 1 {
                let message =
                    format!("softmax is for several labels, and model {} has one; use sigmoid", self.model.id);
                return Err(Error::option("activation", message));
            }
            let score = |row| {
                activation::score(output.row(row), self.model.activation)
                    .ok_or_else(|| outputs.wrong(index, "holds values that are not finite numbers"))
            };
            Ok((0..batch.rows).map(score).collect())
        })
    }

    fn sessions(&self) -> Option<&SessionPool> {
        Some(self.graph.pool())
    }
}
