//! Fetches a wheel with pip: the ordinary client of Python's registry, with the user's own settings.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{InstallError, OLDEST_MINOR, search};

/// Downloads the wheel of `onnxruntime` for this machine into a folder, and gives its path.
pub(super) fn download(version: Option<&str>, python: Option<&OsStr>, to: &Path) -> Result<PathBuf, InstallError> {
    let python = python.unwrap_or(OsStr::new(if cfg!(windows) { "python" } else { "python3" }));
    let requirement = match version {
        Some(version) => format!("onnxruntime=={version}"),
        None => format!("onnxruntime>=1.{OLDEST_MINOR}"),
    };
    let mut command = Command::new(python);
    command.args(["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check"]);
    command.arg("--dest").arg(to).arg(requirement);
    tracing::info!(?command, "downloading");

    let line = format!("{command:?}").replace('"', "");
    let failed = |message: String| InstallError::Pip { command: line.clone(), message };
    let output = command.output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(failed(if stderr.trim().is_empty() {
            output.status.to_string()
        } else {
            stderr.trim().to_owned()
        }));
    }
    let wheels = search::entries(to, |name| name.ends_with(".whl"));
    wheels.into_iter().next().ok_or_else(|| failed("it left no wheel".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_python_that_is_not_there_is_named_in_the_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = download(None, Some(OsStr::new("python-of-nowhere")), folder.path()).unwrap_err().to_string();
        assert!(error.contains("python-of-nowhere -m pip download"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn pips_own_words_are_the_error_and_its_wheel_the_result() {
        let folder = tempfile::tempdir().unwrap();
        let python = folder.path().join("python");
        // The last two arguments are the folder and the requirement.
        let script = "#!/bin/sh\nwhile [ $# -gt 2 ]; do shift; done\n\
            [ \"$2\" = onnxruntime==1.31.1 ] || { echo \"no match for $2\" >&2; exit 1; }\ntouch \"$1/the.whl\"\n";
        // Written by another process: a program that this one has open for writing cannot be run.
        let write = r#"printf '%s' "$1" > "$2" && chmod +x "$2""#;
        let written = Command::new("sh").args(["-c", write, "sh", script]).arg(&python).status().unwrap();
        assert!(written.success());

        let wheel = download(Some("1.31.1"), Some(python.as_os_str()), folder.path()).unwrap();
        assert_eq!(wheel, folder.path().join("the.whl"));
        let error = download(Some("0.1"), Some(python.as_os_str()), folder.path()).unwrap_err().to_string();
        assert!(error.ends_with("no match for onnxruntime==0.1"), "{error}");
    }
}
