//! `if-splade`: documents through a graph, queries from a table.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use embedkit_core::session::SessionPool;
use embedkit_core::tokenizer::Encoding;
use embedkit_core::{
    AnyPipeline, Architecture, Error, LoadContext, ModelDescription, Pipeline, Prepared, Purpose, Result, Role, Stage,
    Usage,
};
use embedkit_vector::SparseVector;

use super::graph::Graph;
use crate::names::SharedNames;
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

    fn check(&self, model: &ModelDescription) -> Result<()> {
        super::check_graph(model)?;
        super::check_no_parameters(model)
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        let weights: HashMap<String, f32> = context.files.json(IDF_FILE)?;
        if let Some((token, weight)) = weights.iter().find(|(_, weight)| !weight.is_finite()) {
            return Err(Error::file(context.files.label(IDF_FILE), format!("the weight of {token:?} is {weight}")));
        }
        let graph = Arc::new(Graph::load(context)?);
        let by_id = |(token, weight): (String, f32)| Some((graph.tokenizer().id(&token)?, weight));
        let idf = weights.into_iter().filter_map(by_id).collect();
        let names: SharedNames = graph.clone();
        Ok(AnyPipeline::new(InferenceFreePipeline { graph, idf }).with_extra(names))
    }
}

struct InferenceFreePipeline {
    graph: Arc<Graph>,
    idf: HashMap<u32, f32>,
}

impl InferenceFreePipeline {
    fn query(&self, encoding: &Encoding) -> Result<SparseVector> {
        let ids: BTreeSet<u32> = encoding.ids.iter().copied().collect();
        let ids = ids.into_iter().filter(|id| !self.graph.tokenizer().is_special(*id));
        Ok(SparseVector::from_entries(ids.filter_map(|id| Some((id, *self.idf.get(&id)?))))?)
    }
}

impl Pipeline for InferenceFreePipeline {
    type Input = str;
    type Prepared = Encoding;
    type Output = SparseVector;

    fn prepare(&self, text: &str, purpose: &Purpose) -> Result<Prepared<Encoding, SparseVector>> {
        if purpose.role != Role::Query {
            return self.graph.prepare(text, purpose);
        }
        let encoding = self.graph.encode(text, purpose)?;
        Ok(Prepared { stage: Stage::Done(self.query(&encoding)?), usage: encoding.usage() })
    }

    fn run(&self, batch: &[&Encoding], _: &Purpose) -> Result<Vec<Result<SparseVector>>> {
        self.graph.run(batch, (2, 0), |row| {
            self.graph.check_vocabulary(row.shape[1])?;
            Ok(scoring::inference_free_splade(row.values, row.mask, self.graph.tokenizer().special_ids())?)
        })
    }

    fn usage(&self, text: &str, purpose: &Purpose) -> Result<Usage> {
        self.graph.usage(text, purpose)
    }

    fn sessions(&self) -> Option<&SessionPool> {
        Some(self.graph.pool())
    }
}
