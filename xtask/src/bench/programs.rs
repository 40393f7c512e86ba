//! The sides' programs: built or installed on demand, under `target/`.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::named::Named;
use super::sides::{Library, Side};
use crate::failure::{Failure, failed};
use crate::python::Environment;
use crate::workspace;

/// Every program that the sides at hand need.
pub(super) struct Programs {
    commands: HashMap<Library, Vec<PathBuf>>,
    /// The Python with the peers, where one was needed.
    pub(super) python: Option<PathBuf>,
    /// ONNX Runtime's library, one for all.
    runtime: PathBuf,
    /// embedkit's program of an earlier version.
    earlier: Option<PathBuf>,
    /// The virtual environment with infinity and sentence-transformers that is named, if one is.
    infinity: Option<PathBuf>,
}

impl Programs {
    /// Builds and installs what the sides need.
    pub(super) fn ready(named: Named, sides: &[Side], place: &Path) -> Result<Self, Failure> {
        let is_python = |side: &Side| {
            matches!(side.library, Library::EmbedkitPython | Library::FastembedPython | Library::Model2vecPython)
        };
        let python = if sides.iter().any(is_python) { Some(python(named.python.as_deref())?) } else { named.python };
        let runtime = std::env::var_os("ORT_DYLIB_PATH").map_or_else(crate::test::runtime, |path| Ok(path.into()))?;
        let earlier = named
            .earlier
            .as_deref()
            .map(Path::canonicalize)
            .transpose()
            .map_err(|e| failed(format!("--earlier: {e}")))?;
        let mut programs = Self { commands: HashMap::new(), python, runtime, earlier, infinity: named.infinity };
        let libraries: HashSet<Library> = sides.iter().map(|side| side.library).collect();
        for library in libraries {
            let words = programs.words(library, place)?;
            programs.commands.insert(library, words);
        }
        Ok(programs)
    }

    /// The command that starts a library's side.
    pub(super) fn command(&self, library: Library) -> Result<Command, Failure> {
        self.started(library, &[])
    }

    /// The same, with all of the side on one core.
    pub(super) fn command_on_one_core(&self, library: Library) -> Result<Command, Failure> {
        self.started(library, &["taskset".into(), "-c".into(), "0".into()])
    }

    fn started(&self, library: Library, before: &[PathBuf]) -> Result<Command, Failure> {
        let words = self.commands.get(&library).ok_or_else(|| failed(format!("{library:?} has no program")))?;
        let mut words = before.iter().chain(words);
        let mut command = Command::new(words.next().ok_or_else(|| failed("an empty command"))?);
        // A cache of the user's would go before the one that a side is given.
        command.args(words).env("ORT_DYLIB_PATH", &self.runtime).env("HF_HUB_OFFLINE", "1").env_remove("HF_HOME");
        Ok(command)
    }

    fn words(&self, library: Library, place: &Path) -> Result<Vec<PathBuf>, Failure> {
        let script = |name: &str| {
            let python = self.python.clone().ok_or_else(|| failed("no Python"))?;
            Ok(vec![python, folder("python").join(name)])
        };
        match library {
            Library::Embedkit => Ok(vec![ours("bench-embedkit")?]),
            Library::EmbedkitEarlier => {
                Ok(vec![self.earlier.clone().ok_or_else(|| failed("--earlier names no program"))?])
            }
            Library::Limit => Ok(vec![ours("bench-limit")?]),
            Library::FastembedRust => Ok(vec![theirs("fastembed-rs", place)?]),
            Library::Model2vecRust => Ok(vec![theirs("model2vec-rs", place)?]),
            Library::EmbedkitPython => {
                let python = self.python.as_deref().ok_or_else(|| failed("no Python"))?;
                crate::python::install_into(python)?;
                script("embedkit_side.py")
            }
            Library::FastembedPython => script("fastembed_side.py"),
            Library::Model2vecPython => script("model2vec_side.py"),
            Library::SentenceTransformers => self.beside_torch("sentence_transformers_side.py"),
            Library::Infinity => self.beside_torch("infinity_side.py"),
        }
    }

    /// A script that runs where infinity and sentence-transformers are.
    fn beside_torch(&self, name: &str) -> Result<Vec<PathBuf>, Failure> {
        let python = match &self.infinity {
            Some(folder) => folder.join("bin/python"),
            None => infinity()?.program("python"),
        };
        Ok(vec![python, folder("python").join(name)])
    }
}

/// An environment with infinity and sentence-transformers, made once: gigabytes.
pub(super) fn infinity() -> Result<Environment, Failure> {
    Environment::with("infinity", &[folder("python").join("infinity.txt")])
}

/// Where a side's source is.
fn folder(side: &str) -> PathBuf {
    workspace::root().join("xtask/bench").join(side)
}

fn ours(package: &str) -> Result<PathBuf, Failure> {
    workspace::built("release", &["--package", package], package)
}

/// A peer's program, in a workspace of its own.
fn theirs(name: &str, place: &Path) -> Result<PathBuf, Failure> {
    let target = place.join(name);
    let mut build = workspace::cargo();
    build.args(["build", "--quiet", "--release", "--locked", "--manifest-path"]).arg(folder(name).join("Cargo.toml"));
    workspace::succeed(build.arg("--target-dir").arg(&target))?;
    Ok(target.join("release").join(format!("bench-{name}")))
}

/// The Python that is named, or one with the Python peers.
pub(super) fn python(named: Option<&Path>) -> Result<PathBuf, Failure> {
    let ours = || Ok(Environment::with("bench", &[folder("python").join("requirements.txt")])?.program("python"));
    named.map_or_else(ours, |python| Ok(python.to_owned()))
}
