//! What is done with multi-vectors: MaxSim and MUVERA.

use embedkit::multivector::{MaxSim as Scorer, MultiVector, Muvera as Encoder};
use embedkit::vector::{Error, top_k};
use numpy::{Element, PyArray1, PyReadonlyArray2, ToPyArray as _};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::error::Raise as _;

/// Numbers of the documents that are copied and scored together, about: what is copied stays small, and an interrupt is seen.
const TOGETHER: usize = 1 << 22;

/// The kinds of numpy's types that it makes floats of though they are none: texts, dates and times, complex numbers.
const NO_NUMBERS: &str = "SUTMmc";

/// Scores documents against one query: for each of its rows the best dot product with any of the document's, summed.
#[pyclass(frozen, module = "embedkit_rs._embedkit")]
pub(crate) struct MaxSim {
    scorer: Scorer,
}

#[pymethods]
impl MaxSim {
    #[new]
    #[pyo3(signature = (query, *, mean = false))]
    fn new(query: &Bound<'_, PyAny>, mean: bool) -> PyResult<Self> {
        let scorer = Scorer::new(&multi_vector(query)?).map_err(embedkit::Error::from).or_raise(query.py())?;
        Ok(Self { scorer: if mean { scorer.mean() } else { scorer } })
    }

    /// The score of each document, `[documents]`.
    fn scores<'py>(&self, documents: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray1<f32>>> {
        Ok(self.scored(documents)?.to_pyarray(documents.py()))
    }

    /// The `k` best documents, as `(position, score)`, best first.
    fn top_k(&self, documents: &Bound<'_, PyAny>, k: usize) -> PyResult<Vec<(usize, f32)>> {
        let best = top_k(self.scored(documents)?, k);
        Ok(best.into_iter().map(|scored| (scored.index, scored.score)).collect())
    }
}

impl MaxSim {
    fn scored(&self, documents: &Bound<'_, PyAny>) -> PyResult<Vec<f32>> {
        let (mut scores, mut together, mut numbers) = (Vec::new(), Vec::new(), 0);
        let py = documents.py();
        for (at, document) in documents.try_iter()?.enumerate() {
            let document = multi_vector(&document?).map_err(|failure| of_document(py, at, failure))?;
            numbers += document.as_slice().len();
            together.push(document);
            if numbers >= TOGETHER {
                self.score_more(py, &mut scores, &together)?;
                (together, numbers) = (Vec::new(), 0);
            }
        }
        self.score_more(py, &mut scores, &together)?;
        Ok(scores)
    }

    fn score_more(&self, py: Python<'_>, scores: &mut Vec<f32>, documents: &[MultiVector]) -> PyResult<()> {
        let before = scores.len();
        let more = py.detach(|| self.scorer.scores(documents)).map_err(|error| match error {
            Error::At { part, at, error } => Error::At { part, at: before + at, error },
            error => error,
        });
        scores.extend(more.map_err(embedkit::Error::from).or_raise(py)?);
        py.check_signals()
    }
}

/// Multi-vectors as single vectors of a fixed length.
#[pyclass(frozen, module = "embedkit_rs._embedkit")]
pub(crate) struct Muvera {
    encoder: Encoder,
    dim: usize,
}

#[pymethods]
impl Muvera {
    #[new]
    fn new(py: Python<'_>, dim: usize, k_sim: u32, dim_proj: usize, r_reps: usize, random_seed: u64) -> PyResult<Self> {
        let builder = Encoder::builder(dim).k_sim(k_sim).dim_proj(dim_proj).r_reps(r_reps).random_seed(random_seed);
        Ok(Self { encoder: builder.build().map_err(embedkit::Error::from).or_raise(py)?, dim })
    }

    #[getter]
    fn embedding_size(&self) -> usize {
        self.encoder.embedding_size()
    }

    fn process<'py>(
        &self,
        vectors: &Bound<'py, PyAny>,
        fill_empty_clusters: bool,
        normalize_by_count: bool,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let py = vectors.py();
        let rows = as_floats::<f64>(vectors)?;
        let rows = rows.as_array();
        if rows.ncols() != self.dim {
            let (width, dim) = (rows.ncols(), self.dim);
            return Err(PyValueError::new_err(format!("the vectors have {width} dimensions, and the encoder {dim}")));
        }
        let rows: Vec<f64> = rows.iter().copied().collect();
        let encoding = py.detach(|| self.encoder.process_rows(&rows, fill_empty_clusters, normalize_by_count));
        Ok(encoding.map_err(embedkit::Error::from).or_raise(py)?.to_pyarray(py))
    }
}

/// Rows of floats.
fn multi_vector(object: &Bound<'_, PyAny>) -> PyResult<MultiVector> {
    let rows = as_floats::<f32>(object)?;
    let rows = rows.as_array();
    // Where there are no rows, it does not matter how wide they would be.
    let dim = if rows.nrows() == 0 { rows.ncols().max(1) } else { rows.ncols() };
    let vector = MultiVector::new(dim, rows.iter().copied().collect());
    vector.map_err(embedkit::Error::from).or_raise(object.py())
}

/// What is wrong with one document of many, with its position; of what is no error of its values, such as an interrupt, it is
/// not said.
fn of_document(py: Python<'_>, at: usize, failure: PyErr) -> PyErr {
    if !(failure.is_instance_of::<PyValueError>(py) || failure.is_instance_of::<PyTypeError>(py)) {
        return failure;
    }
    let named = failure.get_type(py).call1((format!("document {at}: {}", failure.value(py)),));
    named.map_or(failure, PyErr::from_value)
}

/// An array of this type, of any numbers, also as lists of lists.
fn as_floats<'py, T: Element>(object: &Bound<'py, PyAny>) -> PyResult<PyReadonlyArray2<'py, T>> {
    let py = object.py();
    if py.import("numpy.ma")?.call_method1("is_masked", (object,))?.is_truthy()? {
        return Err(PyTypeError::new_err("a multi-vector's numbers must all be there, and some are masked: fill them"));
    }
    if let Ok(array) = object.extract() {
        return Ok(array);
    }
    let numpy = py.import("numpy")?;
    let array = numpy.call_method1("asarray", (object,))?;
    let dtype = array.getattr("dtype")?;
    if NO_NUMBERS.contains(dtype.getattr("kind")?.extract::<char>()?) {
        return Err(PyTypeError::new_err(format!("a multi-vector must be of real numbers, and not of {dtype}")));
    }
    let array = numpy.call_method1("asarray", (array, T::get_dtype(py)))?;
    array.extract().map_err(|_| PyTypeError::new_err("a multi-vector must be an array of two dimensions, (rows, dim)"))
}
