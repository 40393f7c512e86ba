//! The file beside an output that becomes it.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;

/// Names of temporary files and folders: these around as many letters and digits.
pub(crate) const NAME: (&str, usize, &str) = (".embedkit-", 12, ".part");
/// What is younger may be one whose writer has not locked it yet.
pub(crate) const SETTLED: Duration = Duration::from_secs(60);

/// A temporary file in the output's folder, locked while this process has it open. It has the rights and the owner of
/// the file that it replaces, or those of any new file. What runs before that were killed have left in the folder is
/// removed.
pub(super) fn beside(path: &Path, replaced: Option<&Metadata>) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    sweep(folder);
    let (prefix, random, suffix) = NAME;
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix).rand_bytes(random).suffix(suffix);
    #[cfg(unix)]
    let builder = {
        use std::os::unix::fs::PermissionsExt as _;
        // What is to be private is so from its first byte. Of a new file, the process's mask takes off what it must.
        builder.permissions(fs::Permissions::from_mode(if replaced.is_some() { 0o600 } else { 0o666 }))
    };
    let file = builder.tempfile_in(folder)?;
    // A file system without locks has nothing swept on it either.
    let _ = file.as_file().try_lock();
    if let Some(replaced) = replaced {
        take_after(file.as_file(), replaced)?;
    }
    Ok(file)
}

/// Gives the file the owner of another where the system allows it, and its rights.
#[cfg(unix)]
fn take_after(file: &File, other: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};

    const GROUP: u32 = 0o070;
    let own = file.metadata()?;
    let mut mode = other.mode() & 0o777;
    if other.uid() != own.uid() {
        // The rights stay; only root may give a file away.
        let _ = fchown(file, Some(other.uid()), None);
    }
    if other.gid() != own.gid() && fchown(file, None, Some(other.gid())).is_err() {
        // What one group may do is not for another.
        mode &= !GROUP;
    }
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn take_after(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Removes temporary files that no process writes any more. What cannot be removed stays.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(is_temporary);
        if is_ours && entry.file_type().is_ok_and(|kind| kind.is_file()) && is_abandoned(&entry.path()) {
            tracing::info!("{} was left by a run that was killed, and is removed", entry.path().display());
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether a name is that of something that is being written, or was.
pub(crate) fn is_temporary(name: &str) -> bool {
    let (prefix, random, suffix) = NAME;
    let middle = name.strip_prefix(prefix).and_then(|name| name.strip_suffix(suffix));
    middle.is_some_and(|middle| middle.len() == random && middle.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn is_abandoned(path: &Path) -> bool {
    let Ok(file) = File::options().write(true).open(path) else { return false };
    let age = file.metadata().and_then(|meta| meta.modified()).map(|time| SystemTime::now().duration_since(time));
    matches!(age, Ok(Ok(age)) if age > SETTLED) && file.try_lock().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_killed_run_left_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        let old = SystemTime::now() - Duration::from_secs(3600);
        let make = |name: &str, time: Option<SystemTime>| {
            let file = File::create(folder.path().join(name)).unwrap();
            time.into_iter().for_each(|time| file.set_modified(time).unwrap());
            file
        };
        make(".embedkit-abcdefABCDEF.part", Some(old));
        let stays = [".embedkit-younger12345.part", ".embedkit-locked123456.part", ".embedkit-notes.part", "a.part"];
        make(".embedkit-younger12345.part", None);
        let locked = make(stays[1], Some(old));
        locked.lock().unwrap();
        make(stays[2], Some(old));
        make(stays[3], Some(old));
        make(".embedkit-12345younger.part", None);
        sweep(folder.path());
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        let mut expected = [&stays[..], &[".embedkit-12345younger.part"]].concat();
        expected.sort_unstable();
        assert_eq!(left, expected);
    }
}
