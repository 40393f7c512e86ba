//! `muvera`: multi-vectors to single vectors.

use std::io::BufRead as _;

use embedkit::multivector::{MultiVector, Muvera};
use serde::Serialize;
use serde_json::value::to_raw_value;

use super::scored;
use crate::args::MuveraArgs;
use crate::failure::{Failure, Result};
use crate::input::without_place;
use crate::ticket::Fields;

/// What files of some editors begin with.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A line that `embed` writes for a late-interaction model, with the single vector in the place of its `embeddings`.
#[derive(Serialize)]
struct EncodedLine {
    embedding: Vec<f64>,
    /// What else it says of its input: `index`, `chunk`, kept fields.
    #[serde(flatten)]
    others: Fields,
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
        let line = if number == 0 { line.trim_start_matches(BYTE_ORDER_MARK) } else { &line };
        let (vectors, others) = parse(line, number)
            .map_err(|error| failure(format!("is no object with `embeddings`, a list of lists of numbers: {error}")))?;
        let embedding = if args.query { muvera.query(&vectors) } else { muvera.document(&vectors) };
        Ok(EncodedLine { embedding: embedding.map_err(|error| failure(error.to_string()))?, others })
    };
    scored::lines(args.output.as_ref(), source.lines().enumerate().map(encode))
}

/// A line's multi-vector, and what stays of its other fields; its `index` is its own, or its place among the lines.
fn parse(line: &str, number: usize) -> Result<(MultiVector, Fields), String> {
    let wrong = |error: serde_json::Error| without_place(&error);
    let mut fields: Fields =
        serde_json::from_str(line).map_err(|error| format!("{} (column {})", without_place(&error), error.column()))?;
    let vectors = fields.remove("embeddings").ok_or("it has no such field")?;
    let vectors = serde_json::from_str(vectors.get()).map_err(wrong)?;
    fields.remove("embedding");
    if !fields.contains_key("index") {
        fields.insert("index".to_owned(), to_raw_value(&number).map_err(wrong)?);
    }
    Ok((vectors, fields))
}
