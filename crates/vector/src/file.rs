//! Files that are whole, or as they were.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Writes a file that has its name once it is whole: whatever fails, what had the name before is still there. A file
/// that is replaced hands its permissions on, and a link stays a link. What is no file (a device, a pipe) is written to
/// as it is.
///
/// ```
/// use std::io::Write as _;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = &folder.path().join("notes");
/// embedkit_vector::file::replace(path, |file| file.write_all(b"all of it"))?;
/// let failed = embedkit_vector::file::replace(path, |file| {
///     file.write_all(b"half of it")?;
///     Err(std::io::Error::other("the disk is full"))
/// });
/// assert!(failed.is_err());
/// assert_eq!(std::fs::read(path)?, b"all of it");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Those of `write`, and of the file system.
pub fn replace<E: From<io::Error>>(
    path: impl AsRef<Path>,
    write: impl FnOnce(&mut File) -> Result<(), E>,
) -> Result<(), E> {
    let path = path.as_ref();
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let replaced = fs::metadata(&path).ok();
    if replaced.as_ref().is_some_and(|meta| !meta.is_file()) {
        return write(&mut File::options().write(true).open(&path)?);
    }
    let temporary = Temporary(beside(&path));
    let mut file = File::create_new(&temporary.0)?;
    if let Some(replaced) = replaced {
        file.set_permissions(replaced.permissions())?;
    }
    write(&mut file)?;
    file.sync_all()?;
    drop(file);
    Ok(fs::rename(&temporary.0, &path)?)
}

/// A name in the same folder that no other file has.
fn beside(path: &Path) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{process}-{count}.part"))
}

/// A file that goes where its writing fails; once it is renamed there is none of the name.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_failure_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let fail = |file: &mut File| file.write_all(b"half").and(Err(io::Error::other("full")));
        assert!(replace(&path, fail).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing stays");
        replace(&path, |file| file.write_all(b"first")).unwrap();
        assert!(replace(&path, fail).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing stays");
    }

    #[cfg(unix)]
    #[test]
    fn links_and_permissions_stay() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};

        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "before").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        symlink("file", &link).unwrap();
        replace(&link, |file| file.write_all(b"after")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"after");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        replace("/dev/null", |file| file.write_all(b"nothing")).unwrap();
    }
}
