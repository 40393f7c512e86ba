//! A file's bytes, read or mapped.

use std::borrow::Cow;
use std::fs::File;
use std::ops::Deref;
use std::path::Path;

use crate::{Error, Result};

/// A file's bytes: read, compiled in, or mapped from the file.
#[derive(Debug)]
pub struct FileBytes(Bytes);

#[derive(Debug)]
enum Bytes {
    Held(Cow<'static, [u8]>),
    Mapped(memmap2::Mmap),
}

impl FileBytes {
    pub(super) fn held(bytes: impl Into<Cow<'static, [u8]>>) -> Self {
        Self(Bytes::Held(bytes.into()))
    }

    /// Maps a file, so that pages are read when they are touched and shared between processes.
    #[allow(unsafe_code)]
    pub(super) fn mapped(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(Error::io(path))?;
        // SAFETY: model files are written once, under a temporary name, and never changed in place;
        // the caller asked for mapping, whose documentation says that the file must not be cut.
        let map = unsafe { memmap2::Mmap::map(&file) }.map_err(Error::io(path))?;
        Ok(Self(Bytes::Mapped(map)))
    }

    /// Lets the system take back the pages of a mapped file; they are read again when they are touched.
    #[cfg(feature = "onnx")]
    #[allow(unsafe_code)]
    pub(crate) fn release(&self) {
        #[cfg(unix)]
        if let Bytes::Mapped(map) = &self.0 {
            // SAFETY: the map is of a file and only read, so the pages come back with the same bytes.
            // That it fails costs memory and nothing else.
            let _ = unsafe { map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
        }
    }
}

impl Deref for FileBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Bytes::Held(bytes) => bytes,
            Bytes::Mapped(map) => map,
        }
    }
}
