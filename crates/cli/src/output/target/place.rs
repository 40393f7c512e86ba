//! What stands behind the name of an output.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};

/// Links that are followed before they are taken for a circle.
const LONGEST_CHAIN: usize = 40;

/// What an output is.
pub(super) enum Place {
    /// Standard output, by whatever name.
    Stdout,
    /// A device, a pipe, or a file that is open already: written to as it is.
    Stream(File),
    /// A file that is replaced, or one that is not there yet.
    File(PathBuf),
}

impl Place {
    /// What the path leads to. Links are followed, those that lead nowhere yet too; a link stays a link.
    pub(super) fn of(path: &Path) -> Result<Self> {
        let label = path.display().to_string();
        let mut path = path.to_owned();
        for _ in 0..LONGEST_CHAIN {
            match own_descriptor(&path) {
                Some(1) => return Ok(Self::Stdout),
                // What the shell has opened for this process is not replaced: results go to its end.
                Some(_) => {
                    return File::options().append(true).open(&path).map(Self::Stream).map_err(Failure::io(label));
                }
                None => {}
            }
            match fs::symlink_metadata(&path) {
                Ok(meta) if meta.is_symlink() => {
                    let to = fs::read_link(&path).map_err(Failure::io(&label))?;
                    path = path.parent().unwrap_or(Path::new("")).join(to);
                }
                Ok(meta) if meta.is_dir() => {
                    return Err(Failure::Failed(format!("{label} is a folder, not a file to write")));
                }
                Ok(meta) if meta.is_file() => return Ok(Self::File(path)),
                Ok(_) => return File::options().write(true).open(&path).map(Self::Stream).map_err(Failure::io(label)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::File(path)),
                Err(error) => return Err(Failure::io(label)(error)),
            }
        }
        Err(Failure::Failed(format!("{label}: its links lead in a circle")))
    }
}

/// The number of an open file of this process that the path names, as `/dev/fd/3` does.
fn own_descriptor(path: &Path) -> Option<u32> {
    let number = path.file_name()?.to_str()?.parse().ok()?;
    let folder = path.parent()?.canonicalize().ok()?;
    let ours = Path::new("/proc").join(std::process::id().to_string());
    let is_ours = folder == Path::new("/dev/fd") || (folder.starts_with(ours) && folder.ends_with("fd"));
    is_ours.then_some(number)
}
