//! `muvera`: multi-vectors to single vectors.

use std::io::BufRead as _;

use embedkit::multivector::{MultiVector, Muvera};
use serde::{Deserialize, Serialize};

use super::scored;
use crate::args::MuveraArgs;
use crate::failure::{Failure, Result};

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

pub(super) fn run(args: &MuveraArgs) -> Result<()> {
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
