//! `score`, `explain` and `muvera`: what can be done with multi-vectors.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};

use embedkit::colpali::explain::SimilarityMap;
use embedkit::colpali::{Content, HeatMap};
use embedkit::multivector::{MaxSim, MultiVector, Muvera};
use embedkit::prelude::*;
use serde::{Deserialize, Serialize};

use super::scored::{self, ScoreRow};
use crate::args::{ExplainArgs, MuveraArgs, ScoreArgs};
use crate::color;
use crate::failure::{Failure, Result};
use crate::output::Target;
use crate::render::{to_html, to_terminal};
use crate::run::Run;

pub(super) fn score(args: &ScoreArgs) -> Result<()> {
    let model = args.scored.model.builder::<LateInteractionTextEmbedding>()?.build()?;
    let query = MaxSim::new(&model.embed_one(&args.query, Role::Query)?)?;
    let mut sink = scored::sink(&args.scored)?;
    let (run, mut inputs) = Run::start(&args.scored.input, "text", args.scored.output.as_ref())?;
    let mut run = run.telling(&args.scored.usage);
    let row = |_: &String, vectors: MultiVector| Ok(ScoreRow { score: query.score(&vectors)? });
    run.embed(model.passage_embed(inputs.by_ref()), row, &mut *sink)?;
    run.finish(inputs, sink)
}

pub(super) fn explain(args: &ExplainArgs) -> Result<()> {
    match (&args.document, &args.image, &args.png) {
        (Some(document), _, _) => explain_text(args, document),
        (None, Some(page), Some(png)) => explain_page(args, page, png),
        _ => Err(Failure::Usage("name a document, or a page with --image and --png".to_owned())),
    }
}

fn explain_page(args: &ExplainArgs, page: &Path, png: &PathBuf) -> Result<()> {
    let model = args.model.builder::<LateInteractionMultimodalEmbedding>()?.build()?;
    let query = model.embed_one(&Content::text(&args.query), Role::Query)?;
    let vectors = model.embed_one(&Content::image(page), Role::Passage)?;
    Target::write_file(png, &HeatMap::new(SimilarityMap::of_query(&query, &vectors)?, page)?.to_png()?)
}

fn explain_text(args: &ExplainArgs, document: &str) -> Result<()> {
    let builder = args.model.builder::<LateInteractionTextEmbedding>()?;
    let model = builder.parameter("labels", true).build()?;
    let query = model.embed_one(&args.query, Role::Query)?;
    let document = model.embed_one(document, Role::Passage)?;
    let explanation = MaxSim::new(&query)?.explain(&document)?;
    match &args.html {
        None => super::print_styled(&to_terminal(&explanation, color::on_stdout())),
        Some(path) => Target::write_file(path, to_html(&explanation).as_bytes()),
    }
}

/// A line that `embed` writes for a late-interaction model.
#[derive(Deserialize)]
struct MultiLine {
    embeddings: MultiVector,
}

#[derive(Serialize)]
struct EncodedLine {
    index: usize,
    embedding: Vec<f64>,
}

pub(super) fn muvera(args: &MuveraArgs) -> Result<()> {
    let muvera = Muvera::builder(args.dim)
        .k_sim(args.k_sim)
        .dim_proj(args.dim_proj)
        .r_reps(args.r_reps)
        .random_seed(args.random_seed)
        .build()?;
    let (source, label) = crate::input::reader(args.input.as_ref())?;
    let encode = |(number, line): (usize, std::io::Result<String>)| {
        let failure = |reason: String| Failure::At { place: format!("{label}, line {}", number + 1), reason };
        let line = line.map_err(Failure::io(&label))?;
        let line: MultiLine = serde_json::from_str(&line)
            .map_err(|error| failure(format!("is no object with `embeddings`, a list of lists of numbers: {error}")))?;
        let vectors = &line.embeddings;
        let embedding = if args.query { muvera.query(vectors) } else { muvera.document(vectors) };
        Ok(EncodedLine { index: number, embedding: embedding.map_err(|error| failure(error.to_string()))? })
    };
    scored::lines(args.output.as_ref(), source.lines().enumerate().map(encode))
}
