//! The compiled half of the Python package `embedkit_rs`.
//!
//! Classes here are private to the package, whose public classes are thin Python classes over them. Nothing is computed
//! here: `run.rs` is how a run goes on beside the interpreter, `column.rs` how results are kept, and the rest turns
//! Python's objects into the library's and back.

mod arrow;
mod batches;
mod bm25;
mod column;
mod embeddings;
mod error;
mod input;
mod load;
mod log;
mod model;
mod options;
mod output;
mod progress;
mod pull;
mod registry;
mod run;
mod vectors;
mod windows;

use pyo3::prelude::*;

/// Finds what is used of numpy's: at the end of a process, where a destructor may use it first, nothing is found any more.
fn touch_numpy(py: Python<'_>) {
    use numpy::PyArrayMethods as _;

    drop(numpy::PyArray1::<f32>::from_vec(py, Vec::new()).readonly());
}

/// Compiled classes; the public ones are in the Python package.
#[pymodule(gil_used = false)]
mod _embedkit {
    #[pymodule_export]
    use crate::batches::Batches;
    #[pymodule_export]
    use crate::bm25::{stem, term_index};
    #[pymodule_export]
    use crate::embeddings::Embeddings;
    #[pymodule_export]
    use crate::model::Model;
    #[pymodule_export]
    use crate::registry::{add_row, list_models, model_families, remove_model, stop_words};
    #[pymodule_export]
    use crate::vectors::{MaxSim, Muvera};

    #[pymodule_init]
    fn init(module: &pyo3::Bound<'_, pyo3::types::PyModule>) -> pyo3::PyResult<()> {
        use pyo3::types::PyModuleMethods;

        crate::log::listen();
        crate::touch_numpy(module.py());
        module.add("VERSION", env!("CARGO_PKG_VERSION"))
    }
}
