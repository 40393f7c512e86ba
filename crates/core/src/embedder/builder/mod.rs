//! How every family's models are found and loaded.

mod load;
mod model_ref;

use std::marker::PhantomData;
use std::path::PathBuf;
use std::sync::Arc;

pub use load::Build;
use model_ref::FilesFrom;
pub use model_ref::ModelRef;

use crate::engine::EngineOptions;
use crate::{
    Activation, AnyPipeline, Error, Family, LoadContext, ModelFiles, ModelOption, OutputSelector, Pooling, Registry,
    Result,
};

#[cfg(feature = "onnx")]
use crate::Tuning;
#[cfg(feature = "hub")]
use crate::hub::HubOptions;
#[cfg(feature = "onnx")]
use crate::session::{Optimization, Provider, ProviderChoice, SessionOptions, WeightQuantization};

/// Finds and loads a model of the family whose public type is `E`.
///
/// What a model's architecture has no use for is refused by name when it is loaded.
#[must_use]
pub struct Builder<E> {
    pub(super) family: &'static dyn Family,
    model: ModelRef,
    files: Option<FilesFrom>,
    registry: Option<Registry>,
    overrides: Overrides,
    dim: Option<usize>,
    memory_map: Option<bool>,
    loader: Option<Arc<Loader>>,
    pub(crate) engine: EngineOptions,
    #[cfg(feature = "onnx")]
    pub(crate) session: SessionOptions,
    #[cfg(feature = "onnx")]
    tuning: Option<Tuning>,
    #[cfg(feature = "onnx")]
    quantize: Option<WeightQuantization>,
    #[cfg(feature = "hub")]
    hub: HubOptions,
    embedder: PhantomData<fn() -> E>,
}

/// What makes a pipeline in an architecture's place.
type Loader = dyn Fn(&LoadContext) -> Result<AnyPipeline> + Send + Sync;

/// What the caller sets over the row.
#[derive(Clone, Debug, Default)]
struct Overrides {
    max_length: Option<usize>,
    pooling: Option<Pooling>,
    normalize: Option<bool>,
    output: Option<OutputSelector>,
    activation: Option<Activation>,
    model_file: Option<String>,
    parameters: toml::Table,
    /// The first error in making parameters of typed options.
    fault: Option<String>,
}

// Derived, it would ask that models, which hold sessions, can be cloned.
impl<E> Clone for Builder<E> {
    fn clone(&self) -> Self {
        Self {
            family: self.family,
            model: self.model.clone(),
            files: self.files.clone(),
            registry: self.registry.clone(),
            overrides: self.overrides.clone(),
            dim: self.dim,
            memory_map: self.memory_map,
            loader: self.loader.clone(),
            engine: self.engine.clone(),
            #[cfg(feature = "onnx")]
            session: self.session.clone(),
            #[cfg(feature = "onnx")]
            tuning: self.tuning.clone(),
            #[cfg(feature = "onnx")]
            quantize: self.quantize,
            #[cfg(feature = "hub")]
            hub: self.hub.clone(),
            embedder: PhantomData,
        }
    }
}

impl<E> std::fmt::Debug for Builder<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("model", &self.model).finish_non_exhaustive()
    }
}

impl<E> Builder<E> {
    /// A registered model by its id or alias, a folder or files that describe themselves, or a row.
    pub(super) fn new(family: &'static dyn Family, model: impl Into<ModelRef>) -> Self {
        Self {
            family,
            model: model.into(),
            files: None,
            registry: None,
            overrides: Overrides::default(),
            dim: None,
            memory_map: None,
            loader: None,
            engine: EngineOptions::default(),
            #[cfg(feature = "onnx")]
            session: SessionOptions::default(),
            #[cfg(feature = "onnx")]
            tuning: None,
            #[cfg(feature = "onnx")]
            quantize: None,
            #[cfg(feature = "hub")]
            hub: HubOptions::default(),
            embedder: PhantomData,
        }
    }

    /// Takes the files of a model that is named by its id or its row from this folder; nothing is downloaded. Default: the
    /// row's sources.
    pub fn model_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.files = Some(FilesFrom::Folder(folder.into()));
        self
    }

    /// Takes the files of a model that is named by its id or its row from memory. Default: the row's sources.
    pub fn model_files(mut self, files: ModelFiles) -> Self {
        self.files = Some(FilesFrom::Memory(files));
        self
    }

    /// Looks ids and architectures up here. Default: [`Registry::global`].
    pub fn registry(mut self, registry: &Registry) -> Self {
        self.registry = Some(registry.clone());
        self
    }

    /// The file with the weights, relative to the model's folder. Default: the row's, or what is found.
    pub fn model_file(mut self, name: impl Into<String>) -> Self {
        self.overrides.model_file = Some(name.into());
        self
    }

    /// Sets one of the architecture's parameters. Default: the row's.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<toml::Value>) -> Self {
        self.overrides.parameters.insert(name.into(), value.into());
        self
    }

    /// Sets the architecture's parameters from its own type, such as `Bm25Options`. Default: the row's.
    pub fn parameters(mut self, options: &impl serde::Serialize) -> Self {
        match toml::Table::try_from(options) {
            Ok(parameters) => self.overrides.parameters.extend(parameters),
            Err(error) => self.overrides.fault = Some(error.to_string()),
        }
        self
    }

    /// How token vectors become one vector. Default: the row's, or what the folder says.
    pub fn pooling(mut self, pooling: Pooling) -> Self {
        self.overrides.pooling = Some(pooling);
        self
    }

    /// Whether vectors are divided by their Euclidean length. Default: the row's, or what the folder says.
    pub fn normalize(mut self, normalize: bool) -> Self {
        self.overrides.normalize = Some(normalize);
        self
    }

    /// Which output of the graph holds the result. Default: the row's, else the first.
    pub fn output(mut self, output: OutputSelector) -> Self {
        self.overrides.output = Some(output);
        self
    }

    /// What is applied to a reranker's scores. Default: the row's.
    pub fn activation(mut self, activation: Activation) -> Self {
        self.overrides.activation = Some(activation);
        self
    }

    /// Longest input in tokens, special tokens included. Default: what the row or the model's files say.
    pub fn max_length(mut self, tokens: usize) -> Self {
        self.overrides.max_length = Some(tokens);
        self
    }

    /// Cuts vectors to this width, one of the row's Matryoshka steps, and normalises them again. Default: the
    /// model's width.
    pub fn dim(mut self, dim: usize) -> Self {
        self.dim = Some(dim);
        self
    }

    /// Whether large tables and a graph's weights are mapped from their file instead of read. A mapped file must not be
    /// changed while it is in use: replace it by another. Default: tables are read, weights of graphs are mapped.
    pub fn memory_map(mut self, map: bool) -> Self {
        self.memory_map = Some(map);
        self
    }

    /// Has the pipeline made by this and not by the row's architecture, which still says which options there are and checks the
    /// row: for a model with a part of the caller's own. Default: the architecture.
    pub fn loader(mut self, load: impl Fn(&LoadContext) -> Result<AnyPipeline> + Send + Sync + 'static) -> Self {
        self.loader = Some(Arc::new(load));
        self
    }

    /// Bounds the rows of a batch. Default: none, as batches are bounded by tokens anyway.
    pub fn batch_size(mut self, rows: usize) -> Self {
        self.engine.batching.rows = Some(rows);
        self
    }

    /// Bounds the tokens of a batch, padding included. Default: 512 on the CPU, 8192 on other hardware.
    pub fn batch_tokens(mut self, tokens: usize) -> Self {
        self.engine.batching.tokens = Some(tokens);
        self
    }

    /// Bounds the cells of a batch's attention matrices: rows times the longest row's square. Default: 262,144 on
    /// the CPU, 4,194,304 on other hardware.
    pub fn batch_attention(mut self, cells: usize) -> Self {
        self.engine.batching.attention = Some(cells);
        self
    }

    /// What starting a run costs, in tokens: batches mix lengths only where padding costs less. Default: 16 on
    /// the CPU, 128 on other hardware.
    pub fn batch_overhead(mut self, tokens: usize) -> Self {
        self.engine.batching.overhead = Some(tokens);
        self
    }

    /// Makes results independent of what else is in the batch, by running each input alone where
    /// the model is [dynamically quantised](crate::Quantization::Dynamic), or is a folder that does not say.
    /// Without it such a model's result moves with its batch by about a step of the activations'
    /// scale; the same inputs with the same options give the same bits. Other models' results do not
    /// depend on the batch, but for the rounding of 32-bit floats, and are not slowed down. Default: no.
    pub fn batch_invariant(mut self, invariant: bool) -> Self {
        self.engine.batching.invariant = invariant;
        self
    }

    /// Threads for everything: preparing inputs and one session's run. Default: the physical cores
    /// this process may use, for the runs in common with other models that use them all.
    pub fn threads(mut self, threads: usize) -> Self {
        self.engine.threads = Some(threads);
        #[cfg(feature = "onnx")]
        {
            self.session.threads = Some(threads);
        }
        self
    }

    /// The options that were set and that not every architecture obeys.
    fn set_options(&self) -> Vec<ModelOption> {
        let Overrides { max_length, pooling, normalize, output, activation, model_file: _, parameters: _, fault: _ } =
            &self.overrides;
        let set = [
            (max_length.is_some(), ModelOption::MaxLength),
            (pooling.is_some(), ModelOption::Pooling),
            (normalize.is_some(), ModelOption::Normalize),
            (output.is_some(), ModelOption::Output),
            (activation.is_some(), ModelOption::Activation),
            (self.dim.is_some(), ModelOption::Dim),
            (self.memory_map.is_some(), ModelOption::MemoryMap),
        ];
        set.into_iter().filter_map(|(is_set, option)| is_set.then_some(option)).collect()
    }

    /// Refuses options that no call could obey.
    fn check(&self) -> Result<()> {
        crate::limits::check_count("threads", self.engine.threads)?;
        self.engine.batching.check()?;
        // A model without a graph has no sessions to refuse them, and sessions that are created lazily come late.
        #[cfg(feature = "onnx")]
        self.session.check()?;
        match &self.overrides.fault {
            Some(fault) => Err(Error::option("parameters", fault)),
            None => Ok(()),
        }
    }
}

#[cfg(feature = "onnx")]
impl<E> Builder<E> {
    /// Sessions that run batches at the same time; on the CPU they share the weights, and each keeps working memory of
    /// its own. More sessions of fewer threads each give somewhat more throughput for more memory. Default: one that
    /// uses every core, joined by up to 16 of few threads each where there is enough work for them.
    pub fn sessions(mut self, sessions: usize) -> Self {
        self.session.sessions = Some(sessions);
        self
    }

    /// Runs with the sessions, threads and bounds of batches that were measured to be best with this
    /// model. Options that are set after this one override it. Default: not tuned.
    pub fn tuned(mut self, tuning: Tuning) -> Self {
        tuning.apply(&mut self.engine.batching, &mut self.session);
        self.tuning = Some(tuning);
        self
    }

    /// Runs on the first of these that works, else on the CPU; which one runs is reported. Default: the CPU.
    pub fn prefer_providers(mut self, providers: impl IntoIterator<Item = Provider>) -> Self {
        self.session.providers = ProviderChoice::Prefer(providers.into_iter().collect());
        self
    }

    /// Runs on the first of these that works, or fails. Default: the CPU.
    pub fn require_providers(mut self, providers: impl IntoIterator<Item = Provider>) -> Self {
        self.session.providers = ProviderChoice::Require(providers.into_iter().collect());
        self
    }

    /// Whether CUDA may round what it multiplies to the ten bits of TF32, as ONNX Runtime has it by default. It is quicker
    /// (1.4 times with all-MiniLM-L6-v2 on an H200), and results part from the CPU's by about a thousandth of their length
    /// instead of a millionth. Only with [`Provider::Cuda`]. Default: no.
    pub fn tf32(mut self, tf32: bool) -> Self {
        self.session.tf32 = tf32;
        self
    }

    /// Devices of the provider; one session on each. Default: the provider's first.
    pub fn device_ids(mut self, devices: impl IntoIterator<Item = i32>) -> Self {
        self.session.device_ids = devices.into_iter().collect();
        self
    }

    /// Whether idle threads spin: quicker single calls, at the cost of a shared machine. When it is set, the model's threads
    /// are its own in any case. Default: yes.
    pub fn spinning(mut self, spinning: bool) -> Self {
        self.session.spinning = Some(spinning);
        self
    }

    /// Whether a session keeps its memory between runs. Default: yes.
    pub fn arena(mut self, arena: bool) -> Self {
        self.session.arena = Some(arena);
        self
    }

    /// Brings the graph's 32-bit weights to 8 bits when it is loaded, as
    /// [`quantize_files`](crate::session::quantize_files) does, which makes runs about twice as fast where the processor
    /// multiplies 8-bit integers (AVX-512 VNNI, AVX-VNNI, Arm's dot product), and costs some accuracy: compare results with
    /// the model's own before you store them. A result depends slightly on its batch then, as with any model of this kind:
    /// [`batch_invariant`](Self::batch_invariant) runs each input alone. Default: weights stay as they are.
    pub fn quantize(mut self, weights: WeightQuantization) -> Self {
        self.quantize = Some(weights);
        self
    }

    /// How far the graph is rewritten at load. Default: as far as possible.
    pub fn optimization(mut self, level: Optimization) -> Self {
        self.session.optimization = level;
        self
    }

    /// Creates the sessions at first use instead of now. Default: no.
    pub fn lazy(mut self, lazy: bool) -> Self {
        self.session.lazy = lazy;
        self
    }

    /// The ONNX Runtime library to load, where the process has not loaded one. Default: the one that is found.
    pub fn runtime(mut self, library: impl Into<PathBuf>) -> Self {
        self.session.runtime = Some(library.into());
        self
    }
}

#[cfg(feature = "hub")]
impl<E> Builder<E> {
    /// How files are fetched and kept. Default: as the environment says.
    pub fn hub(mut self, options: HubOptions) -> Self {
        self.hub = options;
        self
    }

    /// Keeps downloaded files here. Default: the Hugging Face cache.
    pub fn cache_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.hub.cache_dir = Some(folder.into());
        self
    }

    /// Downloads nothing; a model that is not in the cache is an error. Default: as the environment says.
    pub fn offline(mut self, offline: bool) -> Self {
        self.hub.offline = offline;
        self
    }
}
