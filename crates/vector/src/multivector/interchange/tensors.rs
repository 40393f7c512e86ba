//! The safetensors format.

use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};

use super::{Array, EMBEDDINGS, FileError, OFFSETS, Stack, unreadable, unwritable};
use crate::Result;
use crate::multivector::MultiVector;
use crate::number::NumberType;

/// Writes documents as the tensors `embeddings` and `offsets`.
///
/// # Errors
/// [`Error::Width`](crate::Error::Width) if the documents differ in width;
/// [`Error::Unwritable`](crate::Error::Unwritable).
pub fn write_safetensors(path: impl AsRef<Path>, documents: &[MultiVector]) -> Result<()> {
    let path = path.as_ref();
    let bytes = to_bytes(&Stack::new(documents)?).map_err(unwritable(path))?;
    std::fs::write(path, bytes).map_err(FileError::Io).map_err(unwritable(path))
}

/// Reads documents that [`write_safetensors`] wrote.
///
/// # Errors
/// [`Error::Unreadable`](crate::Error::Unreadable) if the file cannot be read, if it is no such file, or if its
/// tensors do not fit together or are not finite.
pub fn read_safetensors(path: impl AsRef<Path>) -> Result<Vec<MultiVector>> {
    let path = path.as_ref();
    let bytes = std::fs::read(path).map_err(FileError::Io).map_err(unreadable(path))?;
    from_bytes(&bytes).map_err(unreadable(path))
}

pub(super) fn to_bytes(stack: &Stack) -> Result<Vec<u8>, FileError> {
    let (embeddings, offsets) = (stack.embeddings_bytes(), stack.offsets_bytes());
    let tensors = || {
        let embeddings = TensorView::new(Dtype::F32, vec![stack.rows, stack.dim], &embeddings)?;
        let offsets = TensorView::new(Dtype::I64, vec![stack.offsets.len()], &offsets)?;
        serialize([(EMBEDDINGS, embeddings), (OFFSETS, offsets)], None)
    };
    tensors().map_err(|error| FileError::Safetensors(error.into()))
}

pub(super) fn from_bytes(bytes: &[u8]) -> Result<Vec<MultiVector>, FileError> {
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| FileError::Safetensors(error.into()))?;
    let tensor = |name: &'static str, expected: NumberType| {
        let tensor = tensors.tensor(name).map_err(|error| FileError::Array { name, source: error.into() })?;
        let found = tensor.dtype().to_string();
        if NumberType::from_name(&found) == Some(expected) {
            Ok(tensor)
        } else {
            Err(FileError::Type { name, found, expected })
        }
    };
    let (embeddings, offsets) = (tensor(EMBEDDINGS, NumberType::F32)?, tensor(OFFSETS, NumberType::I64)?);
    let embeddings = Array { shape: embeddings.shape(), bytes: embeddings.data() };
    let offsets = Array { shape: offsets.shape(), bytes: offsets.data() };
    Stack::from_arrays(&embeddings, &offsets)?.into_documents()
}
