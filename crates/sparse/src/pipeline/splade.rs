//! `splade`: a masked language model's logits, pooled.

use std::sync::Arc;

use embedkit_core::sentence_transformers::{SpladeActivation, SpladeStrategy};
use embedkit_core::session::SessionPool;
use embedkit_core::tokenizer::{Encoding, Tokenizer, TokenizerOptions};
use embedkit_core::{
    AnyPipeline, Architecture, Error, IndexNames, LoadContext, ModelDescription, ModelOption, Pipeline, Prepared,
    Purpose, Result, Role, RowField, TextModel, TextRow, Usage, parameter_names,
};
use embedkit_vector::SparseVector;
use serde::Deserialize;

use super::query_table::QueryTable;
use super::token_model::{self, Unscored};
use crate::{FAMILY, scoring};

/// The `splade` architecture: the logits `[batch, tokens, vocabulary]` of a graph, weighted and pooled over a text's
/// tokens, by default as [`scoring::splade`]. Queries may be answered from a table of tokens' weights instead.
pub struct Splade;

/// The row's `parameters`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Parameters {
    /// Whether texts are brought to lower case.
    lowercase: bool,
    /// How tokens' weights become one.
    strategy: SpladeStrategy,
    /// What makes a weight of a logit.
    activation: SpladeActivation,
    /// The heaviest terms of a vector that are kept; absent: all.
    max_terms: Option<usize>,
    /// The folder of a table of tokens' weights and of its tokenizer, which answers queries; absent: the graph does.
    query_table: Option<String>,
    /// Whether the table answers texts of no role too.
    queries_by_default: bool,
}

impl Parameters {
    fn of(model: &ModelDescription) -> Result<Self> {
        let parameters: Self = model.parameters()?;
        if parameters.max_terms == Some(0) {
            return Err(Error::manifest(&model.id, "`max-terms` must be positive"));
        }
        if parameters.queries_by_default && parameters.query_table.is_none() {
            return Err(Error::manifest(&model.id, "`queries-by-default` needs `query-table`"));
        }
        Ok(parameters)
    }
}

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

    fn fields(&self) -> &'static [RowField] {
        &[RowField::Prompts, RowField::Padding, RowField::RequiresIdf, RowField::VocabSize]
    }

    fn parameters(&self) -> &'static [&'static str] {
        parameter_names::<Parameters>()
    }

    fn check(&self, model: &ModelDescription) -> Result<()> {
        model.require_model_file()?;
        Parameters::of(model).map(drop)
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        let parameters = Parameters::of(&context.model)?;
        let mut options = TokenizerOptions::default();
        options.lowercase = parameters.lowercase;
        let table = parameters.query_table.as_ref();
        let table = table.map(|folder| QueryTable::load(&context.files, folder)).transpose()?;
        Ok(AnyPipeline::new(SpladePipeline { model: TextModel::load(context, options)?, table, parameters }))
    }
}

struct SpladePipeline {
    model: TextModel,
    table: Option<QueryTable>,
    parameters: Parameters,
}

impl SpladePipeline {
    /// The table, where it answers texts of this purpose.
    fn table(&self, purpose: &Purpose) -> Option<&QueryTable> {
        let is_query = match purpose.role {
            Role::Query => true,
            Role::Plain => self.parameters.queries_by_default,
            Role::Passage => false,
        };
        self.table.as_ref().filter(|_| is_query)
    }

    fn vector(&self, row: &TextRow<'_>) -> Result<SparseVector, Unscored> {
        token_model::check_vocabulary(&self.model, row)?;
        let once = |logit: f32| row.precision.round(logit.ln_1p());
        let weight = |logit| match self.parameters.activation {
            SpladeActivation::Relu => once(logit),
            SpladeActivation::Log1pRelu => once(once(logit)),
        };
        let vector = match self.parameters.strategy {
            SpladeStrategy::Max => scoring::splade_max(row.values, row.mask, weight)?,
            SpladeStrategy::Sum => scoring::splade_sum(row.values, row.mask, weight)?,
        };
        Ok(self.heaviest(vector)?)
    }

    /// The vector with as many terms as are kept.
    fn heaviest(&self, vector: SparseVector) -> Result<SparseVector> {
        match self.parameters.max_terms {
            Some(terms) if vector.len() > terms => {
                let mut entries = vector.heaviest();
                entries.truncate(terms);
                Ok(SparseVector::from_entries(entries)?)
            }
            _ => Ok(vector),
        }
    }
}

impl Pipeline for SpladePipeline {
    type Input = str;
    type Prepared = Encoding;
    type Output = SparseVector;

    fn prepare(&self, text: &str, purpose: &Purpose) -> Result<Prepared<Encoding, SparseVector>> {
        let Some(table) = self.table(purpose) else { return self.model.prepare(text, purpose) };
        let (vector, usage) = table.vector(&purpose.prompted(self.model.model(), text)?)?;
        Ok(Prepared::done(self.heaviest(vector)?, usage))
    }

    fn prepare_ids(&self, ids: &[u32], purpose: &Purpose) -> Result<Prepared<Encoding, SparseVector>> {
        if self.table(purpose).is_some() {
            return Err(Error::input("this model looks up the words of queries: give it the text"));
        }
        self.model.prepare_ids(ids, purpose)
    }

    fn run(&self, texts: &[&Encoding], _: &Purpose) -> Result<Vec<Result<SparseVector>>> {
        token_model::run(&self.model, texts, (2, 0), |row| self.vector(row))
    }

    fn usage(&self, text: &str, purpose: &Purpose) -> Result<Usage> {
        Ok(self.prepare(text, purpose)?.usage)
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
