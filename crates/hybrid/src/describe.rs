//! Model folders that no row describes.

use embedkit_core::{GraphSearch, ModelDescription, ModelFiles, Quantization, Result};

use crate::FAMILY;
use crate::pipeline::ARCHITECTURE;

/// Describes a folder with a graph that gives the three outputs in their usual order.
pub(crate) fn describe(files: &ModelFiles) -> Result<ModelDescription> {
    let graph = files.find_graph(&GraphSearch::new("feature-extraction"))?;
    let mut model = ModelDescription::new(files.name(), FAMILY, ARCHITECTURE);
    model.normalize = true;
    model.quantization = if graph.contains("quantized") { Quantization::Dynamic } else { Quantization::None };
    model.model_file = graph;
    Ok(model)
}
