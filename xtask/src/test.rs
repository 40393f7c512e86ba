//! `cargo xtask test`: installs ONNX Runtime from Python's package registry into a folder under
//! `target/`, and runs every test of the workspace with it.

use std::path::PathBuf;

use embedkit_core::session::RuntimeOptions;
use embedkit_core::session::runtime::install::{InstallSource, install};
use embedkit_core::session::runtime::installed;

use crate::failure::{Failure, Outcome, with_causes};
use crate::workspace;

/// The version that the goldens were made with.
const VERSION: &str = "1.31.1";

/// Opt-in features that have tests.
const FEATURES: &str = "embedkit-vector/interchange,embedkit-core/ort-environment";

/// Runs the tests; arguments go to `cargo test`.
pub(crate) fn run(arguments: &[&str]) -> Outcome {
    let library = runtime()?;
    let mut cargo = workspace::cargo();
    cargo.current_dir(workspace::root()).args(["test", "--workspace", "--features", FEATURES]).args(arguments);
    cargo.env("ORT_DYLIB_PATH", library);
    // Tests that need it fail without it, instead of saying that they were skipped.
    cargo.env("EMBEDKIT_TESTS_NEED_RUNTIME", "1");
    workspace::succeed(&mut cargo)
}

/// The runtime's library, installed when it is not there.
pub(crate) fn runtime() -> Result<PathBuf, Failure> {
    let options = RuntimeOptions::new().runtime_dir(workspace::target().join("onnxruntime"));
    let present = installed(&options).into_iter().find(|runtime| runtime.version == VERSION);
    if let Some(runtime) = present {
        return Ok(runtime.library);
    }
    eprintln!("installing ONNX Runtime {VERSION} below {}", workspace::target().display());
    let source = InstallSource::Pip { version: Some(VERSION.to_owned()), python: None };
    let runtime = install(&source, &options).map_err(|error| Failure(with_causes(&error)))?;
    Ok(runtime.library)
}
