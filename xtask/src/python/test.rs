//! `cargo xtask test-python`: builds the Python package, installs it below `target/`, and runs its tests and the type
//! checkers.

use std::path::PathBuf;

use super::environment::{Environment, folder};
use crate::failure::Outcome;
use crate::workspace;

/// Options of the verb.
#[derive(clap::Args)]
pub(crate) struct TestPython {
    /// Also runs libraries that import the reference, without it and with it.
    #[arg(long)]
    libraries: bool,
    /// Also runs the tests on these interpreters.
    #[arg(long, value_name = "PYTHON")]
    python: Vec<PathBuf>,
    /// Arguments for pytest.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Runs the verb.
pub(crate) fn run(options: &TestPython) -> Outcome {
    let requirements = folder().join("tests/requirements.txt");
    let environment = Environment::with("test", std::slice::from_ref(&requirements))?;
    environment.develop()?;
    pytest(&environment, &options.arguments)?;
    check_types(&environment)?;
    for python in &options.python {
        let name = python.to_string_lossy().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let other = Environment::of(&format!("test{name}"), python, std::slice::from_ref(&requirements))?;
        other.develop()?;
        pytest(&other, &options.arguments)?;
    }
    if options.libraries { libraries() } else { Ok(()) }
}

fn pytest(environment: &Environment, arguments: &[String]) -> Outcome {
    let mut python = environment.python();
    python.current_dir(folder()).args(["-m", "pytest", "-q", "--ignore=tests/libraries", "--ignore=tests/cluster"]);
    // The library is to be found as for any user.
    workspace::succeed(python.args(arguments).env_remove("ORT_DYLIB_PATH"))
}

/// The package under mypy's strict rules and pyright's, and a program that uses it.
fn check_types(environment: &Environment) -> Outcome {
    let mypy = ["-m", "mypy", "--strict", "python", "tests/typed_use.py"];
    workspace::succeed(environment.python().current_dir(folder()).args(mypy))?;
    let mut pyright = environment.python();
    pyright.current_dir(folder()).args(["-m", "pyright", "--pythonpath"]).arg(environment.program("python"));
    workspace::succeed(pyright.args(["python", "tests/typed_use.py"]))
}

/// The libraries, in an environment without the reference and with it.
fn libraries() -> Outcome {
    let tests = folder().join("tests/libraries");
    let environment = Environment::with("libraries", &[tests.join("requirements.txt"), tests.join("alone.txt")])?;
    environment.develop()?;
    let run = || {
        let mut python = environment.python();
        python.current_dir(folder()).args(["-m", "pytest", "-q", "tests/libraries"]);
        workspace::succeed(python.env_remove("ORT_DYLIB_PATH"))
    };
    // The last run left it there.
    environment.pip(&["uninstall", "--quiet", "--yes", "fastembed"])?;
    run()?;
    environment.pip(&["install", "--quiet", "fastembed==0.9.1"])?;
    run()
}
