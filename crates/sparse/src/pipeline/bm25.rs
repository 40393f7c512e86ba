//! `bm25`: term frequencies, without a graph.

use std::collections::HashMap;
use std::sync::Arc;

use embedkit_core::{
    AnyPipeline, Architecture, IndexNames, LoadContext, ModelDescription, Pipeline, Prepared, Purpose, Result, Role,
    Stage, Usage,
};
use embedkit_vector::SparseVector;

use super::check_task;
use crate::FAMILY;
use crate::bm25::{Bm25, Bm25Options};
use crate::names::SharedNames;

/// The `bm25` architecture. The row's `parameters` are [`Bm25Options`]. Without files, stop words are those
/// compiled in; otherwise they are those of the files.
pub struct Bm25Terms;

impl Bm25Terms {
    pub(crate) fn pipeline(model: Arc<ModelDescription>, bm25: Arc<Bm25>) -> AnyPipeline {
        let names: SharedNames = bm25.clone();
        AnyPipeline::new(Bm25Pipeline { model, bm25 }).with_extra(names)
    }
}

impl Architecture for Bm25Terms {
    fn name(&self) -> &'static str {
        "bm25"
    }

    fn family(&self) -> &'static str {
        FAMILY
    }

    fn check(&self, model: &ModelDescription) -> Result<()> {
        model.parameters::<Bm25Options>()?.saturation().check().map(drop)
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        let mut builder = Bm25::builder().options(context.model.parameters()?);
        if context.files.root().is_some() || context.files.names().next().is_some() {
            builder = builder.files(context.files.clone());
        }
        Ok(Self::pipeline(context.model.clone(), Arc::new(builder.build()?)))
    }
}

struct Bm25Pipeline {
    model: Arc<ModelDescription>,
    bm25: Arc<Bm25>,
}

impl Pipeline for Bm25Pipeline {
    type Input = str;
    type Prepared = ();
    type Output = SparseVector;

    fn prepare(&self, text: &str, purpose: &Purpose) -> Result<Prepared<(), SparseVector>> {
        check_task(&self.model, purpose)?;
        let (vector, tokens) = self.bm25.embed(text, purpose.role == Role::Query)?;
        Ok(Prepared { stage: Stage::Done(vector), usage: Usage { tokens, truncated: false } })
    }

    fn run(&self, _: &[&()], _: &Purpose) -> Result<Vec<Result<SparseVector>>> {
        Ok(Vec::new())
    }

    fn usage(&self, text: &str, purpose: &Purpose) -> Result<Usage> {
        check_task(&self.model, purpose)?;
        Ok(Usage { tokens: self.bm25.word_count(text)?, truncated: false })
    }
}

impl IndexNames for Bm25 {
    fn name(&self, _: u32) -> Option<String> {
        None
    }

    fn names_in(&self, text: &str) -> Result<HashMap<u32, String>> {
        self.stems(text)
    }
}
