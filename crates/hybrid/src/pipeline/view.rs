//! The architecture, and a view of its model for each family.

use std::marker::PhantomData;
use std::sync::Arc;

use embedkit_core::pipeline::behind_prompt;
use embedkit_core::session::SessionPool;
use embedkit_core::tokenizer::{Encoding, Tokenizer};
use embedkit_core::{
    AnyPipeline, Architecture, Error, IndexNames, LoadContext, ModelDescription, ModelOption, Padding, Pipeline,
    Prepared, Purpose, Result, RowField, RowPlaces, TextModel, Usage, parameter_names,
};
use embedkit_vector::SparseVector;
use embedkit_vector::multivector::MultiVector;

use super::ARCHITECTURE;
use super::parameters::Parameters;
use super::reading::{FromOutputs, Reader};
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

impl<E: FromOutputs> Architecture for BgeM3<E> {
    fn name(&self) -> &'static str {
        ARCHITECTURE
    }

    fn family(&self) -> &'static str {
        E::FAMILY
    }

    fn options(&self) -> &'static [ModelOption] {
        &[ModelOption::MaxLength, ModelOption::Normalize, ModelOption::MemoryMap]
    }

    /// The same for all families, whose rows may say the same of their one model.
    fn fields(&self) -> &'static [RowField] {
        &[RowField::Prompts, RowField::Padding, RowField::RequiresIdf, RowField::VocabSize]
    }

    fn parameters(&self) -> &'static [&'static str] {
        parameter_names::<Parameters>()
    }

    fn check(&self, model: &ModelDescription) -> Result<()> {
        model.require_model_file()?;
        if model.padding == Padding::MaxLength {
            return Err(Error::manifest(&model.id, "this architecture's `padding` is to the longest row only"));
        }
        model.parameters::<Parameters>().map(drop)
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        let shared = SharedModel::of(context)?;
        let view = View::<E> {
            model: shared.model.for_row(context.model.clone())?,
            shared,
            parameters: context.model.parameters()?,
            embedding: PhantomData,
        };
        if !context.session.lazy {
            view.outputs()?;
        }
        Ok(AnyPipeline::new(view))
    }
}

/// A model as one family sees it.
struct View<E> {
    /// The shared model, with this view's row.
    model: TextModel,
    shared: Arc<SharedModel>,
    parameters: Parameters,
    embedding: PhantomData<fn() -> E>,
}

impl<E> View<E> {
    /// Positions of the dense, the sparse and the multi-vector output.
    fn outputs(&self) -> Result<[usize; 3]> {
        let [dense, sparse, multi_vector] = &self.parameters.outputs;
        let index = |output| self.model.output_index(Some(output));
        Ok([index(dense)?, index(sparse)?, index(multi_vector)?])
    }
}

impl<E: FromOutputs> Pipeline for View<E> {
    type Input = str;
    type Prepared = Encoding;
    type Output = E;

    fn prepare(&self, text: &str, purpose: &Purpose) -> Result<Prepared<Encoding, E>> {
        self.model.prepare(text, purpose)
    }

    fn prepare_ids(&self, ids: &[u32], purpose: &Purpose) -> Result<Prepared<Encoding, E>> {
        self.model.prepare_ids(ids, purpose)
    }

    fn run(&self, texts: &[&Encoding], _: &Purpose) -> Result<Vec<Result<E>>> {
        let [dense, sparse, multi_vector] = self.outputs()?;
        let batch = self.model.tokenizer().pad(texts, None)?;
        self.model.run_outputs(&batch, &[], |outputs| {
            E::read(&Reader {
                model: &self.model,
                unweighted: &self.shared.unweighted,
                labels: self.parameters.labels,
                dense,
                sparse,
                multi_vector,
                batch: &batch,
                outputs,
            })
        })
    }

    fn usage(&self, text: &str, purpose: &Purpose) -> Result<Usage> {
        self.model.usage(text, purpose)
    }

    fn row_places(&self, text: &str, purpose: &Purpose) -> Result<Option<RowPlaces>> {
        if !E::HAS_ROWS {
            return Ok(None);
        }
        let model = self.model.model();
        let (_, places) = self.model.tokenizer().encode_with_places(&purpose.prompted(model, text)?)?;
        // The first token has no row.
        Ok(Some(behind_prompt(places.into_iter().skip(1), purpose.prompt(model).map_or(0, str::len))))
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
