//! BM25 with a stemmer of Python's.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use embedkit::plugin::{EngineOptions, LoadedModel};
use embedkit::sparse::bm25::{Bm25, Bm25Options};
use embedkit::sparse::pipeline::Bm25Terms;
use embedkit::sparse::text::Stemmer;
use embedkit::{AnyEmbedder, Registry, Result};
use pyo3::prelude::*;

/// What a stemmer raised, until someone can raise it again.
pub(crate) type Raised = Arc<Mutex<Option<PyErr>>>;

/// An object with a method `stem_word`.
struct PythonStemmer {
    object: Py<PyAny>,
    raised: Raised,
}

impl Stemmer for PythonStemmer {
    fn stem<'w>(&self, word: &'w str) -> Cow<'w, str> {
        let stem = |py: Python<'_>| self.object.bind(py).call_method1("stem_word", (word,))?.extract::<String>();
        match Python::try_attach(stem) {
            Some(Ok(stem)) => stem.into(),
            Some(Err(exception)) => {
                self.raised.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(exception);
                word.into()
            }
            // The interpreter is on its way out; nobody sees the result.
            None => word.into(),
        }
    }
}

/// BM25 of the row `id` with these parameters over its own, and this stemmer.
pub(crate) fn with_stemmer(id: &str, parameters: &toml::Table, stemmer: Py<PyAny>) -> Result<(AnyEmbedder, Raised)> {
    let registry = Registry::global();
    let mut row = (*registry.find(embedkit::sparse::FAMILY, id)?).clone();
    row.parameters.extend(parameters.clone());
    let options: Bm25Options = row.parameters()?;
    let raised = Raised::default();
    let stemmer = PythonStemmer { object: stemmer, raised: raised.clone() };
    let bm25: Bm25 = Bm25::builder().options(options).stemmer(stemmer).build()?;
    let row = Arc::new(row);
    let pipeline = Bm25Terms::pipeline(row.clone(), Arc::new(bm25));
    let loaded = LoadedModel::new(row.clone(), pipeline, EngineOptions::default());
    Ok((AnyEmbedder::from_engine(registry.family(&row.family)?.engine(loaded)?), raised))
}
