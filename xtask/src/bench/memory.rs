//! `cargo xtask bench memory`: memory does not grow with the number of texts.

use std::path::{Path, PathBuf};

use bench_protocol::{Config, Request};

use super::options::Options;
use super::process::Process;
use super::programs::Programs;
use super::sides::{self, Library};
use super::{failed, place};
use crate::{Failure, Outcome};

/// Texts of a short and of a long run.
const TEXTS: [usize; 2] = [10_000, 100_000];
/// How much more memory the long run may take.
const MOST: f64 = 1.05;

/// Embeds few and many texts, each in a process of its own, and compares the memory they took.
pub(super) fn run(options: &Options) -> Outcome {
    let mut sides = sides::all(options);
    sides.retain(|side| side.library == Library::Embedkit);
    let programs = Programs::ready(options, &sides, &place())?;
    let mut grown = Vec::new();
    let tasks = [("static", Some(PathBuf::new())), ("dense", options.model_dir.clone())];
    for (task, model_dir) in tasks.into_iter().filter_map(|(task, model)| Some((task, model?))) {
        let [few, many] = [peak(&programs, task, &model_dir, TEXTS[0])?, peak(&programs, task, &model_dir, TEXTS[1])?];
        let growth = many as f64 / few as f64;
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        super::print(&format!(
            "{task}: {:.1} MB for {} texts, {:.1} MB for {}: {growth:.3}",
            megabytes(few),
            TEXTS[0],
            megabytes(many),
            TEXTS[1]
        ))?;
        if growth >= MOST {
            grown.push(task);
        }
    }
    if grown.is_empty() { Ok(()) } else { Err(failed(format!("memory grows with the texts: {}", grown.join(", ")))) }
}

fn peak(programs: &Programs, task: &str, model_dir: &Path, texts: usize) -> Result<u64, Failure> {
    let config = Config { task: task.to_owned(), model_dir: model_dir.to_owned(), ..Config::default() };
    let mut process = Process::start(programs.command(Library::Embedkit, false)?, &config)?;
    let results = process.ask(&Request::Stream(texts))?.results;
    if results != texts {
        return Err(failed(format!("{task}: {results} results for {texts} texts")));
    }
    Ok(process.peak_bytes())
}
