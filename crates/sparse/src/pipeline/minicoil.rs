//! `minicoil`: meanings of known words, frequencies of all.

use std::collections::HashMap;
use std::sync::Arc;

use embedkit_core::session::SessionPool;
use embedkit_core::tokenizer::{Encoding, Tokenizer};
use embedkit_core::{
    AnyPipeline, Architecture, Error, IndexNames, LoadContext, ModelDescription, ModelFiles, ModelOption, Pipeline,
    Prepared, Purpose, Result, Role, RowField, TextModel, TextRow, Usage, parameter_names,
};
use embedkit_vector::SparseVector;
use serde::Deserialize;

use super::token_model::{self, Unscored};
use crate::FAMILY;
use crate::bm25::Saturation;
use crate::scoring::{Encoder, MiniCoil, ScoringError, Vocabulary};
use crate::text::lines;

/// Words that do not count, a line each.
const STOP_WORDS_FILE: &str = "stopwords.txt";
/// The words that have a meaning, and their stems.
const VOCABULARY_FILE: &str = "minicoil.triplet.model.vocab";
/// Their matrices.
const ENCODER_FILE: &str = "minicoil.triplet.model.npy";

/// The `minicoil` architecture: [`MiniCoil`] of the token vectors `[batch, tokens, width]` of a graph over word
/// pieces. The row's `parameters` may set `k`, `b` and `avg-len`.
pub struct MiniCoilWords;

/// The row's `parameters`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Parameters {
    k: f64,
    b: f64,
    #[serde(alias = "avg_len")]
    avg_len: f64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { k: 1.2, b: 0.75, avg_len: 150.0 }
    }
}

impl Parameters {
    fn saturation(&self) -> Result<Saturation> {
        Saturation { k: self.k, b: self.b, avg_len: self.avg_len }.check()
    }
}

impl Architecture for MiniCoilWords {
    fn name(&self) -> &'static str {
        "minicoil"
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
        model.parameters::<Parameters>()?.saturation().map(drop)
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        let saturation = context.model.parameters::<Parameters>()?.saturation()?;
        let files = &context.files;
        let stop_words = files.text(STOP_WORDS_FILE)?;
        let vocabulary: Vocabulary = files.json(VOCABULARY_FILE)?;
        let encoder = Encoder::new(files.open(ENCODER_FILE, context.memory_map)?).map_err(wrong_encoder(files))?;
        let stop_words = lines(&stop_words).map(str::to_owned);
        let minicoil = MiniCoil::new(vocabulary, encoder, stop_words, saturation).map_err(wrong_encoder(files))?;
        let words = Arc::new(Words { model: token_model::load(context)?, minicoil });
        Ok(AnyPipeline::new(MiniCoilPipeline(words)))
    }
}

fn wrong_encoder(files: &ModelFiles) -> impl FnOnce(ScoringError) -> Error {
    let path = files.label(ENCODER_FILE);
    |error| Error::file_because(path, "cannot be used", error)
}

struct MiniCoilPipeline(Arc<Words>);

struct Words {
    model: TextModel,
    minicoil: MiniCoil,
}

impl MiniCoilPipeline {
    fn vector(&self, row: &TextRow<'_>, role: Role) -> Result<SparseVector, Unscored> {
        let Words { model, minicoil } = &*self.0;
        let tokens = token_model::tokens(model, row.kept_ids())?;
        let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
        let width = row.shape[1];
        let kept = row.mask.iter().enumerate().filter(|(_, kept)| **kept != 0);
        let vectors: Vec<f32> = kept.flat_map(|(at, _)| &row.values[at * width..][..width]).copied().collect();
        Ok(match role {
            Role::Query => minicoil.query(&tokens, &vectors)?,
            _ => minicoil.document(&tokens, &vectors)?,
        })
    }
}

impl Pipeline for MiniCoilPipeline {
    type Input = str;
    type Prepared = Encoding;
    type Output = SparseVector;

    fn prepare(&self, text: &str, purpose: &Purpose) -> Result<Prepared<Encoding, SparseVector>> {
        self.0.model.prepare(text, purpose)
    }

    fn run(&self, texts: &[&Encoding], purpose: &Purpose) -> Result<Vec<Result<SparseVector>>> {
        token_model::run(&self.0.model, texts, (2, 0), |row| self.vector(row, purpose.role))
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
    fn name(&self, index: u32) -> Option<String> {
        self.minicoil.word_at(index).map(|(word, dimension)| format!("{word}[{dimension}]"))
    }

    fn count(&self) -> Option<u64> {
        Some(MiniCoil::INDICES)
    }

    fn names_in(&self, text: &str) -> Result<HashMap<u32, String>> {
        let tokens = token_model::tokens(&self.model, self.model.encode(text, &Purpose::default())?.ids)?;
        let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
        Ok(self.minicoil.unknown_words(&tokens).into_iter().collect())
    }
}
