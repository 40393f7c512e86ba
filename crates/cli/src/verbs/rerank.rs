//! `rerank`: documents by their relevance to a query.

use embedkit::Builder;
use embedkit::rerank::{Pair, Reranker};

use super::scored::{self, ScoreRow};
use crate::args::{InputArgs, RerankArgs};
use crate::failure::Result;
use crate::output::{JsonLines, Target};
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
    let sink = scored::sink(&args.scored)?;
    let (run, inputs) = Run::start(&args.scored.input, "text", args.scored.output.as_ref())?;
    let inputs = inputs.keeping_input(args.scored.with_text);
    run.embed(model.rerank(query, inputs), |score| Ok(ScoreRow { score }), sink)
}

/// Each line's own query and text.
fn score_pairs(args: &RerankArgs, model: &Reranker) -> Result<()> {
    let keep = args.scored.input.keep_fields;
    let input = InputArgs { keep_fields: true, ..args.scored.input.clone() };
    let (run, inputs) = Run::start(&input, "text", args.scored.output.as_ref())?;
    let sink = Box::new(JsonLines::new(Target::open(args.scored.output.as_ref())?));
    let pairs = inputs.with_field("query", keep).map(|(text, query)| Pair::new(query, text));
    run.embed(model.rerank_pairs(pairs), |score| Ok(ScoreRow { score }), sink)
}
