//! Creates a graph's sessions.

use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::value::TensorElementType;
use ort::value::ValueType;

use super::runtime::{Runtime, RuntimeOptions};
use super::{Optimization, Provider, ProviderChoice, SessionOptions};
use crate::{Error, ModelFiles, Result};

/// The sessions of a graph and what it declares.
pub(super) struct Opened {
    pub(super) sessions: Vec<Session>,
    pub(super) inputs: Vec<Input>,
    pub(super) outputs: Vec<String>,
    pub(super) provider: Provider,
}

/// An input that a graph declares.
pub(super) struct Input {
    pub(super) name: String,
    pub(super) element: TensorElementType,
}

/// Creates the sessions, on the first provider that works.
pub(super) fn open(model: &str, files: &ModelFiles, graph: &str, options: &SessionOptions) -> Result<Opened> {
    if options.threads == Some(0) || options.sessions == Some(0) {
        return Err(Error::option("threads", "threads and sessions must be at least 1"));
    }
    let wanted_runtime = options.runtime.iter().fold(RuntimeOptions::new(), |wanted, path| wanted.library(path));
    let runtime = Runtime::load(&wanted_runtime)?;
    let (wanted, fall_back) = match &options.providers {
        ProviderChoice::Cpu => (&[][..], true),
        ProviderChoice::Prefer(providers) => (providers.as_slice(), true),
        ProviderChoice::Require(providers) => (providers.as_slice(), false),
    };
    let mut refused = Vec::new();
    let candidates = wanted.iter().copied().chain(fall_back.then_some(Provider::Cpu));
    for provider in candidates {
        if !provider.is_enabled() {
            refused.push(format!("{provider}: this program is built without the feature `{provider}`"));
            continue;
        }
        let source = Graph { model, files, name: graph };
        match sessions_on(provider, runtime.environment(), &source, options) {
            Ok(sessions) => {
                if !refused.is_empty() {
                    tracing::warn!(model, %provider, ?refused, "a preferred provider is not used");
                }
                return describe(model, sessions, provider);
            }
            Err(error) if provider == Provider::Cpu => return Err(error),
            Err(error) => refused.push(format!("{provider}: {error}")),
        }
    }
    Err(Error::option("providers", format!("model {model} runs on none of those required: {}", refused.join("; "))))
}

fn sessions_on(
    provider: Provider,
    environment: &Environment,
    graph: &Graph<'_>,
    options: &SessionOptions,
) -> Result<Vec<Session>> {
    (0..options.session_count())
        .map(|number| {
            let device =
                (!options.device_ids.is_empty()).then(|| options.device_ids[number % options.device_ids.len()]);
            let builder = builder(environment, provider, device, options);
            let mut builder = builder.map_err(|e| graph.failed("the session options are refused", &e))?;
            graph.commit(&mut builder)
        })
        .collect()
}

fn builder(
    environment: &Environment,
    provider: Provider,
    device: Option<i32>,
    options: &SessionOptions,
) -> ort::Result<SessionBuilder> {
    let level = match options.optimization {
        Optimization::Disabled => GraphOptimizationLevel::Disable,
        Optimization::Basic => GraphOptimizationLevel::Level1,
        Optimization::Extended => GraphOptimizationLevel::Level2,
        Optimization::All => GraphOptimizationLevel::All,
    };
    let mut builder = Session::builder(environment)?
        .with_optimization_level(level)?
        .with_intra_threads(options.threads_per_session())?;
    if let Some(spinning) = options.spinning {
        builder = builder.with_intra_op_spinning(spinning)?.with_inter_op_spinning(spinning)?;
    }
    if options.arena == Some(false) {
        let cpu = ort::ep::CPU::default().with_arena_allocator(false).build();
        builder = builder.with_execution_providers([cpu])?;
    }
    if provider != Provider::Cpu
        && let Some(dispatch) = provider.dispatch(device)
    {
        builder = builder.with_execution_providers([dispatch])?;
    }
    Ok(builder)
}

/// A graph among a model's files.
struct Graph<'g> {
    model: &'g str,
    files: &'g ModelFiles,
    name: &'g str,
}

impl Graph<'_> {
    fn commit(&self, builder: &mut SessionBuilder) -> Result<Session> {
        if let Some(path) = self.files.path(self.name) {
            return builder.commit_from_file(path).map_err(|e| self.failed("the graph cannot be loaded", &e));
        }
        // Handing external data over in memory takes ONNX Runtime 1.18's interface; this crate asks for 1.17's.
        if let Some(data) = self.files.names().find(|name| is_external_data(name)) {
            return Err(Error::file(
                self.files.label(data),
                "weights outside of the graph's own file cannot be loaded from memory; use a folder",
            ));
        }
        let bytes = self.files.read(self.name)?;
        builder.commit_from_memory(&bytes).map_err(|e| self.failed("the graph cannot be loaded", &e))
    }

    fn failed(&self, what: &str, error: &ort::Error) -> Error {
        let needs_newer = error.to_string().to_lowercase().contains("nbits");
        let hint = if needs_newer { " (this graph needs ONNX Runtime 1.23 or later)" } else { "" };
        let name = self.files.label(self.name);
        let message = format!("{} ({}){hint}", what, name.display());
        Error::model_because(self.model, message, error.to_string())
    }
}

fn is_external_data(name: &str) -> bool {
    name.ends_with("_data") || name.ends_with(".data") || name.ends_with(".bin")
}

fn describe(model: &str, sessions: Vec<Session>, provider: Provider) -> Result<Opened> {
    let first = &sessions[0];
    let mut inputs = Vec::new();
    for input in first.inputs() {
        let ValueType::Tensor { ty, .. } = input.dtype() else {
            return Err(Error::model(model, format!("the graph's input {:?} is no tensor", input.name())));
        };
        inputs.push(Input { name: input.name().to_owned(), element: *ty });
    }
    let outputs = first.outputs().iter().map(|output| output.name().to_owned()).collect();
    Ok(Opened { sessions, inputs, outputs, provider })
}
