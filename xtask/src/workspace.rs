//! Where the workspace is, and how its programs are run.

use std::path::PathBuf;
use std::process::Command;

use crate::failure::{Failure, Outcome};
use crate::files;

/// The workspace's top folder.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Where builds go.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The cargo that runs this program.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    forget_package(&mut cargo);
    cargo
}

/// Takes what cargo says of this package from a command that builds others: build scripts that look at it, as ring's does,
/// would run anew beside those of a plain `cargo build`, and all that hangs on them be built again.
pub(crate) fn forget_package(command: &mut Command) {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for name in names.filter(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
        command.env_remove(name);
    }
}

/// Builds what these arguments of `cargo build` say, with a profile; gives a file of it, named without an extension.
pub(crate) fn built(profile: &str, arguments: &[&str], file: &str) -> Result<PathBuf, Failure> {
    let mut cargo = cargo();
    cargo.current_dir(root()).args(["build", "--quiet", "--profile", profile]).args(arguments);
    succeed(&mut cargo)?;
    made(profile, file)
}

/// Where a build of a profile puts a program.
pub(crate) fn made(profile: &str, file: &str) -> Result<PathBuf, Failure> {
    let folder = if profile == "dev" { "debug" } else { profile };
    files::absolute(&target().join(folder).join(file).with_extension(std::env::consts::EXE_EXTENSION))
}

/// The program as people have it.
pub(crate) fn program(profile: &str) -> Result<PathBuf, Failure> {
    built(profile, &["--package", "embedkit-cli"], "embedkit")
}

/// Runs a command to its end; its output goes to the terminal.
pub(crate) fn succeed(command: &mut Command) -> Outcome {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure(format!("{} ended with {status}", command.get_program().display()))),
        Err(error) => Err(cannot_run(command, &error)),
    }
}

/// Runs a command to its end and gives what it wrote to its standard output.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command.output().map_err(|error| cannot_run(command, &error))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(Failure(String::from_utf8_lossy(&output.stderr).into_owned())),
    }
}

fn cannot_run(command: &Command, error: &std::io::Error) -> Failure {
    Failure(format!("{} cannot be run: {error}", command.get_program().display()))
}
