//! The architecture, and a view of its model for each family.

use std::marker::PhantomData;
use std::sync::Arc;

use embedkit_core::session::SessionPool;
use embedkit_core::tokenizer::Encoding;
use embedkit_core::{
    AnyPipeline, Architecture, Error, IndexNames, LoadContext, ModelDescription, Padding, Pipeline, Pooling, Prepared,
    Purpose, Result, Stage, Usage,
};
use embedkit_vector::SparseVector;
use embedkit_vector::multivector::MultiVector;

use super::ARCHITECTURE;
use super::parameters::Parameters;
use super::reading::{Embedding, Reader};
use super::shared::SharedModel;
use crate::HybridOutput;

/// The architecture for the family whose embeddings are `E`.
#[derive(Debug)]
pub struct BgeM3<E>(PhantomData<fn() -> E>);

/// `bge-m3` of the family `dense`.
pub static DENSE: BgeM3<Vec<f32>> = BgeM3(PhantomData);
/// `bge-m3` of the family `sparse`.
pub static SPARSE: BgeM3<SparseVector> = BgeM3(PhantomData);
/// `bge-m3` of the family `colbert`.
pub static COLBERT: BgeM3<MultiVector> = BgeM3(PhantomData);
/// `bge-m3` of the family `hybrid`.
pub static HYBRID: BgeM3<HybridOutput> = BgeM3(PhantomData);

impl<E: Embedding> Architecture for BgeM3<E> {
    fn name(&self) -> &'static str {
        ARCHITECTURE
    }

    fn family(&self) -> &'static str {
        E::FAMILY
    }

    fn check(&self, model: &ModelDescription) -> Result<()> {
        let wrong = |message: &str| Err(Error::manifest(&model.id, message));
        if model.model_file.is_empty() {
            return wrong("`model-file` must name the graph");
        }
        if model.output.is_some() {
            return wrong("this architecture reads three outputs: name them in the `parameters`, as `outputs`");
        }
        if model.pooling != Pooling::None || model.padding != Padding::Longest || !model.matryoshka.is_empty() {
            return wrong("this architecture has no `pooling`, no `matryoshka`, and `padding` to the longest row only");
        }
        model.parameters::<Parameters>().map(drop)
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        let shared = SharedModel::of(context)?;
        let names: Arc<dyn IndexNames> = shared.clone();
        let parameters = context.model.parameters()?;
        let view = View::<E> { model: context.model.clone(), shared, parameters, embedding: PhantomData };
        if !context.session.lazy {
            view.outputs()?;
        }
        Ok(AnyPipeline::new(view).with_extra(names))
    }
}

/// A model as one family sees it.
struct View<E> {
    model: Arc<ModelDescription>,
    shared: Arc<SharedModel>,
    parameters: Parameters,
    embedding: PhantomData<fn() -> E>,
}

impl<E> View<E> {
    /// Positions of the dense, the sparse and the multi-vector output.
    fn outputs(&self) -> Result<[usize; 3]> {
        let [dense, sparse, multi_vector] = &self.parameters.outputs;
        let index = |output| self.shared.graph.pool().output_index(Some(output)).map_err(|e| self.named(e));
        Ok([index(dense)?, index(sparse)?, index(multi_vector)?])
    }

    /// Names this view's row in an error: the model has the name of the row that it was first loaded for.
    fn named(&self, error: Error) -> Error {
        match error {
            Error::Model { message, source, .. } => Error::Model { model: self.model.id.clone(), message, source },
            other => other,
        }
    }

    fn encode(&self, text: &str, purpose: &Purpose) -> Result<Encoding> {
        if let Some(task) = purpose.task.as_ref().filter(|task| !self.model.prompts.contains_key(*task)) {
            return Err(Error::option("task", format!("model {} has no task {task:?}", self.model.id)));
        }
        let tokenizer = self.shared.graph.tokenizer();
        match purpose.prompt(&self.model) {
            None => tokenizer.encode(text),
            Some(prompt) => tokenizer.encode(&format!("{prompt}{text}")),
        }
    }
}

impl<E: Embedding> Pipeline for View<E> {
    type Input = str;
    type Prepared = Encoding;
    type Output = E;

    fn prepare(&self, text: &str, purpose: &Purpose) -> Result<Prepared<Encoding, E>> {
        let item = self.encode(text, purpose)?;
        let (usage, length) = (item.usage(), item.ids.len());
        Ok(Prepared { stage: Stage::Run { item, length, bytes: length * size_of::<u64>() }, usage })
    }

    fn run(&self, texts: &[&Encoding], _: &Purpose) -> Result<Vec<Result<E>>> {
        let [dense, sparse, multi_vector] = self.outputs()?;
        let (shared, model, labels) = (&*self.shared, &*self.model, self.parameters.labels);
        let embeddings = shared.graph.run(texts, &[], |batch, outputs| {
            E::read(&Reader { shared, model, labels, dense, sparse, multi_vector, batch, outputs })
        });
        let named = |embedding: Result<E>| embedding.map_err(|e| self.named(e));
        embeddings.map(|all| all.into_iter().map(named).collect()).map_err(|e| self.named(e))
    }

    fn usage(&self, text: &str, purpose: &Purpose) -> Result<Usage> {
        Ok(self.encode(text, purpose)?.usage())
    }

    fn sessions(&self) -> Option<&SessionPool> {
        Some(self.shared.graph.pool())
    }
}
