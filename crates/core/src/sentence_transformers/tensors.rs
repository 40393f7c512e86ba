//! Tensors of floats, from a module's weights.

use embedkit_vector::number::NumberType;
use safetensors::SafeTensors;

use crate::model::join;
use crate::{Error, ModelFiles, Result};

/// Reads tensors of floats from a module's `model.safetensors`, each of a known name; the shape is checked where it is
/// given.
///
/// # Errors
/// [`Error::MissingFile`] for weights that are absent, with what writes them where they are there as Python's own;
/// [`Error::InvalidFile`] for a tensor that is absent, of another shape, not of floats or not finite.
pub fn read_tensor(files: &ModelFiles, folder: &str, tensor: &str, shape: Option<&[usize]>) -> Result<Vec<f32>> {
    let name = join(folder, "model.safetensors");
    let pickled = join(folder, "pytorch_model.bin");
    if !files.has(&name) && files.has(&pickled) {
        return Err(Error::MissingFile {
            path: files.label(&name),
            needed_for: format!(
                "the weights are there as {pickled}, which is not read; this writes them, with Python: python -c \
                 \"import torch, safetensors.torch as s; s.save_file(torch.load('{}', weights_only=True), '{}')\"",
                files.label(&pickled).display(),
                files.label(&name).display()
            ),
        });
    }
    let (path, bytes) = (files.label(&name), files.read(&name)?);
    let wrong = |message: String| Error::file(&path, message);
    let tensors =
        SafeTensors::deserialize(&bytes).map_err(|e| Error::file_because(&path, "is not a safetensors file", e))?;
    let view = tensors.tensor(tensor).map_err(|_| wrong(format!("has no tensor `{tensor}`")))?;
    if let Some(shape) = shape.filter(|shape| *shape != view.shape() || shape.contains(&0)) {
        return Err(wrong(format!("`{tensor}` has shape {:?}, and should have {shape:?}", view.shape())));
    }
    let values = match NumberType::from_name(&view.dtype().to_string()) {
        Some(floats @ (NumberType::F64 | NumberType::F32 | NumberType::F16 | NumberType::Bf16)) => {
            floats.to_f32s(view.data())
        }
        _ => return Err(wrong(format!("`{tensor}` holds {}, which are no floats", view.dtype()))),
    };
    if values.iter().all(|value| value.is_finite()) {
        Ok(values)
    } else {
        Err(wrong(format!("`{tensor}` holds values that are not finite numbers")))
    }
}
