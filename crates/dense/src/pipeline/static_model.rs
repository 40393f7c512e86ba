//! `static`: a table of token vectors, no network (model2vec).

use std::sync::Arc;

use embedkit_core::sentence_transformers::{Step, Steps};
use embedkit_core::tokenizer::{Encoding, Tokenizer, TokenizerOptions};
use embedkit_core::{
    AnyPipeline, Architecture, Direct, Error, LoadContext, ModelDescription, ModelOption, Purpose, Result, RowField,
    Usage, parameter_names,
};

use serde::Deserialize;

use super::static_table::Table;
use crate::FAMILY;

/// Tokens of a text that count, as in the reference. model2vec also cuts a text to so many times the median length of
/// the vocabulary's tokens, in characters, before it looks for tokens; the reference does not, and of the two cuts only
/// this one keeps to whole tokens. They differ in texts whose tokens are longer than that median on average.
const MAX_LENGTH: usize = 512;

/// The `static` architecture: a text's vector is the weighted mean of its tokens' rows, normalised where the row says so
/// (model2vec, <https://github.com/MinishLab/model2vec>). Unknown tokens do not count unless the parameter
/// `unknown-tokens` says so, as sentence-transformers has it; a text without tokens that count has the zero vector.
pub struct Static;

/// The row's `parameters`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Parameters {
    /// Whether the unknown token's row counts.
    unknown_tokens: bool,
    /// What is done to a vector before it is normalised.
    steps: Vec<Step>,
}

fn divide(vector: &mut [f32], count: usize) {
    if count > 0 {
        vector.iter_mut().for_each(|value| *value /= count as f32);
    }
}

impl Architecture for Static {
    fn name(&self) -> &'static str {
        "static"
    }

    fn family(&self) -> &'static str {
        FAMILY
    }

    fn options(&self) -> &'static [ModelOption] {
        &[ModelOption::MaxLength, ModelOption::Dim, ModelOption::Normalize, ModelOption::MemoryMap]
    }

    fn fields(&self) -> &'static [RowField] {
        &[RowField::Prompts]
    }

    fn parameters(&self) -> &'static [&'static str] {
        parameter_names::<Parameters>()
    }

    fn check(&self, model: &ModelDescription) -> Result<()> {
        model.require_model_file()?;
        model.parameters::<Parameters>().map(drop)
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        let model = &context.model;
        let parameters: Parameters = model.parameters()?;
        let mut options = TokenizerOptions::default();
        options.max_length = Some(model.max_length.unwrap_or(MAX_LENGTH));
        options.without_special_tokens = true;
        let tokenizer = Tokenizer::load(&context.tokenizer_files()?, &options)?;
        let path = context.files.label(&model.model_file);
        let table = Table::load(context.files.open(&model.model_file, context.memory_map)?, &path)?;
        if let Some(dim) = model.dim.filter(|dim| *dim != table.dim() && parameters.steps.is_empty()) {
            let message = format!("{} has vectors of {} values, and the row says {dim}", path.display(), table.dim());
            return Err(Error::model(&model.id, message));
        }
        Ok(AnyPipeline::direct(StaticModel {
            unknown: tokenizer.unknown_id().filter(|_| !parameters.unknown_tokens),
            dim: context.dim.filter(|dim| Some(*dim) != model.dim),
            steps: (!parameters.steps.is_empty())
                .then(|| Steps::load(&context.files, &parameters.steps))
                .transpose()?,
            model: model.clone(),
            tokenizer,
            table,
        }))
    }
}

struct StaticModel {
    model: Arc<ModelDescription>,
    tokenizer: Tokenizer,
    table: Table,
    /// The token that does not count.
    unknown: Option<u32>,
    steps: Option<Steps>,
    /// The width to cut to, when it is not the table's own.
    dim: Option<usize>,
}

impl StaticModel {
    fn encode(&self, text: &str, purpose: &Purpose) -> Result<Encoding> {
        Ok(self.tokenizer.encode(&purpose.prompted(&self.model, text)?)?)
    }

    fn vector(&self, mut tokens: Vec<u32>) -> Result<Vec<f32>> {
        tokens.retain(|token| Some(*token) != self.unknown);
        let mut sum = self.table.sum(&tokens).map_err(|token| {
            let message = format!("the table has no row for token {token}: is the tokenizer another model's?");
            Error::model(&self.model.id, message)
        })?;
        // Not `all`, which would stop at the first: this way values are looked at side by side.
        if !sum.iter().fold(true, |finite, value| finite & value.is_finite()) {
            return Err(Error::model(&self.model.id, "the text's vector is not finite: the table holds wrong values"));
        }
        if let Some(steps) = &self.steps {
            divide(&mut sum, tokens.len());
            let found = sum.len();
            sum = steps.apply(sum).map_err(|expected| {
                let message = format!("a step takes vectors of {expected} values, and is given {found}");
                Error::model(&self.model.id, message)
            })?;
        }
        if self.model.normalize {
            embedkit_vector::normalize(&mut sum);
        } else if self.steps.is_none() {
            divide(&mut sum, tokens.len());
        }
        if let Some(dim) = self.dim {
            embedkit_vector::cut(&mut sum, dim);
        }
        Ok(sum)
    }
}

impl Direct for StaticModel {
    type Input = str;
    type Output = Vec<f32>;

    fn tokenizer(&self) -> Option<&Tokenizer> {
        Some(&self.tokenizer)
    }

    fn embed(&self, text: &str, purpose: &Purpose) -> Result<(Vec<f32>, Usage)> {
        let encoding = self.encode(text, purpose)?;
        let usage = Usage::from(&encoding);
        Ok((self.vector(encoding.ids)?, usage))
    }

    fn embed_ids(&self, ids: &[u32], purpose: &Purpose) -> Result<(Vec<f32>, Usage)> {
        purpose.check_ids(&self.model)?;
        let encoding = self.tokenizer.row(ids)?;
        let usage = Usage::from(&encoding);
        Ok((self.vector(encoding.ids)?, usage))
    }

    fn usage(&self, text: &str, purpose: &Purpose) -> Result<Usage> {
        Ok(Usage::from(&self.encode(text, purpose)?))
    }
}
