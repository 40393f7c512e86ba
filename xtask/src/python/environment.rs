//! Virtual environments below `target/`, each made once for what it has to hold: the one way in which any verb has one.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Outcome};
use crate::{files, workspace};

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
        let wanted = format!("{}\n{}", python.display(), contents(requirements)?);
        let holds = place(name)?.join("holds.txt");
        if files::read(&holds).is_ok_and(|held| held == wanted) {
            return Ok(Self { folder: place(name)? });
        }
        let environment = Self::clean(name, python)?;
        for file in requirements {
            let mut arguments = vec!["install".into(), "--quiet".into(), "--requirement".into(), file.clone()];
            // What demands a distribution that must not be there.
            if file.ends_with("alone.txt") {
                arguments.push("--no-deps".into());
            }
            environment.pip(&arguments)?;
        }
        files::write(&holds, wanted)?;
        Ok(environment)
    }

    /// One that holds nothing, whatever an environment of this name held.
    pub(super) fn clean(name: &str, python: &Path) -> Result<Self, Failure> {
        let folder = place(name)?;
        eprintln!("installing into {}", folder.display());
        workspace::succeed(Command::new(python).args(["-m", "venv", "--clear"]).arg(&folder))?;
        Ok(Self { folder })
    }

    /// Its interpreter.
    pub(crate) fn python(&self) -> Command {
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

    /// The program that builds the package.
    pub(super) fn maturin(&self) -> Command {
        let mut maturin = Command::new(self.program("maturin"));
        workspace::forget_package(&mut maturin);
        maturin.current_dir(folder());
        maturin
    }

    /// Builds the package as tests are built, which share most of it, and installs it with its sources in place.
    pub(super) fn develop(&self) -> Outcome {
        let mut maturin = self.maturin();
        // Without Hugging Face's own client, which takes long to build: `cargo xtask wheel` has it.
        maturin.args(["develop", "--profile", "dev", "--features", "abi3", "--quiet"]);
        workspace::succeed(maturin.env("VIRTUAL_ENV", &self.folder).env_remove("CONDA_PREFIX"))
    }
}

/// The package's folder.
pub(super) fn folder() -> PathBuf {
    workspace::root().join("crates/python")
}

fn place(name: &str) -> Result<PathBuf, Failure> {
    files::absolute(&workspace::target().join("python").join(name))
}

fn contents(requirements: &[PathBuf]) -> Result<String, Failure> {
    requirements.iter().map(|file| files::read(file)).collect()
}
