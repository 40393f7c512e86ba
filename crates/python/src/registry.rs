//! Which models there are.

use std::collections::BTreeSet;

use embedkit::{Error, ModelDescription, ModelFilter, Registry};
use pyo3::prelude::*;

use crate::error::Raise as _;

/// The rows of a family, as JSON, in the catalogue's order.
#[pyfunction]
pub(crate) fn list_models(py: Python<'_>, family: String) -> PyResult<Vec<String>> {
    let mut filter = ModelFilter::default();
    filter.family = Some(family);
    let rows = Registry::global().list(&filter);
    rows.iter().map(|row| to_json(row)).collect::<embedkit::Result<_>>().or_raise(py)
}

/// A row as JSON; its keys are those of manifests.
pub(crate) fn to_json(row: &ModelDescription) -> embedkit::Result<String> {
    serde_json::to_string(row).map_err(|error| Error::manifest(&row.id, error.to_string()))
}

/// Adds a row, given as JSON.
#[pyfunction]
pub(crate) fn add_row(py: Python<'_>, row: &str) -> PyResult<()> {
    let added = serde_json::from_str::<ModelDescription>(row)
        .map_err(|error| Error::manifest("the row", error.to_string()))
        .and_then(|row| Registry::global().register(row));
    added.or_raise(py)
}

/// Takes a row out; whether it was there.
#[pyfunction]
pub(crate) fn remove_model(family: &str, id: &str) -> bool {
    Registry::global().remove(family, id)
}

/// The stop words of a language that are compiled in; none for languages without a list.
#[pyfunction]
pub(crate) fn stop_words(language: &str) -> Vec<&'static str> {
    embedkit::sparse::text::stop_words(language).unwrap_or_default().to_vec()
}

/// The families that have a model of this id.
#[pyfunction]
pub(crate) fn model_families(id: &str) -> Vec<String> {
    let rows = Registry::global().find_all(id);
    rows.iter().map(|row| row.family.clone()).collect::<BTreeSet<_>>().into_iter().collect()
}
