//! `bm42`: words weighed by attention.

use std::collections::HashMap;
use std::sync::Arc;

use embedkit_core::session::SessionPool;
use embedkit_core::tokenizer::{Encoding, Tokenizer};
use embedkit_core::{
    AnyPipeline, Architecture, Error, IndexNames, LoadContext, ModelDescription, ModelOption, Pipeline, Prepared,
    Purpose, Result, Role, RowField, TextModel, Usage, parameter_names,
};
use embedkit_vector::SparseVector;
use serde::Deserialize;

use super::token_model;
use crate::FAMILY;
use crate::scoring::{Bm42, Word, first_token_attention, join_pieces};
use crate::text::{TERM_INDICES, lines, term_index};

/// Words that do not count, a line each.
const STOP_WORDS_FILE: &str = "stopwords.txt";

/// The `bm42` architecture: [`Bm42`] of the attention `[batch, heads, tokens, tokens]` of a graph over word pieces;
/// in a query each stem weighs 1, and no graph runs. The row's `output` names the attention, its `parameters` may
/// set `alpha`.
pub struct Bm42Attention;

/// The row's `parameters`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Parameters {
    alpha: f64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { alpha: 0.5 }
    }
}

impl Architecture for Bm42Attention {
    fn name(&self) -> &'static str {
        "bm42"
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
        Bm42::new(model.parameters::<Parameters>()?.alpha, []).map(drop)
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        let parameters: Parameters = context.model.parameters()?;
        let stop_words = context.files.text(STOP_WORDS_FILE)?;
        let bm42 = Bm42::new(parameters.alpha, lines(&stop_words).map(str::to_owned))?;
        let model = token_model::load(context)?;
        let prefix = model.tokenizer().continuing_prefix().ok_or_else(|| {
            Error::file(model.tokenizer().path(), "has no word pieces, which this architecture needs")
        })?;
        let words = Arc::new(Words { model, bm42, prefix });
        Ok(AnyPipeline::new(Bm42Pipeline(words)))
    }
}

struct Bm42Pipeline(Arc<Words>);

struct Words {
    model: TextModel,
    bm42: Bm42,
    prefix: String,
}

impl Words {
    /// The words of token ids, special tokens left out.
    fn read(&self, ids: impl IntoIterator<Item = u32>) -> Result<Vec<Word>> {
        let ids: Vec<u32> = ids.into_iter().collect();
        let tokens = token_model::tokens(&self.model, ids.iter().copied())?;
        let is_special = |at: usize| self.model.tokenizer().is_special(ids[at]);
        let tokens = tokens.iter().map(String::as_str).enumerate().filter(|(at, _)| !is_special(*at));
        Ok(join_pieces(tokens, &self.prefix))
    }
}

impl Pipeline for Bm42Pipeline {
    type Input = str;
    type Prepared = Encoding;
    type Output = SparseVector;

    fn prepare(&self, text: &str, purpose: &Purpose) -> Result<Prepared<Encoding, SparseVector>> {
        let Words { model, bm42, .. } = &*self.0;
        if purpose.role != Role::Query {
            return model.prepare(text, purpose);
        }
        let encoding = model.encode(text, purpose)?;
        let vector = bm42.query(&self.0.read(encoding.ids.iter().copied())?)?;
        Ok(Prepared::done(vector, Usage::from(&encoding)))
    }

    fn run(&self, texts: &[&Encoding], _: &Purpose) -> Result<Vec<Result<SparseVector>>> {
        token_model::run(&self.0.model, texts, (3, 2), |row| {
            let mut attention = first_token_attention(row.values, row.shape[0], row.mask)?;
            // The reference takes the mean in the precision of the attentions.
            attention.iter_mut().for_each(|mean| *mean = f64::from(row.precision.round(*mean as f32)));
            Ok(self.0.bm42.document(&self.0.read(row.kept_ids())?, &attention)?)
        })
    }

    fn usage(&self, text: &str, purpose: &Purpose) -> Result<Usage> {
        self.0.model.usage(text, purpose)
    }

    fn index_names(&self) -> Option<Arc<dyn IndexNames>> {
        Some(self.0.clone())
    }

    fn sessions(&self) -> Option<&SessionPool> {
        Some(self.0.model.sessions())
    }

    fn tokenizer(&self) -> Option<&Tokenizer> {
        Some(self.0.model.tokenizer())
    }
}

impl IndexNames for Words {
    fn name(&self, _: u32) -> Option<String> {
        None
    }

    /// Those of hashes: what the row says of the vocabulary is of the tokenizer's.
    fn count(&self) -> Option<u64> {
        Some(TERM_INDICES)
    }

    fn names_in(&self, text: &str) -> Result<HashMap<u32, String>> {
        let words = self.read(self.model.encode(text, &Purpose::default())?.ids)?;
        Ok(self.bm42.stems(&words).map(|(stem, _)| (term_index(&stem), stem.into_owned())).collect())
    }
}
