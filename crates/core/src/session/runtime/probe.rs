//! Asks a library file whether it is an ONNX Runtime that can be used.

use std::error::Error as _;
use std::ffi::CStr;
use std::path::Path;

use super::version::{OLDEST_MINOR, is_supported};

/// Why a library or a folder cannot give ONNX Runtime.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unusable {
    /// There is no such file or folder.
    #[error("does not exist")]
    Missing,
    /// The folder holds no library with ONNX Runtime's name.
    #[error("holds no ONNX Runtime library")]
    NoLibrary,
    /// The system's loader refused the file, for this reason.
    #[error("cannot be loaded: {0}")]
    NotLoadable(String),
    /// The library is not ONNX Runtime.
    #[error("is not ONNX Runtime: it does not export `OrtGetApiBase`")]
    NoApi,
    /// The library's version is not one that works.
    #[error("is version {found}; 1.{OLDEST_MINOR} or newer is needed")]
    TooOld {
        /// The version it says it is.
        found: String,
    },
}

type GetApiBase = unsafe extern "system" fn() -> *const ort::sys::OrtApiBase;

/// The version of the ONNX Runtime in a library file, which is closed again.
///
/// It comes before `ort::init_from`, which accepts versions that we do not and keeps the first
/// library for the life of the process.
pub(super) fn library_version(path: &Path) -> Result<String, Unusable> {
    if path.components().count() > 1 && !path.exists() {
        return Err(Unusable::Missing);
    }
    // SAFETY: loading a library runs its initialisers. This one is named as ONNX Runtime by the
    // caller, the environment or its place, and is what the process is about to run anyway.
    #[allow(unsafe_code)]
    let library = unsafe { libloading::Library::new(path) }.map_err(|error| Unusable::NotLoadable(reason(&error)))?;
    // SAFETY: the symbol has this signature in every ONNX Runtime since 1.0; `version_of` copies
    // what it reads before the library is closed.
    #[allow(unsafe_code)]
    unsafe {
        let get_api_base = library.get::<GetApiBase>(b"OrtGetApiBase").map_err(|_| Unusable::NoApi)?;
        version_of(*get_api_base)
    }
}

/// The version of the ONNX Runtime that this program is linked with.
#[cfg(not(feature = "load-dynamic"))]
pub(super) fn linked_version() -> Result<String, Unusable> {
    // SAFETY: the linker resolved the symbol to ONNX Runtime's own.
    #[allow(unsafe_code)]
    unsafe {
        version_of(ort::sys::OrtGetApiBase)
    }
}

/// # Safety
/// `get_api_base` is ONNX Runtime's `OrtGetApiBase`, and its library stays loaded during the call.
#[allow(unsafe_code)]
unsafe fn version_of(get_api_base: GetApiBase) -> Result<String, Unusable> {
    // SAFETY: by this function's contract. The base is a static of the library, or null.
    let base = unsafe { get_api_base().as_ref() }.ok_or(Unusable::NoApi)?;
    // SAFETY: it takes nothing and gives a static, null-terminated string.
    let version = unsafe { CStr::from_ptr((base.GetVersionString)()) }.to_string_lossy().into_owned();
    // SAFETY: any number may be asked for; versions that the library lacks give null.
    let has_api = is_supported(&version) && !unsafe { (base.GetApi)(ort::MINOR_VERSION) }.is_null();
    if has_api { Ok(version) } else { Err(Unusable::TooOld { found: version }) }
}

/// The loader's own words, which the error keeps as its source.
fn reason(error: &libloading::Error) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_library_is_refused_with_the_loaders_reason() {
        let folder = tempfile::tempdir().unwrap();
        let fake = folder.path().join("libonnxruntime.so");
        std::fs::write(&fake, "not a library").unwrap();
        let Err(Unusable::NotLoadable(reason)) = library_version(&fake) else { panic!("loaded a text file") };
        assert!(reason.len() > "dlopen failed".len(), "{reason}");
        assert_eq!(library_version(&folder.path().join("absent.so")), Err(Unusable::Missing));
    }

    /// The test program itself is no ONNX Runtime, and the C library is one that loads.
    #[cfg(target_os = "linux")]
    #[test]
    fn another_library_is_refused() {
        assert_eq!(library_version(Path::new("libc.so.6")), Err(Unusable::NoApi));
    }
}
