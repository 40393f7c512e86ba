//! Model folders that no row describes.

use embedkit_core::{Error, ModelDescription, ModelFiles, Quantization, Result};

use crate::FAMILY;
use crate::pipeline::ARCHITECTURE;

/// Where exports put the graph, best first.
const GRAPHS: [&str; 4] = ["model.onnx", "onnx/model.onnx", "model_quantized.onnx", "onnx/model_quantized.onnx"];

/// Describes a folder with a graph that gives the three outputs in their usual order.
pub(crate) fn describe(files: &ModelFiles) -> Result<ModelDescription> {
    let Some(graph) = GRAPHS.into_iter().find(|graph| files.has(graph)) else {
        return Err(Error::MissingFile {
            path: files.label(GRAPHS[0]),
            needed_for: format!("a hybrid model's folder has one of {}", GRAPHS.join(", ")),
        });
    };
    let id = files.root().and_then(|root| root.file_name()).and_then(|name| name.to_str()).unwrap_or("model");
    let mut model = ModelDescription::new(id, FAMILY, ARCHITECTURE);
    model.normalize = true;
    model.quantization = if graph.contains("quantized") { Quantization::Dynamic } else { Quantization::None };
    model.model_file = graph.to_owned();
    Ok(model)
}
