//! `cargo xtask upstream --tests FOLDER`: the reference's own tests, unchanged, on this package.
//!
//! The models that they name are small ones, made here; what the reference makes of these is recorded first, and the
//! tests' constants, which belong to the real models, give way to it.

use std::path::PathBuf;

use super::environment::{Environment, folder};
use crate::failure::Outcome;
use crate::{files, workspace};

/// Options of the verb.
#[derive(clap::Args)]
pub(crate) struct Upstream {
    /// The folder of a checkout of the reference's repository.
    #[arg(long, value_name = "FOLDER")]
    tests: PathBuf,
    /// Only records what the reference gives.
    #[arg(long)]
    record: bool,
    /// Arguments for pytest.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Runs the verb.
pub(crate) fn run(options: &Upstream) -> Outcome {
    let harness = folder().join("tests/upstream");
    let environment = Environment::with("upstream", &[harness.join("requirements.txt")])?;
    environment.develop()?;
    let place = files::absolute(&workspace::target().join("python/upstream-run"))?;
    let tests = files::absolute(&options.tests)?;
    let modes: &[&str] = if options.record { &["record"] } else { &["record", "replay"] };
    for mode in modes {
        let mut python = environment.python();
        python.arg(harness.join("main.py")).arg(mode).arg(&tests).arg(&place).args(&options.arguments);
        workspace::succeed(python.env_remove("ORT_DYLIB_PATH"))?;
    }
    Ok(())
}
