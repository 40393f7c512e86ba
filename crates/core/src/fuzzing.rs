//! Entrances for the fuzz targets (`tests/fuzz`) to code that is otherwise reached through a network, or whose results
//! are loaded into the process. Built under `cfg(fuzzing)` alone.

use std::path::Path;

use crate::BoxError;

/// Unpacks a model's `.tar.gz` into a folder.
///
/// # Errors
/// No such archive, or one that holds what it must not.
pub fn unpack_model(archive: &Path, folder: &Path) -> std::io::Result<()> {
    crate::hub::archive::unpack(archive, folder)
}

/// Takes ONNX Runtime's libraries out of an archive, a tar or a zip by its name.
///
/// # Errors
/// No such archive, or one that is ambiguous.
pub fn unpack_runtime(archive: &Path, folder: &Path) -> Result<(), BoxError> {
    Ok(embedkit_runtime::fuzzing::unpack(archive, folder)?)
}
