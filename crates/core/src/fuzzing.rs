//! Entrances for the fuzz targets (`tests/fuzz`) to code that is otherwise reached through a network, or whose results
//! are loaded into the process. Built under `cfg(fuzzing)` alone.

use std::path::Path;

use crate::BoxError;

/// Takes ONNX Runtime's libraries out of an archive, a tar or a zip by its name.
///
/// # Errors
/// No such archive, or one that is ambiguous.
pub fn unpack_runtime(archive: &Path, folder: &Path) -> Result<(), BoxError> {
    Ok(embedkit_runtime::fuzzing::unpack(archive, folder)?)
}
