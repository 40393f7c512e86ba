//! Looks for ONNX Runtime, one place after another.

use std::path::PathBuf;

use crate::candidate::{Candidate, Finding, RuntimeOrigin, Unusable};
use crate::error::NotFound;
use crate::options::RuntimeOptions;
use crate::surroundings::{RelativeVariable, Surroundings, libraries_in};
use crate::version::oldest_minor;
use crate::{installed, probe, python};

/// A library that can be used.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Library {
    /// Where it comes from.
    pub origin: RuntimeOrigin,
    /// Its file, as an absolute path.
    pub path: PathBuf,
    /// Its version, as `1.31.1`.
    pub version: String,
}

/// The first library of the search that can be used.
///
/// Each library on the way is opened, asked for its version, and closed again; none after it is touched.
///
/// # Errors
/// [`NotFound`] when none can be used; a library that was named is never replaced by another.
pub fn find(options: &RuntimeOptions) -> Result<Library, NotFound> {
    find_in(&Surroundings::of_process(), options)
}

fn find_in(surroundings: &Surroundings<'_>, options: &RuntimeOptions) -> Result<Library, NotFound> {
    let mut tried = Vec::new();
    for candidate in listed(surroundings, options) {
        let candidate = candidate.looked_into(options.api_version);
        tracing::debug!("{candidate}");
        match candidate.finding {
            Finding::Usable { version } => {
                return Ok(Library { origin: candidate.origin, path: candidate.path, version });
            }
            _ => tried.push(candidate),
        }
    }
    Err(NotFound { tried, oldest_minor: oldest_minor(options.api_version) })
}

/// Every library and folder of the search in its order, each with its version or the reason why it cannot be used.
///
/// The first that can be used is what [`find`] gives. Those after it are listed and not opened, since opening a
/// library runs it.
pub fn candidates(options: &RuntimeOptions) -> Vec<Candidate> {
    candidates_in(&Surroundings::of_process(), options)
}

fn candidates_in(surroundings: &Surroundings<'_>, options: &RuntimeOptions) -> Vec<Candidate> {
    let mut found = false;
    let candidates = listed(surroundings, options).map(|candidate| {
        let candidate = if found { candidate } else { candidate.looked_into(options.api_version) };
        found |= candidate.version().is_some();
        candidate
    });
    candidates.collect()
}

impl Candidate {
    /// Opens the library, unless it is known already that there is none.
    fn looked_into(mut self, api_version: u32) -> Self {
        if self.finding == Finding::NotLookedInto {
            self.finding = match probe::library_version(&self.path, api_version) {
                Ok(version) => Finding::Usable { version },
                Err(reason) => Finding::Unusable(reason),
            };
        }
        self
    }
}

/// Something to look at.
enum Location {
    /// A library, or a folder that holds one.
    Named(PathBuf),
    /// A folder that may hold a library.
    Folder(PathBuf),
    /// A variable that cannot be followed.
    Refused(RelativeVariable),
}

impl From<Result<PathBuf, RelativeVariable>> for Location {
    fn from(folder: Result<PathBuf, RelativeVariable>) -> Self {
        folder.map_or_else(Self::Refused, Self::Folder)
    }
}

/// What there is to look at, as far as the iterator is taken. No library is opened.
fn listed(surroundings: &Surroundings<'_>, options: &RuntimeOptions) -> impl Iterator<Item = Candidate> {
    locations(surroundings, options).into_iter().flat_map(|(origin, location)| {
        look_at(location).into_iter().map(move |(path, finding)| Candidate { origin, path, finding })
    })
}

fn locations(surroundings: &Surroundings<'_>, options: &RuntimeOptions) -> Vec<(RuntimeOrigin, Location)> {
    use RuntimeOrigin::{BesideExecutable, Explicit, Installed, Python, System, Variable};
    if let Some(library) = &options.library {
        let library = std::path::absolute(library).unwrap_or_else(|_| library.clone());
        return vec![(Explicit, Location::Named(library))];
    }
    match surroundings.path("ORT_DYLIB_PATH") {
        Ok(None) => {}
        Ok(Some(library)) => return vec![(Variable, Location::Named(library))],
        Err(relative) => return vec![(Variable, Location::Refused(relative))],
    }
    let installed = match installed::folders(surroundings, options) {
        // A variable of ours that cannot be followed is to be corrected, not passed over.
        Err(relative) if relative.variable == installed::VARIABLE => {
            return vec![(Installed, Location::Refused(relative))];
        }
        Err(relative) => vec![Err(relative)],
        Ok(folders) => folders.into_iter().map(Ok).collect(),
    };
    let folders = |folders: Vec<PathBuf>| folders.into_iter().map(Ok).collect::<Vec<_>>();
    [
        (BesideExecutable, folders(surroundings.executable_folders())),
        (Installed, installed),
        (System, folders(surroundings.loader_folders())),
        (Python, python::folders(surroundings)),
    ]
    .into_iter()
    .flat_map(|(origin, folders)| folders.into_iter().map(move |folder| (origin, Location::from(folder))))
    .collect()
}

/// The libraries at a location, best first, or why there is none.
fn look_at(location: Location) -> Vec<(PathBuf, Finding)> {
    let folder = match location {
        Location::Refused(relative) => {
            return vec![(relative.value.clone(), Finding::Unusable(Unusable::Relative(relative)))];
        }
        Location::Named(path) if !path.is_dir() => return vec![(path, Finding::NotLookedInto)],
        Location::Named(path) | Location::Folder(path) => path,
    };
    if !folder.is_dir() {
        return vec![(folder, Finding::Unusable(Unusable::Missing))];
    }
    let libraries = libraries_in(&folder);
    if libraries.is_empty() {
        return vec![(folder, Finding::Unusable(Unusable::NoLibrary))];
    }
    libraries.into_iter().map(|library| (library, Finding::NotLookedInto)).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::surroundings::LIBRARY_NAME;

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

        /// Sets a variable to a value as it is.
        fn with(mut self, variable: &'static str, value: &str) -> Self {
            self.variables.push((variable, value.into()));
            self
        }

        /// Puts a file that is no library at a path.
        fn put(&self, path: &str) -> PathBuf {
            let file = self.root.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, "not a library").unwrap();
            file
        }

        fn inside<T>(&self, f: impl FnOnce(&Surroundings<'_>) -> T) -> T {
            let variable = |name: &str| {
                self.variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone().into_os_string())
            };
            f(&Surroundings {
                variable: &variable,
                executable: Some(self.root.path().join("app/bin/program")),
                system_folders: vec![self.root.path().join("usr/lib")],
            })
        }

        fn search(&self, options: &RuntimeOptions) -> Vec<Candidate> {
            self.inside(|surroundings| candidates_in(surroundings, options))
        }

        /// Origin and path below the root of every file that the search took for a library.
        fn found(&self, options: &RuntimeOptions) -> Vec<(RuntimeOrigin, String)> {
            let root = self.root.path().canonicalize().unwrap();
            let below = |path: &Path| {
                let path = path.canonicalize().ok()?;
                Some(path.strip_prefix(&root).ok()?.to_string_lossy().replace('\\', "/"))
            };
            let refused_by_loader = |c: &Candidate| matches!(c.problem(), Some(Unusable::NotLoadable(_)));
            let files = self.search(options).into_iter().filter(refused_by_loader);
            files.filter_map(|candidate| Some((candidate.origin, below(&candidate.path)?))).collect()
        }
    }

    #[test]
    fn places_are_looked_at_in_the_documented_order() {
        use RuntimeOrigin::{BesideExecutable, Installed, Python, System};
        let fake = Fake::new(&[("EMBEDKIT_RUNTIME_DIR", "mine"), ("VIRTUAL_ENV", "venv"), ("PATH", "python/bin")]);
        let name = LIBRARY_NAME;
        let files = [
            (BesideExecutable, format!("app/bin/{name}")),
            (BesideExecutable, format!("app/lib/{name}")),
            (Installed, format!("mine/1.31.1/{name}")),
            (Installed, format!("mine/1.9.0/{name}")),
            (System, format!("usr/lib/{name}")),
            (Python, format!("venv/lib/python3.11/site-packages/onnxruntime/capi/{name}")),
            (Python, format!("python/lib/python3.12/site-packages/onnxruntime/capi/{name}")),
            (Python, format!("python/versions/3.13.1/lib/python3.13/site-packages/onnxruntime/capi/{name}")),
        ];
        for (_, file) in files.iter().rev() {
            fake.put(file);
        }
        fake.put("python/bin/python3");
        fake.put("mine/.install-x/runtime/library");
        assert_eq!(fake.found(&RuntimeOptions::new()), files);
    }

    #[test]
    fn the_models_cache_does_not_say_what_code_is_run() {
        let fake = Fake::new(&[("EMBEDKIT_CACHE", "models"), ("HF_HOME", "models")]);
        fake.put(&format!("models/onnxruntime/99.0.0/{LIBRARY_NAME}"));
        fake.put(&format!("models/99.0.0/{LIBRARY_NAME}"));
        assert_eq!(fake.found(&RuntimeOptions::new()), []);
    }

    #[test]
    fn a_named_library_is_the_only_candidate() {
        let fake = Fake::new(&[("ORT_DYLIB_PATH", "named.so")]);
        let (beside, named, explicit) = (
            fake.put(&format!("app/bin/{LIBRARY_NAME}")),
            fake.put("named.so"),
            fake.put(&format!("mine/{LIBRARY_NAME}")),
        );
        let paths = |options: &RuntimeOptions| fake.search(options).into_iter().map(|c| c.path).collect::<Vec<_>>();
        assert_eq!(paths(&RuntimeOptions::new()), [named]);
        assert_eq!(paths(&RuntimeOptions::new().library(&explicit)), std::slice::from_ref(&explicit));
        assert_eq!(paths(&RuntimeOptions::new().library(explicit.parent().unwrap())), [explicit]);
        assert!(beside.exists());
        // A bare name is a file of the current folder, never the system loader's to choose.
        let bare = paths(&RuntimeOptions::new().library("bare.so"));
        assert_eq!(bare, [std::env::current_dir().unwrap().join("bare.so")]);
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let fake = Fake::new(&[]).with("ORT_DYLIB_PATH", "");
        assert!(fake.search(&RuntimeOptions::new()).len() > 1);
    }

    /// Of the variables that only we read, nothing else is looked at; those of others are passed over, and said.
    #[test]
    fn relative_variables_are_refused_by_name() {
        for (variable, ours) in [
            ("ORT_DYLIB_PATH", true),
            ("EMBEDKIT_RUNTIME_DIR", true),
            ("VIRTUAL_ENV", false),
            ("CONDA_PREFIX", false),
            ("HOME", false),
        ] {
            let fake = Fake::new(&[]).with(variable, "relative/path");
            let candidates = fake.search(&RuntimeOptions::new());
            let refused = |c: &&Candidate| matches!(c.problem(), Some(Unusable::Relative(r)) if r.variable == variable);
            assert!(candidates.iter().any(|candidate| refused(&candidate)), "{variable}: {candidates:?}");
            assert_eq!(candidates.len() == 1, ours, "{variable}: {candidates:?}");
            let error = fake.inside(|surroundings| find_in(surroundings, &RuntimeOptions::new())).unwrap_err();
            let text = error.to_string();
            assert!(text.contains(variable) && text.contains("relative/path"), "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_named_library_that_others_may_write_to_is_refused_by_path_reason_and_remedy() {
        use std::os::unix::fs::PermissionsExt as _;
        let fake = Fake::new(&[("ORT_DYLIB_PATH", "shared/named.so")]);
        let named = fake.put("shared/named.so");
        let folder = named.parent().unwrap();
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o777)).unwrap();
        for options in [RuntimeOptions::new(), RuntimeOptions::new().library(&named)] {
            let error = fake.inside(|surroundings| find_in(surroundings, &options)).unwrap_err();
            assert!(matches!(error.tried[0].problem(), Some(Unusable::Untrusted(_))), "{error}");
            let text = error.to_string();
            for part in [&named.display().to_string(), &format!("write to {}", folder.display()), "chmod go-w"] {
                assert!(text.contains(part), "{part}\nis not in\n{text}");
            }
        }
    }

    #[test]
    fn the_error_lists_where_it_looked_why_each_failed_and_the_remedy() {
        let fake = Fake::new(&[("EMBEDKIT_RUNTIME_DIR", "mine"), ("VIRTUAL_ENV", "venv")]);
        let refused = fake.put(&format!("usr/lib/{LIBRARY_NAME}"));
        std::fs::create_dir_all(fake.root.path().join("venv")).unwrap();
        let error = |options: &RuntimeOptions| {
            fake.inside(|surroundings| find_in(surroundings, options)).unwrap_err().to_string()
        };
        let text = error(&RuntimeOptions::new());
        let root = fake.root.path().display();
        for part in [
            "1.19 or newer",
            &format!("beside the executable: {root}/app/bin, {root}/app/lib does not exist"),
            &format!("installed by embedkit: {root}/mine does not exist"),
            &format!("the system's libraries: {} cannot be loaded: ", refused.display()),
            &format!("a Python package: {root}/venv holds no ONNX Runtime library"),
            "embedkit runtime install",
        ] {
            assert!(text.contains(part) || cfg!(windows), "{part}\nis not in\n{text}");
        }
        let text = error(&RuntimeOptions::new().library("/nowhere/lib.so"));
        assert!(text.contains("/nowhere/lib.so does not exist") && text.contains("nothing else"), "{text}");
        assert!(error(&RuntimeOptions::new().api_version(31)).contains("1.31 or newer"));
    }
}
