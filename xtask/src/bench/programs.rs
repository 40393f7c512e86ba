//! The sides' programs: built or installed on demand, under `target/`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::failed;
use super::options::Options;
use super::sides::{Library, Side};
use crate::Failure;

/// Every program that the sides at hand need.
pub(super) struct Programs {
    commands: HashMap<Library, Vec<PathBuf>>,
    /// The Python with the peers, where one was needed.
    pub(super) python: Option<PathBuf>,
    /// ONNX Runtime's library, one for all.
    runtime: PathBuf,
}

impl Programs {
    /// Builds and installs what the sides need.
    pub(super) fn ready(options: &Options, sides: &[Side], place: &Path) -> Result<Self, Failure> {
        let runtime = std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from);
        let is_python = |side: &Side| matches!(side.library, Library::FastembedPython | Library::Model2vecPython);
        let python = match &options.python {
            None if runtime.is_none() || sides.iter().any(is_python) => Some(environment(place)?),
            given => given.clone(),
        };
        let runtime = match (runtime, &python) {
            (Some(runtime), _) => runtime,
            (None, Some(python)) => runtime_of(python)?,
            (None, None) => return Err(failed("no ONNX Runtime: set ORT_DYLIB_PATH")),
        };
        let mut commands = HashMap::new();
        for side in sides {
            if !commands.contains_key(&side.library) {
                commands.insert(side.library, command(side.library, python.as_deref(), place)?);
            }
        }
        Ok(Self { commands, python, runtime })
    }

    /// The command that starts a library's side.
    pub(super) fn command(&self, library: Library, one_core: bool) -> Result<Command, Failure> {
        let words = self.commands.get(&library).ok_or_else(|| failed(format!("{library:?} has no program")))?;
        let pinned = [PathBuf::from("taskset"), "-c".into(), "0".into()];
        let mut words = pinned.iter().filter(|_| one_core).chain(words);
        let mut command = Command::new(words.next().ok_or_else(|| failed("an empty command"))?);
        command.args(words).env("ORT_DYLIB_PATH", &self.runtime).env("HF_HUB_OFFLINE", "1");
        Ok(command)
    }
}

fn command(library: Library, python: Option<&Path>, place: &Path) -> Result<Vec<PathBuf>, Failure> {
    let script = |name: &str| {
        let python = python.ok_or_else(|| failed("no Python"))?;
        Ok(vec![python.to_owned(), Path::new("xtask/bench/python").join(name)])
    };
    match library {
        Library::Embedkit => Ok(vec![ours("bench-embedkit")?]),
        Library::Limit => Ok(vec![ours("bench-limit")?]),
        Library::FastembedRust => Ok(vec![theirs("fastembed-rs", place)?]),
        Library::Model2vecRust => Ok(vec![theirs("model2vec-rs", place)?]),
        Library::FastembedPython => script("fastembed_side.py"),
        Library::Model2vecPython => script("model2vec_side.py"),
    }
}

fn ours(package: &str) -> Result<PathBuf, Failure> {
    run(Command::new("cargo").args(["build", "--quiet", "--release", "--package", package]))?;
    Ok(Path::new("target/release").join(package))
}

/// A peer's program, in a workspace of its own.
fn theirs(name: &str, place: &Path) -> Result<PathBuf, Failure> {
    let target = place.join(name);
    let manifest = Path::new("xtask/bench").join(name).join("Cargo.toml");
    let mut build = Command::new("cargo");
    build.args(["build", "--quiet", "--release", "--locked", "--manifest-path"]).arg(manifest);
    run(build.arg("--target-dir").arg(&target))?;
    Ok(target.join("release").join(format!("bench-{name}")))
}

/// A virtual environment with the Python peers.
fn environment(place: &Path) -> Result<PathBuf, Failure> {
    let folder = place.join("python");
    let python = folder.join("bin/python");
    if !python.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    }
    let install = ["-m", "pip", "install", "--quiet", "--requirement", "xtask/bench/python/requirements.txt"];
    run(Command::new(&python).args(install))?;
    Ok(python)
}

fn runtime_of(python: &Path) -> Result<PathBuf, Failure> {
    const FIND: &str = "import glob, os, importlib.util as u; \
        d = os.path.dirname(u.find_spec('onnxruntime').origin); \
        print(glob.glob(os.path.join(d, 'capi', 'libonnxruntime.so*'))[0])";
    Ok(output(Command::new(python).args(["-c", FIND]))?.into())
}

/// What a command prints.
pub(super) fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command.output().map_err(|e| failed(format!("{command:?}: {e}")))?;
    if !output.status.success() {
        return Err(failed(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr))));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn run(command: &mut Command) -> Result<(), Failure> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(format!("{command:?}: {status}"))),
        Err(error) => Err(failed(format!("{command:?}: {error}"))),
    }
}
