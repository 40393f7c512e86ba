//! `score`: documents or pages by late interaction with a query.

use embedkit::colpali::Content;
use embedkit::multivector::{MaxSim, MultiVector};
use embedkit::prelude::*;

use super::scored::{self, ScoreRow};
use crate::args::ScoreArgs;
use crate::failure::Result;
use crate::run::Run;
use crate::ticket::Input;
use crate::uses;

pub(super) fn run(args: &ScoreArgs) -> Result<()> {
    match args.scored.model.is_of_pages()? {
        true => pages(args),
        false => texts(args),
    }
}

fn texts(args: &ScoreArgs) -> Result<()> {
    let model = args.scored.model.builder::<LateInteractionTextEmbedding>()?.build()?;
    let query = MaxSim::new(&model.embed_one(&args.query, Role::Query)?)?;
    let mut sink = scored::sink(&args.scored)?;
    let (run, mut inputs) = Run::start(&args.scored.input, "text", args.scored.output.as_ref())?;
    let mut run = run.telling(&args.scored.usage);
    let row = |_: &String, vectors: MultiVector| Ok(ScoreRow { score: query.score(&vectors)? });
    run.embed(model.passage_embed(inputs.by_ref()), row, &mut *sink)?;
    run.finish(inputs, sink)
}

/// Pages of PDF files, or images by their names.
fn pages(args: &ScoreArgs) -> Result<()> {
    uses::check_images(&["on_long"])?;
    let model = args.scored.model.builder::<LateInteractionMultimodalEmbedding>()?.build()?;
    let query = MaxSim::new(&model.embed_one(&Content::text(&args.query), Role::Query)?)?;
    let mut sink = scored::sink(&args.scored)?;
    let row = |_: &Content, vectors: MultiVector| Ok(ScoreRow { score: query.score(&vectors)? });
    let output = args.scored.output.as_ref();
    #[cfg(feature = "pdf")]
    if !args.pdf.pdf.is_empty() {
        let pages = super::pages::Pages::open(&args.pdf)?;
        let (run, mut inputs) = Run::start(&pages.as_inputs(&args.scored.input), "image", output)?;
        let mut run = run.telling(&args.scored.usage);
        run.embed(model.embed_for(pages.of(&mut inputs), Role::Passage), row, &mut *sink)?;
        return run.finish(inputs, sink);
    }
    let (run, mut inputs) = Run::start(&args.scored.input, "image", output)?;
    let mut run = run.telling(&args.scored.usage);
    let images = inputs.by_ref().map(|mut input: Input<String>| {
        input.ticket.keep("path", &input.value);
        input.map(Content::image)
    });
    run.embed(model.embed_for(images, Role::Passage), row, &mut *sink)?;
    run.finish(inputs, sink)
}
