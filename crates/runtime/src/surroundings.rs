//! What the search sees of the process and the system: variables, the executable, folders and what is in them.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::version::numbers;

/// The parts of the process that the search depends on.
pub(crate) struct Surroundings<'a> {
    /// An environment variable's value.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// This program's file.
    pub(crate) executable: Option<PathBuf>,
    /// The system's library folders.
    pub(crate) system_folders: Vec<PathBuf>,
}

/// A variable whose value is a relative path, which would mean another place in each folder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the variable {variable} holds a relative path, {:?}, which means another place in each folder: \
     make it absolute, or unset it",
    value
)]
#[non_exhaustive]
pub struct RelativeVariable {
    /// The variable's name.
    pub variable: &'static str,
    /// Its value.
    pub value: PathBuf,
}

impl Surroundings<'static> {
    pub(crate) fn of_process() -> Self {
        Self {
            variable: &|name| std::env::var_os(name),
            executable: std::env::current_exe().ok(),
            system_folders: system_folders(),
        }
    }
}

impl Surroundings<'_> {
    /// A variable's value as an absolute path; an empty one counts as unset.
    pub(crate) fn path(&self, variable: &'static str) -> Result<Option<PathBuf>, RelativeVariable> {
        match (self.variable)(variable).filter(|value| !value.is_empty()).map(PathBuf::from) {
            Some(value) if !value.is_absolute() => Err(RelativeVariable { variable, value }),
            path => Ok(path),
        }
    }

    /// The absolute folders of a variable like `PATH`. The others mean the current folder to whoever set them for
    /// commands, and nothing to us.
    pub(crate) fn paths(&self, variable: &str) -> Vec<PathBuf> {
        let value = (self.variable)(variable).unwrap_or_default();
        std::env::split_paths(&value).filter(|path| path.is_absolute()).collect()
    }

    /// The executable's folder, and `../lib` where that is a `bin`: elsewhere, `../lib` is somebody else's.
    pub(crate) fn executable_folders(&self) -> Vec<PathBuf> {
        let Some(folder) = self.executable.as_deref().and_then(Path::parent) else { return Vec::new() };
        let lib = folder.ends_with("bin").then(|| folder.with_file_name("lib"));
        std::iter::once(folder.to_owned()).chain(lib).collect()
    }

    /// The folders that the system's loader looks into, as far as they are there.
    pub(crate) fn loader_folders(&self) -> Vec<PathBuf> {
        let named = LOADER_PATHS.iter().flat_map(|variable| self.paths(variable));
        let mut seen = BTreeSet::new();
        let folders = named.chain(self.system_folders.iter().cloned());
        // Of other systems' folders there is nothing to say.
        folders.filter(|folder| folder.is_dir() && seen.insert(folder.clone())).collect()
    }
}

/// The entries of a folder whose name the test accepts, by name; none of a folder that cannot be read.
pub(crate) fn entries(folder: &Path, accept: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let accepted = entries.filter(|entry| accept(&entry.file_name().to_string_lossy()));
    let mut paths: Vec<_> = accepted.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// The ONNX Runtime libraries in a folder: links to one another count once, the newest comes first.
pub(crate) fn libraries_in(folder: &Path) -> Vec<PathBuf> {
    let mut libraries = entries(folder, is_library);
    libraries.sort_by_key(|path| Reverse(path.file_name().map(|name| numbers(&name.to_string_lossy()))));
    let mut seen = BTreeSet::new();
    libraries.retain(|path| seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
    libraries
}

/// Whether a file's name is that of ONNX Runtime's library on this system; its providers' are not.
pub(crate) fn is_library(name: &str) -> bool {
    if cfg!(windows) {
        name.eq_ignore_ascii_case("onnxruntime.dll")
    } else if cfg!(target_vendor = "apple") {
        name.starts_with("libonnxruntime.") && name.ends_with(".dylib")
    } else {
        name == "libonnxruntime.so" || name.starts_with("libonnxruntime.so.")
    }
}

/// Whether a file's name is that of an execution provider, which the library loads from its own folder.
pub(crate) fn is_provider(name: &str) -> bool {
    let name = name.strip_prefix("lib").unwrap_or(name);
    name.starts_with("onnxruntime_providers_") && name.ends_with(std::env::consts::DLL_SUFFIX)
}

/// What the library is called when its name has no version.
#[cfg(any(feature = "install", test))]
pub(crate) const LIBRARY_NAME: &str = if cfg!(windows) {
    "onnxruntime.dll"
} else if cfg!(target_vendor = "apple") {
    "libonnxruntime.dylib"
} else {
    "libonnxruntime.so"
};

/// Variables that name folders for the system's loader.
const LOADER_PATHS: &[&str] = if cfg!(windows) {
    &["PATH"]
} else if cfg!(target_vendor = "apple") {
    &["DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"]
} else {
    &["LD_LIBRARY_PATH"]
};

const KNOWN_FOLDERS: &[&str] = if cfg!(windows) {
    &[r"C:\Program Files\onnxruntime\lib", r"C:\Program Files\onnxruntime\bin"]
} else if cfg!(target_vendor = "apple") {
    &["/usr/local/lib", "/opt/homebrew/lib", "/opt/local/lib", "/opt/onnxruntime/lib"]
} else {
    &[
        "/usr/local/lib",
        "/usr/local/lib64",
        "/usr/lib",
        "/usr/lib64",
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/opt/onnxruntime/lib",
    ]
};

/// The folders that this kind of system has, and those that its loader is configured with. The loader itself is never
/// asked for a bare name: where it takes the library from could not be checked before the library runs.
fn system_folders() -> Vec<PathBuf> {
    let configured =
        if cfg!(target_os = "linux") { loader_configuration(Path::new("/etc/ld.so.conf")) } else { vec![] };
    KNOWN_FOLDERS.iter().map(PathBuf::from).chain(configured).collect()
}

/// The folders that a file like `/etc/ld.so.conf` names: one a line, or `include` and a pattern of such files.
fn loader_configuration(file: &Path) -> Vec<PathBuf> {
    let folders = lines_of(file).into_iter().flat_map(|line| match line.strip_prefix("include ") {
        Some(pattern) => included(Path::new(pattern.trim())),
        None => vec![PathBuf::from(line)],
    });
    folders.filter(|folder| folder.is_absolute()).collect()
}

/// What stands in the files that a pattern like `/etc/ld.so.conf.d/*.conf` names. They include no others.
fn included(pattern: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (pattern.parent(), pattern.file_name()) else { return Vec::new() };
    let name = name.to_string_lossy();
    let (start, end) = name.split_once('*').unwrap_or((&name, ""));
    let files = entries(folder, |name| name.starts_with(start) && name.ends_with(end));
    files.iter().flat_map(|file| lines_of(file)).map(PathBuf::from).collect()
}

/// A configuration file's lines without comments; none of a file that cannot be read.
fn lines_of(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().filter_map(|line| line.split('#').next()).map(|line| line.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_runtimes_own_library_counts() {
        for (name, linux) in [
            ("libonnxruntime.so", true),
            ("libonnxruntime.so.1.31.1", true),
            ("libonnxruntime_providers_shared.so", false),
            ("libonnxruntime.dylib", false),
        ] {
            assert_eq!(is_library(name), linux && cfg!(target_os = "linux"), "{name}");
        }
        assert!(is_library(LIBRARY_NAME));
    }

    #[cfg(unix)]
    #[test]
    fn links_to_one_library_count_once() {
        let folder = tempfile::tempdir().unwrap();
        let numbered =
            if cfg!(target_vendor = "apple") { "libonnxruntime.1.31.1.dylib" } else { "libonnxruntime.so.1.31.1" };
        let real = folder.path().join(numbered);
        std::fs::write(&real, "").unwrap();
        std::os::unix::fs::symlink(&real, real.with_file_name(LIBRARY_NAME)).unwrap();
        assert_eq!(libraries_in(folder.path()), [real]);
    }

    #[test]
    fn lib_beside_the_executables_folder_counts_only_if_that_is_a_bin() {
        for (program, folders) in [
            ("/opt/app/bin/program", vec!["/opt/app/bin", "/opt/app/lib"]),
            ("/tmp/app/program", vec!["/tmp/app"]),
            ("/program", vec!["/"]),
        ] {
            let surroundings =
                Surroundings { variable: &|_| None, executable: Some(program.into()), system_folders: vec![] };
            assert_eq!(surroundings.executable_folders(), folders.iter().map(PathBuf::from).collect::<Vec<_>>());
        }
    }

    #[test]
    fn relative_values_are_refused_by_the_variables_name_and_empty_ones_are_unset() {
        for (value, expected) in [("venv", Err("venv")), ("./x", Err("./x")), ("~/x", Err("~/x")), ("", Ok(None))] {
            let variable = |_: &str| Some(OsString::from(value));
            let surroundings = Surroundings { variable: &variable, executable: None, system_folders: vec![] };
            let error = |value: &str| RelativeVariable { variable: "VIRTUAL_ENV", value: value.into() };
            assert_eq!(surroundings.path("VIRTUAL_ENV"), expected.map_err(error));
            let refused = surroundings.path("VIRTUAL_ENV").err();
            assert!(refused.is_none_or(|error| error.to_string().contains("VIRTUAL_ENV") && value.len() > 1));
        }
        let paths = std::env::join_paths(["relative", "", "/absolute"]).unwrap();
        let variable = |_: &str| Some(paths.clone());
        let surroundings = Surroundings { variable: &variable, executable: None, system_folders: vec![] };
        let absolute = if cfg!(windows) { vec![] } else { vec![PathBuf::from("/absolute")] };
        assert_eq!(surroundings.paths("PATH"), absolute);
    }

    #[cfg(unix)]
    #[test]
    fn the_loaders_configuration_is_read_with_what_it_includes() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let file = folder.path().join(name);
            std::fs::write(&file, text).unwrap();
            file
        };
        write("b.conf", "/from/b\n");
        write("a.conf", "# a comment\n/from/a # another\n");
        write("other", "/from/other\n");
        let pattern = folder.path().join("*.conf");
        let file = write("ld.so", &format!("include {}\n/direct\nhwcap 1 x\nrelative\n", pattern.display()));
        assert_eq!(loader_configuration(&file), ["/from/a", "/from/b", "/direct"].map(PathBuf::from));
        assert!(loader_configuration(&folder.path().join("absent")).is_empty());
    }
}
