//! numpy's archive of arrays.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{Array, EMBEDDINGS, FileError, OFFSETS, Stack, unreadable, unwritable};
use crate::Result;
use crate::multivector::MultiVector;
use crate::npy::{self, Header};
use crate::number::NumberType;

/// Writes documents that `numpy.load` reads: arrays `embeddings` and `offsets`, not compressed.
///
/// # Errors
/// [`Error::Width`](crate::Error::Width) if the documents differ in width;
/// [`Error::Unwritable`](crate::Error::Unwritable).
pub fn write_npz(path: impl AsRef<Path>, documents: &[MultiVector]) -> Result<()> {
    let path = path.as_ref();
    let stack = Stack::new(documents)?;
    let file = File::create(path).map_err(FileError::Io).map_err(unwritable(path))?;
    write(BufWriter::new(file), &stack).map_err(unwritable(path))
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

pub(super) fn write(file: impl Write + Seek, stack: &Stack) -> Result<(), FileError> {
    let embeddings = (NumberType::F32, vec![stack.rows as u64, stack.dim as u64], stack.embeddings_bytes());
    let offsets = (NumberType::I64, vec![stack.offsets.len() as u64], stack.offsets_bytes());
    let mut archive = ZipWriter::new(file);
    for (name, (number_type, shape, data)) in [(EMBEDDINGS, embeddings), (OFFSETS, offsets)] {
        let header = npy::header(number_type, &shape);
        let large = u32::try_from(header.len() + data.len()).is_err();
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(large);
        archive.start_file(format!("{name}.npy"), options).map_err(|error| FileError::Archive(error.into()))?;
        archive.write_all(&header).and_then(|()| archive.write_all(&data)).map_err(FileError::Io)?;
    }
    let mut file = archive.finish().map_err(|error| FileError::Archive(error.into()))?;
    file.flush().map_err(FileError::Io)
}

pub(super) fn read(file: impl Read + Seek) -> Result<Vec<MultiVector>, FileError> {
    let mut archive = ZipArchive::new(file).map_err(|error| FileError::Archive(error.into()))?;
    let mut entry = |name: &'static str| {
        let mut bytes = Vec::new();
        let mut entry =
            archive.by_name(&format!("{name}.npy")).map_err(|error| FileError::Array { name, source: error.into() })?;
        entry.read_to_end(&mut bytes).map_err(|error| FileError::Array { name, source: error.into() })?;
        Ok::<_, FileError>(bytes)
    };
    let (embeddings, offsets) = (entry(EMBEDDINGS)?, entry(OFFSETS)?);
    let rows = header(EMBEDDINGS, NumberType::F32, &embeddings)?;
    let bounds = header(OFFSETS, NumberType::I64, &offsets)?;
    let embeddings = Array { shape: rows.shape(), bytes: &embeddings[rows.values()] };
    let offsets = Array { shape: bounds.shape(), bytes: &offsets[bounds.values()] };
    Stack::from_arrays(&embeddings, &offsets)?.into_documents()
}

/// The header of an array of this type.
fn header(name: &'static str, expected: NumberType, bytes: &[u8]) -> Result<Header, FileError> {
    let header = Header::parse(bytes).map_err(FileError::array(name))?;
    let found = header.number_type();
    if found != expected {
        return Err(FileError::Type { name, found: found.to_string(), expected });
    }
    Ok(header)
}
