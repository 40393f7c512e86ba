//! Files and folders that are run later: written so that nobody else may write to them, whatever the umask allows.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use super::InstallError;

/// Makes a folder, and those above it that are missing.
pub(super) fn create_folder(path: &Path) -> Result<(), InstallError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o755);
    builder.create(path).map_err(InstallError::io(path))
}

/// Opens a file that is about to be installed: a regular one, which nobody else may write to.
pub(super) fn open(path: &Path) -> Result<File, InstallError> {
    let metadata = path.metadata().map_err(InstallError::io(path))?;
    if !metadata.is_file() {
        return Err(InstallError::io(path)(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file")));
    }
    InstallError::unless_trusted(path)?;
    File::open(path).map_err(InstallError::io(path))
}

/// Writes a new file, down to the disk.
pub(super) fn write_new(mut from: impl Read, to: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
    let mut file = options.open(to)?;
    io::copy(&mut from, &mut file)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pipe would be waited for without end.
    #[cfg(unix)]
    #[test]
    fn only_regular_files_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path(), Path::new("/dev/zero"), &folder.path().join("absent")] {
            let error = open(path).unwrap_err();
            assert!(matches!(error, InstallError::Io { .. }), "{error}");
        }
        std::fs::write(folder.path().join("file"), "").unwrap();
        open(&folder.path().join("file")).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_write_to_what_is_made() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a/b/file");
        create_folder(file.parent().unwrap()).unwrap();
        write_new("content".as_bytes(), &file).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "content");
        for path in [folder.path().join("a"), folder.path().join("a/b"), file.clone()] {
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o022, 0, "{}", path.display());
        }
        assert_eq!(write_new("".as_bytes(), &file).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }
}
