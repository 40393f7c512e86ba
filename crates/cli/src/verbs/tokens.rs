//! `tokens`: how much of a model's window texts use.

#[cfg(feature = "onnx")]
use embedkit::colbert::LateInteractionTextEmbedding;
use embedkit::prelude::*;
use embedkit::{AnyEmbedder, Builder, Content, ContentKind, Usage};
use serde::Serialize;

use crate::args::{TokensArgs, only_json_lines};
use crate::failure::{Failure, Result};
use crate::output::{JsonLines, Row, Sink, Target};
use crate::run::Run;

/// A text's tokens.
#[derive(Serialize)]
struct TokensRow {
    tokens: usize,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
    /// What there would be if nothing was cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<usize>,
}

impl Row for TokensRow {
    fn keys(&self) -> &'static [&'static str] {
        &["tokens", "truncated", "length"]
    }
}

pub(super) fn run(args: &TokensArgs) -> Result<()> {
    let family = args.model.family_for(args.query_text.as_ref().map(|_| ContentKind::Pair))?;
    let mut purpose = args.purpose.purpose();
    #[cfg(feature = "onnx")]
    if args.include_extension && family.name() == LateInteractionTextEmbedding::FAMILY {
        return count_extended(args, &purpose);
    }
    let kinds = family.inputs();
    let takes_pages = kinds.contains(&ContentKind::Image);
    // What models of pages put around a query is their extension.
    if takes_pages && !args.include_extension {
        purpose.without_prompt = true;
    }
    let is_pair = kinds.contains(&ContentKind::Pair);
    if is_pair && args.query_text.is_none() {
        return Err(Failure::Usage("rerankers count a text with its query: name it with --query-text".to_owned()));
    }
    if !is_pair && !kinds.contains(&ContentKind::Text) {
        return Err(Failure::Usage("a model of images has no tokens to count".to_owned()));
    }
    let model = |without_end| {
        let builder = lazy(args.model.any_builder(family)?);
        Ok(if without_end { builder.max_length(usize::MAX) } else { builder }.build()?)
    };
    count(args, model, |model: &AnyEmbedder, text| {
        let content = match &args.query_text {
            Some(query) if is_pair => Content::Pair(Pair::new(query.as_str(), text)),
            _ => Content::text(text),
        };
        model.usage(&content, purpose.clone())
    })
}

/// With what late-interaction models add to a text.
#[cfg(feature = "onnx")]
fn count_extended(args: &TokensArgs, purpose: &embedkit::Purpose) -> Result<()> {
    let model = |without_end| {
        let builder = args.model.builder::<LateInteractionTextEmbedding>()?.lazy(true);
        Ok(if without_end { builder.max_length(usize::MAX) } else { builder }.build()?)
    };
    count(args, model, |model: &LateInteractionTextEmbedding, text| {
        let tokens = model.extended_token_count([text], purpose.clone())?;
        Ok(Usage { tokens, ..model.usage(text, purpose.clone())? })
    })
}

/// A builder that opens no graph only to count.
#[cfg(feature = "onnx")]
fn lazy(builder: Builder<AnyEmbedder>) -> Builder<AnyEmbedder> {
    builder.lazy(true)
}

/// As there are no graphs, there is nothing to leave unopened.
#[cfg(not(feature = "onnx"))]
fn lazy(builder: Builder<AnyEmbedder>) -> Builder<AnyEmbedder> {
    builder
}

/// Counts each text's tokens, and those of a text that is cut with a model that cuts nothing.
fn count<E>(
    args: &TokensArgs,
    load: impl Fn(bool) -> Result<E>,
    usage: impl Fn(&E, &str) -> embedkit::Result<Usage>,
) -> Result<()> {
    let model = load(false)?;
    let mut endless: Option<Option<E>> = None;
    let output = only_json_lines(args.output.as_ref())?;
    let mut sink: Box<dyn Sink<TokensRow>> = Box::new(JsonLines::new(Target::open(output)?));
    let (mut run, mut inputs) = Run::start(&args.input, "text", output)?;
    let mut row = |text: &String, found: Usage| {
        let length = match found.truncated {
            // Some models have no other window than theirs.
            true => match endless.get_or_insert_with(|| load(true).ok()) {
                Some(endless) => usage(endless, text).ok().filter(|all| !all.truncated).map(|all| all.tokens),
                None => None,
            },
            false => None,
        };
        Ok(TokensRow { tokens: found.tokens, truncated: found.truncated, length })
    };
    for input in inputs.by_ref() {
        let row = usage(&model, &input.value).and_then(|found| row(&input.value, found));
        run.write(&input, row, &mut *sink)?;
    }
    run.finish(inputs, sink)
}
