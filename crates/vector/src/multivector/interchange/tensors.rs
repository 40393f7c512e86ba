//! The safetensors format: the length of a header, the header in JSON, and the tensors' bytes.
//!
//! The library reads and writes headers; it would have whole tensors in memory.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use safetensors::tensor::{Metadata, TensorInfo};

use super::arrays::{self, Arrays};
use super::stack::Stack;
use super::{unreadable, unwritable};
use crate::file_error::FileError;
use crate::multivector::{Element, MultiVector};
use crate::number::NumberType;
use crate::{Result, file};

/// The longest header that is read, as the library's.
const LONGEST_HEADER: u64 = 100_000_000;

/// Writes documents as they are stored: tensors `embeddings`, `offsets` and, of rows in 8 bits, `scales`, of bits, `dim`.
///
/// # Errors
/// [`Error::Width`](crate::Error::Width) if the documents differ in width;
/// [`Error::Unwritable`](crate::Error::Unwritable).
pub fn write_safetensors<E: Element>(path: impl AsRef<Path>, documents: &[MultiVector<E>]) -> Result<()> {
    let path = path.as_ref();
    let stack = Stack::new(documents)?;
    file::replace(path, |file| write(BufWriter::new(file), &stack)).map_err(unwritable(path))
}

/// Reads documents that [`write_safetensors`] wrote.
///
/// # Errors
/// [`Error::Unreadable`](crate::Error::Unreadable) if the file cannot be read, if it is no such file, if its rows
/// are stored as another type than `E`, or if its tensors do not fit together or are not finite.
pub fn read_safetensors<E: Element>(path: impl AsRef<Path>) -> Result<Vec<MultiVector<E>>> {
    let path = path.as_ref();
    let file = File::open(path).map_err(FileError::Io).map_err(unreadable(path))?;
    read(BufReader::new(file)).map_err(unreadable(path))
}

pub(super) fn write<E: Element>(mut file: impl Write, stack: &Stack<'_, E>) -> Result<(), FileError> {
    let arrays = stack.arrays();
    let mut tensors = Vec::new();
    let mut from = 0;
    for array in &arrays {
        let to = from + array.size();
        let dtype = serde_json::from_value(array.number_type.name().into());
        let dtype = dtype.map_err(|error| FileError::Safetensors(error.into()))?;
        let info = TensorInfo { dtype, shape: array.shape.clone(), data_offsets: (from, to) };
        tensors.push((array.name.to_owned(), info));
        from = to;
    }
    let metadata = Metadata::new(None, tensors).map_err(|error| FileError::Safetensors(error.into()))?;
    let mut header = serde_json::to_vec(&metadata).map_err(|error| FileError::Safetensors(error.into()))?;
    header.resize(header.len().next_multiple_of(8), b' ');
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(&header)?;
    for bytes in arrays.into_iter().flat_map(|array| array.bytes) {
        file.write_all(&bytes)?;
    }
    Ok(file.flush()?)
}

pub(super) fn read<E: Element>(mut file: impl Read + Seek) -> Result<Vec<MultiVector<E>>, FileError> {
    let (metadata, start) = header(&mut file)?;
    arrays::read(Tensors { file, metadata, start })
}

/// A file whose tensors are arrays.
struct Tensors<F> {
    file: F,
    metadata: Metadata,
    /// Where the tensors start.
    start: u64,
}

impl<F: Read + Seek> Arrays for Tensors<F> {
    fn open(&mut self, name: &'static str, expected: NumberType) -> Result<(Vec<usize>, impl Read), FileError> {
        let info = self
            .metadata
            .info(name)
            .ok_or_else(|| FileError::Array { name, source: "there is no tensor of this name".into() })?;
        let found = info.dtype.to_string();
        if NumberType::from_name(&found) != Some(expected) {
            return Err(FileError::Type { name, found, expected });
        }
        let (from, to) = info.data_offsets;
        self.file.seek(SeekFrom::Start(self.start + from as u64))?;
        Ok((info.shape.clone(), self.file.by_ref().take((to - from) as u64)))
    }
}

/// The header, checked against the file's length, and where the tensors start.
fn header(file: &mut (impl Read + Seek)) -> Result<(Metadata, u64), FileError> {
    let damaged = |why: &'static str| FileError::Safetensors(why.into());
    let length = file.seek(SeekFrom::End(0)).map_err(FileError::Io)?;
    file.rewind().map_err(FileError::Io)?;
    let mut size = [0; 8];
    file.read_exact(&mut size).map_err(|_| damaged("it ends before its header"))?;
    let size = u64::from_le_bytes(size);
    if size > LONGEST_HEADER || size + 8 > length {
        return Err(damaged("its header is longer than it, or than any"));
    }
    let mut json = Vec::new();
    file.by_ref().take(size).read_to_end(&mut json).map_err(FileError::Io)?;
    let metadata: Metadata = serde_json::from_slice(&json).map_err(|error| FileError::Safetensors(error.into()))?;
    if size + 8 + metadata.data_len() as u64 != length {
        return Err(damaged("its tensors are not as long as its header says"));
    }
    Ok((metadata, size + 8))
}
