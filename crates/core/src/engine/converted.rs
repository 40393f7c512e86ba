//! A pipeline behind other input and output types.

use std::borrow::Cow;
use std::sync::Arc;

use super::bounds::BatchBounds;
use super::control::Control;
use super::erased::ErasedPipeline;
use super::threads::Threads;
use super::window::{Batches, CutWindow, Finished, Positioned, Window, WindowCost};
#[cfg(feature = "onnx")]
use crate::session::SessionPool;
#[cfg(feature = "tokenizer")]
use crate::tokenizer::Tokenizer;
use crate::{Error, IndexNames, Purpose, Result, RowPlaces, Usage};

/// A pipeline of `I` and `O` that takes `J` and gives `P`.
pub(super) struct Converted<I: ?Sized + ToOwned, J: ?Sized, O, P> {
    pub(super) inner: Arc<dyn ErasedPipeline<I, O>>,
    pub(super) input: fn(&J) -> Result<Cow<'_, I>>,
    pub(super) output: fn(O) -> P,
}

impl<I, J, O, P> ErasedPipeline<J, P> for Converted<I, J, O, P>
where
    I: ?Sized + ToOwned + 'static,
    J: ?Sized,
    O: 'static,
    P: 'static,
{
    fn usage(&self, input: &J, purpose: &Purpose) -> Result<Usage> {
        self.inner.usage((self.input)(input)?.as_ref(), purpose)
    }

    fn row_places(&self, input: &J, purpose: &Purpose) -> Result<Option<RowPlaces>> {
        self.inner.row_places((self.input)(input)?.as_ref(), purpose)
    }

    fn index_names(&self) -> Option<Arc<dyn IndexNames>> {
        self.inner.index_names()
    }

    #[cfg(feature = "tokenizer")]
    fn tokenizer(&self) -> Option<&Tokenizer> {
        self.inner.tokenizer()
    }

    fn workers(&self) -> usize {
        self.inner.workers()
    }

    #[cfg(feature = "onnx")]
    fn sessions(&self) -> Option<&SessionPool> {
        self.inner.sessions()
    }

    fn prepare(&self, inputs: &[&J], purpose: &Arc<Purpose>, threads: &Threads) -> Box<dyn Window<P>> {
        let mut taken = Vec::with_capacity(inputs.len());
        let mut refused = Vec::new();
        for (position, input) in inputs.iter().enumerate() {
            match (self.input)(input) {
                Ok(input) => taken.push(input),
                Err(error) => refused.push((position, error)),
            }
        }
        let references: Vec<&I> = taken.iter().map(AsRef::as_ref).collect();
        Box::new(ConvertedWindow {
            inner: self.inner.prepare(&references, purpose, threads),
            refused,
            output: self.output,
        })
    }

    fn prepare_ids(&self, rows: &[&[u32]], purpose: &Arc<Purpose>) -> Box<dyn Window<P>> {
        let inner = self.inner.prepare_ids(rows, purpose);
        Box::new(ConvertedWindow { inner, refused: Vec::new(), output: self.output })
    }
}

/// A window without the inputs that could not be converted, whose errors are put back in their places.
struct ConvertedWindow<O, P> {
    inner: Box<dyn Window<O>>,
    refused: Vec<(usize, Error)>,
    output: fn(O) -> P,
}

impl<O: 'static, P: 'static> Window<P> for ConvertedWindow<O, P> {
    fn cost(&self) -> WindowCost {
        self.inner.cost()
    }

    fn cut(self: Box<Self>, bounds: &BatchBounds, control: &Control) -> CutWindow<P> {
        let Self { inner, refused, output } = *self;
        control.report(refused.len(), 0);
        let CutWindow { results: inner, batches } = inner.cut(bounds, control);
        let mut results: Vec<Option<Finished<P>>> = Vec::with_capacity(inner.len() + refused.len());
        let mut places = Vec::with_capacity(inner.len());
        let mut refused = refused.into_iter().peekable();
        for result in inner {
            while let Some((_, error)) = refused.next_if(|(position, _)| *position == results.len()) {
                results.push(Some(Err(error)));
            }
            places.push(results.len());
            results.push(result.map(|result| converted(result, output)));
        }
        results.extend(refused.map(|(_, error)| Some(Err(error))));
        CutWindow { results, batches: Arc::new(ConvertedBatches { inner: batches, places, output }) }
    }
}

struct ConvertedBatches<O, P> {
    inner: Arc<dyn Batches<O>>,
    /// Where the inputs that were converted stand among all.
    places: Vec<usize>,
    output: fn(O) -> P,
}

impl<O, P> Batches<P> for ConvertedBatches<O, P> {
    fn count(&self) -> usize {
        self.inner.count()
    }

    fn run(&self, batch: usize, control: &Control) -> Vec<Positioned<P>> {
        let results = self.inner.run(batch, control).into_iter();
        results.map(|(position, result)| (self.places[position], converted(result, self.output))).collect()
    }

    fn begin_job(&self) -> bool {
        self.inner.begin_job()
    }

    fn end_job(&self) {
        self.inner.end_job();
    }
}

fn converted<O, P>(result: Finished<O>, output: fn(O) -> P) -> Finished<P> {
    result.map(|(value, usage)| (output(value), usage))
}
