//! Runs any pipeline over any number of inputs, in bounded memory.
//!
//! Inputs are taken lazily, a window at a time. A window's inputs are prepared on all cores, sorted
//! by length and cut into batches by the tokens they compute, so that hardly any padding is
//! computed; batches run on as many workers as the pipeline has, while the next window is being
//! prepared; results come out in input order.

mod batching;
mod control;
mod embeddings;
mod window;

use std::error::Error as _;
use std::sync::{Arc, OnceLock};

pub use batching::Batching;
pub use control::{CancelToken, Progress};
pub use embeddings::{Embeddings, WithUsage};
pub(crate) use window::Windowed;

use crate::{AnyPipeline, Error, ModelDescription, Purpose, Result, Usage};

/// How an [`Engine`] works.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EngineOptions {
    /// How inputs are put into batches.
    pub batching: Batching,
    /// Threads for preparing inputs; default: all cores.
    pub threads: Option<usize>,
}

/// A loaded model and the machinery that runs it. All methods take `&self`; an engine is shared
/// between threads by reference or `Arc`.
pub struct Engine<I: ?Sized, O> {
    model: Arc<ModelDescription>,
    pipeline: Arc<dyn Windowed<I, O>>,
    batching: Batching,
    threads: Threads,
}

/// Where inputs are prepared.
#[derive(Clone, Debug)]
pub(crate) enum Threads {
    /// On the calling thread.
    Calling,
    /// On the process's shared pool.
    Shared,
    /// On a pool of this engine's own.
    Own(Arc<rayon::ThreadPool>),
}

/// The most threads, and the most sessions, that can be asked for: more are a mistake.
const MOST_THREADS: usize = 1024;

/// Checks a number of threads or sessions.
pub(crate) fn check_count(option: &str, count: Option<usize>) -> Result<()> {
    match count {
        Some(0) => Err(Error::option(option, "must be at least 1")),
        Some(count) if count > MOST_THREADS => {
            Err(Error::option(option, format!("must be at most {MOST_THREADS}, not {count}")))
        }
        _ => Ok(()),
    }
}

impl Threads {
    fn new(threads: Option<usize>) -> Result<Self> {
        check_count("threads", threads)?;
        match threads {
            None => Ok(Self::Shared),
            Some(1) => Ok(Self::Calling),
            Some(n) => {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build();
                let pool = pool.map_err(|e| Error::option("threads", format!("{n} threads cannot be started: {e}")))?;
                Ok(Self::Own(Arc::new(pool)))
            }
        }
    }
}

impl Threads {
    /// Itself, or the calling thread where the shared pool cannot be started: its own way to say so
    /// is to end the program.
    fn ready(&self) -> &Self {
        static STARTS: OnceLock<bool> = OnceLock::new();
        let starts = || match rayon::ThreadPoolBuilder::new().build_global() {
            // Only what the system refused has a cause; that the pool is there already is none.
            Err(error) if error.source().is_some() => {
                tracing::warn!(%error, "threads cannot be started, so inputs are prepared on the calling one");
                false
            }
            _ => true,
        };
        match self {
            Self::Shared if !*STARTS.get_or_init(starts) => &Self::Calling,
            threads => threads,
        }
    }
}

impl<I: ?Sized + Sync + 'static, O: Send + 'static> Engine<I, O> {
    /// An engine for a loaded pipeline.
    ///
    /// # Errors
    /// [`Error::Model`] when the pipeline is of another family (other input or output types), and
    /// [`Error::InvalidOption`].
    pub fn new(model: Arc<ModelDescription>, pipeline: AnyPipeline, options: &EngineOptions) -> Result<Self> {
        let pipeline = pipeline.downcast().ok_or_else(|| {
            let message = format!(
                "the architecture {:?} gives a pipeline whose inputs or outputs are not the {} family's",
                model.architecture, model.family
            );
            Error::model(&model.id, message)
        })?;
        options.batching.check()?;
        Ok(Self { model, pipeline, batching: options.batching.clone(), threads: Threads::new(options.threads)? })
    }

    /// The model's row, with the caller's overrides.
    pub fn model(&self) -> &Arc<ModelDescription> {
        &self.model
    }

    /// The execution provider that runs the model's graph; none for models without one.
    ///
    /// # Errors
    /// The sessions are created lazily, only now, and cannot be.
    #[cfg(feature = "onnx")]
    pub fn provider(&self) -> Result<Option<crate::session::Provider>> {
        self.pipeline.sessions().map(crate::session::SessionPool::provider).transpose()
    }

    /// Results for any number of inputs, lazily and in their order.
    pub fn run<S>(&self, inputs: S, purpose: impl Into<Purpose>) -> Embeddings<'_, S::IntoIter, I, O>
    where
        S: IntoIterator,
        S::Item: AsRef<I>,
    {
        Embeddings::new(self, inputs.into_iter(), purpose.into())
    }

    /// The result for one input.
    ///
    /// # Errors
    /// As the pipeline's.
    pub fn run_one(&self, input: &I, purpose: &Purpose) -> Result<O> {
        let window = self.pipeline.prepare(&[input], &Arc::new(purpose.clone()), &Threads::Calling);
        match window.run(&self.batching, &control::Control::default()).pop() {
            Some(result) => result.map(|(output, _)| output),
            None => Err(Error::model(&self.model.id, "no result came for the input")),
        }
    }

    /// What an input uses of the model's window, without a run.
    ///
    /// # Errors
    /// As the pipeline's.
    pub fn usage(&self, input: &I, purpose: &Purpose) -> Result<Usage> {
        self.pipeline.usage(input, purpose)
    }

    /// The sum of tokens over all inputs: after truncation, special tokens included, padding not.
    ///
    /// # Errors
    /// The first input's that cannot be prepared.
    pub fn count_tokens<S>(&self, inputs: S, purpose: &Purpose) -> Result<usize>
    where
        S: IntoIterator,
        S::Item: AsRef<I>,
    {
        inputs.into_iter().map(|input| Ok(self.usage(input.as_ref(), purpose)?.tokens)).sum()
    }
}

impl<I: ?Sized, O> std::fmt::Debug for Engine<I, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("model", &self.model.id)
            .field("batching", &self.batching)
            .finish_non_exhaustive()
    }
}
