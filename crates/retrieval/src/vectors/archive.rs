//! NumPy's archives of arrays, not compressed, so that their arrays can be mapped where they lie.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use embedkit_core::{Error, FileBytes, Result};
use embedkit_vector::npy;
use embedkit_vector::number::Number;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::array::{Array, map};

/// Arrays begin at a multiple of so many bytes.
const ALIGNMENT: u16 = 64;

/// Writes an archive.
pub(super) struct ArchiveWriter {
    path: PathBuf,
    zip: ZipWriter<BufWriter<File>>,
}

impl ArchiveWriter {
    pub(super) fn create(path: PathBuf) -> Result<Self> {
        let file = File::create_new(&path).map_err(Error::io(&path))?;
        Ok(Self { zip: ZipWriter::new(BufWriter::new(file)), path })
    }

    /// Adds an array of these values.
    pub(super) fn array<N: Number>(
        &mut self,
        name: &str,
        shape: &[u64],
        values: impl IntoIterator<Item = N>,
    ) -> Result<()> {
        self.start(name, &npy::header(N::TYPE, shape))?;
        let mut bytes = Vec::with_capacity(1 << 16);
        for value in values {
            bytes.extend_from_slice(value.to_cell().as_ref());
            if bytes.len() >= 1 << 16 {
                self.write(&bytes)?;
                bytes.clear();
            }
        }
        self.write(&bytes)
    }

    /// Adds an array whose values are a file's.
    pub(super) fn array_of_file<N: Number>(&mut self, name: &str, shape: &[u64], values: &Path) -> Result<()> {
        self.start(name, &npy::header(N::TYPE, shape))?;
        let mut file = File::open(values).map_err(Error::io(values))?;
        std::io::copy(&mut file, &mut self.zip).map_err(Error::io(&self.path))?;
        Ok(())
    }

    /// Adds a text as an array without axes, as NumPy has bytes.
    pub(super) fn text(&mut self, name: &str, text: &str) -> Result<()> {
        let mut header = format!("{{'descr': '|S{}', 'fortran_order': False, 'shape': (), }}", text.len());
        header += &" ".repeat(63 - (header.len() + 10) % 64);
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend_from_slice(&(header.len() as u16 + 1).to_le_bytes());
        bytes.extend_from_slice(header.as_bytes());
        bytes.push(b'\n');
        bytes.extend_from_slice(text.as_bytes());
        self.start(name, &bytes)
    }

    /// Ends the archive.
    pub(super) fn finish(self) -> Result<()> {
        let path = self.path;
        let mut file = self.zip.finish().map_err(|error| Error::file_because(&path, "cannot be written", error))?;
        file.flush().map_err(Error::io(&path))
    }

    fn start(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(true)
            .with_alignment(ALIGNMENT);
        let started = self.zip.start_file(format!("{name}.npy"), options);
        started.map_err(|error| Error::file_because(&self.path, "cannot be written", error))?;
        self.write(bytes)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.zip.write_all(bytes).map_err(Error::io(&self.path))
    }
}

/// A mapped archive.
pub(super) struct Archive {
    pub(super) path: PathBuf,
    arrays: BTreeMap<String, Array>,
}

impl Archive {
    /// Opens an archive of a folder: the arrays of these names.
    pub(super) fn open(folder: &Path, name: &str, arrays: &[&str]) -> Result<Self> {
        let path = folder.join(name);
        let bytes: Arc<FileBytes> = Arc::new(map(folder, name)?);
        let damaged = |error| Error::file_because(&path, "is no archive of arrays", error);
        let mut zip = ZipArchive::new(Cursor::new(&bytes[..])).map_err(damaged)?;
        let mut places = Vec::new();
        for array in arrays {
            let entry = zip.by_name(&format!("{array}.npy")).map_err(damaged)?;
            let start = entry.data_start();
            let (true, Some(start)) = (entry.compression() == CompressionMethod::Stored, start) else {
                return Err(Error::file(&path, format!("has {array} compressed, and it must be stored")));
            };
            let (start, size) = (start as usize, entry.size() as usize);
            places.push(((*array).to_owned(), start..start.saturating_add(size)));
        }
        drop(zip);
        let open = |(name, place)| Ok((name, Array::inside(bytes.clone(), place, &path)?));
        let arrays = places.into_iter().map(open).collect::<Result<_>>()?;
        Ok(Self { arrays, path })
    }

    pub(super) fn array(&self, name: &str) -> Result<&Array> {
        self.arrays.get(name).ok_or_else(|| Error::file(&self.path, format!("has no array {name}")))
    }
}
