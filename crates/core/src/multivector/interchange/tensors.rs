//! The safetensors format.

use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};

use super::{EMBEDDINGS, OFFSETS, Stack, unreadable, unwritable};
use crate::multivector::MultiVector;
use crate::{BoxError, Error, Result};

/// Writes documents as the tensors `embeddings` and `offsets`.
///
/// # Errors
/// [`Error::Vector`] if the documents differ in width; [`Error::Io`] or [`Error::InvalidFile`] if
/// the file cannot be written.
pub fn write_safetensors(path: impl AsRef<Path>, documents: &[MultiVector]) -> Result<()> {
    let path = path.as_ref();
    let bytes = to_bytes(&Stack::new(documents)?).map_err(unwritable(path))?;
    std::fs::write(path, bytes).map_err(Error::io(path))
}

/// Reads documents that [`write_safetensors`] wrote.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read; [`Error::InvalidFile`] if it is no such file, or its
/// tensors do not fit together or are not finite.
pub fn read_safetensors(path: impl AsRef<Path>) -> Result<Vec<MultiVector>> {
    let path = path.as_ref();
    let bytes = std::fs::read(path).map_err(Error::io(path))?;
    from_bytes(&bytes).map_err(unreadable(path))
}

pub(super) fn to_bytes(stack: &Stack) -> Result<Vec<u8>, BoxError> {
    let (embeddings, offsets) = (stack.embeddings_bytes(), stack.offsets_bytes());
    let tensors = [
        (EMBEDDINGS, TensorView::new(Dtype::F32, vec![stack.rows, stack.dim], &embeddings)?),
        (OFFSETS, TensorView::new(Dtype::I64, vec![stack.offsets.len()], &offsets)?),
    ];
    Ok(serialize(tensors, None)?)
}

pub(super) fn from_bytes(bytes: &[u8]) -> Result<Vec<MultiVector>, BoxError> {
    let tensors = SafeTensors::deserialize(bytes)?;
    let tensor = |name: &str, dtype: Dtype| match tensors.tensor(name)? {
        tensor if tensor.dtype() == dtype => Ok::<_, BoxError>(tensor),
        tensor => Err(format!("`{name}` holds {:?}; it must hold {dtype:?}", tensor.dtype()).into()),
    };
    let (embeddings, offsets) = (tensor(EMBEDDINGS, Dtype::F32)?, tensor(OFFSETS, Dtype::I64)?);
    Stack::from_bytes((embeddings.shape(), embeddings.data()), (offsets.shape(), offsets.data()))?.into_documents()
}
