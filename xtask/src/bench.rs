//! `cargo xtask bench`: embedkit, its peers and the limit, measured in one interleaved run.

use crate::failure::{Outcome, failed};
use crate::files::write;

mod callers;
mod compare;
mod machine;
mod measure;
mod memory;
mod named;
mod options;
mod page;
mod pictures;
mod place;
mod process;
mod programs;
mod reach;
mod report;
mod retrieval;
mod serve;
mod serve_options;
mod sides;
mod statistics;
mod workloads;

pub(crate) use options::Bench;
use options::{Kind, Options};
use place::{place, print};

/// Runs the verb.
pub(crate) fn run(bench: &Bench) -> Outcome {
    match &bench.kind {
        None => measure_all(&bench.options),
        Some(Kind::Memory(options)) => memory::run(options),
        Some(Kind::Callers(options)) => callers::run(options),
        Some(Kind::Soak(options)) => callers::soak(options),
        Some(Kind::Serve(options)) => serve::run(options),
        Some(Kind::Retrieval(options)) => retrieval::run(options),
        Some(Kind::Publish { name }) => page::publish(name, &place().join("report")),
    }
}

/// Measures everything, tells it, and fails if sides computed different things.
fn measure_all(options: &Options) -> Outcome {
    let place = &place();
    let sides = sides::all(options);
    let programs = programs::Programs::ready(options.named(), &sides, place)?;
    let models = workloads::Models::find(options, programs.python.as_deref(), place)?;
    let workloads = workloads::all(options, &models, place)?;
    let results = measure::measure(options, &workloads, &sides, &programs)?;
    let report =
        report::Report { facts: machine::facts(options, &programs)?, workloads: &workloads, results: &results };
    let (json, markdown) = (report.json()?, report.markdown());
    write(&place.join("report.json"), &json)?;
    write(&place.join("report.md"), &markdown)?;
    if let Some(path) = &options.output {
        write(path, &markdown)?;
    }
    print(&markdown);
    let differing = report.differing();
    if differing.is_empty() { Ok(()) } else { Err(failed(format!("sides differ:\n{}", differing.join("\n")))) }
}
