//! `cargo xtask tour`: a new user's hour. Every shell command of the README and of the pages is run as it is written, in an
//! empty home, and what it prints is compared with what the page says that it prints.
//!
//! Models are small ones under the real names, in the home's cache, and the network is not used: but for registries of
//! packages, by commands that install.
//!
//! An HTML comment above a block says how it is run, a word each:
//!
//! | note | the block |
//! | --- | --- |
//! | `<!-- tour: skip, REASON -->` | is left out, and the reason is told |
//! | `<!-- tour: whole -->` | is for the whole tour: it builds or installs |
//! | `<!-- tour: clone -->` | is run in a clean clone, in the whole tour alone |
//! | `<!-- tour: server -->` | has lines that start a server, behind which the others are run |
//!
//! A block of `text` below one of `sh` is what it prints; `…` stands for anything there.

mod blocks;
mod expected;
mod script;
mod stage;

use std::path::PathBuf;

use clap::Args;

use crate::failure::{Failure, Outcome, failed};
use crate::{files, workspace};
use blocks::{Block, Place};
use script::Run;
use stage::Stage;

/// Options of the verb.
#[derive(Args)]
pub(crate) struct Tour {
    /// Leaves out what builds and installs, and takes the program that is built for tests.
    #[arg(long)]
    short: bool,
    /// Only pages whose names have one of these words in them.
    pages: Vec<String>,
    /// The program; default: one is built, as for tests.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

/// Runs the blocks; tells all that failed.
pub(crate) fn run(options: &Tour) -> Outcome {
    let mut blocks = Vec::new();
    for page in pages()? {
        let is_wanted = options.pages.is_empty() || options.pages.iter().any(|word| page.contains(word.as_str()));
        if is_wanted {
            blocks.extend(blocks::of_page(&page, &files::read(&workspace::root().join(&page))?)?);
        }
    }
    let stage = Stage::set(options.program.as_deref(), !options.short)?;
    let (mut ran, mut left_out, mut failures) = (0, 0, Vec::new());
    for block in &blocks {
        if let Some(reason) = reason_to_leave_out(block, options.short) {
            eprintln!("left out   {}: {reason}", block.name());
            left_out += 1;
            continue;
        }
        match show(&stage, block) {
            Ok(run) => {
                eprintln!("{:7.1} s  {} ({:.0} s of processors)", run.seconds, block.name(), run.processor_seconds)
            }
            Err(failure) => {
                eprintln!("FAILED     {}: {failure}", block.name());
                failures.push(block.name());
            }
        }
        ran += 1;
    }
    eprintln!("{ran} blocks were run, {left_out} left out");
    match failures.is_empty() {
        true if ran > 0 => Ok(()),
        true => Err(failed("no block was run")),
        false => Err(failed(format!("these do not do what they say: {}", failures.join(", ")))),
    }
}

/// The pages for people who use it.
fn pages() -> Result<Vec<String>, Failure> {
    const FOLDER: &str = "crates/embedkit/docs";
    let entries = files::entries(&workspace::root().join(FOLDER))?;
    let names = entries.iter().filter_map(|path| path.file_name()?.to_str());
    let mut pages: Vec<String> =
        names.filter(|name| name.ends_with(".md")).map(|name| format!("{FOLDER}/{name}")).collect();
    pages.push("README.md".to_owned());
    pages.sort();
    Ok(pages)
}

fn reason_to_leave_out(block: &Block, is_short: bool) -> Option<String> {
    match (&block.skipped, &block.place) {
        (Some(reason), _) => Some(reason.clone()),
        (None, Place::Clone) if is_short => Some("it builds in a clean clone; the whole tour does".to_owned()),
        (None, _) if is_short && block.is_whole => Some("it builds or installs; the whole tour does".to_owned()),
        _ => None,
    }
}

/// Runs a block, and compares what it prints.
fn show(stage: &Stage, block: &Block) -> Result<Run, Failure> {
    let run = script::run(stage, block)?;
    if let Some(expected) = &block.output {
        expected::compare(expected, &run.printed).map_err(failed)?;
    }
    Ok(run)
}
