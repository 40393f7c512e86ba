//! What a model *does*: prepare, run, pool.

use std::any::Any;
use std::sync::Arc;

use crate::engine::Windowed;
use crate::{ModelDescription, ModelFiles, Result};

#[cfg(feature = "onnx")]
use crate::session::{SessionOptions, SessionPool};

/// One model at work: inputs are prepared one by one, run in batches, and pooled to the family's
/// output straight from the batch's output.
///
/// The [`Engine`](crate::Engine) calls `prepare` from several threads, sorts what came out by
/// length, cuts batches, and calls `run` from as many threads as [`workers`](Self::workers) says.
pub trait Pipeline: Send + Sync + 'static {
    /// What goes in: `str`, a picture, a pair of texts.
    type Input: ?Sized + Sync + 'static;
    /// An input that is ready to run: token ids, pixels.
    type Prepared: Send + Sync;
    /// What comes out.
    type Output: Send + 'static;

    /// Makes one input ready.
    ///
    /// # Errors
    /// An input that cannot be embedded. The other inputs go on.
    fn prepare(&self, input: &Self::Input, purpose: &Purpose) -> Result<Prepared<Self::Prepared, Self::Output>>;

    /// Runs a batch and pools it: one result a row, in the batch's order.
    ///
    /// # Errors
    /// The run failed as a whole; the engine then tries each row alone.
    fn run(&self, batch: &[&Self::Prepared], purpose: &Purpose) -> Result<Vec<Result<Self::Output>>>;

    /// How much of the model's window an input uses, without a run.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare).
    fn usage(&self, input: &Self::Input, purpose: &Purpose) -> Result<Usage> {
        Ok(self.prepare(input, purpose)?.usage)
    }

    /// The sessions that run the model's graph; none for models without one.
    #[cfg(feature = "onnx")]
    fn sessions(&self) -> Option<&SessionPool> {
        None
    }

    /// How many batches may run at once: one a session.
    fn workers(&self) -> usize {
        #[cfg(feature = "onnx")]
        return self.sessions().map_or(1, SessionPool::workers);
        #[cfg(not(feature = "onnx"))]
        1
    }
}

/// A prepared input.
#[derive(Debug)]
pub struct Prepared<P, O> {
    /// What is left to do.
    pub stage: Stage<P, O>,
    /// What the input used.
    pub usage: Usage,
}

/// What is left to do for an input.
#[derive(Debug)]
pub enum Stage<P, O> {
    /// Nothing: this is the result. Models without a graph always say so.
    Done(O),
    /// A run.
    Run {
        /// The prepared input.
        item: P,
        /// Its length in tokens (or what costs the graph as much): inputs are sorted by it, and
        /// a batch costs its rows times its longest length.
        length: usize,
        /// The memory it holds, in bytes, so that a window's memory can be bounded.
        bytes: usize,
    },
}

/// What an input used of the model's window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens the model sees: after truncation, special tokens included, padding not.
    pub tokens: usize,
    /// Whether the input was longer than the model's window, and cut.
    pub truncated: bool,
}

#[cfg(feature = "tokenizer")]
impl From<&crate::tokenizer::Encoding> for Usage {
    fn from(row: &crate::tokenizer::Encoding) -> Self {
        Self { tokens: row.ids.len(), truncated: row.truncated }
    }
}

/// What embeddings are for: the same text may be embedded differently as a query and as a passage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purpose {
    /// The role of the inputs.
    pub role: Role,
    /// The task, for models that are conditioned on one.
    pub task: Option<String>,
    /// Leaves the row's prompt for the role or task out.
    pub without_prompt: bool,
}

/// The role of an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Role {
    /// Neither: the input as it is.
    #[default]
    Plain,
    /// What is searched for.
    Query,
    /// What is searched in.
    Passage,
}

impl Role {
    /// The role's key among a row's prompts.
    pub fn key(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Query => Some("query"),
            Self::Passage => Some("passage"),
        }
    }
}

impl From<Role> for Purpose {
    fn from(role: Role) -> Self {
        Self { role, ..Self::default() }
    }
}

impl Purpose {
    /// What the row puts before an input of this purpose: the task's prompt, else the role's.
    pub fn prompt<'m>(&self, model: &'m ModelDescription) -> Option<&'m str> {
        if self.without_prompt {
            return None;
        }
        let of_task = self.task.as_ref().and_then(|task| model.prompts.get(task));
        let of_role = || self.role.key().and_then(|role| model.prompts.get(role));
        of_task.or_else(of_role).map(String::as_str).filter(|prompt| !prompt.is_empty())
    }
}

/// Everything an architecture loads a model from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoadContext {
    /// The row, with the caller's overrides applied.
    pub model: Arc<ModelDescription>,
    /// The files.
    pub files: ModelFiles,
    /// How to run the graph.
    #[cfg(feature = "onnx")]
    pub session: SessionOptions,
    /// Width to cut embeddings to (Matryoshka), already checked against the row.
    pub dim: Option<usize>,
    /// Whether large tables are mapped from their file instead of read.
    pub memory_map: bool,
}

impl LoadContext {
    /// A context with default options.
    pub fn new(model: impl Into<Arc<ModelDescription>>, files: ModelFiles) -> Self {
        Self {
            model: model.into(),
            files,
            #[cfg(feature = "onnx")]
            session: SessionOptions::default(),
            dim: None,
            memory_map: false,
        }
    }
}

/// A pipeline whose input and output types only its family knows.
pub struct AnyPipeline {
    pipeline: Box<dyn Any + Send + Sync>,
    #[cfg(feature = "onnx")]
    pub(crate) has_graph: bool,
    extra: Option<Box<dyn Any + Send + Sync>>,
}

impl AnyPipeline {
    /// Hides the types of a pipeline.
    pub fn new<P: Pipeline>(pipeline: P) -> Self {
        #[cfg(feature = "onnx")]
        let has_graph = pipeline.sessions().is_some();
        let pipeline: Arc<dyn Windowed<P::Input, P::Output>> = Arc::new(pipeline);
        Self {
            pipeline: Box::new(pipeline),
            #[cfg(feature = "onnx")]
            has_graph,
            extra: None,
        }
    }

    /// Adds what the model can do beside embedding, for a facade that asks for it with
    /// [`Loaded::extra`](crate::Loaded::extra).
    #[must_use]
    pub fn with_extra<T: Any + Send + Sync>(mut self, extra: T) -> Self {
        self.extra = Some(Box::new(extra));
        self
    }

    /// What was added, if it is of this type.
    pub(crate) fn extra<T: Any>(&self) -> Option<&T> {
        self.extra.as_ref()?.downcast_ref()
    }

    /// The pipeline, if these are its types.
    pub(crate) fn downcast<I: ?Sized + 'static, O: 'static>(self) -> Option<Arc<dyn Windowed<I, O>>> {
        self.pipeline.downcast::<Arc<dyn Windowed<I, O>>>().ok().map(|pipeline| *pipeline)
    }
}

impl std::fmt::Debug for AnyPipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AnyPipeline")
    }
}
