//! `cargo xtask cluster`: jobs on real clusters of this machine, with the Python package.

use super::environment::{Environment, folder};
use crate::failure::Outcome;
use crate::workspace;

/// Options of the verb.
#[derive(clap::Args)]
pub(crate) struct Cluster {
    /// Only the short tests.
    #[arg(long)]
    short: bool,
    /// Arguments for pytest.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Runs the verb.
pub(crate) fn run(options: &Cluster) -> Outcome {
    let tests = folder().join("tests/cluster");
    let environment = Environment::with("cluster", &[tests.join("requirements.txt")])?;
    environment.develop()?;
    let mut python = environment.python();
    python.current_dir(folder()).args(["-m", "pytest", "-q", "tests/cluster"]).args(&options.arguments);
    if options.short {
        python.args(["-m", "not long"]);
    }
    workspace::succeed(python.env_remove("ORT_DYLIB_PATH"))
}
