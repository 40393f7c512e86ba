//! Tensors of floats, from a module's weights.

use std::collections::HashMap;
use std::path::PathBuf;

use embedkit_vector::number::NumberType;
use safetensors::SafeTensors;

use super::stored::Stored;
use super::torch_file;
use crate::model::join;
use crate::{Error, ModelFiles, Result};

/// Where a module's weights are, best first.
const WEIGHTS: [&str; 2] = ["model.safetensors", "pytorch_model.bin"];

/// A module's tensors, by name.
pub(super) struct Tensors {
    path: PathBuf,
    by_name: HashMap<String, Stored>,
}

/// Whether the module in a folder has its weights there.
pub fn has_weights(files: &ModelFiles, folder: &str) -> bool {
    WEIGHTS.iter().any(|name| files.has(&join(folder, name)))
}

/// Reads a tensor of floats from a module's weights.
///
/// # Errors
/// [`Error::MissingFile`] for weights that are absent; [`Error::InvalidFile`] for a tensor that is absent, not of floats
/// or not finite.
pub fn read_tensor(files: &ModelFiles, folder: &str, tensor: &str) -> Result<Vec<f32>> {
    Tensors::read(files, folder)?.floats(tensor, None)
}

impl Tensors {
    /// Reads the weights in a module's folder: safetensors, else the file that `torch.save` writes.
    ///
    /// # Errors
    /// [`Error::MissingFile`] for no weights, [`Error::InvalidFile`] for a file of neither kind.
    pub(super) fn read(files: &ModelFiles, folder: &str) -> Result<Self> {
        let [safe, torch] = WEIGHTS.map(|name| join(folder, name));
        if !files.has(&safe) && files.has(&torch) {
            let path = files.label(&torch);
            let by_name = torch_file::read(&path, &files.read(&torch)?)?;
            return Ok(Self { path, by_name });
        }
        let (path, bytes) = (files.label(&safe), files.read(&safe)?);
        let tensors =
            SafeTensors::deserialize(&bytes).map_err(|e| Error::file_because(&path, "is not a safetensors file", e))?;
        let by_name = tensors.iter().map(|(name, tensor)| {
            let (dtype, shape, bytes) = (tensor.dtype(), tensor.shape().to_vec(), tensor.data().to_vec());
            (name.to_owned(), Stored { dtype, shape, bytes })
        });
        let by_name = by_name.collect();
        Ok(Self { path, by_name })
    }

    /// A tensor's values; its shape is checked where it is given.
    ///
    /// # Errors
    /// [`Error::InvalidFile`] for a tensor that is absent, of another shape, not of floats or not finite.
    pub(super) fn floats(&self, name: &str, shape: Option<&[usize]>) -> Result<Vec<f32>> {
        let wrong = |message: String| Error::file(&self.path, message);
        let tensor = self.by_name.get(name).ok_or_else(|| wrong(format!("has no tensor `{name}`")))?;
        if let Some(shape) = shape.filter(|shape| *shape != tensor.shape || shape.contains(&0)) {
            return Err(wrong(format!("`{name}` has shape {:?}, and should have {shape:?}", tensor.shape)));
        }
        let values = match NumberType::from_name(&tensor.dtype.to_string()) {
            Some(floats @ (NumberType::F64 | NumberType::F32 | NumberType::F16 | NumberType::Bf16)) => {
                floats.to_f32s(&tensor.bytes)
            }
            _ => return Err(wrong(format!("`{name}` holds {}, which are no floats", tensor.dtype))),
        };
        if values.iter().all(|value| value.is_finite()) {
            Ok(values)
        } else {
            Err(wrong(format!("`{name}` holds values that are not finite numbers")))
        }
    }

    /// The error that a tensor cannot be used.
    pub(super) fn because(&self, name: &str, cause: impl std::error::Error + Send + Sync + 'static) -> Error {
        Error::file_because(&self.path, format!("`{name}` cannot be used"), cause)
    }
}
