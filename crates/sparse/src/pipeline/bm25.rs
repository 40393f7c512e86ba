//! `bm25`: term frequencies, without a graph.

use std::collections::HashMap;
use std::sync::Arc;

use embedkit_core::{
    AnyPipeline, Architecture, Direct, IndexNames, LoadContext, ModelDescription, Purpose, Result, Role, Usage,
    parameter_names,
};
use embedkit_vector::SparseVector;

use crate::FAMILY;
use crate::bm25::{Bm25, Bm25Options};

/// The `bm25` architecture. The row's `parameters` are [`Bm25Options`]. Without files, stop words are those
/// compiled in; otherwise they are those of the files.
pub struct Bm25Terms;

impl Bm25Terms {
    /// The pipeline of a BM25 that was built by hand, for a row of this architecture.
    pub fn pipeline(model: Arc<ModelDescription>, bm25: Arc<Bm25>) -> AnyPipeline {
        AnyPipeline::direct(Bm25Model { model, bm25 })
    }
}

impl Architecture for Bm25Terms {
    fn name(&self) -> &'static str {
        "bm25"
    }

    fn family(&self) -> &'static str {
        FAMILY
    }

    fn parameters(&self) -> Option<&'static [&'static str]> {
        Some(parameter_names::<Bm25Options>())
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

struct Bm25Model {
    model: Arc<ModelDescription>,
    bm25: Arc<Bm25>,
}

impl Direct for Bm25Model {
    type Input = str;
    type Output = SparseVector;

    fn embed(&self, text: &str, purpose: &Purpose) -> Result<(SparseVector, Usage)> {
        purpose.check_task(&self.model)?;
        let (vector, tokens) = self.bm25.embed(text, purpose.role == Role::Query)?;
        Ok((vector, Usage { tokens, truncated: false }))
    }

    fn index_names(&self) -> Option<Arc<dyn IndexNames>> {
        Some(self.bm25.clone())
    }

    fn usage(&self, text: &str, purpose: &Purpose) -> Result<Usage> {
        purpose.check_task(&self.model)?;
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
