//! `cargo xtask wheel`: builds the wheel, its twin for GPUs and the source distribution, and tries the wheels in clean
//! environments.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::environment::{Environment, folder};
use crate::failure::{Failure, Outcome, failed};
use crate::files::{absolute, entries, remove, unusable};
use crate::workspace;

/// What a clean environment runs.
const TRIAL: &str = "import embedkit_rs, numpy
model = embedkit_rs.TextEmbedding('embedkit/static-minilm-en')
vectors = numpy.stack(list(model.embed(['a cat', 'a kitten', 'a tax return'])))
near, far = vectors[0] @ vectors[1], vectors[0] @ vectors[2]
assert near > far, (near, far)
assert len(next(embedkit_rs.SparseTextEmbedding('Qdrant/bm25').embed('hello world')).indices) == 2
from embedkit_rs import _runtime
assert 'onnxruntime' in _runtime.library(None)
print(embedkit_rs.__version__, embedkit_rs.__file__)";

/// What one runs that has the twin for GPUs, whose runtime is not installed for it.
const GPU_TRIAL: &str = "import embedkit_rs
from importlib.metadata import requires, version
runtimes = [demand for demand in requires('embedkit-rs-gpu') if demand.startswith('onnxruntime')]
assert runtimes == ['onnxruntime-gpu>=1.19'], runtimes
assert embedkit_rs.__version__ == version('embedkit-rs-gpu')
assert next(embedkit_rs.TextEmbedding('embedkit/static-minilm-en').embed('a cat')).shape == (256,)";

/// Options of the verb.
#[derive(clap::Args)]
pub(crate) struct Wheel {
    /// The profile that it is built with.
    #[arg(long, default_value = "release")]
    profile: String,
    /// Tries it on these interpreters. Default: python3.
    #[arg(long, value_name = "PYTHON")]
    python: Vec<PathBuf>,
}

impl Wheel {
    /// Of a profile, tried on the usual interpreter.
    pub(crate) fn of_profile(profile: &str) -> Self {
        Self { profile: profile.to_owned(), python: Vec::new() }
    }
}

/// Runs the verb.
pub(crate) fn run(options: &Wheel) -> Outcome {
    let tools = Environment::with("build", &[folder().join("tests/requirements.txt")])?;
    let wheels = build(&tools, &options.profile, "wheels")?;
    workspace::succeed(tools.maturin().args(["sdist", "--out"]).arg(&wheels))?;
    let mut aliased = tools.python();
    aliased
        .args(["-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"])
        .arg(&wheels)
        .arg(folder().join("alias"));
    workspace::succeed(&mut aliased)?;
    let mut converted = tools.python();
    converted.arg(folder().join("tools/gpu_wheel.py")).arg(find(&entries(&wheels)?, |name| is_wheel(name, ""))?);
    workspace::succeed(&mut converted)?;
    let built = entries(&wheels)?;
    for file in &built {
        let size = std::fs::metadata(file).map_err(unusable(file))?.len();
        eprintln!("{}: {:.1} MB", file.display(), size as f64 / 1e6);
    }
    let ours = Built {
        wheel: find(&built, |name| is_wheel(name, ""))?,
        gpu: find(&built, |name| is_wheel(name, "_gpu"))?,
        alias: find(&built, |name| is_wheel(name, "_fastembed"))?,
    };
    let default = [PathBuf::from("python3")];
    let pythons = if options.python.is_empty() { &default[..] } else { &options.python };
    pythons.iter().try_for_each(|python| try_out(python, &ours))
}

/// Builds the wheel as it is published and installs it into an interpreter's environment.
pub(crate) fn install_into(python: &Path) -> Outcome {
    let tools = Environment::with("build", &[folder().join("tests/requirements.txt")])?;
    let built = entries(&build(&tools, "release", "python/wheel")?)?;
    let wheel = find(&built, |name| is_wheel(name, ""))?;
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps"]).arg(wheel);
    workspace::succeed(&mut pip)
}

/// Builds the wheel into a folder below `target/` that then holds nothing else: one of an earlier version would be taken for it.
fn build(tools: &Environment, profile: &str, name: &str) -> Result<PathBuf, Failure> {
    let place = absolute(&workspace::target().join(name))?;
    remove(&place)?;
    let mut maturin = tools.maturin();
    maturin.args(["build", "--quiet", "--profile", profile, "--out"]).arg(&place);
    workspace::succeed(&mut maturin)?;
    Ok(place)
}

/// What was built.
struct Built<'a> {
    wheel: &'a Path,
    gpu: &'a Path,
    alias: &'a Path,
}

/// Whether it is the wheel of `embedkit-rs` and an ending.
fn is_wheel(name: &str, ending: &str) -> bool {
    name.starts_with(&format!("embedkit_rs{ending}-")) && name.ends_with(".whl")
}

/// Installs the wheel alone, with what it demands, and runs it; then programs that import the reference, and the twin.
fn try_out(python: &Path, built: &Built<'_>) -> Outcome {
    let name = python.to_string_lossy().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let environment = Environment::clean(&format!("clean-{name}"), python)?;
    let install = |file: &Path| {
        let flags = ["install", "--quiet", "--no-deps"];
        environment.pip(&flags.iter().map(Path::new).chain([file]).collect::<Vec<_>>())
    };
    environment.pip(&[Path::new("install"), Path::new("--quiet"), built.wheel])?;
    let run = |program: &str| {
        let mut python = environment.python();
        python.current_dir(workspace::target()).args(["-c", program]);
        // The package is to be the installed one.
        python.env_remove("ORT_DYLIB_PATH").env_remove("PYTHONPATH");
        workspace::succeed(&mut python)
    };
    run(TRIAL)?;
    install(built.alias)?;
    run("import fastembed, embedkit_rs; assert fastembed.TextEmbedding is embedkit_rs.TextEmbedding")?;
    environment.pip(&["uninstall", "--quiet", "--yes", "embedkit-rs-fastembed", "embedkit-rs"])?;
    install(built.gpu)?;
    run(GPU_TRIAL)
}

fn find(files: &[PathBuf], is_it: impl Fn(&str) -> bool) -> Result<&Path, Failure> {
    let found = files.iter().find(|file| file.file_name().is_some_and(|name| is_it(&name.to_string_lossy())));
    found.map(PathBuf::as_path).ok_or_else(|| failed("the build left no such file"))
}
