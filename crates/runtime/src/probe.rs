//! Asks a library file whether it is an ONNX Runtime that can be used.

use std::error::Error as _;
use std::ffi::{CStr, c_char, c_void};
use std::path::Path;

use crate::candidate::Unusable;
use crate::surroundings::{entries, is_provider};
use crate::trust;
use crate::version::{is_supported, oldest_minor};

/// What `OrtGetApiBase` gives: the head of ONNX Runtime's C API, the same since 1.0 (`onnxruntime_c_api.h`).
#[repr(C)]
struct OrtApiBase {
    /// The functions of a version of the API; null if the library does not have that version.
    get_api: unsafe extern "system" fn(version: u32) -> *const c_void,
    /// The library's version as static, null-terminated text.
    get_version_string: unsafe extern "system" fn() -> *const c_char,
}

type GetApiBase = unsafe extern "system" fn() -> *const OrtApiBase;

/// The version of the ONNX Runtime in a library file, which is closed again. Only a file that nobody else could have
/// put there is opened.
///
/// It comes before the file is loaded for good: a process keeps the first runtime that it loads.
pub(crate) fn library_version(path: &Path, api_version: u32) -> Result<String, Unusable> {
    if !path.exists() {
        return Err(Unusable::Missing);
    }
    if !path.is_file() {
        return Err(Unusable::NotLoadable("it is no file".to_owned()));
    }
    trust::check(path).map_err(Unusable::Untrusted)?;
    // The library loads its execution providers from its own folder.
    for provider in path.parent().into_iter().flat_map(|folder| entries(folder, is_provider)) {
        trust::check(&provider).map_err(Unusable::Untrusted)?;
    }
    // SAFETY: loading a library runs its initialisers. This one is named as ONNX Runtime by the caller, the
    // environment or the place where it is; only this user and root can have put it there; and it is what the
    // process is about to run anyway.
    #[allow(unsafe_code)]
    let library = unsafe { libloading::Library::new(path) }.map_err(|error| Unusable::NotLoadable(reason(&error)))?;
    // SAFETY: the symbol has this signature in every ONNX Runtime since 1.0; `version_of` copies what it reads
    // before the library is closed.
    #[allow(unsafe_code)]
    unsafe {
        let get_api_base = library.get::<GetApiBase>(b"OrtGetApiBase").map_err(|_| Unusable::NoApi)?;
        version_of(*get_api_base, api_version)
    }
}

/// # Safety
/// `get_api_base` is ONNX Runtime's `OrtGetApiBase`, and its library stays loaded during the call.
#[allow(unsafe_code)]
unsafe fn version_of(get_api_base: GetApiBase, api_version: u32) -> Result<String, Unusable> {
    // SAFETY: by this function's contract. The base is a static of the library, or null.
    let base = unsafe { get_api_base().as_ref() }.ok_or(Unusable::NoApi)?;
    // SAFETY: it takes nothing and gives a static, null-terminated string.
    let version = unsafe { CStr::from_ptr((base.get_version_string)()) }.to_string_lossy().into_owned();
    check_version(&version, api_version)?;
    // SAFETY: any number may be asked for; versions that the library lacks give null.
    let has_api = !unsafe { (base.get_api)(api_version) }.is_null();
    if has_api { Ok(version) } else { Err(too_old(version, api_version)) }
}

/// Checks the version of an ONNX Runtime that needs no search, as one that is linked, against the C API that the
/// caller is compiled against.
///
/// # Errors
/// [`Unusable::TooOld`].
pub fn check_version(version: &str, api_version: u32) -> Result<(), Unusable> {
    if is_supported(version, api_version) { Ok(()) } else { Err(too_old(version.to_owned(), api_version)) }
}

fn too_old(found: String, api_version: u32) -> Unusable {
    Unusable::TooOld { found, oldest_minor: oldest_minor(api_version) }
}

/// The loader's own words, which the library's error keeps as its source.
fn reason(error: &libloading::Error) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::API_VERSION;

    #[test]
    fn a_file_that_is_no_library_is_refused_with_the_loaders_reason() {
        let folder = tempfile::tempdir().unwrap();
        let fake = folder.path().join("libonnxruntime.so");
        std::fs::write(&fake, "not a library").unwrap();
        let Err(Unusable::NotLoadable(reason)) = library_version(&fake, API_VERSION) else {
            panic!("loaded a text file")
        };
        assert!(reason.len() > "dlopen failed".len(), "{reason}");
        let absent = folder.path().join("absent.so");
        assert_eq!(library_version(&absent, API_VERSION), Err(Unusable::Missing));
        let no_file = Unusable::NotLoadable("it is no file".to_owned());
        assert_eq!(library_version(folder.path(), API_VERSION), Err(no_file));
    }

    #[cfg(unix)]
    #[test]
    fn what_others_could_have_put_there_is_not_opened() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("libonnxruntime.so");
        let provider =
            format!("{}onnxruntime_providers_shared{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        for file in [library.clone(), folder.path().join(provider)] {
            std::fs::write(&file, "not a library").unwrap();
            std::fs::write(&library, "not a library").unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
            let refused = library_version(&library, API_VERSION);
            assert!(matches!(refused, Err(Unusable::Untrusted(_))), "{refused:?}");
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
            assert!(matches!(library_version(&library, API_VERSION), Err(Unusable::NotLoadable(_))));
        }
    }

    /// A library that loads and is another.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[test]
    fn another_library_is_refused() {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let c_library = maps.split_whitespace().find(|word| word.contains("/libc.so")).unwrap();
        assert_eq!(library_version(Path::new(c_library), API_VERSION), Err(Unusable::NoApi));
    }
}
