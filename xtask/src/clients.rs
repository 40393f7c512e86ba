//! `cargo xtask clients`: real clients ask the server, each group in an environment of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::failure::{Failure, Outcome, failed};
use crate::{test, workspace};

/// The groups that every change must pass.
const CI: &[&str] = &["openai", "hub", "cohere", "llama-index", "npm"];

/// Which groups.
#[derive(Debug, Args)]
pub(crate) struct Clients {
    /// Folders of tests/clients; default: all.
    groups: Vec<String>,
    /// Those that every change must pass.
    #[arg(long, conflicts_with = "groups")]
    ci: bool,
    /// The program; default: one is built.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

/// Runs the groups; tells all that failed.
pub(crate) fn run(options: &Clients) -> Outcome {
    let folder = workspace::root().join("tests/clients").canonicalize().map_err(|error| failed(error.to_string()))?;
    let program = match &options.program {
        Some(program) => std::path::absolute(program).map_err(|error| failed(error.to_string()))?,
        None => build()?,
    };
    let groups = match (options.ci, options.groups.is_empty()) {
        (true, _) => CI.iter().map(|group| (*group).to_owned()).collect(),
        (false, true) => all(&folder)?,
        (false, false) => options.groups.clone(),
    };
    let runtime = test::runtime()?;
    let mut failures = Vec::new();
    for group in groups {
        eprintln!("== {group} ==");
        if let Err(failure) = ask(&folder, &group, &program, &runtime) {
            eprintln!("{group}: {failure}");
            failures.push(group);
        }
    }
    if failures.is_empty() {
        Ok(())
    } else {
        Err(failed(format!("these clients are not served: {}", failures.join(", "))))
    }
}

fn build() -> Result<PathBuf, Failure> {
    let mut cargo = Command::new(workspace::cargo());
    workspace::succeed(cargo.current_dir(workspace::root()).args(["build", "--package", "embedkit-cli"]))?;
    let program = workspace::target().join("debug/embedkit").with_extension(std::env::consts::EXE_EXTENSION);
    std::path::absolute(program).map_err(|error| failed(error.to_string()))
}

/// All groups: the folders that have a program.
fn all(folder: &Path) -> Result<Vec<String>, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| failed(error.to_string()))?;
    let folders = entries.flatten().map(|entry| entry.path()).filter(|path| path.join("test.py").is_file());
    let mut groups: Vec<String> = folders.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect();
    groups.sort();
    Ok(groups)
}

/// Makes a group's environment below the target folder, and runs its program.
fn ask(folder: &Path, group: &str, program: &Path, runtime: &Path) -> Outcome {
    let source = folder.join(group);
    let place = workspace::target().join("clients").join(group);
    std::fs::create_dir_all(&place).map_err(|error| failed(error.to_string()))?;
    let place = place.canonicalize().map_err(|error| failed(error.to_string()))?;
    let requirements = source.join("requirements.txt");
    let python = if requirements.is_file() { environment(&place, &requirements)? } else { PathBuf::from("python3") };
    if source.join("package.json").is_file() {
        std::fs::copy(source.join("package.json"), place.join("package.json"))
            .map_err(|error| failed(error.to_string()))?;
        workspace::succeed(Command::new("npm").current_dir(&place).args([
            "install",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ]))?;
    }
    let mut command = Command::new(python);
    command.arg(source.join("test.py"));
    command.env("PYTHONPATH", folder).env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("EMBEDKIT", program).env("ORT_DYLIB_PATH", runtime).env("PACKAGES", &place);
    workspace::succeed(&mut command)
}

fn environment(place: &Path, requirements: &Path) -> Result<PathBuf, Failure> {
    let environment = place.join("venv");
    let python = environment.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    if !python.is_file() {
        workspace::succeed(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    }
    workspace::succeed(
        Command::new(&python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(requirements),
    )?;
    Ok(python)
}
