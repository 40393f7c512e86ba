//! `static`, of late interaction: the same table, a vector for every token.

use std::sync::Arc;

use embedkit_core::pipeline::behind_prompt;
use embedkit_core::tokenizer::{Encoding, Tokenizer, TokenizerOptions};
use embedkit_core::{
    AnyPipeline, Architecture, Direct, Error, LoadContext, ModelDescription, ModelOption, Purpose, Result, Role,
    RowField, RowPlaces, Usage,
};
use embedkit_vector::multivector::{MultiVector, RowLabel};
use serde::Deserialize;

use super::static_table::Table;

/// The family whose models give a vector for every token. Rows name it, so its crate is not needed here.
const FAMILY: &str = "colbert";

/// Tokens of a text that count where the row says nothing, as for the single vector.
const MAX_LENGTH: usize = 512;

/// The `static` architecture of the family `colbert`: a text is its tokens' rows of a static model's table, which costs
/// a look-up and no run.
///
/// A passage's rows have length 1, so that the best match is the most similar direction. A query's have their length to
/// the power `query-power`, 2 unless the row says otherwise: in the model's single vectors, which are sums of rows, two
/// tokens add the product of their lengths times their cosine to the dot product of two texts, and so a token that meets
/// its like adds its squared length. MaxSim then weighs query tokens as the model itself does.
///
/// Unknown tokens have no row unless the parameter `unknown-tokens` says so; a text without tokens that count has one row,
/// of zeros. With the parameter `labels`, rows are labelled with their tokens.
pub struct StaticTokens;

/// The row's `parameters`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Parameters {
    /// Whether the unknown token has a row.
    unknown_tokens: bool,
    /// Whether rows are labelled with their tokens.
    labels: bool,
    /// The power that a query row's length is taken to.
    query_power: f32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { unknown_tokens: false, labels: false, query_power: 2.0 }
    }
}

impl Parameters {
    fn of(model: &ModelDescription) -> Result<Self> {
        let parameters: Self = model.parameters()?;
        if !(0.0..=8.0).contains(&parameters.query_power) {
            let message = format!("`query-power` must be from 0 to 8, not {}", parameters.query_power);
            return Err(Error::manifest(&model.id, message));
        }
        Ok(parameters)
    }
}

impl Architecture for StaticTokens {
    fn name(&self) -> &'static str {
        "static"
    }

    fn family(&self) -> &'static str {
        FAMILY
    }

    fn options(&self) -> &'static [ModelOption] {
        &[ModelOption::MaxLength, ModelOption::MemoryMap]
    }

    fn fields(&self) -> &'static [RowField] {
        &[RowField::Prompts]
    }

    fn check(&self, model: &ModelDescription) -> Result<()> {
        model.require_model_file()?;
        Parameters::of(model).map(drop)
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        let model = &context.model;
        let parameters = Parameters::of(model)?;
        let mut options = TokenizerOptions::default();
        options.max_length = Some(model.max_length.unwrap_or(MAX_LENGTH));
        options.without_special_tokens = true;
        let tokenizer = Tokenizer::load(&context.tokenizer_files()?, &options)?;
        let path = context.files.label(&model.model_file);
        let table = Table::load(context.files.open(&model.model_file, context.memory_map)?, &path)?.keeping_lengths();
        if let Some(dim) = model.dim.filter(|dim| *dim != table.dim()) {
            let message = format!("{} has vectors of {} values, and the row says {dim}", path.display(), table.dim());
            return Err(Error::model(&model.id, message));
        }
        Ok(AnyPipeline::direct(StaticTokensModel {
            unknown: tokenizer.unknown_id().filter(|_| !parameters.unknown_tokens),
            model: model.clone(),
            parameters,
            tokenizer,
            table,
        }))
    }
}

struct StaticTokensModel {
    model: Arc<ModelDescription>,
    parameters: Parameters,
    tokenizer: Tokenizer,
    table: Table,
    /// The token that has no row.
    unknown: Option<u32>,
}

impl StaticTokensModel {
    fn encode(&self, text: &str, purpose: &Purpose) -> Result<Encoding> {
        Ok(self.tokenizer.encode(&purpose.prompted(&self.model, text)?)?)
    }

    fn rows(&self, tokens: &[u32], role: Role) -> Result<MultiVector> {
        let wrong = |message: String| Error::model(&self.model.id, message);
        let dim = self.table.dim();
        let power = self.parameters.query_power;
        let wanted = |length: f32| if role == Role::Query { length.powf(power) } else { 1.0 };
        let mut values = self.table.rows(tokens, wanted).map_err(|token| {
            wrong(format!("the table has no row for token {token}: is the tokenizer another model's?"))
        })?;
        if tokens.is_empty() {
            values.resize(dim, 0.0);
        }
        // Not `all`, which would stop at the first: this way values are looked at side by side.
        if !values.iter().fold(true, |finite, value| finite & value.is_finite()) {
            return Err(wrong("a token's vector is not finite: the table holds wrong values".to_owned()));
        }
        let vectors = MultiVector::new(dim, values)?;
        if !self.parameters.labels {
            return Ok(vectors);
        }
        let name = |token: &u32| RowLabel::Token(self.tokenizer.token(*token).unwrap_or_default());
        let labels = match tokens {
            [] => vec![RowLabel::Token(String::new())],
            tokens => tokens.iter().map(name).collect(),
        };
        Ok(vectors.with_labels(labels)?)
    }
}

impl Direct for StaticTokensModel {
    type Input = str;
    type Output = MultiVector;

    fn embed(&self, text: &str, purpose: &Purpose) -> Result<(MultiVector, Usage)> {
        let encoding = self.encode(text, purpose)?;
        let usage = Usage::from(&encoding);
        let mut tokens = encoding.ids;
        tokens.retain(|token| Some(*token) != self.unknown);
        Ok((self.rows(&tokens, purpose.role)?, usage))
    }

    fn usage(&self, text: &str, purpose: &Purpose) -> Result<Usage> {
        Ok(Usage::from(&self.encode(text, purpose)?))
    }

    fn row_places(&self, text: &str, purpose: &Purpose) -> Result<Option<RowPlaces>> {
        let (encoding, places) = self.tokenizer.encode_with_places(&purpose.prompted(&self.model, text)?)?;
        let rows = encoding.ids.iter().zip(places).filter(|(token, _)| Some(**token) != self.unknown);
        let prompt = purpose.prompt(&self.model).map_or(0, str::len);
        let mut places = behind_prompt(rows.map(|(_, place)| place), prompt);
        // A text without tokens that count has one row.
        places.resize(places.len().max(1), None);
        Ok(Some(places))
    }

    fn tokenizer(&self) -> Option<&Tokenizer> {
        Some(&self.tokenizer)
    }
}
