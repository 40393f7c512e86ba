//! Finds, checks and installs the ONNX Runtime library.
//!
//! ```no_run
//! use embedkit_runtime::{RuntimeOptions, candidates, find};
//!
//! match find(&RuntimeOptions::new()) {
//!     Ok(library) => println!("ONNX Runtime {} at {}", library.version, library.path.display()),
//!     Err(nothing) => println!("{nothing}"), // where it was looked for, why each did not serve, what to do
//! }
//! for candidate in candidates(&RuntimeOptions::new()) {
//!     println!("{candidate}");
//! }
//! ```
//!
//! Nothing is loaded for good: that is left to whoever runs models. The `install` module (feature `install`) puts a
//! library where the search finds it.
//!
//! # The search
//!
//! 1. the library that [`RuntimeOptions::library`] names,
//! 2. the one that `ORT_DYLIB_PATH` names,
//! 3. beside the executable: its folder, and `../lib` where that is a `bin`,
//! 4. what embedkit installed, newest version first,
//! 5. the folders that the system's loader looks into,
//! 6. the `onnxruntime` package of a Python installation: the active virtual environment, the active conda
//!    environment, every Python on `PATH`, the user's packages. No Python is run for it.
//!
//! A library that was named (1 and 2) is used or refused; it is never replaced by another.
//!
//! # Variables
//!
//! | variable | what it names |
//! | --- | --- |
//! | `ORT_DYLIB_PATH` | the library, or a folder that holds it |
//! | `EMBEDKIT_RUNTIME_DIR` | the folder of installed runtimes; without it, `embedkit/onnxruntime` in the user's cache folder |
//!
//! Their values, and those of `VIRTUAL_ENV`, `CONDA_PREFIX`, `HOME`, `XDG_CACHE_HOME` and `LOCALAPPDATA`, which say
//! where else to look, have to be absolute: a relative path would mean whatever the current folder holds. The folder
//! of models (`EMBEDKIT_CACHE`) has no say in what code is run.
//!
//! # What is run
//!
//! To load a library is to run it, with all that the user may do. So no library is opened, and no Python started for
//! an installation, unless its file, every folder above it and every link on the way belong to this user or root and
//! nobody else may write to them; see [`Untrusted`]. And none is opened merely to be listed.

mod candidate;
mod error;
#[cfg(feature = "install")]
pub mod install;
mod installed;
mod options;
mod probe;
mod python;
mod search;
mod surroundings;
mod trust;
mod version;

pub use candidate::{Candidate, Finding, RuntimeOrigin, Unusable};
pub use error::NotFound;
pub use installed::{Installed, installed};
pub use options::RuntimeOptions;
pub use probe::check_version;
pub use search::{Library, candidates, find};
pub use surroundings::RelativeVariable;
pub use trust::Untrusted;
pub use version::API_VERSION;

/// Any error of a caller's or a library's own.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An entrance for the fuzz targets (`tests/fuzz`) to code that is otherwise reached through a network. Built under
/// `cfg(fuzzing)` alone.
#[cfg(all(fuzzing, feature = "install"))]
pub mod fuzzing {
    use std::path::Path;

    use crate::install::InstallError;

    /// Takes ONNX Runtime's libraries out of an archive, a tar or a zip by its name.
    ///
    /// # Errors
    /// No such archive, or one that is ambiguous or too large.
    pub fn unpack(archive: &Path, to: &Path) -> Result<(), InstallError> {
        crate::install::archive::extract(archive, to)
    }
}
