//! The process's ONNX Runtime: found by `embedkit_runtime`, loaded once, before anything else touches it.
//!
//! Where it is looked for, and what is refused, is said by [`RuntimeOptions`]' crate: a library that the options or
//! `ORT_DYLIB_PATH` name; else beside the executable, what embedkit installed, the system's library folders, Python's
//! `onnxruntime` package. None that others may write to is loaded. Builds that link ONNX Runtime look for nothing.

mod calls;
mod error;
#[cfg(feature = "runtime-install")]
pub mod install;
#[cfg(not(feature = "load-dynamic"))]
mod linked;
mod telemetry;
mod threads;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use ort::environment::{Environment, EnvironmentBuilder};
use ort::logging::LogLevel;

pub(crate) use calls::Call;
pub use embedkit_runtime::{
    Candidate, Finding, Installed, NotFound, RuntimeOptions, RuntimeOrigin, Untrusted, Unusable, installed,
};
pub use error::RuntimeError;
use threads::SharedThreads;

/// The process's ONNX Runtime, loaded.
#[derive(Debug)]
pub struct Runtime {
    origin: RuntimeOrigin,
    library: Option<PathBuf>,
    version: Option<String>,
    environment: Environment,
    /// None in a host program's environment, and where the first model has threads of its own.
    threads: Option<SharedThreads>,
}

static RUNTIME: OnceLock<Runtime> = OnceLock::new();

/// Held while loading. The library outlives a failure to start it, because it cannot be exchanged.
static LOADED: Mutex<Option<Library>> = Mutex::new(None);

/// What the search settled on.
#[derive(Clone, Debug)]
struct Library {
    origin: RuntimeOrigin,
    path: Option<PathBuf>,
    version: String,
}

/// The process's ONNX Runtime, found and loaded on the first call.
///
/// # Errors
/// As [`Runtime::load`].
pub fn runtime() -> Result<&'static Runtime, RuntimeError> {
    Runtime::load(&RuntimeOptions::default())
}

impl Runtime {
    /// Finds and loads ONNX Runtime, or gives the one that is loaded.
    ///
    /// A failed call leaves nothing behind: a later one may succeed, once a runtime is installed.
    ///
    /// ONNX Runtime's telemetry is switched off: it keeps nothing on the disk, sends nothing and has no thread. For that
    /// the variable `ORT_DISABLE_TELEMETRY` is set to 1 in this process, unless it has a value.
    ///
    /// # Errors
    /// [`RuntimeError::NotFound`] when no library can be used, [`RuntimeError::AlreadyLoaded`] when
    /// the options name another library than the one in use, and [`RuntimeError::Start`] when the
    /// library refuses to start.
    pub fn load(options: &RuntimeOptions) -> Result<&'static Self, RuntimeError> {
        Self::load_for(options, true)
    }

    /// As [`Self::load`]; if it is loaded now, with threads that sessions share or without.
    pub(super) fn load_for(options: &RuntimeOptions, with_threads: bool) -> Result<&'static Self, RuntimeError> {
        // Without the lock, which a fork may have left taken.
        if let Some(runtime) = RUNTIME.get() {
            return runtime.agrees_with(options);
        }
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = RUNTIME.get() {
            return runtime.agrees_with(options);
        }
        telemetry::switch_off();
        let (library, builder) = open(options, &mut loaded)?;
        let (environment, threads) = start(builder, with_threads)
            .map_err(|source| RuntimeError::Start { library: library.path.clone(), source: source.into() })?;
        tracing::info!(library = ?library.path, version = library.version, "ONNX Runtime, {}", library.origin);
        let (origin, path, version) = (library.origin, library.path, Some(library.version));
        RUNTIME.get_or_init(|| Self { origin, library: path, version, environment, threads }).agrees_with(options)
    }

    /// Takes the environment that the host program made with `ort`, since a process can have only
    /// one. Call it before the first model is loaded.
    ///
    /// # Errors
    /// [`RuntimeError::AlreadyLoaded`] when another environment is in use.
    #[cfg(feature = "ort-environment")]
    pub fn adopt(environment: Environment) -> Result<&'static Self, RuntimeError> {
        use ort::AsPointer as _;

        let _loading = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        let host = environment.ptr();
        let origin = RuntimeOrigin::Host;
        let runtime = RUNTIME.get_or_init(|| Self { origin, library: None, version: None, environment, threads: None });
        if runtime.environment.ptr() == host {
            Ok(runtime)
        } else {
            Err(RuntimeError::AlreadyLoaded { loaded: runtime.to_string(), asked: RuntimeOrigin::Host.to_string() })
        }
    }

    /// The runtime, if this process has loaded one.
    pub fn loaded() -> Option<&'static Self> {
        RUNTIME.get()
    }

    /// Where it came from.
    pub fn origin(&self) -> RuntimeOrigin {
        self.origin
    }

    /// The library's file. None when it is linked, or the host program's.
    pub fn library(&self) -> Option<&Path> {
        self.library.as_deref()
    }

    /// Its version, as `1.31.1`. Not known of a host program's.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// What sessions are made in.
    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Whether there are so many threads that sessions share.
    pub(super) fn has_threads(&self, threads: usize) -> bool {
        self.threads.as_ref().is_some_and(|shared| shared.are(threads))
    }

    fn agrees_with(&self, options: &RuntimeOptions) -> Result<&Self, RuntimeError> {
        match &options.library {
            Some(asked) if !self.is_at(asked) => {
                Err(RuntimeError::AlreadyLoaded { loaded: self.to_string(), asked: asked.display().to_string() })
            }
            _ => Ok(self),
        }
    }

    fn is_at(&self, asked: &Path) -> bool {
        let Some(library) = &self.library else { return false };
        let same = |one: &Path, other: &Path| match (one.canonicalize(), other.canonicalize()) {
            (Ok(one), Ok(other)) => one == other,
            _ => one == other,
        };
        same(library, asked) || library.parent().is_some_and(|folder| asked.is_dir() && same(folder, asked))
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ONNX Runtime {}", self.version.as_deref().unwrap_or("of unknown version"))?;
        match &self.library {
            Some(library) => write!(f, " at {} ({})", library.display(), self.origin),
            None => write!(f, " ({})", self.origin),
        }
    }
}

/// What is loaded, and what a search would find. Loads nothing for good.
#[derive(Debug)]
#[non_exhaustive]
pub struct RuntimeStatus {
    /// The runtime in use, if one is.
    pub loaded: Option<&'static Runtime>,
    /// Every library and folder of the search in its order, each with its version or the reason why it cannot be used.
    /// The first usable one is what [`Runtime::load`] takes; those after it are listed and not looked into. Empty in
    /// builds that link ONNX Runtime.
    pub candidates: Vec<Candidate>,
}

/// What is loaded, and what a search would find.
pub fn status(options: &RuntimeOptions) -> RuntimeStatus {
    let candidates =
        if cfg!(feature = "load-dynamic") { embedkit_runtime::candidates(&with_api(options)) } else { Vec::new() };
    RuntimeStatus { loaded: Runtime::loaded(), candidates }
}

/// The options, asking at least for the API that this build of `ort` calls.
fn with_api(options: &RuntimeOptions) -> RuntimeOptions {
    options.clone().api_version(options.api_version.max(ort::MINOR_VERSION))
}

#[cfg(feature = "load-dynamic")]
fn open(options: &RuntimeOptions, loaded: &mut Option<Library>) -> Result<(Library, EnvironmentBuilder), RuntimeError> {
    let library = match loaded {
        Some(library) => library.clone(),
        None => {
            let found = embedkit_runtime::find(&with_api(options))?;
            Library { origin: found.origin, path: Some(found.path), version: found.version }
        }
    };
    let builder = ort::init_from(library.path.as_deref().unwrap_or(Path::new("")))
        .map_err(|source| RuntimeError::Start { library: library.path.clone(), source: source.into() })?;
    *loaded = Some(library.clone());
    Ok((library, builder))
}

#[cfg(not(feature = "load-dynamic"))]
fn open(_: &RuntimeOptions, _: &mut Option<Library>) -> Result<(Library, EnvironmentBuilder), RuntimeError> {
    let version = linked::version().map_err(|source| RuntimeError::Start { library: None, source: source.into() })?;
    Ok((Library { origin: RuntimeOrigin::Linked, path: None, version }, ort::init()))
}

/// What the runtime itself says has this as its target in `tracing`.
const TARGET: &str = "onnxruntime";

/// Makes the environment: no telemetry, and the runtime's messages go to `tracing`, not to stderr.
fn start(mut builder: EnvironmentBuilder, with_threads: bool) -> ort::Result<(Environment, Option<SharedThreads>)> {
    let mut threads = None;
    if with_threads {
        let (pool, shared) = SharedThreads::new()?;
        builder = builder.with_global_thread_pool(pool);
        threads = Some(shared);
    }
    let environment = builder
        .with_name("embedkit")
        .with_telemetry(false)
        .with_logger(std::sync::Arc::new(|level, category, _id, location, message| match level {
            LogLevel::Verbose => tracing::trace!(target: TARGET, category, location, "{message}"),
            LogLevel::Info => tracing::debug!(target: TARGET, category, location, "{message}"),
            LogLevel::Warning => tracing::warn!(target: TARGET, category, location, "{message}"),
            LogLevel::Error | LogLevel::Fatal => tracing::error!(target: TARGET, category, location, "{message}"),
        }))
        .build()?;
    // With a logger of its own an environment starts at the most verbose level.
    environment.set_log_level(LogLevel::Warning);
    Ok((environment, threads))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_has_one_runtime() {
        let first = match runtime() {
            Ok(first) => first,
            Err(RuntimeError::NotFound(nothing)) => {
                embedkit_fixtures::without_runtime(&nothing);
                assert!(nothing.tried.iter().all(|candidate| candidate.version().is_none()));
                assert!(Runtime::loaded().is_none());
                return;
            }
            Err(error) => panic!("{error}"),
        };
        assert_eq!(embedkit_runtime::check_version(first.version().unwrap(), ort::MINOR_VERSION), Ok(()));
        assert!(std::ptr::eq(first, runtime().unwrap()));
        assert!(std::ptr::eq(first, Runtime::loaded().unwrap()));
        assert!(ort::session::Session::builder(first.environment()).is_ok());
        if let Some(library) = first.library() {
            assert!(Runtime::load(&RuntimeOptions::new().library(library)).is_ok());
        }
        let other = Runtime::load(&RuntimeOptions::new().library("another.so")).unwrap_err();
        assert!(matches!(other, RuntimeError::AlreadyLoaded { .. }), "{other}");
    }

    #[cfg(feature = "load-dynamic")]
    #[test]
    fn status_shows_a_refused_library_and_loads_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let fake = folder.path().join("libonnxruntime.so");
        std::fs::write(&fake, "not a library").unwrap();
        let candidates = status(&RuntimeOptions::new().library(&fake)).candidates;
        let [candidate] = &candidates[..] else { panic!("{candidates:?}") };
        assert_eq!(candidate.origin, RuntimeOrigin::Explicit);
        assert!(matches!(candidate.problem(), Some(Unusable::NotLoadable(_))), "{candidate}");
    }

    #[test]
    fn a_library_has_to_have_the_api_that_ort_calls() {
        for (asked, expected) in [(0, ort::MINOR_VERSION), (ort::MINOR_VERSION + 1, ort::MINOR_VERSION + 1)] {
            assert_eq!(with_api(&RuntimeOptions::new().api_version(asked)).api_version, expected);
        }
    }
}
