//! numpy's archive of arrays.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

use zip::read::ZipFile;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{EMBEDDINGS, FileError, OFFSETS, Parts, Stack, unreadable, unwritable};
use crate::multivector::MultiVector;
use crate::npy::{self, Header};
use crate::number::NumberType;
use crate::{Result, file};

/// Writes documents that `numpy.load` reads: arrays `embeddings` and `offsets`, not compressed.
///
/// # Errors
/// [`Error::Width`](crate::Error::Width) if the documents differ in width;
/// [`Error::Unwritable`](crate::Error::Unwritable).
pub fn write_npz(path: impl AsRef<Path>, documents: &[MultiVector]) -> Result<()> {
    let path = path.as_ref();
    let stack = Stack::new(documents)?;
    file::replace(path, |file| write(BufWriter::new(file), &stack)).map_err(unwritable(path))
}

/// Reads documents that [`write_npz`] or numpy's `savez` or `savez_compressed` wrote.
///
/// # Errors
/// [`Error::Unreadable`](crate::Error::Unreadable) if the file cannot be opened, if it is no such archive, or if its
/// arrays do not fit together or are not finite.
pub fn read_npz(path: impl AsRef<Path>) -> Result<Vec<MultiVector>> {
    let path = path.as_ref();
    let file = File::open(path).map_err(FileError::Io).map_err(unreadable(path))?;
    read(BufReader::new(file)).map_err(unreadable(path))
}

pub(super) fn write(file: impl Write + Seek, stack: &Stack<'_>) -> Result<(), FileError> {
    let mut archive = ZipWriter::new(file);
    let embeddings = npy::header(NumberType::F32, &[stack.rows as u64, stack.dim as u64]);
    start(&mut archive, EMBEDDINGS, embeddings.len() + stack.embeddings_size())?;
    archive.write_all(&embeddings).and_then(|()| stack.write_embeddings(&mut archive)).map_err(FileError::Io)?;

    let offsets = [npy::header(NumberType::I64, &[stack.offsets.len() as u64]), stack.offsets_bytes()].concat();
    start(&mut archive, OFFSETS, offsets.len())?;
    archive.write_all(&offsets).map_err(FileError::Io)?;
    let mut file = archive.finish().map_err(|error| FileError::Archive(error.into()))?;
    file.flush().map_err(FileError::Io)
}

/// Begins the entry of an array of so many bytes.
fn start(archive: &mut ZipWriter<impl Write + Seek>, name: &str, bytes: usize) -> Result<(), FileError> {
    let large = u32::try_from(bytes).is_err();
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(large);
    archive.start_file(format!("{name}.npy"), options).map_err(|error| FileError::Archive(error.into()))
}

pub(super) fn read(file: impl Read + Seek) -> Result<Vec<MultiVector>, FileError> {
    let mut archive = ZipArchive::new(file).map_err(|error| FileError::Archive(error.into()))?;
    let (bounds, mut entry) = open(&mut archive, OFFSETS, NumberType::I64)?;
    let mut offsets = Vec::new();
    entry.read_to_end(&mut offsets).map_err(|error| FileError::Array { name: OFFSETS, source: error.into() })?;
    drop(entry);
    let (rows, mut entry) = open(&mut archive, EMBEDDINGS, NumberType::F32)?;
    let documents = Parts::new(rows.shape(), bounds.shape(), &offsets)?.read(&mut entry)?;
    // The checksum is compared at the end.
    let rest = std::io::copy(&mut entry, &mut std::io::sink());
    rest.map_err(|error| FileError::Array { name: EMBEDDINGS, source: error.into() })?;
    Ok(documents)
}

/// The header of an array of this type, and its entry, from the array's values on.
fn open<'a, F: Read + Seek>(
    archive: &'a mut ZipArchive<F>,
    name: &'static str,
    expected: NumberType,
) -> Result<(Header, ZipFile<'a, F>), FileError> {
    let damaged = |error: std::io::Error| FileError::Array { name, source: error.into() };
    let mut entry =
        archive.by_name(&format!("{name}.npy")).map_err(|error| FileError::Array { name, source: error.into() })?;
    let length = usize::try_from(entry.size()).unwrap_or(usize::MAX);
    let header = Header::read(&mut entry, length)
        .map_err(damaged)?
        .map_err(|error| FileError::Array { name, source: error.into() })?;
    let found = header.number_type();
    if found != expected {
        return Err(FileError::Type { name, found: found.to_string(), expected });
    }
    Ok((header, entry))
}
