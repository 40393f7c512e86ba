//! `tokens`: how much of a model's window texts use.

use embedkit::colbert::LateInteractionTextEmbedding;
use embedkit::prelude::*;
use embedkit::{Content, ContentKind, Usage};
use serde::Serialize;

use crate::args::TokensArgs;
use crate::failure::{Failure, Result};
use crate::output::{JsonLines, Row, Sink, Target};
use crate::run::Run;

/// A text's tokens.
#[derive(Serialize)]
struct TokensRow {
    tokens: usize,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
}

impl Row for TokensRow {
    fn keys(&self) -> &'static [&'static str] {
        &["tokens", "truncated"]
    }
}

pub(super) fn run(args: &TokensArgs) -> Result<()> {
    let family = args.model.family()?;
    let mut purpose = args.purpose.purpose();
    if args.include_extension && family.name() == LateInteractionTextEmbedding::FAMILY {
        let model = args.model.builder::<LateInteractionTextEmbedding>()?.lazy(true).build()?;
        return count(args, |text| {
            let tokens = model.extended_token_count([text], purpose.clone())?;
            Ok(Usage { tokens, ..model.usage(text, purpose.clone())? })
        });
    }
    let kinds = family.inputs();
    let takes_pages = kinds.contains(&ContentKind::Image);
    if args.include_extension && !(takes_pages && kinds.contains(&ContentKind::Text)) {
        return Err(Failure::Usage(
            "--include-extension is for late-interaction models, and this model is none".into(),
        ));
    }
    let model = args.model.any_builder(family)?.lazy(true).build()?;
    if kinds.contains(&ContentKind::Pair) {
        let Some(query) = &args.query_text else {
            return Err(Failure::Usage("rerankers count a text with its query: name it with --query-text".to_owned()));
        };
        let pair = |text: &str| Content::Pair(Pair::new(query.as_str(), text));
        return count(args, |text| model.usage(&pair(text), purpose.clone()));
    }
    if !kinds.contains(&ContentKind::Text) {
        return Err(Failure::Usage("images have no tokens to count".to_owned()));
    }
    // What models of pages put around a query is their extension.
    if takes_pages && !args.include_extension {
        purpose.without_prompt = true;
    }
    count(args, |text| model.usage(&Content::text(text), purpose.clone()))
}

fn count(args: &TokensArgs, usage: impl Fn(&str) -> embedkit::Result<Usage>) -> Result<()> {
    let mut sink: Box<dyn Sink<TokensRow>> = Box::new(JsonLines::new(Target::open(args.output.as_ref())?));
    let (mut run, mut inputs) = Run::start(&args.input, "text", args.output.as_ref())?;
    let mut row = |_: &String, usage: Usage| Ok(TokensRow { tokens: usage.tokens, truncated: usage.truncated });
    for input in inputs.by_ref() {
        run.write(&input, usage(&input.value), &mut row, &mut *sink)?;
    }
    run.finish(inputs, sink)
}
