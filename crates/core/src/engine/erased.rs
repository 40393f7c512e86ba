//! A pipeline as the engine sees it: something that prepares and runs windows of inputs.
//!
//! A pipeline's prepared type is its own. Windows are erased, not rows: nothing is boxed or downcast for each row,
//! and the engine is still written once.

use std::sync::Arc;

use super::batches::{PreparedWindow, prepare_all};
use super::bounds::BatchBounds;
use super::control::Control;
use super::threads::Threads;
use super::window::{Batches, CutWindow, Finished, Positioned, Window, WindowCost};
#[cfg(feature = "onnx")]
use crate::session::SessionPool;
#[cfg(feature = "tokenizer")]
use crate::tokenizer::Tokenizer;
use crate::{Direct, IndexNames, Pipeline, Purpose, Result, RowPlaces, Usage};

/// A pipeline, a window at a time: what is left of it when its prepared type is hidden.
pub(super) trait ErasedPipeline<I: ?Sized, O>: Send + Sync {
    fn usage(&self, input: &I, purpose: &Purpose) -> Result<Usage>;

    fn row_places(&self, input: &I, purpose: &Purpose) -> Result<Option<RowPlaces>>;

    fn index_names(&self) -> Option<Arc<dyn IndexNames>>;

    #[cfg(feature = "tokenizer")]
    fn tokenizer(&self) -> Option<&Tokenizer>;

    /// How many batches may run at once.
    fn workers(&self) -> usize;

    #[cfg(feature = "onnx")]
    fn sessions(&self) -> Option<&SessionPool>;

    fn prepare(&self, inputs: &[&I], purpose: &Arc<Purpose>, threads: &Threads) -> Box<dyn Window<O>>;

    /// On the calling thread.
    fn prepare_ids(&self, rows: &[&[u32]], purpose: &Arc<Purpose>) -> Box<dyn Window<O>>;
}

/// A pipeline that runs in batches.
pub(super) struct Batched<P>(pub(super) Arc<P>);

impl<P: Pipeline> ErasedPipeline<P::Input, P::Output> for Batched<P> {
    fn usage(&self, input: &P::Input, purpose: &Purpose) -> Result<Usage> {
        self.0.usage(input, purpose)
    }

    fn row_places(&self, input: &P::Input, purpose: &Purpose) -> Result<Option<RowPlaces>> {
        self.0.row_places(input, purpose)
    }

    fn index_names(&self) -> Option<Arc<dyn IndexNames>> {
        self.0.index_names()
    }

    #[cfg(feature = "tokenizer")]
    fn tokenizer(&self) -> Option<&Tokenizer> {
        self.0.tokenizer()
    }

    fn workers(&self) -> usize {
        self.0.workers()
    }

    #[cfg(feature = "onnx")]
    fn sessions(&self) -> Option<&SessionPool> {
        self.0.sessions()
    }

    fn prepare(&self, inputs: &[&P::Input], purpose: &Arc<Purpose>, threads: &Threads) -> Box<dyn Window<P::Output>> {
        let rows = prepare_all(inputs, threads, |input| self.0.prepare(input, purpose));
        Box::new(PreparedWindow::new(self.0.clone(), purpose.clone(), rows))
    }

    fn prepare_ids(&self, rows: &[&[u32]], purpose: &Arc<Purpose>) -> Box<dyn Window<P::Output>> {
        let rows = rows.iter().map(|ids| self.0.prepare_ids(ids, purpose)).collect();
        Box::new(PreparedWindow::new(self.0.clone(), purpose.clone(), rows))
    }
}

/// A model that answers at once.
pub(super) struct Immediate<D> {
    model: D,
    /// As many as the process may use processors: looked up once, since the system keeps that in files.
    workers: usize,
}

impl<D> Immediate<D> {
    pub(super) fn new(model: D) -> Self {
        Self { model, workers: std::thread::available_parallelism().map_or(1, usize::from) }
    }
}

impl<D: Direct> ErasedPipeline<D::Input, D::Output> for Immediate<D> {
    fn usage(&self, input: &D::Input, purpose: &Purpose) -> Result<Usage> {
        self.model.usage(input, purpose)
    }

    fn row_places(&self, input: &D::Input, purpose: &Purpose) -> Result<Option<RowPlaces>> {
        self.model.row_places(input, purpose)
    }

    fn index_names(&self) -> Option<Arc<dyn IndexNames>> {
        self.model.index_names()
    }

    #[cfg(feature = "tokenizer")]
    fn tokenizer(&self) -> Option<&Tokenizer> {
        self.model.tokenizer()
    }

    fn workers(&self) -> usize {
        self.workers
    }

    #[cfg(feature = "onnx")]
    fn sessions(&self) -> Option<&SessionPool> {
        None
    }

    fn prepare(&self, inputs: &[&D::Input], purpose: &Arc<Purpose>, threads: &Threads) -> Box<dyn Window<D::Output>> {
        Box::new(Answers(prepare_all(inputs, threads, |input| self.model.embed(input, purpose))))
    }

    fn prepare_ids(&self, rows: &[&[u32]], purpose: &Arc<Purpose>) -> Box<dyn Window<D::Output>> {
        Box::new(Answers(rows.iter().map(|ids| self.model.embed_ids(ids, purpose)).collect()))
    }
}

/// A window of results.
struct Answers<O>(Vec<Finished<O>>);

impl<O: Send> Window<O> for Answers<O> {
    fn cost(&self) -> WindowCost {
        WindowCost::default()
    }

    fn cut(self: Box<Self>, _: &BatchBounds, control: &Control) -> CutWindow<O> {
        control.report(self.0.len(), 0);
        CutWindow { results: self.0.into_iter().map(Some).collect(), batches: Arc::new(NoBatches) }
    }
}

/// The batches of a window that has none.
struct NoBatches;

impl<O> Batches<O> for NoBatches {
    fn count(&self) -> usize {
        0
    }

    fn run(&self, _: usize, _: &Control) -> Vec<Positioned<O>> {
        Vec::new()
    }

    fn begin_job(&self) -> bool {
        false
    }

    fn end_job(&self) {}
}
