//! `cargo xtask clients`: real clients ask the server, each group in an environment of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::failure::{Failure, Outcome, failed};
use crate::python::Environment;
use crate::{files, test, workspace};

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
        Some(program) => files::absolute(program)?,
        None => workspace::program("dev")?,
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

/// All groups: the folders that have a program.
fn all(folder: &Path) -> Result<Vec<String>, Failure> {
    let folders = files::entries(folder)?.into_iter().filter(|path| path.join("test.py").is_file());
    Ok(folders.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect())
}

/// Makes a group's environment below the target folder, and runs its program.
fn ask(folder: &Path, group: &str, program: &Path, runtime: &Path) -> Outcome {
    let source = folder.join(group);
    let place = files::absolute(&workspace::target().join("clients").join(group))?;
    files::create(&place)?;
    let requirements = source.join("requirements.txt");
    let mut command = match requirements.is_file() {
        true => Environment::with(&format!("client-{group}"), &[requirements])?.python(),
        false => Command::new("python3"),
    };
    if source.join("package.json").is_file() {
        files::write(&place.join("package.json"), files::read(&source.join("package.json"))?)?;
        workspace::succeed(Command::new("npm").current_dir(&place).args([
            "install",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ]))?;
    }
    command.arg(source.join("test.py"));
    command.env("PYTHONPATH", folder).env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("EMBEDKIT", program).env("ORT_DYLIB_PATH", runtime).env("PACKAGES", &place);
    workspace::succeed(&mut command)
}
