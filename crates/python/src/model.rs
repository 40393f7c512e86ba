//! A loaded model of whatever family.

use std::path::PathBuf;
use std::sync::Arc;

use embedkit::session::Provider;
use embedkit::{AnyEmbedder, Content, Embedding, EmbeddingKind, Purpose, Registry, Role, Usage};
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use crate::arrow::{self, Encoding};
use crate::batches::Batches;
use crate::bm25::PythonStemmer;
use crate::column::Shape;
use crate::embeddings::Embeddings;
use crate::error::{Raise as _, raised, taken};
use crate::input::{Kind, type_name};
use crate::load::Asked;
use crate::options::{OfSome, Options};
use crate::output::{SparseTypes, Types};
use crate::pull::{Input, Inputs};
use crate::registry::to_json;
use crate::run::{Grouping, Job};
use crate::windows::{Windows, checked_batch_size, checked_parallel};

/// A loaded model. Any number of threads use it at a time.
#[pyclass(frozen, module = "embedkit_rs._embedkit")]
pub(crate) struct Model {
    model: Arc<AnyEmbedder>,
    /// Width of an embedding, after any cut.
    dim: Option<usize>,
    /// The width that was asked for.
    cut: Option<usize>,
    /// What the results are like.
    kind: EmbeddingKind,
    /// A stemmer of Python's, which the model has too.
    stemmer: Option<PythonStemmer>,
    /// Options that were given and that it has no use for.
    unused: Vec<OfSome>,
}

/// How inputs are embedded, as the package says it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct How {
    /// What the inputs are: `text`, `image` or `pair`.
    inputs: String,
    /// A query that the inputs are documents of.
    #[pyo3(default)]
    query: Option<String>,
    /// `plain`, `query` or `passage`.
    #[pyo3(default)]
    role: Option<String>,
    /// A task of the model's, by name or number.
    #[pyo3(default)]
    task: Option<Task>,
    /// Whether what the row puts before a text is put there.
    #[pyo3(default)]
    prompts: bool,
}

/// A task of the model's.
enum Task {
    Number(i64),
    Name(String),
}

impl<'py> FromPyObject<'_, 'py> for Task {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(name) = object.extract() {
            return Ok(Self::Name(name));
        }
        object.extract().map(Self::Number).map_err(|failure| {
            if failure.is_instance_of::<PyOverflowError>(object.py()) {
                return failure;
            }
            PyTypeError::new_err(format!("must be a task's number or its name, not {}", type_name(&object)))
        })
    }
}

#[pymethods]
impl Model {
    /// Loads a model: by its id, or from the folder of `is_folder`.
    #[new]
    #[pyo3(signature = (family, model, options, *, is_folder = false, stemmer = None))]
    fn new(
        py: Python<'_>,
        family: &str,
        model: String,
        options: &Bound<'_, PyAny>,
        is_folder: bool,
        stemmer: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let options: Options = taken(options)?;
        let cut = options.dim;
        let stemmer = stemmer.map(PythonStemmer::new);
        let asked = Asked { family, model: &model, is_folder, stemmer: stemmer.as_ref() };
        let loaded = py.detach(|| asked.load(&options));
        crate::log::flush(py);
        let (model, unused) = loaded.or_raise(py)?;
        let kind = Registry::global().family(family).or_raise(py)?.output();
        let dim = cut.or(model.model().dim);
        Ok(Self { model: Arc::new(model), dim, cut, kind, stemmer, unused })
    }

    /// Embeds inputs, row by row.
    #[pyo3(signature = (inputs, how, batch_size = None, parallel = None))]
    fn embed(
        &self,
        inputs: Py<PyAny>,
        how: &Bound<'_, PyAny>,
        batch_size: Option<i64>,
        parallel: Option<i64>,
    ) -> PyResult<Embeddings> {
        let how: How = taken(how)?;
        // What is wrong with these is told of when the first result is asked for, and none is computed.
        let bounds = checked_batch_size(batch_size).and_then(|rows| Ok((rows, checked_parallel(parallel)?)));
        let ((rows, sessions), refused) = match bounds {
            Ok(bounds) => (bounds, None),
            Err(refused) => ((None, None), Some(refused)),
        };
        let job = Job { batch_size: rows, sessions, ..self.job(&how, Grouping::AsTheyCome)? };
        let windows = Windows::new(job, self.inputs(inputs, &how)?);
        Ok(Embeddings::new(windows, refused, self.types(&how)?))
    }

    /// Embeds inputs, `rows` of them at a time.
    #[pyo3(signature = (inputs, how, rows, *, nulls = false))]
    fn embed_batches(&self, inputs: Py<PyAny>, how: &Bound<'_, PyAny>, rows: i64, nulls: bool) -> PyResult<Batches> {
        let how: How = taken(how)?;
        let rows = checked_batch_size(Some(rows))?.unwrap_or(1);
        let job = self.job(&how, Grouping::Of(rows))?;
        let windows = Windows::new(job, self.inputs(inputs, &how)?.past_failures(nulls));
        Ok(Batches::new(windows, self.types(&how)?, nulls.then(|| self.shape())))
    }

    /// Embeds a column of Arrow's; gives one, and the inputs that failed as `(position, message)`.
    #[pyo3(signature = (column, how, *, documents = None, nulls = false, encoding = "float32"))]
    fn embed_arrow<'py>(
        &self,
        column: &Bound<'py, PyAny>,
        how: &Bound<'py, PyAny>,
        documents: Option<&Bound<'py, PyAny>>,
        nulls: bool,
        encoding: &str,
    ) -> PyResult<(arrow::Column, Vec<(usize, String)>)> {
        let py = column.py();
        let encoding = Encoding::named(encoding)?;
        if encoding != Encoding::Float32 && self.kind != EmbeddingKind::Dense {
            let (model, encoding) = (&self.model.model().id, encoding.name());
            return Err(PyValueError::new_err(format!(
                "only dense vectors are encoded as {encoding}, and {model} gives others"
            )));
        }
        let how: How = taken(how)?;
        let inputs = arrow::inputs(column, documents, &how.inputs)?;
        let job = self.job(&how, Grouping::AsTheyCome)?;
        arrow::embed(py, job, inputs, &self.shape(), nulls, encoding)
    }

    /// Tokens of an input, and whether it is cut.
    fn usage(&self, py: Python<'_>, input: &Bound<'_, PyAny>, how: &Bound<'_, PyAny>) -> PyResult<(usize, bool)> {
        let how: How = taken(how)?;
        let content = self.input_kind(&how)?.content(input, 0).map_err(|refused| refused.raised(py))?;
        let purpose = self.purpose(&how)?;
        let Usage { tokens, truncated } = py.detach(|| self.model.usage(&content, purpose)).or_raise(py)?;
        Ok((tokens, truncated))
    }

    /// Tokens of all inputs; `extended` with what a late-interaction model adds.
    #[pyo3(signature = (inputs, how, *, extended = false))]
    fn token_count(
        &self,
        py: Python<'_>,
        inputs: Py<PyAny>,
        how: &Bound<'_, PyAny>,
        extended: bool,
    ) -> PyResult<usize> {
        let how: How = taken(how)?;
        let purpose = self.purpose(&how)?;
        let mut inputs = self.inputs(inputs, &how)?;
        let (mut sum, mut position) = (0, 0);
        loop {
            let (chunk, exception) = inputs.next_chunk(py);
            let count = chunk.len();
            let tokens = py.detach(|| self.tokens(chunk, &purpose, extended));
            sum += tokens.map_err(|(at, error)| raised(py, &error, Some(position + at)))?;
            position += count;
            match exception {
                Some(exception) => return Err(exception),
                None if count == 0 => break,
                None => py.check_signals()?,
            }
        }
        Ok(sum)
    }

    /// The token that an index of its sparse vectors stands for, where that is known.
    fn decode(&self, index: u32) -> Option<String> {
        self.model.index_names()?.name(index)
    }

    /// What its vectors of these words stand for: stems of BM25, in order, of words that count.
    fn stems(&self, py: Python<'_>, words: Vec<String>) -> PyResult<Vec<String>> {
        let Some(names) = self.model.index_names() else { return Ok(Vec::new()) };
        let stems = |word: &String| {
            let Embedding::Sparse(vector) = self.model.embed_one(&Content::text(word), Role::Query)? else {
                return Ok(Vec::new());
            };
            Ok(names.name_terms(word, &vector)?.into_iter().map(|term| term.term).collect())
        };
        let stems = py.detach(|| words.iter().map(stems).collect::<embedkit::Result<Vec<Vec<String>>>>());
        Ok(stems.or_raise(py)?.concat())
    }

    /// Its row as JSON, with the caller's overrides.
    #[getter]
    fn row(&self, py: Python<'_>) -> PyResult<String> {
        to_json(self.model.model()).or_raise(py)
    }

    /// Width of an embedding, after any cut.
    #[getter]
    fn dim(&self) -> Option<usize> {
        self.dim
    }

    /// What tells it from another model that goes by its name.
    fn digest(&self, py: Python<'_>) -> PyResult<String> {
        let digest = py.detach(|| self.model.engine().digest(self.cut)).or_raise(py)?;
        Ok(format!("sha256:{digest}"))
    }

    /// The folder of its files; none for models that are compiled in.
    #[getter]
    fn folder(&self) -> Option<PathBuf> {
        self.model.engine().folder().map(PathBuf::from)
    }

    /// Whether a session runs its graph already; none for models without a graph.
    #[getter]
    fn is_open(&self) -> Option<bool> {
        Some(self.model.engine().sessions()?.is_open())
    }

    /// Whether sessions keep their memory between runs, if that was said; none for models without a graph.
    #[getter]
    fn arena(&self) -> Option<bool> {
        self.model.engine().sessions()?.options().arena
    }

    /// Devices of the provider that were named.
    #[getter]
    fn device_ids(&self) -> Vec<i32> {
        self.model.engine().sessions().map(|sessions| sessions.options().device_ids.clone()).unwrap_or_default()
    }

    /// Options that were given and that it has no use for, by the library's names.
    #[getter]
    fn unused(&self) -> Vec<&'static str> {
        self.unused.iter().map(|option| option.name()).collect()
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // A run that goes on has the stemmer too, and is not known to the collector. What breaks a cycle is the stemmer's.
        match &self.stemmer {
            Some(stemmer) if Arc::strong_count(&self.model) == 1 => stemmer.traverse(&visit),
            _ => Ok(()),
        }
    }

    /// What runs the graph, by the library's name; none for models without one.
    fn provider(&self, py: Python<'_>) -> PyResult<Option<&'static str>> {
        Ok(py.detach(|| self.model.engine().provider()).or_raise(py)?.map(Provider::name))
    }
}

impl Model {
    fn inputs(&self, inputs: Py<PyAny>, how: &How) -> PyResult<Inputs> {
        Ok(Inputs::new(self.input_kind(how)?, inputs))
    }

    /// A run without bounds of its own.
    fn job(&self, how: &How, grouping: Grouping) -> PyResult<Job> {
        let (model, purpose) = (self.model.clone(), self.purpose(how)?);
        Ok(Job { model, purpose, batch_size: None, sessions: None, grouping })
    }

    fn input_kind(&self, how: &How) -> PyResult<Kind> {
        Kind::named(&how.inputs, how.query.clone())
    }

    fn shape(&self) -> Shape {
        Shape { kind: self.kind, dim: self.dim.unwrap_or(0) }
    }

    fn purpose(&self, how: &How) -> PyResult<Purpose> {
        let role = named_role(how.role.as_deref().unwrap_or("plain"))?;
        let mut purpose = Purpose::new(role);
        if let Some(task) = &how.task {
            purpose = purpose.with_task(self.task_name(task)?);
        }
        Ok(if how.prompts { purpose } else { purpose.without_prompt() })
    }

    fn task_name(&self, task: &Task) -> PyResult<String> {
        match task {
            Task::Name(name) => Ok(name.clone()),
            Task::Number(number) => {
                let tasks = &self.model.model().tasks;
                let found = tasks.iter().find(|(_, value)| *value == number).map(|(name, _)| name.clone());
                found.ok_or_else(|| {
                    let model = &self.model.model().id;
                    let mut known: Vec<_> = tasks.iter().map(|(name, number)| (number, name)).collect();
                    known.sort_unstable();
                    let known: Vec<_> = known.iter().map(|(number, name)| format!("{number} ({name})")).collect();
                    PyValueError::new_err(format!("model {model} has no task {number}; it has {}", known.join(", ")))
                })
            }
        }
    }

    /// The reference's types of numbers.
    fn types(&self, how: &How) -> PyResult<Types> {
        let sparse = match self.model.model().architecture.as_str() {
            "minicoil" => SparseTypes::Narrow,
            "bm25" if named_role(how.role.as_deref().unwrap_or("plain"))? == Role::Query => SparseTypes::Counts,
            _ => SparseTypes::Wide,
        };
        Ok(Types { sparse, ..Types::default() })
    }

    /// Tokens of some inputs, or the first that cannot be read.
    fn tokens(&self, inputs: Vec<Input>, purpose: &Purpose, extended: bool) -> Result<usize, (usize, embedkit::Error)> {
        let tokens = |(at, input): (usize, Input)| {
            let usage = input.and_then(|input| self.model.usage(&input, purpose.clone()));
            let tokens = usage.map_err(|error| (at, error))?.tokens;
            Ok(if extended {
                embedkit::colbert::extended_tokens(self.model.model(), tokens, purpose.role)
            } else {
                tokens
            })
        };
        inputs.into_iter().enumerate().map(tokens).sum()
    }
}

fn named_role(name: &str) -> PyResult<Role> {
    name.parse().map_err(|error: embedkit::Error| PyValueError::new_err(error.to_string()))
}
