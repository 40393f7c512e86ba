//! `static`, of late interaction: the same table, a vector for every token.

use embedkit_core::pipeline::behind_prompt;
use embedkit_core::tokenizer::Tokenizer;
use embedkit_core::{
    AnyPipeline, Architecture, Direct, Error, LoadContext, ModelDescription, ModelOption, Purpose, Result, Role,
    RowField, RowPlaces, Usage, parameter_names,
};
use embedkit_vector::multivector::{MultiVector, RowLabel};
use serde::Deserialize;

use super::token_table::TokenTable;

/// The family whose models give a vector for every token. Rows name it, so its crate is not needed here.
const FAMILY: &str = "colbert";

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

    fn parameters(&self) -> &'static [&'static str] {
        parameter_names::<Parameters>()
    }

    fn check(&self, model: &ModelDescription) -> Result<()> {
        model.require_model_file()?;
        Parameters::of(model).map(drop)
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        let parameters = Parameters::of(&context.model)?;
        let mut tokens = TokenTable::load(context, parameters.unknown_tokens)?;
        tokens.check_dim(tokens.table.dim())?;
        tokens.table.keep_lengths();
        Ok(AnyPipeline::direct(StaticTokensModel { tokens, parameters }))
    }
}

struct StaticTokensModel {
    tokens: TokenTable,
    parameters: Parameters,
}

impl StaticTokensModel {
    fn rows(&self, tokens: &[u32], role: Role) -> Result<MultiVector> {
        let TokenTable { model, tokenizer, table, .. } = &self.tokens;
        let power = self.parameters.query_power;
        let wanted = |length: f32| if role == Role::Query { length.powf(power) } else { 1.0 };
        let mut values = table.rows(tokens, wanted).map_err(|token| self.tokens.no_row(token))?;
        if tokens.is_empty() {
            values.resize(table.dim(), 0.0);
        }
        embedkit_vector::check_finite(&values).map_err(|error| {
            Error::model_because(&model.id, "a token's vector is not finite: its files hold wrong values", error)
        })?;
        let vectors = MultiVector::new(table.dim(), values)?;
        if !self.parameters.labels {
            return Ok(vectors);
        }
        let name = |token: &u32| RowLabel::Token(tokenizer.name(*token));
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
        let encoding = self.tokens.encode(text, purpose)?;
        let usage = Usage::from(&encoding);
        Ok((self.rows(&self.tokens.counted(encoding.ids), purpose.role)?, usage))
    }

    fn usage(&self, text: &str, purpose: &Purpose) -> Result<Usage> {
        Ok(Usage::from(&self.tokens.encode(text, purpose)?))
    }

    fn row_places(&self, text: &str, purpose: &Purpose) -> Result<Option<RowPlaces>> {
        let TokenTable { model, tokenizer, .. } = &self.tokens;
        let (encoding, places) = tokenizer.encode_with_places(&purpose.prompted(model, text)?)?;
        let rows = encoding.ids.iter().zip(places).filter(|(token, _)| self.tokens.counts(**token));
        let prompt = purpose.prompt(model).map_or(0, str::len);
        let mut places = behind_prompt(rows.map(|(_, place)| place), prompt);
        // A text without tokens that count has one row.
        places.resize(places.len().max(1), None);
        Ok(Some(places))
    }

    fn tokenizer(&self) -> Option<&Tokenizer> {
        Some(&self.tokens.tokenizer)
    }
}
