//! `cross-encoder`: a classifier over query and document in one row.

use embedkit_core::session::{BadOutput, SessionPool};
use embedkit_core::tokenizer::{Encoding, Tokenizer, TokenizerOptions};
use embedkit_core::{
    Activation, AnyPipeline, Architecture, Error, LoadContext, ModelDescription, ModelOption, Pipeline, Prepared,
    Purpose, Result, RowField, TextModel, TextRow, parameter_names,
};
use serde::Deserialize;

use super::activation;
use super::query::LastQuery;
use crate::{FAMILY, Pair};

/// The `cross-encoder` architecture: a graph from a row with both texts to logits `[rows, labels]`.
/// Texts that do not fit are cut, the longer one first.
pub struct CrossEncoder;

impl Architecture for CrossEncoder {
    fn name(&self) -> &'static str {
        "cross-encoder"
    }

    fn family(&self) -> &'static str {
        FAMILY
    }

    fn options(&self) -> &'static [ModelOption] {
        &[ModelOption::MaxLength, ModelOption::Output, ModelOption::Activation, ModelOption::MemoryMap]
    }

    fn fields(&self) -> &'static [RowField] {
        &[RowField::Padding]
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
        options.pairs = true;
        let model = TextModel::load(context, options)?;
        let model = if parameters.segments { model.with_segments() } else { model };
        Ok(AnyPipeline::new(CrossEncoderPipeline { model, parameters, query: LastQuery::default() }))
    }
}

/// The row's `parameters`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Parameters {
    /// Whether texts are brought to lower case.
    lowercase: bool,
    /// Whether the graph is told which of the two texts a token is of; else all tokens are the first's. Default: yes.
    segments: bool,
    /// The label whose logit is the score, from 0; absent: the first.
    label: Option<usize>,
    /// Names of the labels that the graph should have; absent: any number of them.
    labels: Option<Vec<String>>,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { lowercase: false, segments: true, label: None, labels: None }
    }
}

impl Parameters {
    fn of(model: &ModelDescription) -> Result<Self> {
        let parameters: Self = model.parameters()?;
        let Some(labels) = &parameters.labels else { return Ok(parameters) };
        let wrong = |message: String| Err(Error::manifest(&model.id, message));
        match parameters.label {
            Some(label) if label >= labels.len() => {
                wrong(format!("`label` is {label}, and there are {} labels", labels.len()))
            }
            None if labels.len() > 1 && model.activation != Activation::Softmax => wrong(format!(
                "has {} labels ({}), and which of them is the relevant one is not known: call it \"relevant\" in the \
                 `id2label` of config.json, set the parameter `label`, or take the probability of the last by softmax",
                labels.len(),
                labels.join(", ")
            )),
            _ => Ok(parameters),
        }
    }
}

struct CrossEncoderPipeline {
    model: TextModel,
    parameters: Parameters,
    query: LastQuery,
}

impl CrossEncoderPipeline {
    fn score(&self, row: &TextRow<'_>) -> Result<f32> {
        let [labels] = *row.shape else { return Err(row.misshapen("[rows, labels]")) };
        let model = self.model.model();
        if let Some(expected) = self.parameters.labels.as_ref().map(Vec::len).filter(|expected| *expected != labels) {
            return Err(row.wrong(BadOutput::Width { found: labels, expected }));
        }
        if model.activation == Activation::Softmax && labels == 1 {
            let message = format!("softmax is for several labels, and model {} has one; use sigmoid", model.id);
            return Err(Error::option("activation", message));
        }
        let label = self.parameters.label.unwrap_or(0);
        if label >= labels {
            return Err(row.misshapen(format!("[rows, more than {label} labels], whose label {label} is the score")));
        }
        activation::score(row.values, label, model.activation).ok_or_else(|| row.wrong(BadOutput::NotFinite))
    }
}

impl Pipeline for CrossEncoderPipeline {
    type Input = Pair;
    type Prepared = Encoding;
    type Output = f32;

    fn prepare(&self, pair: &Pair, purpose: &Purpose) -> Result<Prepared<Encoding, f32>> {
        let model = self.model.model();
        purpose.check_task(model)?;
        if pair.instruction.is_some() {
            return Err(Error::option("instruction", format!("model {} takes no instruction", model.id)));
        }
        let tokenizer = self.model.tokenizer();
        let query = self.query.read(tokenizer, &pair.query)?;
        Ok(TextModel::prepared(tokenizer.encode_after(&query, &pair.document)?))
    }

    fn run(&self, pairs: &[&Encoding], _: &Purpose) -> Result<Vec<Result<f32>>> {
        self.model.run(pairs, &[], |row| self.score(row))
    }

    fn sessions(&self) -> Option<&SessionPool> {
        Some(self.model.sessions())
    }

    fn tokenizer(&self) -> Option<&Tokenizer> {
        Some(self.model.tokenizer())
    }
}
