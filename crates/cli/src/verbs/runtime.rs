//! `runtime …`: ONNX Runtime, found and installed.

use std::fmt::Write as _;
use std::path::PathBuf;

use embedkit::session::runtime::install::{InstallSource, install};
use embedkit::session::runtime::{self, Candidate, RuntimeOptions};
use serde_json::json;

use super::{print, print_json};
use crate::args::RuntimeCommand;
use crate::failure::{Failure, Result};

pub(super) fn run(command: RuntimeCommand) -> Result<()> {
    match command {
        RuntimeCommand::Status { cache_dir, json } => status(&options(cache_dir), json),
        RuntimeCommand::Install { source, cache_dir } => {
            let installed = install(&source.into_source()?, &options(cache_dir)).map_err(embedkit::Error::from)?;
            print(&format!("ONNX Runtime {} is installed at {}\n", installed.version, installed.library.display()))
        }
    }
}

fn options(cache_dir: Option<PathBuf>) -> RuntimeOptions {
    match cache_dir {
        Some(folder) => RuntimeOptions::new().cache_dir(folder),
        None => RuntimeOptions::new(),
    }
}

impl crate::args::InstallArgs {
    fn into_source(self) -> Result<InstallSource> {
        if let Some(file) = self.file {
            return Ok(InstallSource::File(file));
        }
        #[cfg(feature = "hub")]
        if self.release {
            let version = self.version.ok_or_else(|| Failure::Usage("--release needs --version".to_owned()))?;
            return Ok(InstallSource::Release { version, sha256: self.sha256 });
        }
        Ok(InstallSource::Pip { version: self.version, python: self.python })
    }
}

fn status(options: &RuntimeOptions, json: bool) -> Result<()> {
    let candidates = runtime::status(options).candidates;
    let used = candidates.iter().position(|candidate| candidate.version.is_ok());
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
        "version": candidate.version.as_ref().ok(),
        "problem": candidate.version.as_ref().err().map(ToString::to_string),
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
