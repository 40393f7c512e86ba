//! Fetches a wheel with pip: the ordinary client of Python's registry, with the user's own settings.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::InstallError;
use crate::surroundings::{Surroundings, entries};
use crate::version::oldest_minor;

/// Downloads the wheel of `onnxruntime` for this machine into a folder, and gives its path.
pub(super) fn download(
    version: Option<&str>,
    api_version: u32,
    python: &Path,
    to: &Path,
) -> Result<PathBuf, InstallError> {
    let requirement = match version {
        Some(version) => format!("onnxruntime=={version}"),
        None => format!("onnxruntime>=1.{}", oldest_minor(api_version)),
    };
    let mut command = Command::new(python);
    // Python takes modules from the current folder, from PYTHONPATH and from the user's packages before pip's own.
    // Isolated, and in a folder that is new and ours, it takes none of those.
    command.current_dir(to).args(["-I", "-m", "pip", "download"]);
    command.args(["--no-deps", "--only-binary=:all:", "--disable-pip-version-check"]);
    command.arg("--dest").arg(to).arg(requirement);
    tracing::info!(?command, "downloading");

    let line = format!("{command:?}").replace('"', "");
    let output = match command.output() {
        Ok(output) => output,
        Err(source) => return Err(InstallError::Start { command: line, source }),
    };
    let failed = |message: String| InstallError::Pip { command: line.clone(), message };
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        let stderr = stderr.trim();
        return Err(failed(if stderr.is_empty() { output.status.to_string() } else { stderr.to_owned() }));
    }
    let wheels = entries(to, |name| name.ends_with(".whl"));
    wheels.into_iter().next().ok_or_else(|| failed("it left no wheel".to_owned()))
}

/// The Python to run pip with: the program that is named, by a path or as in `PATH`, if others cannot change it.
pub(super) fn python(named: Option<&OsStr>, surroundings: &Surroundings<'_>) -> Result<PathBuf, InstallError> {
    let name = named.unwrap_or(OsStr::new(if cfg!(windows) { "python" } else { "python3" }));
    let program = if Path::new(name).components().count() > 1 {
        std::path::absolute(name).map_err(InstallError::io(Path::new(name)))?
    } else {
        let on_path = surroundings.paths("PATH").into_iter().map(|folder| with_suffix(folder.join(name)));
        let mut programs = on_path.filter(|program| is_program(program));
        programs.next().ok_or_else(|| InstallError::NoPython { name: name.to_owned() })?
    };
    InstallError::unless_trusted(&program)?;
    Ok(program)
}

/// `python.exe` where programs are called so.
fn with_suffix(program: PathBuf) -> PathBuf {
    if cfg!(windows) && program.extension().is_none() { program.with_extension("exe") } else { program }
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::version::API_VERSION;

    /// What `python` makes of a name where `PATH` is this.
    fn python_on(path: &[&Path], name: Option<&OsStr>) -> Result<PathBuf, InstallError> {
        let path = std::env::join_paths(path).unwrap();
        let variable = |_: &str| -> Option<OsString> { Some(path.clone()) };
        python(name, &Surroundings { variable: &variable, executable: None, system_folders: vec![] })
    }

    /// Writes a program. Another process does it: one that this process has open for writing cannot be run.
    #[cfg(unix)]
    fn program(path: &Path, script: &str) {
        let write = r#"mkdir -p "${2%/*}" && printf '%s' "$1" > "$2" && chmod 755 "$2""#;
        let written = Command::new("sh").args(["-c", write, "sh", script]).arg(path).status().unwrap();
        assert!(written.success());
    }

    #[test]
    fn a_python_that_is_not_there_is_named_in_the_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = python_on(&[folder.path()], Some(OsStr::new("python-of-nowhere"))).unwrap_err();
        assert!(error.to_string().contains("python-of-nowhere"), "{error}");
        let path = folder.path().join("python-of-nowhere");
        let error = python_on(&[], Some(path.as_os_str())).unwrap_err();
        assert!(error.to_string().contains("python-of-nowhere"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn python_comes_from_absolute_folders_that_others_cannot_write_to() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let [no_program, theirs, ours] = ["no-program", "theirs", "ours"].map(|name| folder.path().join(name));
        for folder in [&theirs, &ours] {
            program(&folder.join("python3"), "");
        }
        std::fs::create_dir(&no_program).unwrap();
        std::fs::write(no_program.join("python3"), "").unwrap();
        std::fs::set_permissions(&theirs, std::fs::Permissions::from_mode(0o777)).unwrap();
        let relative = Path::new("relative");
        let path = [relative, Path::new(""), &no_program, &ours, &theirs];
        assert_eq!(python_on(&path, None).unwrap(), ours.join("python3"));
        for refused in [python_on(&[&theirs, &ours], None), python_on(&[], Some(theirs.join("python3").as_os_str()))] {
            let error = refused.unwrap_err();
            assert!(matches!(&error, InstallError::Untrusted { path, .. } if path.starts_with(&theirs)), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn pips_own_words_are_the_error_and_its_wheel_the_result() {
        let folder = tempfile::tempdir().unwrap();
        let python = folder.path().join("python");
        // The last two arguments are the folder and the requirement.
        let script = "#!/bin/sh\nwhile [ $# -gt 2 ]; do shift; done\n\
            [ \"$2\" = onnxruntime==1.31.1 ] || { echo \"no match for $2\" >&2; exit 1; }\ntouch \"$1/the.whl\"\n";
        program(&python, script);
        let wheel = download(Some("1.31.1"), API_VERSION, &python, folder.path()).unwrap();
        assert_eq!(wheel, folder.path().join("the.whl"));
        let error = download(Some("0.1"), API_VERSION, &python, folder.path()).unwrap_err().to_string();
        assert!(error.ends_with("no match for onnxruntime==0.1"), "{error}");
        let error = download(None, 31, &python, folder.path()).unwrap_err().to_string();
        assert!(error.ends_with("no match for onnxruntime>=1.31"), "{error}");
    }

    /// The command line's own test plants a module and runs the real Python.
    #[cfg(unix)]
    #[test]
    fn pip_is_isolated_from_the_folder_that_it_works_in() {
        let folder = tempfile::tempdir().unwrap();
        let python = folder.path().join("python");
        // Says where it is and how it is called.
        program(&python, "#!/bin/sh\npwd -P >&2; echo \"$1 $2 $3\" >&2; exit 1\n");
        let to = folder.path().join("to");
        std::fs::create_dir(&to).unwrap();
        let error = download(None, API_VERSION, &python, &to).unwrap_err();
        let InstallError::Pip { message, .. } = error else { panic!("{error}") };
        let expected = format!("{}\n-I -m pip", to.canonicalize().unwrap().display());
        assert_eq!(message, expected);
    }
}
