//! `if-splade`: documents through a graph, queries from a table.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use embedkit_core::session::SessionPool;
use embedkit_core::tokenizer::{Encoding, Tokenizer};
use embedkit_core::{
    AnyPipeline, Architecture, Error, IndexNames, LoadContext, ModelDescription, ModelOption, Pipeline, Prepared,
    Purpose, Result, Role, RowField, TextModel, Usage,
};
use embedkit_vector::SparseVector;

use super::token_model;
use crate::{FAMILY, scoring};

/// What a token weighs in a query, by its text.
const IDF_FILE: &str = "idf.json";

/// The `if-splade` architecture (inference-free SPLADE): [`scoring::inference_free_splade`] of the logits
/// `[batch, tokens, vocabulary]` of a graph; in a query each token weighs what `idf.json` says, and no graph runs.
pub struct InferenceFreeSplade;

impl Architecture for InferenceFreeSplade {
    fn name(&self) -> &'static str {
        "if-splade"
    }

    fn family(&self) -> &'static str {
        FAMILY
    }

    fn options(&self) -> &'static [ModelOption] {
        &[ModelOption::MaxLength, ModelOption::Output, ModelOption::MemoryMap]
    }

    fn fields(&self) -> &'static [RowField] {
        &[RowField::Prompts, RowField::Padding, RowField::RequiresIdf, RowField::VocabSize]
    }

    fn check(&self, model: &ModelDescription) -> Result<()> {
        model.require_model_file()?;
        model.require_no_parameters()
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        let weights: HashMap<String, f32> = context.files.json(IDF_FILE)?;
        if let Some((token, weight)) = weights.iter().find(|(_, weight)| !weight.is_finite()) {
            return Err(Error::file(context.files.label(IDF_FILE), format!("the weight of {token:?} is {weight}")));
        }
        let model = token_model::load(context)?;
        let by_id = |(token, weight): (String, f32)| Some((model.tokenizer().id(&token)?, weight));
        let idf = weights.into_iter().filter_map(by_id).collect();
        Ok(AnyPipeline::new(InferenceFreePipeline { model, idf }))
    }
}

struct InferenceFreePipeline {
    model: TextModel,
    idf: HashMap<u32, f32>,
}

impl InferenceFreePipeline {
    fn query(&self, encoding: &Encoding) -> Result<SparseVector> {
        let ids: BTreeSet<u32> = encoding.ids.iter().copied().collect();
        let ids = ids.into_iter().filter(|id| !self.model.tokenizer().is_special(*id));
        Ok(SparseVector::from_entries(ids.filter_map(|id| Some((id, *self.idf.get(&id)?))))?)
    }
}

impl Pipeline for InferenceFreePipeline {
    type Input = str;
    type Prepared = Encoding;
    type Output = SparseVector;

    fn prepare(&self, text: &str, purpose: &Purpose) -> Result<Prepared<Encoding, SparseVector>> {
        if purpose.role != Role::Query {
            return self.model.prepare(text, purpose);
        }
        let encoding = self.model.encode(text, purpose)?;
        Ok(Prepared::done(self.query(&encoding)?, Usage::from(&encoding)))
    }

    fn run(&self, texts: &[&Encoding], _: &Purpose) -> Result<Vec<Result<SparseVector>>> {
        token_model::run(&self.model, texts, (2, 0), |row| {
            token_model::check_vocabulary(&self.model, row)?;
            Ok(scoring::inference_free_splade(row.values, row.mask, self.model.tokenizer().special_ids())?)
        })
    }

    fn usage(&self, text: &str, purpose: &Purpose) -> Result<Usage> {
        self.model.usage(text, purpose)
    }

    fn index_names(&self) -> Option<Arc<dyn IndexNames>> {
        Some(self.model.token_names())
    }

    fn sessions(&self) -> Option<&SessionPool> {
        Some(self.model.sessions())
    }

    fn tokenizer(&self) -> Option<&Tokenizer> {
        Some(self.model.tokenizer())
    }
}
