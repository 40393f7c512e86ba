//! One file a verb.

mod completions;
mod doctor;
mod embed;
#[cfg(feature = "retrieval")]
mod eval;
#[cfg(feature = "onnx")]
mod explain;
#[cfg(feature = "retrieval")]
mod index;
mod models;
#[cfg(feature = "onnx")]
mod muvera;
#[cfg(feature = "pdf")]
mod pages;
#[cfg(feature = "pdf")]
mod render_pdf;
#[cfg(feature = "onnx")]
mod rerank;
#[cfg(feature = "onnx")]
mod runtime;
#[cfg(feature = "onnx")]
mod score;
#[cfg(feature = "onnx")]
mod scored;
#[cfg(feature = "retrieval")]
mod search;
#[cfg(feature = "serve")]
mod serve;
mod similarity;
mod tokens;
#[cfg(feature = "onnx")]
mod tune;

use std::io::Write;

use embedkit::Registry;

use crate::args::{Cli, Command};
use crate::failure::{Failure, Result};
use crate::printable;

/// Does what the command line says.
pub(crate) fn run(cli: Cli) -> Result<()> {
    for manifest in &cli.manifest {
        Registry::global().register_file(manifest)?;
    }
    match cli.command {
        Command::Embed(args) => embed::run(&args),
        Command::Tokens(args) => tokens::run(&args),
        Command::Similarity(args) => similarity::run(&args),
        #[cfg(feature = "onnx")]
        Command::Rerank(args) => rerank::run(&args),
        #[cfg(feature = "onnx")]
        Command::Score(args) => score::run(&args),
        #[cfg(feature = "onnx")]
        Command::Explain(args) => explain::run(&args),
        #[cfg(feature = "onnx")]
        Command::Muvera(args) => muvera::run(&args),
        #[cfg(feature = "retrieval")]
        Command::Index(args) => index::run(&args),
        #[cfg(feature = "retrieval")]
        Command::Search(args) => search::run(&args),
        #[cfg(feature = "retrieval")]
        Command::Eval(args) => eval::run(&args),
        #[cfg(feature = "onnx")]
        Command::Tune(args) => tune::run(&args),
        Command::Models(command) => models::run(&command),
        #[cfg(feature = "onnx")]
        Command::Runtime(command) => runtime::run(command),
        Command::Doctor { cache, json } => doctor::run(&cache, json),
        Command::Completions { shell } => completions::run(shell),
        #[cfg(feature = "serve")]
        Command::Serve(args) => serve::run(*args),
        #[cfg(feature = "pdf")]
        Command::RenderPdf => render_pdf::run(),
    }
}

/// Writes text to standard output, all at once. It commands no terminal, whatever names are in it.
fn print(text: &str) -> Result<()> {
    print_styled(&printable::lines(text))
}

/// As [`print`], for text whose own parts are clean already, and that has colours or is JSON.
fn print_styled(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(Failure::stdout)
}

/// Writes a value to standard output as indented JSON.
fn print_json(value: &impl serde::Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Failure::Failed(error.to_string()))?;
    print_styled(&(text + "\n"))
}
