//! Windows of results as arrays of numpy's.

use numpy::{PyArray1, PyArrayMethods as _, ToPyArray as _};
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyInt, PySlice, PyString, PyTuple};

use crate::column::Columns;

/// Types of numbers that results are given in: those of the reference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Types {
    /// Whether dense vectors are of 16-bit floats.
    pub(crate) half: bool,
    pub(crate) sparse: SparseTypes,
}

/// Types of sparse vectors: indices and values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SparseTypes {
    /// 64-bit integers, 64-bit floats.
    #[default]
    Wide,
    /// 32-bit integers, 32-bit floats.
    Narrow,
    /// 64-bit integers, both.
    Counts,
}

/// A window's arrays, of which rows are views.
pub(crate) enum Arrays {
    /// `[rows, dim]`.
    Dense(Py<PyAny>),
    Sparse {
        ends: Vec<usize>,
        indices: Py<PyAny>,
        values: Py<PyAny>,
    },
    /// `[rows of all, dim]`.
    Multi {
        ends: Vec<usize>,
        values: Py<PyAny>,
    },
    Scores(Vec<f32>),
    Several(Vec<(&'static str, Arrays)>),
}

impl Arrays {
    /// The columns as arrays; numpy owns them, nothing is copied but for other types.
    pub(crate) fn new(py: Python<'_>, columns: Columns, types: Types) -> PyResult<Self> {
        Ok(match columns {
            Columns::Dense { dim, values } => {
                let vectors = matrix(PyArray1::from_vec(py, values), dim)?;
                Self::Dense(if types.half { vectors.call_method1(py, "astype", ("float16",))? } else { vectors })
            }
            Columns::Sparse { ends, indices, values } => {
                let (indices, values) = sparse(py, indices, values, types.sparse);
                Self::Sparse { ends, indices, values }
            }
            Columns::Multi { dim, ends, values } => {
                Self::Multi { ends, values: matrix(PyArray1::from_vec(py, values), dim)? }
            }
            Columns::Scores(scores) => Self::Scores(scores),
            Columns::Several(parts) => {
                // The reference has no such models.
                let types = Types { half: false, ..types };
                let parts = parts.into_iter().map(|(name, part)| Ok((name, Self::new(py, part, types)?)));
                Self::Several(parts.collect::<PyResult<_>>()?)
            }
        })
    }

    /// One row: a view, or a tuple of views, or a number. `sparse` and `several` make the package's own objects.
    pub(crate) fn row<'py>(&self, py: Python<'py>, row: usize, classes: &Classes) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Self::Dense(vectors) => vectors.bind(py).get_item(row),
            Self::Sparse { ends, indices, values } => {
                let range = range(py, ends, row)?;
                let (indices, values) = (indices.bind(py).get_item(&range)?, values.bind(py).get_item(&range)?);
                classes.sparse(py)?.call1((values, indices))
            }
            Self::Multi { ends, values } => values.bind(py).get_item(range(py, ends, row)?),
            Self::Scores(scores) => Ok(PyFloat::new(py, f64::from(scores[row])).into_any()),
            Self::Several(parts) => {
                let parts = parts.iter().map(|(_, part)| part.row(py, row, classes));
                let parts: Vec<_> = parts.collect::<PyResult<_>>()?;
                classes.several(py)?.call1(PyTuple::new(py, parts)?)
            }
        }
    }

    /// The whole window; the tuple `(ends, …)` of kinds whose rows have no one length.
    pub(crate) fn whole<'py>(self, py: Python<'py>, classes: &Classes) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Self::Dense(vectors) => Ok(vectors.into_bound(py)),
            Self::Scores(scores) => {
                let scores: Vec<f64> = scores.into_iter().map(f64::from).collect();
                Ok(PyArray1::from_vec(py, scores).into_any())
            }
            Self::Sparse { ends, indices, values } => {
                classes.get(py, "SparseBatch")?.call1((offsets(py, &ends), indices, values))
            }
            Self::Multi { ends, values } => classes.get(py, "MultiVectorBatch")?.call1((offsets(py, &ends), values)),
            Self::Several(parts) => {
                let parts = parts.into_iter().map(|(_, part)| part.whole(py, classes));
                let parts: Vec<_> = parts.collect::<PyResult<_>>()?;
                classes.several(py)?.call1(PyTuple::new(py, parts)?)
            }
        }
    }
}

fn matrix<T: numpy::Element>(values: Bound<'_, PyArray1<T>>, dim: usize) -> PyResult<Py<PyAny>> {
    use numpy::PyUntypedArrayMethods as _;
    let rows = values.len().checked_div(dim).unwrap_or(0);
    Ok(values.reshape([rows, dim])?.into_any().unbind())
}

fn sparse(py: Python<'_>, indices: Vec<u32>, values: Vec<f32>, types: SparseTypes) -> (Py<PyAny>, Py<PyAny>) {
    // Indices of `Narrow` models stay below 2³¹.
    let narrow = |index: u32| i32::try_from(index).unwrap_or(i32::MAX);
    let wide = |indices: Vec<u32>| indices.into_iter().map(i64::from).collect::<Vec<_>>();
    let (indices, values) = match types {
        SparseTypes::Narrow => {
            let indices: Vec<i32> = indices.into_iter().map(narrow).collect();
            (PyArray1::from_vec(py, indices).into_any(), PyArray1::from_vec(py, values).into_any())
        }
        SparseTypes::Wide => {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            (PyArray1::from_vec(py, wide(indices)).into_any(), PyArray1::from_vec(py, values).into_any())
        }
        #[allow(clippy::cast_possible_truncation, reason = "they are ones")]
        SparseTypes::Counts => {
            let values: Vec<i64> = values.into_iter().map(|value| value as i64).collect();
            (PyArray1::from_vec(py, wide(indices)).into_any(), PyArray1::from_vec(py, values).into_any())
        }
    };
    (indices.unbind(), values.unbind())
}

fn range<'py>(py: Python<'py>, ends: &[usize], row: usize) -> PyResult<Bound<'py, PySlice>> {
    let start = row.checked_sub(1).map_or(0, |before| ends[before]);
    let bound =
        |at: usize| isize::try_from(at).map_err(|_| pyo3::exceptions::PyOverflowError::new_err("too many rows"));
    Ok(PySlice::new(py, bound(start)?, bound(ends[row])?, 1))
}

/// Where rows begin and end: one number more than there are rows.
fn offsets<'py>(py: Python<'py>, ends: &[usize]) -> Bound<'py, PyArray1<i64>> {
    let ends = ends.iter().map(|end| i64::try_from(*end).unwrap_or(i64::MAX));
    std::iter::once(0).chain(ends).collect::<Vec<i64>>().to_pyarray(py)
}

/// The package's own classes, looked up once a run.
#[derive(Default)]
pub(crate) struct Classes {
    sparse: std::sync::OnceLock<Py<PyAny>>,
    several: std::sync::OnceLock<Py<PyAny>>,
}

impl Classes {
    fn get<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        py.import("embedkit_rs.results")?.getattr(name)
    }

    fn sparse<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        self.kept(py, &self.sparse, "SparseEmbedding")
    }

    fn several<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        self.kept(py, &self.several, "HybridEmbeddings")
    }

    fn kept<'py, 's>(
        &'s self,
        py: Python<'py>,
        place: &'s std::sync::OnceLock<Py<PyAny>>,
        name: &str,
    ) -> PyResult<&'s Bound<'py, PyAny>> {
        if let Some(class) = place.get() {
            return Ok(class.bind(py));
        }
        let class = self.get(py, name)?.unbind();
        Ok(place.get_or_init(|| class).bind(py))
    }
}

/// A failed row among others: where it stood, and why.
pub(crate) fn failure<'py>(py: Python<'py>, position: usize, message: &str) -> PyResult<Bound<'py, PyTuple>> {
    PyTuple::new(py, [PyInt::new(py, position).into_any(), PyString::new(py, message).into_any()])
}
