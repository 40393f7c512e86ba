//! Creates a graph's sessions.

use std::path::PathBuf;

use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::value::TensorElementType;
use ort::value::ValueType;

use super::external;
use super::provider::Placement;
use super::runtime::{Call, Runtime, RuntimeOptions};
use super::weights::SharedWeights;
use super::{Optimization, Precision, Provider, ProviderChoice, SessionOptions};
use crate::model::FileVersion;
use crate::{Error, ModelFiles, Result};

/// A graph that runs on a provider: its first session, what it declares, and how to make more.
pub(super) struct Opened {
    // Before the opener, which holds the weights that they use: fields are dropped in this order.
    pub(super) sessions: Vec<Session>,
    pub(super) inputs: Vec<Input>,
    pub(super) outputs: Vec<String>,
    /// The precisions that the outputs are declared with; none of those that are no floats.
    pub(super) precisions: Vec<Option<Precision>>,
    pub(super) opener: Opener,
}

/// An input that a graph declares.
pub(super) struct Input {
    pub(super) name: String,
    pub(super) element: TensorElementType,
}

/// Makes sessions of one graph on one provider.
pub(super) struct Opener {
    pub(super) provider: Provider,
    runtime: &'static Runtime,
    graph: GraphFile,
    options: SessionOptions,
    weights: Option<SharedWeights>,
    /// Whether sums of 8-bit products are never cut.
    has_exact_integers: bool,
}

/// Creates the sessions, on the first provider that works.
pub(super) fn open(graph: &GraphFile, options: &SessionOptions) -> Result<Opened> {
    options.check()?;
    graph.check_unchanged()?;
    let wanted_runtime = options.runtime.iter().fold(RuntimeOptions::new(), |wanted, path| wanted.library(path));
    let runtime = Runtime::load_for(&wanted_runtime, options.may_share(options.threads_per_session()))?;
    let fall_back = !matches!(options.providers, ProviderChoice::Require(_));
    let model = &graph.model;
    let mut refused = Vec::new();
    let candidates = options.wanted().iter().copied().chain(fall_back.then_some(Provider::Cpu));
    for provider in candidates {
        if !provider.is_enabled() {
            refused.push(format!("{provider}: this program is built without the feature `{provider}`"));
            continue;
        }
        match Opener::new(provider, runtime, graph, options).and_then(Opener::open) {
            Ok(opened) => {
                if !refused.is_empty() {
                    tracing::warn!(model, %provider, ?refused, "a preferred provider is not used");
                }
                return Ok(opened);
            }
            Err(error) if provider == Provider::Cpu => return Err(error),
            Err(error) => refused.push(format!("{provider}: {}", error.report())),
        }
    }
    Err(Error::option("providers", format!("model {model} runs on none of those required: {}", refused.join("; "))))
}

impl Opener {
    fn new(provider: Provider, runtime: &'static Runtime, graph: &GraphFile, options: &SessionOptions) -> Result<Self> {
        let map = options.memory_map.unwrap_or(true);
        // Other providers hold weights in memory of their own.
        let weights = if provider == Provider::Cpu {
            SharedWeights::open(&graph.files, &graph.name, map)?
        } else {
            external::check(&graph.files, &graph.name, &graph.files.open(&graph.name, map)?)?;
            None
        };
        let (graph, options) = (graph.clone(), options.clone());
        Ok(Self { provider, runtime, graph, options, weights, has_exact_integers: true })
    }

    /// Checks that the weights that the sessions use are what they were.
    ///
    /// # Errors
    /// [`Error::InvalidFile`] when their mapped file was written to.
    pub(super) fn check_unchanged(&self) -> Result<()> {
        self.weights.as_ref().map_or(Ok(()), SharedWeights::check_unchanged)
    }

    /// The sessions that are there from the start.
    fn open(mut self) -> Result<Opened> {
        let threads = self.options.threads_per_session();
        let mut first = self.first(threads);
        if let (Err(error), true) = (&first, self.weights.is_some()) {
            // A runtime that cannot share this graph's weights may still load it from its file.
            tracing::debug!(model = self.graph.model, %error, "the graph's weights cannot be shared");
            self.weights = None;
            first = self.first(threads);
        }
        let first = first?;
        let inputs = first.inputs().iter().map(|input| match input.dtype() {
            ValueType::Tensor { ty, .. } => Ok(Input { name: input.name().to_owned(), element: *ty }),
            _ => {
                let message = format!("the graph's input {:?} is no tensor", input.name());
                Err(Error::model(&self.graph.model, message))
            }
        });
        let inputs = inputs.collect::<Result<_>>()?;
        let outputs = first.outputs().iter().map(|output| output.name().to_owned()).collect();
        let precisions = first.outputs().iter().map(|output| Precision::declared(output.dtype())).collect();
        let others = (1..self.options.session_count()).map(|number| self.session(number, threads));
        let sessions = std::iter::once(Ok(first)).chain(others).collect::<Result<_>>()?;
        Ok(Opened { sessions, inputs, outputs, precisions, opener: self })
    }

    /// The first session, and whether integers can be exact in it and those to come.
    fn first(&mut self, threads: usize) -> Result<Session> {
        let first = self.session(0, threads);
        if !self.has_exact_integers || !first.as_ref().is_err_and(is_of_exact_integers) {
            return first;
        }
        let model = &self.graph.model;
        tracing::warn!(model, "several nodes share 8-bit weights: on this processor their sums are not exact");
        self.has_exact_integers = false;
        self.session(0, threads)
    }

    /// One more session; where devices are named, its number chooses one.
    pub(super) fn session(&self, number: usize, threads: usize) -> Result<Session> {
        Call::opening(|| self.commit(number, threads))
    }

    fn commit(&self, number: usize, threads: usize) -> Result<Session> {
        let devices = &self.options.device_ids;
        let device = (!devices.is_empty()).then(|| devices[number % devices.len()]);
        let placement = Placement { device, tf32: self.options.tf32 };
        let mut builder = builder(self.runtime, self.provider, placement, threads, &self.options);
        if self.has_exact_integers {
            let (key, value) = EXACT_INTEGERS;
            builder = builder.and_then(|builder| Ok(builder.with_config_entry(key, value)?));
        }
        let builder = builder.map_err(|e| self.graph.failed("the session options are refused", &e))?;
        match &self.weights {
            Some(weights) => {
                weights.check_unchanged()?;
                weights.commit(builder).map_err(|e| self.graph.failed("the graph cannot be loaded", &e))
            }
            None => {
                self.graph.check_unchanged()?;
                self.graph.commit(builder, self.options.memory_map != Some(false))
            }
        }
    }
}

/// ONNX Runtime's option of sums of 8-bit products that are never cut. By default, x86 processors without VNNI cut the sum of
/// two at 16 bits: a quantised model's vectors would be others there than on every other processor, by up to a fifth of their
/// norm for all-MiniLM-L6-v2. Runs take the same time; each session there has 8-bit weights of its own.
const EXACT_INTEGERS: (&str, &str) = ("session.x64quantprecision", "1");

/// Whether a graph could not be loaded since the runtime makes exact weights for each node of those that two share, by one
/// name.
fn is_of_exact_integers(error: &Error) -> bool {
    error.report().contains("Attempt to replace the existing tensor")
}

fn builder(
    runtime: &Runtime,
    provider: Provider,
    placement: Placement,
    threads: usize,
    options: &SessionOptions,
) -> ort::Result<SessionBuilder> {
    let level = match options.optimization {
        Optimization::Disabled => GraphOptimizationLevel::Disable,
        Optimization::Basic => GraphOptimizationLevel::Level1,
        Optimization::Extended => GraphOptimizationLevel::Level2,
        Optimization::All => GraphOptimizationLevel::All,
    };
    // A plan of memory would be kept for every shape that a batch ever had, kilobytes each, and save no time.
    let mut builder = Session::builder(runtime.environment())?.with_memory_pattern(false)?;
    builder = builder.with_optimization_level(level)?;
    // The threads of a host program's environment are as many as it likes.
    let shares = provider == Provider::Cpu && options.may_share(threads) && runtime.has_threads(threads);
    if !shares {
        builder = builder.with_independent_thread_pool()?.with_intra_threads(threads)?;
    }
    if let Some(spinning) = options.spinning {
        builder = builder.with_intra_op_spinning(spinning)?.with_inter_op_spinning(spinning)?;
    }
    if options.arena == Some(false) {
        let cpu = ort::ep::CPU::default().with_arena_allocator(false).build();
        builder = builder.with_execution_providers([cpu])?;
    }
    if provider != Provider::Cpu
        && let Some(dispatch) = provider.dispatch(placement)
    {
        builder = builder.with_execution_providers([dispatch])?;
    }
    Ok(builder)
}

/// A graph among a model's files.
#[derive(Clone)]
pub(super) struct GraphFile {
    /// The model's id.
    pub(super) model: String,
    pub(super) files: ModelFiles,
    pub(super) name: String,
    /// What the file was when the model was loaded: sessions that are made later must be of the same graph.
    version: Option<FileVersion>,
}

impl GraphFile {
    pub(super) fn new(model: &str, files: &ModelFiles, name: &str) -> Self {
        let version = files.path(name).and_then(|path| FileVersion::at(&path));
        Self { model: model.to_owned(), files: files.clone(), name: name.to_owned(), version }
    }

    fn check_unchanged(&self) -> Result<()> {
        let now = self.files.path(&self.name).and_then(|path| FileVersion::at(&path));
        if now == self.version {
            return Ok(());
        }
        Err(Error::file(self.label(), "is not the file that the model was loaded from any more: load the model again"))
    }

    /// How errors name it.
    pub(super) fn label(&self) -> PathBuf {
        self.files.label(&self.name)
    }

    /// A session with weights of its own, which the runtime maps where it can, or reads.
    fn commit(&self, mut builder: SessionBuilder, map: bool) -> Result<Session> {
        let session = match self.files.path(&self.name) {
            Some(path) if map => builder.commit_from_file(path),
            _ => {
                let bytes = self.files.open(&self.name, map)?;
                builder.commit_from_memory(&external::whole(&self.files, &self.name, &bytes, map)?)
            }
        };
        session.map_err(|e| self.failed("the graph cannot be loaded", &e))
    }

    fn failed(&self, what: &str, error: &ort::Error) -> Error {
        let needs_newer = error.to_string().to_lowercase().contains("nbits");
        let hint = if needs_newer { " (this graph needs ONNX Runtime 1.23 or later)" } else { "" };
        let message = format!("{what} ({}{}){hint}", self.label().display(), self.data());
        Error::model_because(&self.model, message, error.to_string())
    }

    /// The files of weights beside the graph, with their sizes: they may be what is wrong.
    fn data(&self) -> String {
        let folder = self.files.path(&self.name).and_then(|path| std::fs::read_dir(path.parent()?).ok());
        let data = folder.into_iter().flatten().flatten().filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let holds_weights = [".onnx_data", ".onnx.data"].iter().any(|ending| name.ends_with(ending));
            let bytes = std::fs::metadata(entry.path()).ok()?.len();
            holds_weights.then(|| format!(", whose {name} has {bytes} bytes: is it whole?"))
        });
        data.collect()
    }
}
