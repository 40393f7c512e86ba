//! The lazy iterators over results.

use super::run::Run;
use super::{CancelToken, Engine, Progress};
use crate::{Purpose, Result, Usage};

/// Results of a run, one an input, in input order.
///
/// Nothing is computed before the first item is asked for. Inputs are read a window or two ahead,
/// so memory does not grow with their number. An input that fails gives its error; the others go on. Where inputs are
/// slow to come, each result is given out before the next input is waited for.
///
/// After a panic of the inputs' iterator, of a callback or of a model, which reaches the caller, a run gives one error and
/// ends. So does one in a child made by a fork after it was begun, once the results that were there are given out.
#[must_use = "nothing is computed before the first item is asked for"]
pub struct Embeddings<'e, S: Iterator, I: ?Sized, O>(Run<'e, S, I, O>);

/// [`Embeddings`] with each input's [`Usage`].
#[must_use = "nothing is computed before the first item is asked for"]
pub struct WithUsage<'e, S: Iterator, I: ?Sized, O>(Run<'e, S, I, O>);

/// [`Embeddings`] with the inputs that they are of.
#[must_use = "nothing is computed before the first item is asked for"]
pub struct WithInputs<'e, S: Iterator, I: ?Sized, O>(Run<'e, S, I, O>);

/// [`WithInputs`] with each input's [`Usage`].
#[must_use = "nothing is computed before the first item is asked for"]
pub struct WithInputsAndUsage<'e, S: Iterator, I: ?Sized, O>(Run<'e, S, I, O>);

impl<'e, S, I, O> Embeddings<'e, S, I, O>
where
    S: Iterator,
    S::Item: AsRef<I>,
    I: ?Sized + Sync + 'static,
    O: Send + 'static,
{
    pub(super) fn new(engine: &'e Engine<I, O>, inputs: S, purpose: Purpose) -> Self {
        Self(Run::new(engine, inputs, purpose))
    }

    /// Bounds the rows of a batch, in this run. Default: the engine's bound.
    ///
    /// # Errors
    /// [`Error::InvalidOption`](crate::Error::InvalidOption) for 0.
    pub fn batch_size(mut self, rows: usize) -> Result<Self> {
        self.0.batching.rows = Some(rows);
        self.0.batching.check()?;
        Ok(self)
    }

    /// Bounds the sessions that this run uses at a time, so that other runs have the rest. Default: all of the model's.
    ///
    /// # Errors
    /// [`Error::InvalidOption`](crate::Error::InvalidOption) for 0.
    pub fn sessions(mut self, most: usize) -> Result<Self> {
        crate::limits::check_count("sessions", Some(most))?;
        self.0.workers = self.0.workers.min(most);
        Ok(self)
    }

    /// Ends this run when the token is cancelled: the iterator then gives
    /// [`Error::Cancelled`](crate::Error::Cancelled) in the place of the first result that is missing, and ends. No input
    /// is waited for then: [`with_inputs`](Self::with_inputs), a run all of whose inputs have been handed back ends without
    /// that error where the next input is no list's.
    /// Default: only dropping the iterator ends it.
    pub fn cancel_with(mut self, token: &CancelToken) -> Self {
        self.0.control.cancel = Some(token.clone());
        self
    }

    /// Calls back after every batch, from the thread that ran it. Default: nothing is called.
    pub fn on_progress(mut self, progress: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.0.control.progress = Some(std::sync::Arc::new(progress));
        self
    }

    /// Reads on only while `available` says that the next input is there: else what has been read is run, and its
    /// results are given out first. For inputs that come in bursts, as from a pipe or a network. Default: an input is
    /// waited for once the one before it took less than 20 ms.
    pub fn read_while(mut self, available: impl FnMut() -> bool + Send + 'e) -> Self {
        self.0.reader.available = Some(Box::new(available));
        self
    }

    /// Gives with each result what the input used of the model's window.
    pub fn with_usage(self) -> WithUsage<'e, S, I, O> {
        WithUsage(self.0)
    }

    /// Hands every input back with its result, so that whatever it carries beside what is embedded (an id, a
    /// line number) stays with it. Inputs are held until their results are given out.
    pub fn with_inputs(mut self) -> WithInputs<'e, S, I, O> {
        self.0.keeps_inputs = true;
        WithInputs(self.0)
    }
}

impl<'e, S, I: ?Sized, O> WithUsage<'e, S, I, O>
where
    S: Iterator,
{
    /// Hands every input back with its result, as [`Embeddings::with_inputs`].
    pub fn with_inputs(mut self) -> WithInputsAndUsage<'e, S, I, O> {
        self.0.keeps_inputs = true;
        WithInputsAndUsage(self.0)
    }
}

impl<'e, S, I: ?Sized, O> WithInputs<'e, S, I, O>
where
    S: Iterator,
{
    /// Gives with each result what the input used of the model's window.
    pub fn with_usage(self) -> WithInputsAndUsage<'e, S, I, O> {
        WithInputsAndUsage(self.0)
    }
}

/// Implements [`Iterator`] for one of the above, and what all of them can say: what it gives, and how it comes from the
/// run.
macro_rules! iterator {
    ($name:ident, $item:ty, $next:expr) => {
        impl<S, I, O> $name<'_, S, I, O>
        where
            S: Iterator,
            S::Item: AsRef<I>,
            I: ?Sized + Sync + 'static,
            O: Send + 'static,
        {
            /// How many results are there already: the next so many come without work.
            pub fn ready(&self) -> usize {
                self.0.ready()
            }
        }

        impl<S, I, O> Iterator for $name<'_, S, I, O>
        where
            S: Iterator,
            S::Item: AsRef<I>,
            I: ?Sized + Sync + 'static,
            O: Send + 'static,
        {
            type Item = $item;

            fn next(&mut self) -> Option<Self::Item> {
                ($next)(&mut self.0)
            }
        }
    };
}

iterator!(Embeddings, Result<O>, |run: &mut Run<'_, S, I, O>| Some(run.next()?.map(|(output, _)| output)));
iterator!(WithUsage, Result<(O, Usage)>, Run::next);
iterator!(WithInputs, (S::Item, Result<O>), |run: &mut Run<'_, S, I, O>| {
    let (input, result) = run.next_with_input()?;
    Some((input, result.map(|(output, _)| output)))
});
iterator!(WithInputsAndUsage, (S::Item, Result<(O, Usage)>), Run::next_with_input);
