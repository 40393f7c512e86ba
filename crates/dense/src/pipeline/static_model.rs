//! `static`: a table of token vectors, no network (model2vec).

use embedkit_core::sentence_transformers::{Step, Steps};
use embedkit_core::tokenizer::Tokenizer;
use embedkit_core::{
    AnyPipeline, Architecture, Direct, Error, LoadContext, ModelDescription, ModelOption, Purpose, Result, RowField,
    Usage, parameter_names,
};

use serde::Deserialize;

use super::token_table::TokenTable;
use crate::FAMILY;

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
        let parameters: Parameters = context.model.parameters()?;
        let tokens = TokenTable::load(context, parameters.unknown_tokens)?;
        let steps = Steps::load(&context.files, &parameters.steps)?;
        let width = tokens.table.dim();
        if let Some(taken) = steps.input().filter(|taken| *taken != width) {
            let message = format!("its table has vectors of {width} values, and what follows takes {taken}");
            return Err(tokens.wrong(message));
        }
        tokens.check_dim(steps.output().unwrap_or(width))?;
        let dim = context.dim.filter(|dim| Some(*dim) != context.model.dim);
        Ok(AnyPipeline::direct(StaticModel { tokens, steps, dim }))
    }
}

struct StaticModel {
    tokens: TokenTable,
    steps: Steps,
    /// The width to cut to, when it is not the model's own.
    dim: Option<usize>,
}

impl StaticModel {
    fn vector(&self, tokens: Vec<u32>) -> Result<Vec<f32>> {
        let Self { tokens: TokenTable { model, table, .. }, steps, dim } = self;
        let tokens = self.tokens.counted(tokens);
        let mut vector = table.sum(&tokens).map_err(|token| self.tokens.no_row(token))?;
        // A sum that is normalised at once has the mean's direction.
        if !(model.normalize && steps.is_empty()) {
            divide(&mut vector, tokens.len());
        }
        let width = vector.len();
        let mut vector = steps.apply(vector, width).map_err(|error| {
            Error::model_because(&model.id, "the text's vector is not finite: its files hold wrong values", error)
        })?;
        if model.normalize {
            embedkit_vector::normalize(&mut vector);
        }
        if let Some(dim) = dim {
            embedkit_vector::cut(&mut vector, *dim);
        }
        Ok(vector)
    }
}

impl Direct for StaticModel {
    type Input = str;
    type Output = Vec<f32>;

    fn tokenizer(&self) -> Option<&Tokenizer> {
        Some(&self.tokens.tokenizer)
    }

    fn embed(&self, text: &str, purpose: &Purpose) -> Result<(Vec<f32>, Usage)> {
        let encoding = self.tokens.encode(text, purpose)?;
        let usage = Usage::from(&encoding);
        Ok((self.vector(encoding.ids)?, usage))
    }

    fn embed_ids(&self, ids: &[u32], purpose: &Purpose) -> Result<(Vec<f32>, Usage)> {
        purpose.check_ids(&self.tokens.model)?;
        let encoding = self.tokens.tokenizer.row(ids)?;
        let usage = Usage::from(&encoding);
        Ok((self.vector(encoding.ids)?, usage))
    }

    fn usage(&self, text: &str, purpose: &Purpose) -> Result<Usage> {
        Ok(Usage::from(&self.tokens.encode(text, purpose)?))
    }
}
