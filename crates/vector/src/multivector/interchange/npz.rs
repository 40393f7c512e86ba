//! numpy's archive of arrays.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::arrays::{self, Arrays};
use super::stack::Stack;
use super::{unreadable, unwritable};
use crate::file_error::FileError;
use crate::multivector::{Element, MultiVector};
use crate::npy::{self, Header};
use crate::number::NumberType;
use crate::{Result, file};

/// Writes documents that `numpy.load` reads, as they are stored and not compressed: arrays `embeddings`, `offsets` and, of
/// rows in 8 bits, `scales`, of bits, `dim`.
///
/// # Errors
/// [`Error::Width`](crate::Error::Width) if the documents differ in width;
/// [`Error::Unwritable`](crate::Error::Unwritable).
pub fn write_npz<E: Element>(path: impl AsRef<Path>, documents: &[MultiVector<E>]) -> Result<()> {
    let path = path.as_ref();
    let stack = Stack::new(documents)?;
    file::replace(path, |file| write(BufWriter::new(file), &stack)).map_err(unwritable(path))
}

/// Reads documents that [`write_npz`] or numpy's `savez` or `savez_compressed` wrote.
///
/// # Errors
/// [`Error::Unreadable`](crate::Error::Unreadable) if the file cannot be opened, if it is no such archive, if its rows are
/// stored as another type than `E`, or if its arrays do not fit together or are not finite.
pub fn read_npz<E: Element>(path: impl AsRef<Path>) -> Result<Vec<MultiVector<E>>> {
    let path = path.as_ref();
    let file = File::open(path).map_err(FileError::Io).map_err(unreadable(path))?;
    read(BufReader::new(file)).map_err(unreadable(path))
}

pub(super) fn write<E: Element>(file: impl Write + Seek, stack: &Stack<'_, E>) -> Result<(), FileError> {
    let mut archive = ZipWriter::new(file);
    for array in stack.arrays() {
        let shape: Vec<u64> = array.shape.iter().map(|&axis| axis as u64).collect();
        let header = npy::header(array.number_type, &shape);
        start(&mut archive, array.name, header.len() + array.size())?;
        archive.write_all(&header)?;
        for bytes in array.bytes {
            archive.write_all(&bytes)?;
        }
    }
    let mut file = archive.finish().map_err(|error| FileError::Archive(error.into()))?;
    Ok(file.flush()?)
}

/// Begins the entry of an array of so many bytes.
fn start(archive: &mut ZipWriter<impl Write + Seek>, name: &str, bytes: usize) -> Result<(), FileError> {
    let large = u32::try_from(bytes).is_err();
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(large);
    archive.start_file(format!("{name}.npy"), options).map_err(|error| FileError::Archive(error.into()))
}

pub(super) fn read<E: Element>(file: impl Read + Seek) -> Result<Vec<MultiVector<E>>, FileError> {
    arrays::read(Archive(ZipArchive::new(file).map_err(|error| FileError::Archive(error.into()))?))
}

/// An archive whose entries are arrays.
struct Archive<F>(ZipArchive<F>);

impl<F: Read + Seek> Arrays for Archive<F> {
    fn open(&mut self, name: &'static str, expected: NumberType) -> Result<(Vec<usize>, impl Read), FileError> {
        let damaged = |source: Box<dyn std::error::Error + Send + Sync>| FileError::Array { name, source };
        let mut entry = self.0.by_name(&format!("{name}.npy")).map_err(|error| damaged(error.into()))?;
        let length = usize::try_from(entry.size()).unwrap_or(usize::MAX);
        let header = Header::read(&mut entry, length).map_err(|error| damaged(error.into()))?;
        let header = header.map_err(|error| damaged(error.into()))?;
        let found = header.number_type();
        if found != expected {
            return Err(FileError::Type { name, found: found.to_string(), expected });
        }
        Ok((header.shape().to_vec(), entry))
    }
}
