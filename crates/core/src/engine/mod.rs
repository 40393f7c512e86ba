//! Runs any pipeline over any number of inputs, in bounded memory.
//!
//! Inputs are taken lazily, a window at a time. A window's inputs are prepared on all cores, sorted
//! by length and cut into batches by the tokens they compute, so that hardly any padding is
//! computed; batches run on as many threads as the pipeline has workers, and those that are free take the next
//! window's. Results come out in input order, each as soon as it is there and its turn has come.

mod any;
mod batch;
mod batches;
mod batching;
mod bounds;
mod control;
mod converted;
mod crew;
mod digest;
mod embeddings;
mod erased;
mod in_flight;
mod loaded;
mod reader;
mod run;
mod threads;
mod window;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

pub use any::AnyPipeline;
pub use batch::Batch;
pub use batching::Batching;
pub use bounds::BatchBounds;
use control::Control;
pub use control::{CancelToken, Progress};
use converted::Converted;
pub use embeddings::{Embeddings, WithInputs, WithInputsAndUsage, WithUsage};
use erased::ErasedPipeline;
use in_flight::finish;
pub use loaded::LoadedModel;
use threads::Threads;
use window::Window;

use crate::{Error, IndexNames, ModelDescription, ModelFiles, Purpose, Result, RowPlaces, Usage};

/// How an [`Engine`] works.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EngineOptions {
    /// How inputs are put into batches. Default: as suits the hardware.
    pub batching: Batching,
    /// Threads for preparing inputs. Default: as many as the process may use, shared by all engines.
    pub threads: Option<usize>,
}

/// A loaded model and the machinery that runs it. All methods take `&self`; an engine is shared
/// between threads by reference or `Arc`.
pub struct Engine<I: ?Sized, O> {
    model: Arc<ModelDescription>,
    pipeline: Arc<dyn ErasedPipeline<I, O>>,
    batching: Batching,
    threads: Threads,
    /// What the model was loaded from, if it was loaded from anything.
    files: Option<ModelFiles>,
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
        let threads = Threads::new(options.threads)?;
        Ok(Self { model, pipeline, batching: options.batching.clone(), threads, files: None })
    }

    /// Says which files the model was loaded from.
    fn of_files(mut self, files: Option<ModelFiles>) -> Self {
        self.files = files;
        self
    }

    /// The same engine behind other types: `input` makes its inputs of what is given, and an input that it refuses
    /// fails alone; `output` makes what is wanted of its outputs.
    pub fn converted<J, P>(self, input: fn(&J) -> Result<Cow<'_, I>>, output: fn(O) -> P) -> Engine<J, P>
    where
        I: ToOwned,
        J: ?Sized + Sync + 'static,
        P: Send + 'static,
    {
        let Self { model, pipeline, batching, threads, files } = self;
        Engine { model, pipeline: Arc::new(Converted { inner: pipeline, input, output }), batching, threads, files }
    }

    /// The model's row, with the caller's overrides.
    pub fn model(&self) -> &Arc<ModelDescription> {
        &self.model
    }

    /// What the indices of its sparse vectors stand for, where that is known.
    pub fn index_names(&self) -> Option<Arc<dyn IndexNames>> {
        self.pipeline.index_names()
    }

    /// The folder that the model's files were loaded from; none for files in memory.
    pub fn folder(&self) -> Option<&Path> {
        self.files.as_ref()?.root()
    }

    /// The files that were read to load the model, relative to its [folder](Self::folder), sorted: what its results depend
    /// on, beside its row. Those of its graph are among them before a session is open.
    fn files_read(&self) -> Result<Vec<String>> {
        #[cfg(feature = "onnx")]
        self.pipeline.sessions().map_or(Ok(()), crate::session::SessionPool::count_files)?;
        Ok(self.files.as_ref().map(ModelFiles::names_read).unwrap_or_default())
    }

    /// Whether the model runs a graph. One that does not answers by look-ups, at next to no cost.
    pub fn has_graph(&self) -> bool {
        #[cfg(feature = "onnx")]
        return self.pipeline.sessions().is_some();
        #[cfg(not(feature = "onnx"))]
        false
    }

    /// The sessions that run the model's graph; none for models without one.
    #[cfg(feature = "onnx")]
    pub fn sessions(&self) -> Option<&crate::session::SessionPool> {
        self.pipeline.sessions()
    }

    /// The execution provider that runs the model's graph; none for models without one.
    ///
    /// # Errors
    /// The sessions are created lazily, only now, and cannot be.
    #[cfg(feature = "onnx")]
    pub fn provider(&self) -> Result<Option<crate::session::Provider>> {
        self.pipeline.sessions().map(crate::session::SessionPool::provider).transpose()
    }

    /// How many batches may run at once.
    pub fn workers(&self) -> usize {
        self.pipeline.workers()
    }

    /// The bounds of its batches, which are those of the hardware where the caller left them open. Sessions that are
    /// created lazily are created for it.
    pub fn bounds(&self) -> BatchBounds {
        self.batching.on(self.is_accelerated())
    }

    /// Whether a window runs elsewhere than on the CPU. One that leaves nothing to run opens no sessions.
    fn runs_accelerated(&self, window: &dyn Window<O>) -> bool {
        window.cost().tokens > 0 && self.is_accelerated()
    }

    /// Whether its graph runs elsewhere than on the CPU. Where no session can be opened, the run says so.
    fn is_accelerated(&self) -> bool {
        #[cfg(feature = "onnx")]
        return self
            .provider()
            .is_ok_and(|found| found.is_some_and(|provider| provider != crate::session::Provider::Cpu));
        #[cfg(not(feature = "onnx"))]
        false
    }

    /// What turns its texts into tokens; none for models without tokens.
    #[cfg(feature = "tokenizer")]
    pub fn tokenizer(&self) -> Option<&crate::tokenizer::Tokenizer> {
        self.pipeline.tokenizer()
    }

    /// Results for any number of inputs, lazily and in their order.
    pub fn run<S>(&self, inputs: S, purpose: impl Into<Purpose>) -> Embeddings<'_, S::IntoIter, I, O>
    where
        S: IntoIterator,
        S::Item: AsRef<I>,
    {
        Embeddings::new(self, inputs.into_iter(), purpose.into())
    }

    /// The result for one input, on the calling thread and in one batch.
    ///
    /// # Errors
    /// As the pipeline's.
    pub fn run_one(&self, input: &I, purpose: &Purpose) -> Result<O> {
        let window = self.pipeline.prepare(&[input], &Arc::new(purpose.clone()), &Threads::Calling);
        let control = Control::of(&self.model);
        let bounds = self.batching.on(self.runs_accelerated(&*window));
        match finish(window.cut(&bounds, &control), 1, &control).pop() {
            Some(result) => result.map(|(output, _)| output),
            None => Err(control.missing()),
        }
    }

    /// What an input uses of the model's window, without a run.
    ///
    /// # Errors
    /// As the pipeline's.
    pub fn usage(&self, input: &I, purpose: &Purpose) -> Result<Usage> {
        self.pipeline.usage(input, purpose)
    }

    /// Which bytes of an input the rows of its multi-vector are of, one place a row, without a run; none where the model
    /// does not say.
    ///
    /// # Errors
    /// As the pipeline's.
    pub fn row_places(&self, input: &I, purpose: &Purpose) -> Result<Option<RowPlaces>> {
        self.pipeline.row_places(input, purpose)
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
