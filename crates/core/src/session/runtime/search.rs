//! Where ONNX Runtime may be, in the order in which it is looked for.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use super::probe::{self, Unusable};
use super::version::numbers;
use super::{RuntimeOptions, cache, python};

/// Where a runtime comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RuntimeOrigin {
    /// Named by the program.
    Explicit,
    /// Named by `ORT_DYLIB_PATH`.
    Variable,
    /// Beside the executable.
    BesideExecutable,
    /// Installed in embedkit's cache.
    Cache,
    /// The system's library folders, or its loader.
    System,
    /// A Python installation's `onnxruntime` package.
    Python,
    /// Linked into the program.
    Linked,
    /// Loaded by the host program.
    Host,
}

impl fmt::Display for RuntimeOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Explicit => "named by the program",
            Self::Variable => "named by ORT_DYLIB_PATH",
            Self::BesideExecutable => "beside the executable",
            Self::Cache => "embedkit's cache",
            Self::System => "the system's libraries",
            Self::Python => "a Python package",
            Self::Linked => "linked",
            Self::Host => "the host program's",
        })
    }
}

/// A library, or a folder without one, that was looked at.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Candidate {
    /// Why it was looked at.
    pub origin: RuntimeOrigin,
    /// The file, the folder, or the bare name that the system's loader was asked for.
    pub path: PathBuf,
    /// The runtime's version, or why it cannot be used.
    pub version: Result<String, Unusable>,
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.origin, self.path.display(), self.verdict())
    }
}

impl Candidate {
    /// What came of looking at it, as the end of a sentence.
    pub(super) fn verdict(&self) -> String {
        match &self.version {
            Ok(version) => format!("is version {version}"),
            Err(reason) => reason.to_string(),
        }
    }
}

/// The parts of the process that the search depends on.
pub(super) struct Surroundings<'a> {
    /// An environment variable's value.
    pub(super) variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// This program's file.
    pub(super) executable: Option<PathBuf>,
    /// The system's library folders.
    pub(super) system_folders: Vec<PathBuf>,
    /// What to ask the system's loader for.
    pub(super) system_names: &'static [&'static str],
}

impl Surroundings<'static> {
    pub(super) fn of_process() -> Self {
        Self {
            variable: &|name| std::env::var_os(name),
            executable: std::env::current_exe().ok(),
            system_folders: SYSTEM_FOLDERS.iter().map(PathBuf::from).collect(),
            system_names: SYSTEM_NAMES,
        }
    }
}

/// Something to look at.
enum Place {
    /// A library, a folder that holds one, or a bare name for the system's loader.
    Named(PathBuf),
    /// A folder that may hold a library.
    Folder(PathBuf),
}

impl Surroundings<'_> {
    /// Looks at one place after another, as far as the iterator is taken.
    pub(super) fn search(&self, options: &RuntimeOptions) -> impl Iterator<Item = Candidate> {
        self.places(options).into_iter().flat_map(|(origin, place)| {
            look(place).into_iter().map(move |(path, state)| {
                let version = state.and_then(|()| probe::library_version(&path));
                Candidate { origin, path, version }
            })
        })
    }

    fn places(&self, options: &RuntimeOptions) -> Vec<(RuntimeOrigin, Place)> {
        use RuntimeOrigin::{BesideExecutable, Cache, Explicit, Python, System, Variable};
        if let Some(library) = &options.library {
            return vec![(Explicit, Place::Named(library.clone()))];
        }
        if let Some(library) = self.path("ORT_DYLIB_PATH") {
            return vec![(Variable, Place::Named(self.beside_executable(library)))];
        }
        let folders = |origin, folders: Vec<PathBuf>| folders.into_iter().map(move |f| (origin, Place::Folder(f)));
        let names = self.system_names.iter().map(|name| (System, Place::Named(name.into())));
        folders(BesideExecutable, self.executable_folders())
            .chain(folders(Cache, cache::folders(self, options)))
            .chain(folders(System, self.system_folders()))
            .chain(names)
            .chain(folders(Python, python::folders(self)))
            .collect()
    }

    /// A variable's value as a path; an empty one counts as unset.
    pub(super) fn path(&self, variable: &str) -> Option<PathBuf> {
        (self.variable)(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// The folders of a variable like `PATH`.
    pub(super) fn paths(&self, variable: &str) -> Vec<PathBuf> {
        let value = (self.variable)(variable).unwrap_or_default();
        std::env::split_paths(&value).filter(|path| path.is_absolute()).collect()
    }

    /// `ort`'s convention for `ORT_DYLIB_PATH`: a relative path is looked for beside the executable first.
    fn beside_executable(&self, library: PathBuf) -> PathBuf {
        let beside = self.executable.as_deref().and_then(Path::parent).map(|folder| folder.join(&library));
        beside.filter(|path| path.exists()).unwrap_or(library)
    }

    fn executable_folders(&self) -> Vec<PathBuf> {
        let Some(folder) = self.executable.as_deref().and_then(Path::parent) else { return Vec::new() };
        let lib = folder.parent().map(|prefix| prefix.join("lib"));
        std::iter::once(folder.to_owned()).chain(lib).collect()
    }

    fn system_folders(&self) -> Vec<PathBuf> {
        let mut folders = LOADER_PATHS.iter().flat_map(|variable| self.paths(variable)).collect::<Vec<_>>();
        folders.extend(self.system_folders.iter().cloned());
        // On other systems' folders there is nothing to say.
        folders.retain(|folder| folder.is_dir());
        folders
    }
}

/// The libraries at a place, best first, or why there is none.
fn look(place: Place) -> Vec<(PathBuf, Result<(), Unusable>)> {
    let folder = match place {
        Place::Named(path) if !path.is_dir() => return vec![(path, Ok(()))],
        Place::Named(path) | Place::Folder(path) => path,
    };
    if !folder.is_dir() {
        return vec![(folder, Err(Unusable::Missing))];
    }
    let libraries = libraries_in(&folder);
    if libraries.is_empty() {
        return vec![(folder, Err(Unusable::NoLibrary))];
    }
    libraries.into_iter().map(|library| (library, Ok(()))).collect()
}

/// The ONNX Runtime libraries in a folder: links to one another count once, the newest comes first.
pub(super) fn libraries_in(folder: &Path) -> Vec<PathBuf> {
    let mut libraries = entries(folder, is_library);
    libraries.sort_by_key(|path| std::cmp::Reverse(path.file_name().map(|name| numbers(&name.to_string_lossy()))));
    let mut seen = BTreeSet::new();
    libraries.retain(|path| seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
    libraries
}

/// Whether a file's name is that of ONNX Runtime's library on this system; its providers' are not.
pub(super) fn is_library(name: &str) -> bool {
    if cfg!(windows) {
        name.eq_ignore_ascii_case("onnxruntime.dll")
    } else if cfg!(target_vendor = "apple") {
        name.starts_with("libonnxruntime.") && name.ends_with(".dylib")
    } else {
        name == "libonnxruntime.so" || name.starts_with("libonnxruntime.so.")
    }
}

/// The entries of a folder whose name the test accepts; none of a folder that cannot be read.
pub(super) fn entries(folder: &Path, accept: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| accept(&entry.file_name().to_string_lossy())).map(|entry| entry.path()).collect()
}

/// Variables that name folders for the system's loader.
const LOADER_PATHS: &[&str] = if cfg!(windows) {
    &["PATH"]
} else if cfg!(target_vendor = "apple") {
    &["DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"]
} else {
    &["LD_LIBRARY_PATH"]
};

const SYSTEM_FOLDERS: &[&str] = if cfg!(windows) {
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

/// What the library is called when its name has no version.
#[cfg(any(feature = "runtime-install", test))]
pub(super) const LIBRARY_NAME: &str = if cfg!(windows) {
    "onnxruntime.dll"
} else if cfg!(target_vendor = "apple") {
    "libonnxruntime.dylib"
} else {
    "libonnxruntime.so"
};

/// What the system's loader knows ONNX Runtime as.
const SYSTEM_NAMES: &[&str] = if cfg!(windows) {
    &["onnxruntime.dll"]
} else if cfg!(target_vendor = "apple") {
    &["libonnxruntime.dylib"]
} else {
    &["libonnxruntime.so.1", "libonnxruntime.so"]
};

#[cfg(test)]
mod tests {
    use super::super::RuntimeError;
    use super::super::version::OLDEST_MINOR;
    use super::*;

    /// A process whose variables, executable and system folders are all under one folder.
    struct Fake {
        root: tempfile::TempDir,
        variables: Vec<(&'static str, PathBuf)>,
    }

    impl Fake {
        fn new(variables: &[(&'static str, &str)]) -> Self {
            let root = tempfile::tempdir().unwrap();
            let variables = variables.iter().map(|(name, path)| (*name, root.path().join(path))).collect();
            Self { root, variables }
        }

        /// Puts a file that is no library at a path.
        fn put(&self, path: &str) -> PathBuf {
            let file = self.root.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, "not a library").unwrap();
            file
        }

        fn search(&self, options: &RuntimeOptions) -> Vec<Candidate> {
            let variable = |name: &str| {
                self.variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone().into_os_string())
            };
            let surroundings = Surroundings {
                variable: &variable,
                executable: Some(self.root.path().join("app/bin/program")),
                system_folders: vec![self.root.path().join("usr/lib")],
                system_names: &["libonnxruntime-of-nowhere.so"],
            };
            surroundings.search(options).collect()
        }

        /// Origin and path below the root of every file that the search took for a library.
        fn found(&self, options: &RuntimeOptions) -> Vec<(RuntimeOrigin, String)> {
            let root = self.root.path().canonicalize().unwrap();
            let below = |path: &Path| {
                let path = path.canonicalize().ok()?;
                Some(path.strip_prefix(&root).ok()?.to_string_lossy().replace('\\', "/"))
            };
            let refused_by_loader = |c: &Candidate| matches!(c.version, Err(Unusable::NotLoadable(_)));
            let files = self.search(options).into_iter().filter(refused_by_loader);
            files.filter_map(|candidate| Some((candidate.origin, below(&candidate.path)?))).collect()
        }
    }

    #[test]
    fn places_are_looked_at_in_the_documented_order() {
        use RuntimeOrigin::{BesideExecutable, Cache, Python, System};
        let fake = Fake::new(&[("EMBEDKIT_CACHE", "cache"), ("VIRTUAL_ENV", "venv"), ("PATH", "python/bin")]);
        let name = LIBRARY_NAME;
        let files = [
            (BesideExecutable, format!("app/bin/{name}")),
            (BesideExecutable, format!("app/lib/{name}")),
            (Cache, format!("cache/onnxruntime/1.31.1/{name}")),
            (Cache, format!("cache/onnxruntime/1.9.0/{name}")),
            (System, format!("usr/lib/{name}")),
            (Python, format!("venv/lib/python3.11/site-packages/onnxruntime/capi/{name}")),
            (Python, format!("python/lib/python3.12/site-packages/onnxruntime/capi/{name}")),
            (Python, format!("python/versions/3.13.1/lib/python3.13/site-packages/onnxruntime/capi/{name}")),
        ];
        for (_, file) in files.iter().rev() {
            fake.put(file);
        }
        fake.put("python/bin/python3");
        fake.put("cache/onnxruntime/tmp/download");
        assert_eq!(fake.found(&RuntimeOptions::new()), files);
    }

    #[test]
    fn a_named_library_is_the_only_candidate() {
        let fake = Fake::new(&[("ORT_DYLIB_PATH", "named.so")]);
        let (beside, named, explicit) = (
            fake.put(&format!("app/bin/{}", LIBRARY_NAME)),
            fake.put("named.so"),
            fake.put(&format!("mine/{}", LIBRARY_NAME)),
        );
        let paths = |options: &RuntimeOptions| fake.search(options).into_iter().map(|c| c.path).collect::<Vec<_>>();
        assert_eq!(paths(&RuntimeOptions::new()), [named]);
        assert_eq!(paths(&RuntimeOptions::new().library(&explicit)), std::slice::from_ref(&explicit));
        assert_eq!(paths(&RuntimeOptions::new().library(explicit.parent().unwrap())), [explicit]);
        assert!(beside.exists());
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let mut fake = Fake::new(&[]);
        fake.variables.push(("ORT_DYLIB_PATH", PathBuf::new()));
        assert!(fake.search(&RuntimeOptions::new()).len() > 1);
    }

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
        let fake = Fake::new(&[]);
        let numbered =
            if cfg!(target_vendor = "apple") { "libonnxruntime.1.31.1.dylib" } else { "libonnxruntime.so.1.31.1" };
        let real = fake.put(&format!("lib/{numbered}"));
        std::os::unix::fs::symlink(&real, real.with_file_name(LIBRARY_NAME)).unwrap();
        assert_eq!(libraries_in(real.parent().unwrap()), [real]);
    }

    #[test]
    fn the_error_lists_where_it_looked_why_each_failed_and_the_remedy() {
        let fake = Fake::new(&[("EMBEDKIT_CACHE", "cache"), ("VIRTUAL_ENV", "venv")]);
        let refused = fake.put(&format!("usr/lib/{}", LIBRARY_NAME));
        std::fs::create_dir_all(fake.root.path().join("venv")).unwrap();
        let error = |options: &RuntimeOptions| RuntimeError::NotFound { tried: fake.search(options) }.to_string();
        let text = error(&RuntimeOptions::new());
        let root = fake.root.path().display();
        for part in [
            &format!("1.{OLDEST_MINOR} or newer"),
            &format!("beside the executable: {root}/app/bin, {root}/app/lib does not exist"),
            &format!("embedkit's cache: {root}/cache/onnxruntime does not exist"),
            &format!("the system's libraries: {} cannot be loaded: ", refused.display()),
            "the system's libraries: libonnxruntime-of-nowhere.so cannot be loaded: ",
            &format!("a Python package: {root}/venv holds no ONNX Runtime library"),
            "embedkit runtime install",
        ] {
            assert!(text.contains(part) || cfg!(windows), "{part}\nis not in\n{text}");
        }
        let text = error(&RuntimeOptions::new().library("/nowhere/lib.so"));
        assert!(text.contains("/nowhere/lib.so does not exist") && text.contains("nothing else"), "{text}");
    }
}
