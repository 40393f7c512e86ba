//! Columns of Arrow's, in and out by its C interface: no object of Python's for a row.

mod capsule;
mod encoding;
mod inputs;
mod lists;
mod outputs;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

pub(crate) use capsule::Column;
pub(crate) use encoding::Encoding;
pub(crate) use inputs::inputs;

use crate::column::Shape;
use crate::error;
use crate::run::{Event, Job, Run};
use inputs::ColumnInputs;
use outputs::Output;

/// Inputs that failed, by position, with what was said of them.
pub(crate) type Failures = Vec<(usize, String)>;

/// Embeds a column. With `nulls`, an input that fails is a null, as is an input that is one. Dense vectors are encoded.
pub(crate) fn embed(
    py: Python<'_>,
    job: Job,
    inputs: ColumnInputs,
    shape: &Shape,
    nulls: bool,
    encoding: Encoding,
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
    let (column, misfits) =
        py.detach(|| output.finish(shape, encoding)).map_err(|error| PyValueError::new_err(error.to_string()))?;
    for (position, misfit) in misfits {
        if !nulls {
            return Err(error::raised(py, &misfit, Some(position)));
        }
        failures.push((position, misfit.report()));
    }
    failures.sort_unstable_by_key(|(position, _)| *position);
    Ok((Column::new(column), failures))
}
