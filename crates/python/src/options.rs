//! Options of the package's constructors, as it hands them over.

use std::path::PathBuf;

use embedkit::hub::HubOptions;
use embedkit::plugin::ModelOption;
use embedkit::session::Provider;
use embedkit::{AnyEmbedder, Builder, Pooling, Registry, Result, Tuning};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyString};

/// What a model is built with. What is left out is as the library has it.
#[derive(Clone, FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Options {
    #[pyo3(default)]
    pub(crate) model_dir: Option<PathBuf>,
    #[pyo3(default)]
    cache_dir: Option<PathBuf>,
    /// A folder that the reference keeps models in, which is read and not written to.
    #[pyo3(default)]
    pub(crate) reference_cache: Option<PathBuf>,
    /// Whether downloads are shown.
    #[pyo3(default)]
    progress: bool,
    #[pyo3(default)]
    threads: Option<usize>,
    /// Providers of which one has to work, by the library's names.
    #[pyo3(default)]
    require_providers: Option<Vec<String>>,
    /// Providers of which one may work.
    #[pyo3(default)]
    prefer_providers: Option<Vec<String>>,
    #[pyo3(default)]
    device_ids: Option<Vec<i32>>,
    #[pyo3(default)]
    tf32: Option<bool>,
    lazy: bool,
    #[pyo3(default)]
    offline: bool,
    #[pyo3(default)]
    arena: Option<bool>,
    #[pyo3(default)]
    memory_map: Option<bool>,
    /// Tokens of an input at most; of no effect where the model takes no more anyway.
    #[pyo3(default)]
    pub(crate) max_length: Option<usize>,
    #[pyo3(default)]
    pub(crate) dim: Option<usize>,
    #[pyo3(default)]
    batch_tokens: Option<usize>,
    #[pyo3(default)]
    batch_invariant: Option<bool>,
    #[pyo3(default)]
    sessions: Option<usize>,
    #[pyo3(default)]
    runtime: Option<PathBuf>,
    #[pyo3(default)]
    tuning: Option<PathBuf>,
    #[pyo3(default)]
    model_file: Option<String>,
    #[pyo3(default)]
    pooling: Option<String>,
    #[pyo3(default)]
    normalize: Option<bool>,
    /// The architecture's parameters, by the names that rows have.
    #[pyo3(default)]
    pub(crate) parameters: Option<Parameters>,
}

impl Options {
    /// The options that are given of those that the reference takes with every model, whether there is a use for them or not.
    pub(crate) fn of_some(&self) -> Vec<OfSome> {
        let given = [
            (self.max_length.is_some(), OfSome::MaxLength),
            (self.memory_map.is_some(), OfSome::MemoryMap),
            (self.require_providers.is_some(), OfSome::Providers),
            (self.device_ids.is_some(), OfSome::Devices),
            (self.sessions.is_some(), OfSome::Sessions),
        ];
        given.into_iter().filter_map(|(is_given, option)| is_given.then_some(option)).collect()
    }

    /// All but some options.
    pub(crate) fn without(&self, left_out: &[OfSome]) -> Self {
        let mut options = self.clone();
        for option in left_out {
            match option {
                OfSome::MaxLength => options.max_length = None,
                OfSome::MemoryMap => options.memory_map = None,
                OfSome::Providers => options.require_providers = None,
                OfSome::Devices => options.device_ids = None,
                OfSome::Sessions => options.sessions = None,
            }
        }
        options
    }

    /// The builder with all but `max_length`.
    pub(crate) fn apply<E>(&self, mut builder: Builder<E>) -> Result<Builder<E>> {
        /// Sets what is given.
        macro_rules! set {
            ($($option:ident),*) => { $(if let Some(value) = self.$option.clone() { builder = builder.$option(value); })* };
        }
        if self.progress {
            builder = builder.hub(HubOptions::default().on_event(crate::progress::downloads()));
        }
        if let Some(file) = &self.tuning {
            builder = builder.tuned(Tuning::load(file)?);
        }
        set!(
            model_dir,
            cache_dir,
            threads,
            device_ids,
            tf32,
            arena,
            memory_map,
            dim,
            batch_tokens,
            batch_invariant,
            sessions,
            runtime,
            model_file,
            normalize
        );
        if let Some(pooling) = &self.pooling {
            builder = builder.pooling(named_pooling(pooling)?);
        }
        if let Some(names) = &self.require_providers {
            builder = builder.require_providers(providers(names)?);
        }
        if let Some(names) = &self.prefer_providers {
            builder = builder.prefer_providers(providers(names)?);
        }
        if let Some(Parameters(parameters)) = &self.parameters {
            for (name, value) in parameters {
                builder = builder.parameter(name, value.clone());
            }
        }
        if self.offline {
            builder = builder.offline(true);
        }
        Ok(builder.lazy(self.lazy))
    }
}

/// An option that not every model has a use for, and that the reference takes with every one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OfSome {
    MaxLength,
    MemoryMap,
    Providers,
    Devices,
    Sessions,
}

impl OfSome {
    /// The library's name for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::MaxLength => "max_length",
            Self::MemoryMap => "memory_map",
            Self::Providers => "require_providers",
            Self::Devices => "device_ids",
            Self::Sessions => "sessions",
        }
    }

    /// Whether a model has a use for it.
    pub(crate) fn is_of(self, model: &AnyEmbedder) -> bool {
        let takes = |option| {
            Registry::global().architecture(model.model()).is_ok_and(|known| known.options().contains(&option))
        };
        match self {
            Self::MaxLength => takes(ModelOption::MaxLength),
            Self::MemoryMap => takes(ModelOption::MemoryMap),
            Self::Providers | Self::Devices | Self::Sessions => model.engine().sessions().is_some(),
        }
    }
}

fn providers(names: &[String]) -> Result<Vec<Provider>> {
    names.iter().map(|name| name.parse()).collect()
}

fn named_pooling(name: &str) -> Result<Pooling> {
    let value = serde_json::Value::String(name.to_owned());
    serde_json::from_value(value).map_err(|error| embedkit::Error::option("pooling", error.to_string()))
}

/// Values of Python's as a row has them.
#[derive(Clone)]
pub(crate) struct Parameters(pub(crate) toml::Table);

impl<'py> FromPyObject<'_, 'py> for Parameters {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let dict = object.cast::<PyDict>()?;
        let entry = |(name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
            let name: String = name.extract()?;
            let value = parameter(&name, &value, DEEPEST)?;
            Ok((name.replace('_', "-"), value))
        };
        Ok(Self(dict.iter().map(entry).collect::<PyResult<_>>()?))
    }
}

/// Lists in one another, at most: a list may have itself in it, and no parameter has lists of lists.
const DEEPEST: usize = 4;

fn parameter(name: &str, value: &Bound<'_, PyAny>, depth: usize) -> PyResult<toml::Value> {
    // A truth value is a number to Python, so it comes first.
    if let Ok(value) = value.cast::<PyBool>() {
        return Ok(value.is_true().into());
    }
    if let Ok(value) = value.extract::<i64>() {
        return Ok(value.into());
    }
    if let Ok(value) = value.extract::<f64>() {
        return Ok(value.into());
    }
    if let Ok(value) = value.cast::<PyString>() {
        return Ok(value.to_str()?.into());
    }
    let refused = || PyTypeError::new_err(format!("the parameter {name:?} has a value that no parameter has"));
    let depth = depth.checked_sub(1).ok_or_else(refused)?;
    let items = value.try_iter().map_err(|_| refused())?;
    let items: Vec<toml::Value> = items.map(|item| parameter(name, &item?, depth)).collect::<PyResult<_>>()?;
    Ok(items.into())
}
