//! Virtual environments below `target/`, each made once for what it has to hold.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Outcome, failed};
use crate::workspace;

/// A virtual environment.
pub(crate) struct Environment {
    folder: PathBuf,
}

impl Environment {
    /// The environment of this name with what these files of requirements say; it is made anew when they change.
    pub(crate) fn with(name: &str, requirements: &[PathBuf]) -> Result<Self, Failure> {
        Self::of(name, Path::new("python3"), requirements)
    }

    /// The same, of this interpreter.
    pub(super) fn of(name: &str, python: &Path, requirements: &[PathBuf]) -> Result<Self, Failure> {
        let folder = workspace::target().join("python").join(name);
        let folder = std::path::absolute(&folder).map_err(|error| unusable(&folder, &error))?;
        let environment = Self { folder };
        let wanted = format!("{}\n{}", python.display(), contents(requirements)?);
        let holds = environment.folder.join("holds.txt");
        if fs::read_to_string(&holds).is_ok_and(|held| held == wanted) {
            return Ok(environment);
        }
        eprintln!("installing into {}", environment.folder.display());
        workspace::succeed(Command::new(python).args(["-m", "venv", "--clear"]).arg(&environment.folder))?;
        for file in requirements {
            let mut arguments = vec!["install".into(), "--quiet".into(), "--requirement".into(), file.clone()];
            // What demands a distribution that must not be there.
            if file.ends_with("alone.txt") {
                arguments.push("--no-deps".into());
            }
            environment.pip(&arguments)?;
        }
        fs::write(&holds, wanted).map_err(|error| unusable(&holds, &error))?;
        Ok(environment)
    }

    /// Its interpreter.
    pub(super) fn python(&self) -> Command {
        Command::new(self.program("python"))
    }

    /// A program that is installed in it.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        let folder = self.folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
        folder.join(name).with_extension(std::env::consts::EXE_EXTENSION)
    }

    /// Runs pip.
    pub(super) fn pip<A: AsRef<std::ffi::OsStr>>(&self, arguments: &[A]) -> Outcome {
        workspace::succeed(self.python().args(["-m", "pip", "--disable-pip-version-check"]).args(arguments))
    }

    /// Builds the package quickly and installs it, with its sources in place.
    pub(super) fn develop(&self) -> Outcome {
        let mut maturin = Command::new(self.program("maturin"));
        // Without Hugging Face's own client, which takes long to build: `cargo xtask wheel` has it.
        maturin.current_dir(folder()).args(["develop", "--profile", "python-dev", "--features", "abi3", "--quiet"]);
        workspace::succeed(maturin.env("VIRTUAL_ENV", &self.folder).env_remove("CONDA_PREFIX"))
    }
}

/// The package's folder.
pub(super) fn folder() -> PathBuf {
    workspace::root().join("crates/python")
}

fn contents(files: &[PathBuf]) -> Result<String, Failure> {
    files.iter().map(|file| fs::read_to_string(file).map_err(|error| unusable(file, &error))).collect()
}

pub(super) fn unusable(path: &Path, error: &std::io::Error) -> Failure {
    failed(format!("{}: {error}", path.display()))
}
