//! `causal-lm`: a language model that is asked for yes or no.

use embedkit_core::session::{BadOutput, SessionPool};
use embedkit_core::tokenizer::{Encoding, Tokenizer, TokenizerOptions};
use embedkit_core::{
    Activation, AnyPipeline, Architecture, Error, LoadContext, ModelDescription, ModelOption, Pipeline, Prepared,
    Purpose, Result, RowField, TextModel, TextRow, parameter_names,
};
use serde::Deserialize;

use super::activation;
use crate::{FAMILY, Pair};

/// The `causal-lm` architecture (Qwen3-Reranker, <https://huggingface.co/Qwen/Qwen3-Reranker-0.6B>): the
/// score is the probability of the positive answer, in a softmax over the two answers' logits at the
/// last position. The prompt stands in the row.
pub struct CausalLm;

/// The row's `parameters`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Parameters {
    /// What stands before the filled template, and is never cut.
    prefix: String,
    /// What stands behind it, and is never cut.
    suffix: String,
    /// The text between, with `{instruction}`, `{query}` and `{document}`.
    template: String,
    /// The instruction when a pair brings none.
    instruction: String,
    /// The token of "not relevant".
    negative_token: String,
    /// The token of "relevant".
    positive_token: String,
}

impl Parameters {
    /// The template with its places filled; what a text says in braces is left alone.
    fn fill(&self, pair: &Pair) -> String {
        let mut filled = String::new();
        let mut rest = self.template.as_str();
        while let Some(start) = rest.find('{') {
            filled.push_str(&rest[..start]);
            rest = &rest[start..];
            let places = [
                ("{instruction}", pair.instruction.as_deref().unwrap_or(&self.instruction)),
                ("{query}", &*pair.query),
                ("{document}", pair.document.as_str()),
            ];
            let (name, text) = places.into_iter().find(|(name, _)| rest.starts_with(name)).unwrap_or(("{", "{"));
            filled.push_str(text);
            rest = &rest[name.len()..];
        }
        filled + rest
    }
}

impl Architecture for CausalLm {
    fn name(&self) -> &'static str {
        "causal-lm"
    }

    fn family(&self) -> &'static str {
        FAMILY
    }

    fn options(&self) -> &'static [ModelOption] {
        &[ModelOption::MaxLength, ModelOption::Output, ModelOption::MemoryMap]
    }

    fn fields(&self) -> &'static [RowField] {
        &[RowField::Padding]
    }

    fn parameters(&self) -> &'static [&'static str] {
        parameter_names::<Parameters>()
    }

    fn check(&self, model: &ModelDescription) -> Result<()> {
        model.require_model_file()?;
        let parameters: Parameters = model.parameters()?;
        for place in ["{query}", "{document}"] {
            if !parameters.template.contains(place) {
                return Err(Error::manifest(&model.id, format!("`template` lacks {place}")));
            }
        }
        Ok(())
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        let parameters: Parameters = context.model.parameters()?;
        let model = TextModel::load(context, TokenizerOptions::default())?;
        let tokenizer = model.tokenizer();
        // What the tokenizer puts around a text goes around the filled template alone.
        let prefix = tokenizer.encode_bare(&parameters.prefix)?;
        let suffix = tokenizer.encode_bare(&parameters.suffix)?;
        let room = tokenizer.max_length().saturating_sub(prefix.len() + suffix.len());
        if room == 0 {
            let message = format!("{} leaves no room beside the prompt's tokens", tokenizer.max_length());
            return Err(Error::option("max_length", message));
        }
        let mut options = TokenizerOptions::default();
        options.max_length = Some(room);
        let body = Tokenizer::load(&context.tokenizer_files()?, &options)?;
        let answers = [
            answer(model.model(), tokenizer, &parameters.negative_token)?,
            answer(model.model(), tokenizer, &parameters.positive_token)?,
        ];
        Ok(AnyPipeline::new(CausalLmPipeline { model, parameters, prefix, suffix, body, answers }))
    }
}

fn answer(model: &ModelDescription, tokenizer: &Tokenizer, token: &str) -> Result<usize> {
    let id = tokenizer.id(token).ok_or_else(|| {
        Error::manifest(&model.id, format!("the vocabulary has no token {token:?}, which `parameters` names"))
    })?;
    Ok(id as usize)
}

struct CausalLmPipeline {
    model: TextModel,
    parameters: Parameters,
    prefix: Vec<u32>,
    suffix: Vec<u32>,
    /// Cuts the filled template to what the prompt leaves of the window.
    body: Tokenizer,
    /// Ids of the negative and the positive answer.
    answers: [usize; 2],
}

impl CausalLmPipeline {
    fn score(&self, row: &TextRow<'_>) -> Result<f32> {
        let vocabulary = match *row.shape {
            [length, vocabulary] if length == row.length() && self.answers.iter().all(|id| *id < vocabulary) => {
                vocabulary
            }
            _ => return Err(row.misshapen("[rows, tokens, vocabulary]")),
        };
        let last = row.mask.iter().rposition(|kept| *kept != 0).unwrap_or(row.length() - 1);
        let logits = &row.values[last * vocabulary..][..vocabulary];
        activation::score(&self.answers.map(|id| logits[id]), 0, Activation::Softmax)
            .ok_or_else(|| row.wrong(BadOutput::NotFinite))
    }
}

impl Pipeline for CausalLmPipeline {
    type Input = Pair;
    type Prepared = Encoding;
    type Output = f32;

    fn prepare(&self, pair: &Pair, purpose: &Purpose) -> Result<Prepared<Encoding, f32>> {
        purpose.check_task(self.model.model())?;
        let mut encoding = self.body.encode(&self.parameters.fill(pair))?;
        encoding.ids.splice(0..0, self.prefix.iter().copied());
        encoding.ids.extend(&self.suffix);
        encoding.type_ids = vec![0; encoding.ids.len()];
        Ok(TextModel::prepared(encoding))
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
