//! The ONNX Runtime that a program is linked with.

use std::ffi::CStr;

use embedkit_runtime::{Unusable, check_version};

/// Its version.
pub(super) fn version() -> Result<String, Unusable> {
    // SAFETY: the linker resolved the symbol to ONNX Runtime's own; it gives a static of the library, or null.
    #[allow(unsafe_code)]
    let base = unsafe { ort::sys::OrtGetApiBase().as_ref() }.ok_or(Unusable::NoApi)?;
    // SAFETY: it takes nothing and gives a static, null-terminated string.
    #[allow(unsafe_code)]
    let version = unsafe { CStr::from_ptr((base.GetVersionString)()) }.to_string_lossy().into_owned();
    check_version(&version, ort::MINOR_VERSION)?;
    Ok(version)
}
