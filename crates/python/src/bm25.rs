//! BM25 with a stemmer of Python's.

use std::borrow::Cow;
use std::sync::Arc;

use embedkit::sparse::pipeline::Bm25Terms;
use embedkit::sparse::text::{Snowball, Stemmer};
use embedkit::{AnyEmbedder, Builder, Error, Registry, Result};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use crate::error::{self, Raise as _};

/// An object with a method `stem_word`. What it raises is the error of the text whose word it was given.
#[derive(Clone)]
pub(crate) struct PythonStemmer(Arc<Py<PyAny>>);

impl PythonStemmer {
    pub(crate) fn new(object: Py<PyAny>) -> Self {
        Self(Arc::new(object))
    }

    /// Shows the object to Python's garbage collector.
    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&*self.0)
    }
}

impl Stemmer for PythonStemmer {
    fn stem<'w>(&self, word: &'w str) -> Result<Cow<'w, str>> {
        let stem = |py: Python<'_>| self.0.bind(py).call_method1("stem_word", (word,))?.extract::<String>();
        // Without an interpreter, which is on its way out then, nobody sees the result.
        let stem = Python::try_attach(stem).ok_or(Error::Cancelled)?;
        stem.map(Cow::Owned).map_err(|raised| error::of_python("the stemmer raised", raised))
    }
}

/// Has a model loaded with this stemmer; only BM25 has use for one. `id` is the row's; none for a folder.
pub(crate) fn with_stemmer(
    builder: Builder<AnyEmbedder>,
    family: &str,
    id: Option<&str>,
    stemmer: &PythonStemmer,
) -> Result<Builder<AnyEmbedder>> {
    let refused = |what: &str| Error::option("stemmer", format!("{what} has no use for it: it is BM25's"));
    let Some(id) = id else { return Err(refused("a folder that describes itself")) };
    let row = Registry::global().find(family, id)?;
    if row.architecture != "bm25" {
        return Err(refused(&format!("model {}, of the architecture {:?},", row.id, row.architecture)));
    }
    let stemmer = stemmer.clone();
    Ok(builder.loader(move |context| Bm25Terms::load_with(context, stemmer.clone())))
}

/// The stem of a word in lower case, by a language's stemmer.
#[pyfunction]
pub(crate) fn stem(py: Python<'_>, language: &str, word: &str) -> PyResult<String> {
    Ok(Snowball::new(language).or_raise(py)?.stem(word).into_owned())
}

/// The index that a term has in BM25's vectors.
#[pyfunction]
pub(crate) fn term_index(term: &str) -> u32 {
    embedkit::sparse::text::term_index(term)
}
