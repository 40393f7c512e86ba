//! The architectures: from texts to sparse vectors.

mod bm25;
#[cfg(feature = "onnx")]
mod bm42;
#[cfg(feature = "onnx")]
mod graph;
#[cfg(feature = "onnx")]
mod if_splade;
#[cfg(feature = "onnx")]
mod minicoil;
#[cfg(feature = "onnx")]
mod splade;

pub use bm25::Bm25Terms;
#[cfg(feature = "onnx")]
pub use bm42::Bm42Attention;
#[cfg(feature = "onnx")]
pub use if_splade::InferenceFreeSplade;
#[cfg(feature = "onnx")]
pub use minicoil::MiniCoilWords;
#[cfg(feature = "onnx")]
pub use splade::Splade;

use embedkit_core::{Error, ModelDescription, Purpose, Result};

/// Refuses a task that the row does not have a prompt for.
fn check_task(model: &ModelDescription, purpose: &Purpose) -> Result<()> {
    match purpose.task.as_ref().filter(|task| !model.prompts.contains_key(*task)) {
        Some(task) => Err(Error::option("task", format!("model {} has no task {task:?}", model.id))),
        None => Ok(()),
    }
}

/// Refuses a row without a graph.
#[cfg(feature = "onnx")]
fn check_graph(model: &ModelDescription) -> Result<()> {
    match model.model_file.is_empty() {
        true => Err(Error::manifest(&model.id, "`model-file` must name the graph")),
        false => Ok(()),
    }
}

/// Refuses parameters.
#[cfg(feature = "onnx")]
fn check_no_parameters(model: &ModelDescription) -> Result<()> {
    match model.parameters.is_empty() {
        true => Ok(()),
        false => Err(Error::manifest(&model.id, format!("{:?} models take no `parameters`", model.architecture))),
    }
}
