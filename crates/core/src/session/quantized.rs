//! Graphs whose weights are brought to fewer bits when they are loaded.

use embedkit_onnx::{Quantized, quantize};

use super::external::External;
use crate::{Error, ModelDescription, ModelFiles, Quantization, Result};

/// What a graph's 32-bit weights are brought to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WeightQuantization {
    /// Signed 8-bit integers, a scale for each column; activations are brought to 8 bits while the graph runs.
    Int8,
}

/// A model's graph with its weights brought to fewer bits: the whole file.
///
/// # Errors
/// A graph that is absent, quantised already or not understood, and weights that cannot be read.
pub fn quantize_files(files: &ModelFiles, graph: &str, weights: WeightQuantization) -> Result<Quantized> {
    let WeightQuantization::Int8 = weights;
    let bytes = files.open(graph, true)?;
    let external = External::open(files, graph, &bytes, true)?;
    quantize(&bytes, |name| external.bytes(name))
        .map_err(|error| Error::file_because(files.label(graph), "cannot be quantised", error))
}

/// Checks that a row has a graph whose weights could be brought to fewer bits.
///
/// # Errors
/// [`Error::InvalidOption`] for one that runs none.
pub(crate) fn check_quantizable(model: &ModelDescription) -> Result<()> {
    if model.model_file.ends_with(".onnx") {
        return Ok(());
    }
    Err(Error::option("quantize", format!("model {} runs no graph, and has no use for it", model.id)))
}

/// A row and its files with the graph's weights brought to fewer bits.
///
/// # Errors
/// [`Error::InvalidOption`] where [`quantize_files`] fails.
pub(crate) fn quantized(
    mut model: ModelDescription,
    files: ModelFiles,
    weights: WeightQuantization,
) -> Result<(ModelDescription, ModelFiles)> {
    let Quantized { bytes, products, tables, .. } = quantize_files(&files, &model.model_file, weights)
        .map_err(|error| Error::option("quantize", format!("model {}: {}", model.id, error.report())))?;
    tracing::info!(model = model.id, products, tables, "the graph's weights were quantised");
    model.quantization = Quantization::Dynamic;
    let files = files.with_file(&model.model_file, bytes);
    Ok((model, files))
}
