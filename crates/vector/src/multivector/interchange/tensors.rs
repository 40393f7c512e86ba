//! The safetensors format: the length of a header, the header in JSON, and the tensors' bytes.
//!
//! The library reads and writes headers; it would have whole tensors in memory.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use super::{EMBEDDINGS, FileError, OFFSETS, Parts, Stack, unreadable, unwritable};
use crate::multivector::MultiVector;
use crate::number::NumberType;
use crate::{Result, file};

/// The longest header that is read, as the library's.
const LONGEST_HEADER: u64 = 100_000_000;

/// Writes documents as the tensors `embeddings` and `offsets`.
///
/// # Errors
/// [`Error::Width`](crate::Error::Width) if the documents differ in width;
/// [`Error::Unwritable`](crate::Error::Unwritable).
pub fn write_safetensors(path: impl AsRef<Path>, documents: &[MultiVector]) -> Result<()> {
    let path = path.as_ref();
    let stack = Stack::new(documents)?;
    file::replace(path, |file| write(BufWriter::new(file), &stack)).map_err(unwritable(path))
}

/// Reads documents that [`write_safetensors`] wrote.
///
/// # Errors
/// [`Error::Unreadable`](crate::Error::Unreadable) if the file cannot be read, if it is no such file, or if its
/// tensors do not fit together or are not finite.
pub fn read_safetensors(path: impl AsRef<Path>) -> Result<Vec<MultiVector>> {
    let path = path.as_ref();
    let file = File::open(path).map_err(FileError::Io).map_err(unreadable(path))?;
    read(BufReader::new(file)).map_err(unreadable(path))
}

pub(super) fn write(mut file: impl Write, stack: &Stack<'_>) -> Result<(), FileError> {
    // The wider type first, so that both are aligned.
    let (offsets, embeddings) = (stack.offsets_bytes(), stack.embeddings_size());
    let tensor = |dtype, shape, from, size| TensorInfo { dtype, shape, data_offsets: (from, from + size) };
    let tensors = vec![
        (OFFSETS.to_owned(), tensor(Dtype::I64, vec![stack.offsets.len()], 0, offsets.len())),
        (EMBEDDINGS.to_owned(), tensor(Dtype::F32, vec![stack.rows, stack.dim], offsets.len(), embeddings)),
    ];
    let metadata = Metadata::new(None, tensors).map_err(|error| FileError::Safetensors(error.into()))?;
    let mut header = serde_json::to_vec(&metadata).map_err(|error| FileError::Safetensors(error.into()))?;
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut whole = || {
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(&header)?;
        file.write_all(&offsets)?;
        stack.write_embeddings(&mut file)?;
        file.flush()
    };
    whole().map_err(FileError::Io)
}

pub(super) fn read(mut file: impl Read + Seek) -> Result<Vec<MultiVector>, FileError> {
    let (metadata, start) = header(&mut file)?;
    let info = |name: &'static str, expected: NumberType| {
        let info = metadata
            .info(name)
            .ok_or_else(|| FileError::Array { name, source: "there is no tensor of this name".into() })?;
        let found = info.dtype.to_string();
        if NumberType::from_name(&found) == Some(expected) {
            Ok(info)
        } else {
            Err(FileError::Type { name, found, expected })
        }
    };
    let (embeddings, offsets) = (info(EMBEDDINGS, NumberType::F32)?, info(OFFSETS, NumberType::I64)?);
    let mut bytes = Vec::new();
    let (from, to) = offsets.data_offsets;
    file.seek(SeekFrom::Start(start + from as u64)).map_err(FileError::Io)?;
    file.by_ref().take((to - from) as u64).read_to_end(&mut bytes).map_err(FileError::Io)?;
    let parts = Parts::new(&embeddings.shape, &offsets.shape, &bytes)?;
    file.seek(SeekFrom::Start(start + embeddings.data_offsets.0 as u64)).map_err(FileError::Io)?;
    parts.read(file)
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
