//! `bm25`: term frequencies, without a graph.

use std::collections::HashMap;
use std::sync::Arc;

use embedkit_core::{
    AnyPipeline, Architecture, Direct, IndexNames, LoadContext, ModelDescription, Purpose, Result, RowField, Usage,
    parameter_names,
};
use embedkit_vector::SparseVector;

use crate::FAMILY;
use crate::bm25::{Bm25, Bm25Builder, Bm25Options};
use crate::text::{Stemmer, TERM_INDICES};

/// The `bm25` architecture. The row's `parameters` are [`Bm25Options`]. Without files, stop words are those
/// compiled in; otherwise they are those of the files.
pub struct Bm25Terms;

impl Bm25Terms {
    /// The pipeline of a BM25 that was built by hand, for a row of this architecture.
    pub fn pipeline(model: Arc<ModelDescription>, bm25: Arc<Bm25>) -> AnyPipeline {
        AnyPipeline::direct(Bm25Model { model, bm25 })
    }

    /// Loads a row of this architecture with a stemmer of the caller's own.
    ///
    /// # Errors
    /// As those of [`Bm25Builder::build`](crate::bm25::Bm25Builder::build).
    pub fn load_with(context: &LoadContext, stemmer: impl Stemmer + 'static) -> Result<AnyPipeline> {
        let bm25 = builder(context)?.stemmer(stemmer).build()?;
        Ok(Self::pipeline(context.model.clone(), Arc::new(bm25)))
    }
}

fn builder(context: &LoadContext) -> Result<Bm25Builder> {
    let builder = Bm25::builder().options(context.model.parameters()?);
    #[cfg(feature = "tokenizer")]
    let builder = builder.tokenizer_folder(&context.model.tokenizer_folder);
    let has_files = context.files.root().is_some() || context.files.names().next().is_some();
    Ok(if has_files { builder.files(context.files.clone()) } else { builder })
}

impl Architecture for Bm25Terms {
    fn name(&self) -> &'static str {
        "bm25"
    }

    fn family(&self) -> &'static str {
        FAMILY
    }

    fn fields(&self) -> &'static [RowField] {
        &[RowField::RequiresIdf]
    }

    fn parameters(&self) -> &'static [&'static str] {
        parameter_names::<Bm25Options>()
    }

    fn has_weights(&self) -> bool {
        false
    }

    fn check(&self, model: &ModelDescription) -> Result<()> {
        model.parameters::<Bm25Options>()?.saturation().check().map(drop)
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        Ok(Self::pipeline(context.model.clone(), Arc::new(builder(context)?.build()?)))
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
        let (vector, tokens) = self.bm25.embed(text, purpose.role)?;
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

    fn count(&self) -> Option<u64> {
        Some(TERM_INDICES)
    }

    fn names_in(&self, text: &str) -> Result<HashMap<u32, String>> {
        self.stems(text)
    }
}
