//! Columns of Arrow's, in and out by its C interface: no object of Python's for a row.

mod capsule;
mod inputs;
mod outputs;

use pyo3::prelude::*;

pub(crate) use capsule::Column;
pub(crate) use inputs::inputs;

use crate::column::Shape;
use crate::error;
use crate::run::{Event, Job, Run};
use inputs::ColumnInputs;
use outputs::Output;

/// Inputs that failed, by position, with what was said of them.
pub(crate) type Failures = Vec<(usize, String)>;

/// Embeds a column. With `nulls`, an input that fails is a null, as is an input that is one.
pub(crate) fn embed(
    py: Python<'_>,
    job: Job,
    inputs: ColumnInputs,
    shape: &Shape,
    nulls: bool,
) -> PyResult<(Column, Failures)> {
    let (positions, are_images) = (inputs.positions(), inputs.are_images());
    let mut output = Output::new(inputs.len());
    let mut run = Run::over(py, job, inputs)?;
    let (mut given, mut failures) = (0, Failures::new());
    loop {
        let window = match run.next(py)? {
            Event::Results(window) => window,
            Event::Wanting => continue,
            Event::Done => break,
        };
        crate::log::flush(py);
        if let Some(interrupt) = error::interrupt(py, &window.failures) {
            return Err(interrupt);
        }
        for (at, failure) in &window.failures {
            let position = positions[given + at];
            if !nulls {
                return Err(if are_images {
                    error::of_image(py, failure, position)
                } else {
                    error::raised(py, failure, Some(position))
                });
            }
            failures.push((position, failure.report()));
        }
        let places = &positions[given..given + window.inputs];
        given += window.inputs;
        py.detach(|| output.push(window, places));
    }
    let column = py.detach(|| output.finish(shape));
    Ok((Column::new(column.map_err(|error| pyo3::exceptions::PyValueError::new_err(error.to_string()))?), failures))
}
