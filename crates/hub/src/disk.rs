//! Writing in a cache that others may write in too: no link that somebody laid there is followed.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::HubError;

/// The start and the end of the names of files that are renamed when they are whole.
const TEMPORARY: (&str, &str) = (".", ".new");

/// Makes the folder that `path` lies in, and those between it and the cache.
///
/// # Errors
/// [`HubError::ForeignLink`] when one of them is a link that somebody else made. A link of one's own, or of the
/// administrator's, is where this user wants the cache to be.
pub(crate) fn make_parent(cache: &Path, path: &Path) -> Result<(), HubError> {
    match path.parent() {
        Some(folder) => make_folder(cache, folder),
        None => Ok(()),
    }
}

/// Makes a folder, and those between it and the cache, as [`make_parent`] does.
pub(crate) fn make_folder(cache: &Path, folder: &Path) -> Result<(), HubError> {
    let below = folder.strip_prefix(cache).unwrap_or(Path::new(""));
    let mut path = cache.to_owned();
    for part in below.components() {
        path.push(part);
        let is_foreign = |meta: std::fs::Metadata| meta.is_symlink() && !is_ours(&meta);
        if std::fs::symlink_metadata(&path).is_ok_and(is_foreign) {
            return Err(HubError::ForeignLink { path });
        }
    }
    std::fs::create_dir_all(folder).map_err(HubError::io(folder))
}

#[cfg(unix)]
fn is_ours(meta: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    meta.uid() == 0 || meta.uid() == rustix::process::geteuid().as_raw()
}

/// On Windows, making a link takes a privilege.
#[cfg(not(unix))]
fn is_ours(_: &std::fs::Metadata) -> bool {
    true
}

/// Opens a file to read and write, made if it is not there. What is no plain file, as a link, is replaced by one.
pub(crate) fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;
        // A pipe that nobody reads would be waited for.
        options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    }
    if std::fs::symlink_metadata(path).is_ok_and(|meta| !meta.is_file() && !meta.is_dir()) {
        std::fs::remove_file(path)?;
    }
    options.open(path)
}

/// Makes an empty file unless something has its name already.
pub(crate) fn touch(path: &Path) -> std::io::Result<()> {
    match create_new(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

/// Makes a file; something that has its name is an error, and no link is followed.
pub(crate) fn create_new(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Makes a file with this content.
pub(crate) fn write_new(path: &Path, content: &[u8]) -> std::io::Result<()> {
    std::io::Write::write_all(&mut create_new(path)?, content)
}

/// Copies to a file that is not there yet, with the time of its last change.
pub(crate) fn copy_new(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut original = File::open(from)?;
    let mut copy = create_new(to)?;
    std::io::copy(&mut original, &mut copy)?;
    copy.set_modified(original.metadata()?.modified()?)
}

/// Makes `path` anew, beside it first, so that nobody ever sees it half made. `make` is given a name that nothing has.
pub(crate) fn replace(path: &Path, make: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<(), HubError> {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let unique = format!(".{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
    let mut name = std::ffi::OsString::from(TEMPORARY.0);
    name.push(path.file_name().unwrap_or_default());
    name.push(unique + TEMPORARY.1);
    let temporary = path.with_file_name(name);
    let _ = std::fs::remove_file(&temporary);
    let made = make(&temporary).and_then(|()| std::fs::rename(&temporary, path));
    // It failed, or both names are links to one content: renaming does nothing then, and leaves the first.
    let _ = std::fs::remove_file(&temporary);
    made.map_err(HubError::io(path))
}

/// Whether a name is one that [`replace`] works under.
pub(crate) fn is_temporary(name: &str) -> bool {
    name.starts_with(TEMPORARY.0) && name.ends_with(TEMPORARY.1)
}

#[cfg(unix)]
pub(crate) fn symlink(target: &str, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(windows)]
pub(crate) fn symlink(target: &str, link: &Path) -> std::io::Result<()> {
    std::os::windows::fs::symlink_file(target.replace('/', "\\"), link)
}

#[cfg(not(any(unix, windows)))]
pub(crate) fn symlink(_target: &str, _link: &Path) -> std::io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// The bytes of all files below a folder; links are not followed.
pub(crate) fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => size(&entry.path()),
            Ok(meta) if meta.is_file() => meta.len(),
            _ => 0,
        })
        .sum()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{lchown, symlink};

    use super::*;

    #[test]
    fn links_in_the_place_of_files_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        std::fs::write(&victim, "mine").unwrap();
        let link = folder.path().join("link");
        let writes: [fn(&Path); 4] = [
            |link| std::io::Write::write_all(&mut open(link).unwrap(), b"theirs").unwrap(),
            |link| touch(link).unwrap(),
            |link| assert!(write_new(link, b"theirs").is_err()),
            |link| replace(link, |temporary| write_new(temporary, b"theirs")).unwrap(),
        ];
        for write in writes {
            let _ = std::fs::remove_file(&link);
            symlink(&victim, &link).unwrap();
            write(&link);
            assert_eq!(std::fs::read(&victim).unwrap(), b"mine");
        }
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().collect();
        assert_eq!(names.len(), 2, "nothing temporary is left: {names:?}");
    }

    #[test]
    fn folders_behind_another_users_link_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (cache, elsewhere) = (folder.path().join("cache"), folder.path().join("elsewhere"));
        for path in [&cache, &elsewhere] {
            std::fs::create_dir(path).unwrap();
        }
        let link = cache.join("models--a--b");
        symlink(&elsewhere, &link).unwrap();
        let inside = link.join("blobs");
        make_folder(&cache, &inside).unwrap();
        // Only the administrator can give a link away.
        if lchown(&link, Some(12_345), None).is_ok() {
            let error = make_folder(&cache, &inside.join("x")).unwrap_err();
            assert!(matches!(&error, HubError::ForeignLink { path } if *path == link), "{error}");
            assert!(!elsewhere.join("blobs/x").exists());
        }
    }
}
