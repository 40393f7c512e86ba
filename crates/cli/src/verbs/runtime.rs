//! `runtime …`: ONNX Runtime, found and installed.

use std::fmt::Write as _;
#[cfg(feature = "runtime-install")]
use std::path::Path;
use std::path::PathBuf;

#[cfg(feature = "runtime-install")]
use embedkit::session::runtime::Installed;
#[cfg(feature = "runtime-install")]
use embedkit::session::runtime::install::{InstallError, InstallSource, install};
use embedkit::session::runtime::{self, Candidate, Finding, RuntimeOptions};
use serde_json::json;

use super::{print, print_json};
#[cfg(feature = "runtime-install")]
use crate::args::InstallArgs;
use crate::args::RuntimeCommand;
use crate::failure::{Failure, Result};

pub(super) fn run(command: RuntimeCommand) -> Result<()> {
    match command {
        RuntimeCommand::Status { runtime_dir, json } => status(&options(runtime_dir), json),
        #[cfg(feature = "runtime-install")]
        RuntimeCommand::Install { source, runtime_dir, json } => {
            if let (Some(file), Some(expected)) = (&source.file, &source.sha256) {
                check_digest(file, expected)?;
            }
            let installed = install_from(source, &options(runtime_dir)).map_err(embedkit::Error::from)?;
            if json {
                return print_json(&json!({ "version": installed.version.to_string(), "library": installed.library }));
            }
            print(&format!("ONNX Runtime {} is installed at {}\n", installed.version, installed.library.display()))
        }
    }
}

fn options(runtime_dir: Option<PathBuf>) -> RuntimeOptions {
    runtime_dir.into_iter().fold(RuntimeOptions::new(), RuntimeOptions::runtime_dir)
}

#[cfg(feature = "runtime-install")]
fn install_from(args: InstallArgs, options: &RuntimeOptions) -> Result<Installed, InstallError> {
    let InstallArgs { version, python, file, .. } = args;
    #[cfg(feature = "hub")]
    if let (true, Some(version)) = (args.release, &version) {
        let release = runtime::install::Release::new(version);
        let release = args.sha256.into_iter().fold(release, runtime::install::Release::sha256);
        return runtime::install::install_release(&release, options);
    }
    install(&file.map_or(InstallSource::Pip { version, python }, InstallSource::File), options)
}

/// Refuses a file that is another than it should be.
#[cfg(feature = "runtime-install")]
fn check_digest(file: &Path, expected: &str) -> Result<()> {
    let found = embedkit_core::digest::of_file(file)?;
    if found.eq_ignore_ascii_case(expected.trim()) {
        return Ok(());
    }
    Err(Failure::Failed(format!(
        "{}: its SHA-256 is {found}, and not {expected}; nothing was installed",
        file.display()
    )))
}

fn status(options: &RuntimeOptions, json: bool) -> Result<()> {
    let candidates = runtime::status(options).candidates;
    let used = candidates.iter().position(|candidate| candidate.version().is_some());
    if json {
        let places: Vec<_> = candidates.iter().map(as_json).collect();
        print_json(&json!({ "used": used.map(|place| as_json(&candidates[place])), "looked_at": places }))?;
    } else {
        print(&as_text(&candidates, used))?;
    }
    match used {
        Some(_) => Ok(()),
        None => Err(Failure::Failed("no ONNX Runtime can be used; `embedkit runtime install` installs one".to_owned())),
    }
}

fn as_json(candidate: &Candidate) -> serde_json::Value {
    json!({
        "origin": candidate.origin.to_string(),
        "path": candidate.path,
        "version": candidate.version(),
        "problem": candidate.problem().map(ToString::to_string),
        "looked_into": candidate.finding != Finding::NotLookedInto,
    })
}

/// One place a line, the one that is used marked.
fn as_text(candidates: &[Candidate], used: Option<usize>) -> String {
    let mut text = String::new();
    for (place, candidate) in candidates.iter().enumerate() {
        let mark = if used == Some(place) { "*" } else { " " };
        let _ = writeln!(text, "{mark} {candidate}");
    }
    text
}
