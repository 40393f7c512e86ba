//! A file's bytes, read or mapped.

use std::borrow::Cow;
use std::fs::{File, FileType, Metadata};
use std::io::{ErrorKind, Read};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::{Error, Result};

/// A file's bytes: read, compiled in, or mapped from the file.
#[derive(Debug)]
pub struct FileBytes(Bytes);

#[derive(Debug)]
enum Bytes {
    Held(Cow<'static, [u8]>),
    Shared(Arc<[u8]>),
    Mapped(Mapped),
}

#[derive(Debug)]
struct Mapped {
    map: memmap2::Mmap,
    path: PathBuf,
    file: File,
    /// What the file was when it was mapped.
    version: FileVersion,
}

impl FileBytes {
    pub(super) fn held(bytes: impl Into<Cow<'static, [u8]>>) -> Self {
        Self(Bytes::Held(bytes.into()))
    }

    pub(super) fn shared(bytes: Arc<[u8]>) -> Self {
        Self(Bytes::Shared(bytes))
    }

    /// Maps a file, so that pages are read when they are touched and shared between processes.
    #[allow(unsafe_code)]
    pub(super) fn mapped(path: &Path) -> Result<Self> {
        let file = open_regular(path)?;
        let version = FileVersion::of(&file.metadata().map_err(Error::io(path))?);
        // SAFETY: the bytes must not change as long as they are borrowed. This process writes to no model file. That
        // another one may, the system cannot rule out; it is asked not to where mapping is documented
        // (`ModelFiles::open`), and what became of a file that changed all the same is found by `check_unchanged`. A
        // change in between gives other bytes, which are read as numbers, any of which is valid, or, where the file
        // was cut, ends the process with SIGBUS.
        let map = unsafe { memmap2::Mmap::map(&file) }.map_err(Error::io(path))?;
        Ok(Self(Bytes::Mapped(Mapped { map, path: path.to_owned(), file, version })))
    }

    /// Lets the system take back the pages of a mapped file; they are read again when they are touched.
    #[cfg(feature = "onnx")]
    #[allow(unsafe_code)]
    pub(crate) fn release(&self) {
        #[cfg(unix)]
        if let Bytes::Mapped(Mapped { map, .. }) = &self.0 {
            // SAFETY: the map is of a file and only read, so the pages come back with the file's bytes, which are the
            // same as far as `mapped` can say so. That it fails costs memory and nothing else.
            let _ = unsafe { map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
        }
    }

    /// Checks that a mapped file has the length and the time of last change that it had when it was mapped. A file
    /// that was replaced by another is unchanged: the map is of the old one. Bytes that are not mapped do not change.
    ///
    /// # Errors
    /// [`Error::InvalidFile`] when it was written to or cut.
    pub fn check_unchanged(&self) -> Result<()> {
        let Bytes::Mapped(mapped) = &self.0 else { return Ok(()) };
        let now = FileVersion::of(&mapped.file.metadata().map_err(Error::io(&mapped.path))?);
        if now == mapped.version {
            return Ok(());
        }
        let what = if now.bytes == mapped.version.bytes {
            "written to".to_owned()
        } else {
            format!("changed from {} bytes to {}", mapped.version.bytes, now.bytes)
        };
        let message = format!(
            "was {what} while it is in use: load the model again. Replace a model's files by renaming others over them, \
             or load it with `memory_map` off"
        );
        Err(Error::file(&mapped.path, message))
    }

    /// Whether the file's path still leads to the file that is mapped.
    #[cfg(feature = "onnx")]
    pub(crate) fn is_at_its_path(&self) -> bool {
        let Bytes::Mapped(mapped) = &self.0 else { return false };
        FileVersion::at(&mapped.path).as_ref() == Some(&mapped.version)
    }
}

impl Deref for FileBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Bytes::Held(bytes) => bytes,
            Bytes::Shared(bytes) => bytes,
            Bytes::Mapped(mapped) => &mapped.map,
        }
    }
}

/// What tells whether a file is another, or was written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileVersion {
    bytes: u64,
    modified: Option<SystemTime>,
    /// The device and the number of the file on it.
    #[cfg(unix)]
    inode: (u64, u64),
}

impl FileVersion {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt as _;
        Self {
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            inode: (metadata.dev(), metadata.ino()),
        }
    }

    /// That of the file at a path, if there is one.
    #[cfg(feature = "onnx")]
    pub(crate) fn at(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().as_ref().map(Self::of)
    }
}

/// A whole file, of at most so many bytes.
pub(super) fn read(path: &Path, most: u64) -> Result<Vec<u8>> {
    let mut file = open_regular(path)?;
    let size = file.metadata().map_err(Error::io(path))?.len();
    if size > most {
        return Err(Error::file(path, format!("has {size} bytes, and no such file of a model has more than {most}")));
    }
    let too_large = || Error::file(path, format!("has {size} bytes, and there is no memory for them"));
    let mut bytes = Vec::new();
    usize::try_from(size).ok().and_then(|size| bytes.try_reserve_exact(size).ok()).ok_or_else(too_large)?;
    match file.read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(error) if error.kind() == ErrorKind::OutOfMemory => Err(too_large()),
        Err(error) => Err(Error::io(path)(error)),
    }
}

/// Opens a file of data. What is none is refused before it is opened, since that alone may wait for ever.
fn open_regular(path: &Path) -> Result<File> {
    check_regular(path)?;
    File::open(path).map_err(Error::io(path))
}

/// Checks that a path leads to a file of data: a pipe waits for a writer, and a device need not end.
pub(super) fn check_regular(path: &Path) -> Result<()> {
    let kind = std::fs::metadata(path).map_err(Error::io(path))?.file_type();
    if kind.is_file() { Ok(()) } else { Err(Error::file(path, format!("is {}, not a file", name_of(kind)))) }
}

fn name_of(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if kind.is_fifo() {
            return "a named pipe";
        }
        if kind.is_char_device() || kind.is_block_device() {
            return "a device";
        }
        if kind.is_socket() {
            return "a socket";
        }
    }
    if kind.is_dir() { "a folder" } else { "something else" }
}
