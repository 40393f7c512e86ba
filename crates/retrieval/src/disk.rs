//! Files that are whole, whenever a process or a machine stops.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use embedkit_core::{Error, Result};

/// Writes a file and brings it to the disk.
pub(crate) fn write_synced(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = File::create(path).map_err(Error::io(path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(Error::io(path))
}

/// Replaces a file, at once for whoever opens it from now on.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let new = path.with_extension("new");
    write_synced(&new, bytes)?;
    std::fs::rename(&new, path).map_err(Error::io(path))?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Brings a folder's names to the disk, where the system lets folders be opened.
pub(crate) fn sync_folder(path: &Path) -> Result<()> {
    match File::open(path) {
        Ok(folder) if cfg!(unix) => folder.sync_all().map_err(Error::io(path)),
        _ => Ok(()),
    }
}
