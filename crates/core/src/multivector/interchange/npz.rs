//! numpy's archive of arrays.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{EMBEDDINGS, OFFSETS, Stack, npy, unreadable, unwritable};
use crate::multivector::MultiVector;
use crate::{BoxError, Error, Result};

/// Writes documents that `numpy.load` reads: arrays `embeddings` and `offsets`, not compressed.
///
/// # Errors
/// [`Error::Vector`] if the documents differ in width; [`Error::Io`] or [`Error::InvalidFile`] if
/// the file cannot be written.
pub fn write_npz(path: impl AsRef<Path>, documents: &[MultiVector]) -> Result<()> {
    let path = path.as_ref();
    let stack = Stack::new(documents)?;
    let file = BufWriter::new(File::create(path).map_err(Error::io(path))?);
    write(file, &stack).map_err(unwritable(path))
}

/// Reads documents that [`write_npz`] or numpy's `savez` or `savez_compressed` wrote.
///
/// # Errors
/// [`Error::Io`] if the file cannot be opened; [`Error::InvalidFile`] if it is no such archive, or
/// its arrays do not fit together or are not finite.
pub fn read_npz(path: impl AsRef<Path>) -> Result<Vec<MultiVector>> {
    let path = path.as_ref();
    let file = BufReader::new(File::open(path).map_err(Error::io(path))?);
    read(file).map_err(unreadable(path))
}

pub(super) fn write(file: impl Write + Seek, stack: &Stack) -> Result<(), BoxError> {
    let arrays = [
        (EMBEDDINGS, npy::header("<f4", &[stack.rows, stack.dim]), stack.embeddings_bytes()),
        (OFFSETS, npy::header("<i8", &[stack.offsets.len()]), stack.offsets_bytes()),
    ];
    let mut archive = ZipWriter::new(file);
    for (name, header, data) in arrays {
        let large = u32::try_from(header.len() + data.len()).is_err();
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(large);
        archive.start_file(format!("{name}.npy"), options)?;
        archive.write_all(&header)?;
        archive.write_all(&data)?;
    }
    archive.finish()?.flush()?;
    Ok(())
}

pub(super) fn read(file: impl Read + Seek) -> Result<Vec<MultiVector>, BoxError> {
    let mut archive = ZipArchive::new(file)?;
    let mut array = |name: &str| {
        let mut bytes = Vec::new();
        let read = archive.by_name(&format!("{name}.npy")).map_err(BoxError::from);
        read.and_then(|mut entry| Ok(entry.read_to_end(&mut bytes)?)).map_err(|error| format!("`{name}`: {error}"))?;
        Ok::<_, BoxError>(bytes)
    };
    let (embeddings, offsets) = (array(EMBEDDINGS)?, array(OFFSETS)?);
    let (shape, values) = npy::parse("<f4", 4, &embeddings).map_err(|error| format!("`{EMBEDDINGS}`: {error}"))?;
    let (count, bounds) = npy::parse("<i8", 8, &offsets).map_err(|error| format!("`{OFFSETS}`: {error}"))?;
    Stack::from_bytes((&shape, values), (&count, bounds))?.into_documents()
}
