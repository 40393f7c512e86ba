//! `cargo xtask bench retrieval`: 100,000 paragraphs, indexed and searched in a loop of the library, and searched by the
//! program.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use clap::Args;

use super::place::{place, print};
use crate::failure::Outcome;
use crate::{files, workspace};

/// Searches by the program.
const SEARCHES: usize = 31;
const QUERIES: [&str; 4] =
    ["how is it built", "what is the default", "a list of names", "where does an error come from"];

/// What is indexed.
#[derive(Clone, Debug, Args)]
pub(super) struct RetrievalOptions {
    /// JSON Lines with `text`, of whose words paragraphs are put together.
    #[arg(long, value_name = "FILE", default_value = "crates/retrieval/tests/questions/corpus.jsonl")]
    corpus: PathBuf,
    /// The program; default: a release is built.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

pub(super) fn run(options: &RetrievalOptions) -> Outcome {
    let folder = place().join("retrieval");
    files::remove(&folder)?;
    let example = ["--package", "embedkit-retrieval", "--example", "measure"];
    let library = workspace::built("release", &example, "examples/measure")?;
    workspace::succeed(Command::new(library).arg("speed").args([&options.corpus, &folder]))?;
    let program = match &options.program {
        Some(program) => program.clone(),
        None => workspace::program("release")?,
    };
    let mut times = Vec::new();
    for query in QUERIES.iter().cycle().take(SEARCHES) {
        let mut search = Command::new(&program);
        search.arg("search").arg(folder.join("collection")).args([query, "--json"]);
        let start = Instant::now();
        workspace::output(&mut search)?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    print(&format!("`embedkit search`, a process each: p50 {:.1} ms", times[SEARCHES / 2]));
    Ok(())
}
