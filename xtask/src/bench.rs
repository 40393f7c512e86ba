//! `cargo xtask bench`: embedkit, its peers and the limit, measured in one interleaved run.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};
use crate::workspace;

mod callers;
mod machine;
mod measure;
mod memory;
mod options;
mod pictures;
mod process;
mod programs;
mod reach;
mod report;
mod sides;
mod workloads;

use options::Options;

/// Where everything that the benchmark makes goes.
fn place() -> PathBuf {
    workspace::target().join("bench")
}

/// Runs the verb.
pub(crate) fn run(arguments: &[&str]) -> Outcome {
    match arguments {
        ["--help"] => print(options::USAGE),
        ["callers", rest @ ..] => callers::run(&Options::parse(rest)?),
        ["soak", rest @ ..] => callers::soak(&Options::parse(rest)?),
        ["memory", rest @ ..] => memory::run(&Options::parse(rest)?),
        _ => compare(&Options::parse(arguments)?),
    }
}

fn compare(options: &Options) -> Outcome {
    let place = &place();
    let sides = sides::all(options);
    let programs = programs::Programs::ready(options, &sides, place)?;
    let models = workloads::Models::find(options, programs.python.as_deref(), place)?;
    let workloads = workloads::all(options, &models, place)?;
    let results = measure::measure(options, &workloads, &sides, &programs)?;
    let report =
        report::Report { facts: machine::facts(options, &programs)?, workloads: &workloads, results: &results };
    write(&place.join("report.json"), &report.json()?)?;
    let markdown = report.markdown();
    write(options.output.as_deref().unwrap_or(&place.join("report.md")), &markdown)?;
    print(&markdown)
}

fn print(text: &str) -> Outcome {
    // A reader that went away is no failure.
    let _ = writeln!(std::io::stdout(), "{text}");
    Ok(())
}

fn write(path: &Path, text: &str) -> Outcome {
    std::fs::write(path, text).map_err(|e| failed(format!("{}: {e}", path.display())))
}

fn failed(message: impl Into<String>) -> Failure {
    Failure::Failed(message.into())
}
