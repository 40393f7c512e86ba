//! Files that are whole, or as they were.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Writes a file that has its name once it is whole: whatever fails, what had the name before is still there. A file
/// that is replaced hands its permissions on, and its owner where that is allowed; one that may not be written is not
/// replaced. A link stays a link, also one that leads nowhere yet. What is no file (a device, a pipe) is written to as it
/// is.
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
    let path = behind_links(path.as_ref())?;
    let replaced = match File::options().write(true).open(&path) {
        Ok(mut file) => match file.metadata()? {
            meta if meta.is_file() => Some(meta),
            _ => return write(&mut file),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    let temporary = Temporary(beside(&path));
    let mut file = create(&temporary.0, replaced.as_ref())?;
    write(&mut file)?;
    file.sync_all()?;
    drop(file);
    Ok(fs::rename(&temporary.0, &path)?)
}

/// What a path leads to in the end, whether or not it is there.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    /// Links that are followed before they are taken for a circle.
    const LONGEST_CHAIN: usize = 40;
    if let Ok(path) = path.canonicalize() {
        return Ok(path);
    }
    let mut end = path.to_owned();
    // What is there and has no name of its own is a pipe that somebody opened.
    if path.exists() {
        return Ok(end);
    }
    for _ in 0..LONGEST_CHAIN {
        match fs::read_link(&end) {
            Ok(target) => end = end.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => return Ok(end),
        }
    }
    Err(io::Error::other("its links lead in a circle"))
}

/// A new file, with the rights and the owner of the one that it replaces where the system allows it.
#[cfg(unix)]
fn create(path: &Path, replaced: Option<&Metadata>) -> io::Result<File> {
    use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};

    const GROUP: u32 = 0o070;
    let mut options = File::options();
    options.write(true).create_new(true);
    let Some(replaced) = replaced else { return options.open(path) };
    // What is to be private is so from its first byte.
    let file = options.mode(0o600).open(path)?;
    let own = file.metadata()?;
    let mut mode = replaced.mode() & 0o777;
    if replaced.uid() != own.uid() {
        // The rights stay; only root may give a file away.
        let _ = fchown(&file, Some(replaced.uid()), None);
    }
    if replaced.gid() != own.gid() && fchown(&file, None, Some(replaced.gid())).is_err() {
        // What one group may do is not for another.
        mode &= !GROUP;
    }
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    Ok(file)
}

#[cfg(not(unix))]
fn create(path: &Path, replaced: Option<&Metadata>) -> io::Result<File> {
    let file = File::create_new(path)?;
    if let Some(replaced) = replaced {
        file.set_permissions(replaced.permissions())?;
    }
    Ok(file)
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

    #[cfg(unix)]
    #[test]
    fn links_that_lead_nowhere_are_followed_and_circles_refused() {
        use std::os::unix::fs::symlink;

        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("other")).unwrap();
        symlink("second", at("first")).unwrap();
        symlink("other/file", at("second")).unwrap();
        replace(at("first"), |file| file.write_all(b"here")).unwrap();
        assert_eq!(fs::read(at("other/file")).unwrap(), b"here");
        assert!(["first", "second"].iter().all(|link| fs::symlink_metadata(at(link)).unwrap().is_symlink()));
        symlink("circle", at("circle")).unwrap();
        assert!(replace(at("circle"), |file| file.write_all(b"nowhere")).is_err());
    }
}
