//! `rerank`: documents by their relevance to a query.

use std::sync::Arc;

use embedkit::Builder;
use embedkit::prelude::*;

use super::scored::{self, ScoreRow};
use crate::args::{InputArgs, RerankArgs, only_json_lines};
use crate::failure::Result;
use crate::output::{JsonLines, Sink, Target};
use crate::run::Run;

pub(super) fn run(args: &RerankArgs) -> Result<()> {
    let mut builder: Builder<Reranker> = args.scored.model.builder()?;
    if let Some(activation) = args.activation {
        builder = builder.activation(activation.into());
    }
    let model = builder.build()?;
    match &args.query {
        Some(query) => rank(args, &model, query),
        None => score_pairs(args, &model),
    }
}

fn rank(args: &RerankArgs, model: &Reranker, query: &str) -> Result<()> {
    let mut sink = scored::sink(&args.scored)?;
    let (run, mut inputs) = Run::start(&args.scored.input, "text", args.scored.output.as_ref())?;
    let mut run = run.telling(&args.scored.usage);
    let query: Arc<str> = query.into();
    let pairs = inputs.by_ref().map(|input| input.map(|text| instructed(args, Pair::new(query.clone(), text))));
    run.embed(model.rerank_pairs(pairs), |_, score| Ok(ScoreRow { score }), &mut *sink)?;
    run.finish(inputs, sink)
}

/// Each line's own query and text.
fn score_pairs(args: &RerankArgs, model: &Reranker) -> Result<()> {
    let keep = args.scored.input.keep_fields;
    let input = InputArgs { keep_fields: true, ..args.scored.input.clone() };
    let output = only_json_lines(args.scored.output.as_ref())?;
    let (run, mut inputs) = Run::start(&input, "text", output)?;
    let mut run = run.telling(&args.scored.usage);
    let mut sink: Box<dyn Sink<ScoreRow>> = Box::new(JsonLines::new(Target::open(output)?));
    let pairs = inputs.pairs(keep).map(|input| input.map(|pair| instructed(args, pair)));
    run.embed(model.rerank_pairs(pairs), |_, score| Ok(ScoreRow { score }), &mut *sink)?;
    run.finish(inputs, sink)
}

/// The pair with the instruction of the arguments, unless its line has one of its own.
fn instructed(args: &RerankArgs, pair: Pair) -> Pair {
    match &args.instruction {
        Some(instruction) if pair.instruction.is_none() => pair.with_instruction(instruction.as_str()),
        _ => pair,
    }
}
