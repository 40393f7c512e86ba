//! `tokens`: how much of a model's window texts use.

use embedkit::TextEmbedder;
use embedkit::colbert::LateInteractionTextEmbedding;
use embedkit::dense::TextEmbedding;
use embedkit::hybrid::HybridEmbedding;
use embedkit::sparse::SparseTextEmbedding;
use embedkit::{Purpose, Usage};
use serde::Serialize;

use crate::args::{Kind, TokensArgs};
use crate::failure::{Failure, Result};
use crate::output::{JsonLines, Row, Target};
use crate::run::Run;

#[derive(Serialize)]
struct TokensRow {
    tokens: usize,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
}

impl Row for TokensRow {
    const KEYS: &'static [&'static str] = &["tokens", "truncated"];
}

pub(super) fn run(args: &TokensArgs) -> Result<()> {
    match args.model.kind()? {
        Kind::Dense => {
            let model = args.model.builder::<TextEmbedding>()?.lazy(true).build()?;
            count(args, |text, purpose| model.usage(text, purpose))
        }
        Kind::Sparse => {
            let model = args.model.builder::<SparseTextEmbedding>()?.lazy(true).build()?;
            count(args, |text, purpose| model.usage(text, purpose))
        }
        Kind::Colbert => {
            let model = args.model.builder::<LateInteractionTextEmbedding>()?.lazy(true).build()?;
            count(args, |text, purpose| {
                let usage = model.usage(text, purpose.clone())?;
                let extended = || model.extended_token_count([text], purpose);
                let tokens = if args.include_extension { extended()? } else { usage.tokens };
                Ok(Usage { tokens, ..usage })
            })
        }
        Kind::Hybrid => {
            let model = args.model.builder::<HybridEmbedding>()?.lazy(true).build()?;
            count(args, |text, purpose| model.usage(text, purpose))
        }
        Kind::Image | Kind::Colpali => Err(Failure::Usage("images have no tokens to count".to_owned())),
    }
}

fn count(args: &TokensArgs, usage: impl Fn(&str, Purpose) -> embedkit::Result<Usage>) -> Result<()> {
    let sink = Box::new(JsonLines::new(Target::open(args.output.as_ref())?));
    let (run, inputs) = Run::start(&args.input, "text", args.output.as_ref())?;
    let purpose = args.purpose.purpose();
    let row = |usage: Usage| TokensRow { tokens: usage.tokens, truncated: usage.truncated };
    run.write(inputs.map(|text| usage(&text, purpose.clone()).map(|usage| Ok(row(usage)))), sink)
}
