//! How every family's facade finds and loads its model.

use std::marker::PhantomData;
use std::path::PathBuf;
use std::sync::Arc;

use crate::engine::{Engine, EngineOptions, check_count};
use crate::{
    Activation, AnyPipeline, Error, LoadContext, ModelDescription, ModelFiles, Quantization, Registry, Result,
};

#[cfg(feature = "hub")]
use crate::hub::{self, Hub, HubOptions};
#[cfg(feature = "onnx")]
use crate::session::{Optimization, Provider, ProviderChoice, SessionOptions};
#[cfg(feature = "onnx")]
use crate::tuning::Tuning;

/// A family's facade, as its [`Builder`] sees it.
pub trait Facade: Sized {
    /// The family's name, as rows have it.
    const FAMILY: &'static str;

    /// Describes a model folder that no row describes.
    ///
    /// # Errors
    /// A folder that does not say what it is.
    fn describe(files: &ModelFiles) -> Result<ModelDescription>;

    /// The facade around a loaded model.
    ///
    /// # Errors
    /// As [`Loaded::engine`].
    fn from_loaded(loaded: Loaded) -> Result<Self>;
}

/// A loaded model on its way into a facade.
#[derive(Debug)]
pub struct Loaded {
    model: Arc<ModelDescription>,
    pipeline: AnyPipeline,
    options: EngineOptions,
}

impl Loaded {
    /// The model's row, with the caller's overrides.
    pub fn model(&self) -> &Arc<ModelDescription> {
        &self.model
    }

    /// What the architecture added beside the pipeline, if it is of this type.
    pub fn extra<T: std::any::Any + Clone>(&self) -> Option<T> {
        self.pipeline.extra().cloned()
    }

    /// Whether sessions run the model's graph.
    #[cfg(feature = "onnx")]
    pub(crate) fn has_graph(&self) -> bool {
        self.pipeline.has_graph
    }

    /// An engine over the model, for the family's input and output.
    ///
    /// # Errors
    /// [`Error::Model`] when the architecture's pipeline has other types.
    pub fn engine<I: ?Sized + Sync + 'static, O: Send + 'static>(self) -> Result<Engine<I, O>> {
        Engine::new(self.model, self.pipeline, &self.options)
    }
}

/// Finds and loads a model. Every family's facade is built with one.
#[derive(Debug)]
#[must_use]
pub struct Builder<F> {
    identity: Identity,
    place: Place,
    registry: Option<Registry>,
    parameters: toml::Table,
    activation: Option<Activation>,
    max_length: Option<usize>,
    dim: Option<usize>,
    memory_map: bool,
    pub(crate) engine: EngineOptions,
    #[cfg(feature = "onnx")]
    pub(crate) session: SessionOptions,
    #[cfg(feature = "onnx")]
    tuned_for: Option<Tuning>,
    #[cfg(feature = "hub")]
    hub: HubOptions,
    facade: PhantomData<fn() -> F>,
}

/// Which model.
#[derive(Clone, Debug)]
enum Identity {
    Id(String),
    Row(Box<ModelDescription>),
    /// What the files say.
    Detected,
}

/// Where its files are.
#[derive(Clone, Debug)]
enum Place {
    /// Where the row's sources say.
    Sources,
    Folder(PathBuf),
    Files(ModelFiles),
}

// Derived, it would ask that facades, which hold loaded models, can be cloned.
impl<F> Clone for Builder<F> {
    fn clone(&self) -> Self {
        Self {
            identity: self.identity.clone(),
            place: self.place.clone(),
            registry: self.registry.clone(),
            parameters: self.parameters.clone(),
            activation: self.activation,
            max_length: self.max_length,
            dim: self.dim,
            memory_map: self.memory_map,
            engine: self.engine.clone(),
            #[cfg(feature = "onnx")]
            session: self.session.clone(),
            #[cfg(feature = "onnx")]
            tuned_for: self.tuned_for.clone(),
            #[cfg(feature = "hub")]
            hub: self.hub.clone(),
            facade: PhantomData,
        }
    }
}

impl<F: Facade> Builder<F> {
    fn of(identity: Identity, place: Place) -> Self {
        Self {
            identity,
            place,
            registry: None,
            parameters: toml::Table::new(),
            activation: None,
            max_length: None,
            dim: None,
            memory_map: false,
            engine: EngineOptions::default(),
            #[cfg(feature = "onnx")]
            session: SessionOptions::default(),
            #[cfg(feature = "onnx")]
            tuned_for: None,
            #[cfg(feature = "hub")]
            hub: HubOptions::default(),
            facade: PhantomData,
        }
    }

    /// A registered model, by id or alias, in any case.
    pub fn from_id(id: impl Into<String>) -> Self {
        Self::of(Identity::Id(id.into()), Place::Sources)
    }

    /// A model by its row, registered or not.
    pub fn from_row(row: ModelDescription) -> Self {
        Self::of(Identity::Row(Box::new(row)), Place::Sources)
    }

    /// A model folder that describes itself, as a sentence-transformers folder does.
    pub fn from_folder(folder: impl Into<PathBuf>) -> Self {
        Self::of(Identity::Detected, Place::Folder(folder.into()))
    }

    /// Model files in memory that describe themselves.
    pub fn from_files(files: ModelFiles) -> Self {
        Self::of(Identity::Detected, Place::Files(files))
    }

    /// Takes the files from this folder; nothing is downloaded.
    pub fn model_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.place = Place::Folder(folder.into());
        self
    }

    /// Takes the files from memory.
    pub fn model_files(mut self, files: ModelFiles) -> Self {
        self.place = Place::Files(files);
        self
    }

    /// Looks ids and architectures up here instead of in [`Registry::global`].
    pub fn registry(mut self, registry: &Registry) -> Self {
        self.registry = Some(registry.clone());
        self
    }

    /// Sets one of the architecture's parameters over the row's.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<toml::Value>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }

    /// What is applied to a reranker's scores, over what the row says.
    pub fn activation(mut self, activation: Activation) -> Self {
        self.activation = Some(activation);
        self
    }

    /// Longest input in tokens, special tokens included, over what the model's files say.
    pub fn max_length(mut self, tokens: usize) -> Self {
        self.max_length = Some(tokens);
        self
    }

    /// Cuts vectors to this width, one of the row's Matryoshka steps, and normalises them again.
    pub fn dim(mut self, dim: usize) -> Self {
        self.dim = Some(dim);
        self
    }

    /// Maps large tables from their file instead of reading them.
    pub fn memory_map(mut self, map: bool) -> Self {
        self.memory_map = map;
        self
    }

    /// Bounds the rows of a batch. Batches are bounded by tokens anyway; this is a further bound.
    pub fn batch_size(mut self, rows: usize) -> Self {
        self.engine.batching.rows = Some(rows);
        self
    }

    /// Bounds the tokens of a batch, padding included.
    pub fn batch_tokens(mut self, tokens: usize) -> Self {
        self.engine.batching.tokens = tokens;
        self
    }

    /// Bounds the cells of a batch's attention matrices: rows times the longest row's square.
    pub fn batch_attention(mut self, cells: usize) -> Self {
        self.engine.batching.attention = cells;
        self
    }

    /// What starting a run costs, in tokens: batches mix lengths only where padding costs less.
    pub fn batch_overhead(mut self, tokens: usize) -> Self {
        self.engine.batching.overhead = tokens;
        self
    }

    /// Makes results independent of what else is in the batch, by running each input alone where
    /// the model is [dynamically quantised](Quantization::Dynamic), or is a folder that does not say.
    /// Without it such a model's result moves with its batch by about a step of the activations'
    /// scale; the same inputs with the same options give the same bits. Other models' results do not
    /// depend on the batch, but for the rounding of 32-bit floats, and are not slowed down.
    pub fn batch_invariant(mut self, invariant: bool) -> Self {
        self.engine.batching.invariant = invariant;
        self
    }

    /// Threads for everything: preparing inputs and one session's run. Default: the physical cores
    /// this process may use.
    pub fn threads(mut self, threads: usize) -> Self {
        self.engine.threads = Some(threads);
        #[cfg(feature = "onnx")]
        {
            self.session.threads = Some(threads);
        }
        self
    }

    /// Loads the model.
    ///
    /// # Errors
    /// [`Error::UnknownModel`], [`Error::UnknownArchitecture`], a download that fails, missing or
    /// wrong files, options that do not fit the model.
    pub fn build(self) -> Result<F> {
        F::from_loaded(self.load()?)
    }

    pub(crate) fn load(self) -> Result<Loaded> {
        check_count("threads", self.engine.threads)?;
        // A model without a graph has no sessions to refuse them.
        #[cfg(feature = "onnx")]
        check_count("sessions", self.session.sessions)?;
        let registry = self.registry.clone().unwrap_or_else(|| Registry::global().clone());
        let (model, files) = self.resolve(&registry)?;
        let model = Arc::new(self.overridden(model)?);
        #[cfg(feature = "onnx")]
        if let Some(tuning) = &self.tuned_for {
            tuning.check(&model.id)?;
        }
        let architecture = registry.architecture(&model)?;
        architecture.check(&model)?;
        if let Some(notice) = &model.notice {
            tracing::warn!(model = model.id, "{notice}");
        }
        let mut context = LoadContext::new(model.clone(), files);
        context.dim = self.dim;
        context.memory_map = self.memory_map;
        #[cfg(feature = "onnx")]
        {
            context.session = self.session;
        }
        let pipeline = architecture.load(&context)?;
        let mut options = self.engine;
        // A folder that describes itself does not say how its weights are stored.
        options.batching.invariant &=
            model.quantization == Quantization::Dynamic || matches!(self.identity, Identity::Detected);
        Ok(Loaded { model, pipeline, options })
    }

    /// The row and the files.
    fn resolve(&self, registry: &Registry) -> Result<(ModelDescription, ModelFiles)> {
        let files = match &self.place {
            Place::Sources => None,
            Place::Folder(folder) => Some(ModelFiles::folder(folder)?),
            Place::Files(files) => Some(files.clone()),
        };
        let model = match (&self.identity, &files) {
            (Identity::Id(id), _) => ModelDescription::clone(&*registry.find(F::FAMILY, id)?),
            (Identity::Row(row), _) => {
                crate::model::check_row(row).map_err(|message| Error::manifest(&row.id, message))?;
                ModelDescription::clone(row)
            }
            (Identity::Detected, Some(files)) => F::describe(files)?,
            (Identity::Detected, None) => return Err(Error::option("model", "name a model, a row or a folder")),
        };
        if model.family != F::FAMILY {
            let message = format!("is of the family {:?}, and {:?} was asked for", model.family, F::FAMILY);
            return Err(Error::model(model.id, message));
        }
        let files = match files {
            Some(files) => Some(files),
            None => registry.local_files(&model)?,
        };
        let files = files.map_or_else(|| self.fetch(&model), Ok)?;
        Ok((model, files))
    }

    #[cfg(feature = "hub")]
    fn fetch(&self, model: &ModelDescription) -> Result<ModelFiles> {
        if model.sources.is_empty() && model.required_files().next().is_none() {
            return Ok(ModelFiles::none());
        }
        hub::fetch(&Hub::new(self.hub.clone())?, model)
    }

    #[cfg(not(feature = "hub"))]
    fn fetch(&self, model: &ModelDescription) -> Result<ModelFiles> {
        match model.required_files().next() {
            None => Ok(ModelFiles::none()),
            Some(_) => Err(Error::option(
                "model_dir",
                format!(
                    "model {} must be given as a folder, as this program is built without the feature `hub`",
                    model.id
                ),
            )),
        }
    }

    fn overridden(&self, mut model: ModelDescription) -> Result<ModelDescription> {
        model.max_length = self.max_length.or(model.max_length);
        model.activation = self.activation.unwrap_or(model.activation);
        for (name, value) in &self.parameters {
            model.parameters.insert(name.clone(), value.clone());
        }
        if let Some(dim) = self.dim
            && Some(dim) != model.dim
            && !model.matryoshka.contains(&dim)
        {
            let steps: Vec<String> = model.dim.iter().chain(&model.matryoshka).map(usize::to_string).collect();
            let message = format!("model {} can be cut to {}, not to {dim}", model.id, steps.join(", "));
            return Err(Error::option("dim", message));
        }
        Ok(model)
    }
}

#[cfg(feature = "onnx")]
impl<F: Facade> Builder<F> {
    /// Sessions that run batches at the same time; each holds the weights. More sessions of fewer
    /// threads each give somewhat more throughput for more memory.
    pub fn sessions(mut self, sessions: usize) -> Self {
        self.session.sessions = Some(sessions);
        self
    }

    /// Runs with the sessions, threads and bounds of batches that were measured to be best with this
    /// model. What is set after it goes before it.
    pub fn tuned(mut self, tuning: Tuning) -> Self {
        tuning.apply(&mut self.engine.batching, &mut self.session);
        self.tuned_for = Some(tuning);
        self
    }

    /// Runs on the first of these that works, else on the CPU; which one runs is reported.
    pub fn prefer_providers(mut self, providers: impl IntoIterator<Item = Provider>) -> Self {
        self.session.providers = ProviderChoice::Prefer(providers.into_iter().collect());
        self
    }

    /// Runs on the first of these that works, or fails.
    pub fn require_providers(mut self, providers: impl IntoIterator<Item = Provider>) -> Self {
        self.session.providers = ProviderChoice::Require(providers.into_iter().collect());
        self
    }

    /// Devices of the provider; one session on each.
    pub fn device_ids(mut self, devices: impl IntoIterator<Item = i32>) -> Self {
        self.session.device_ids = devices.into_iter().collect();
        self
    }

    /// Whether idle threads spin: quicker single calls, at the cost of a shared machine. Default: yes.
    pub fn spinning(mut self, spinning: bool) -> Self {
        self.session.spinning = Some(spinning);
        self
    }

    /// Whether a session keeps its memory between runs. Default: yes.
    pub fn arena(mut self, arena: bool) -> Self {
        self.session.arena = Some(arena);
        self
    }

    /// How far the graph is rewritten at load. Default: as far as possible.
    pub fn optimization(mut self, level: Optimization) -> Self {
        self.session.optimization = level;
        self
    }

    /// Creates the sessions at first use instead of now.
    pub fn lazy(mut self, lazy: bool) -> Self {
        self.session.lazy = lazy;
        self
    }

    /// The ONNX Runtime library to load, where the process has not loaded one.
    pub fn runtime(mut self, library: impl Into<PathBuf>) -> Self {
        self.session.runtime = Some(library.into());
        self
    }
}

#[cfg(feature = "hub")]
impl<F: Facade> Builder<F> {
    /// How files are fetched and kept.
    pub fn hub(mut self, options: HubOptions) -> Self {
        self.hub = options;
        self
    }

    /// Keeps downloaded files here.
    pub fn cache_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.hub.cache_dir = Some(folder.into());
        self
    }

    /// Downloads nothing; a model that is not in the cache is an error.
    pub fn offline(mut self, offline: bool) -> Self {
        self.hub.offline = offline;
        self
    }
}
