//! `cargo xtask bench memory`: memory does not grow with the number of inputs.

use std::path::{Path, PathBuf};

use bench_protocol::{Config, Request};

use super::named::Named;
use super::options::MemoryOptions;
use super::pictures::Pictures;
use super::place::{place, print};
use super::process::Process;
use super::programs::{self, Programs};
use super::sides::{self, Library};
use super::workloads::saved;
use crate::failure::{Failure, Outcome, failed};

/// Texts and pictures of a short and of a long run.
const TEXTS: [usize; 2] = [10_000, 100_000];
const PICTURES: [usize; 2] = [500, 5_000];
/// How much more memory the long run may take.
const MOST: f64 = 1.05;

/// Embeds few and many inputs, each in a process of its own, and compares the memory they took.
pub(super) fn run(options: &MemoryOptions) -> Outcome {
    let place = place();
    let programs =
        Programs::ready(Named { python: options.python.clone(), ..Named::default() }, &[sides::ours()], &place)?;
    let mut grown = Vec::new();
    for (task, counts) in [("static", TEXTS), ("dense", TEXTS), ("image", PICTURES)] {
        let Some((model_dir, pictures)) = (if options.wants(task) { inputs(options, task, &place)? } else { None })
        else {
            continue;
        };
        let request = |count| match &pictures {
            Some(paths) => Request::Cycle(paths.clone(), count),
            None => Request::Stream(count),
        };
        let [few, many] = counts;
        let mut peaks = [0; 2];
        for (peak, count) in peaks.iter_mut().zip(counts) {
            *peak = measure(&programs, task, &model_dir, &request(count), count)?;
        }
        let growth = peaks[1] as f64 / peaks[0] as f64;
        let [less, more] = peaks.map(|bytes| bytes as f64 / 1e6);
        print(&format!("{task}: {less:.1} MB for {few}, {more:.1} MB for {many}: {growth:.3}"));
        if growth >= MOST {
            grown.push(task);
        }
    }
    if grown.is_empty() { Ok(()) } else { Err(failed(format!("memory grows with the inputs: {}", grown.join(", ")))) }
}

/// A task's model, and a file with paths of pictures if it is about them; none when the model is not at hand.
fn inputs(options: &MemoryOptions, task: &str, place: &Path) -> Result<Option<(PathBuf, Option<PathBuf>)>, Failure> {
    Ok(match task {
        "static" => Some((PathBuf::new(), None)),
        "image" => {
            let pictures = Pictures::ready(&programs::python(options.python.as_deref())?)?;
            let paths = [pictures.files("jpg")?, pictures.files("png")?].concat();
            Some((pictures.model("vit-small"), Some(saved(place, "memory", &paths)?)))
        }
        _ => options.model_dir.clone().map(|model| (model, None)),
    })
}

fn measure(programs: &Programs, task: &str, model_dir: &Path, request: &Request, count: usize) -> Result<u64, Failure> {
    let config = Config { task: task.to_owned(), model_dir: model_dir.to_owned(), ..Config::default() };
    let mut process = Process::start(programs.command(Library::Embedkit)?, &config)?;
    let results = process.ask(request)?.results;
    if results != count {
        return Err(failed(format!("{task}: {results} results for {count} inputs")));
    }
    Ok(process.peak_bytes())
}
