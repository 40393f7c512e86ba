//! What a model *does*: the two contracts between a model and the engine.
//!
//! A model that answers as soon as an input is prepared (BM25, static tables) is [`Direct`]; one that runs a graph
//! over batches of prepared inputs is a [`Pipeline`].

use std::ops::Range;
use std::sync::Arc;

#[cfg(feature = "onnx")]
use crate::session::SessionPool;
#[cfg(feature = "tokenizer")]
use crate::tokenizer::Tokenizer;
use crate::{Error, IndexNames, Purpose, Result, Usage};

/// The bytes of an input that each row of its multi-vector was made of; none of rows that the input does not say: markers',
/// masks', a prompt's.
pub type RowPlaces = Vec<Option<Range<usize>>>;

/// Places in a text behind a prompt of so many bytes, as places in the text itself.
pub fn behind_prompt(places: impl IntoIterator<Item = Option<Range<usize>>>, prompt: usize) -> RowPlaces {
    let behind = |place: Range<usize>| {
        // A token may begin with the prompt's end.
        (place.end > prompt).then(|| place.start.saturating_sub(prompt)..place.end - prompt)
    };
    places.into_iter().map(|place| place.and_then(behind)).collect()
}

/// A model that answers at once: no batches, no sessions.
pub trait Direct: Send + Sync + 'static {
    /// What goes in: `str`, an image, a pair of texts.
    type Input: ?Sized + Sync + 'static;
    /// What comes out.
    type Output: Send + 'static;

    /// The result for an input, and what it used. Called from several threads.
    ///
    /// # Errors
    /// An input that cannot be embedded. The other inputs go on.
    fn embed(&self, input: &Self::Input, purpose: &Purpose) -> Result<(Self::Output, Usage)>;

    /// The result for ids of the model's own tokenizer, taken as they are: special tokens are the caller's, and nothing is
    /// put before them. Default: they are refused.
    ///
    /// # Errors
    /// As [`embed`](Self::embed); a purpose with a prompt.
    fn embed_ids(&self, _ids: &[u32], _purpose: &Purpose) -> Result<(Self::Output, Usage)> {
        Err(no_ids())
    }

    /// How much of the model's window an input uses.
    ///
    /// # Errors
    /// As [`embed`](Self::embed).
    fn usage(&self, input: &Self::Input, purpose: &Purpose) -> Result<Usage> {
        Ok(self.embed(input, purpose)?.1)
    }

    /// Which bytes of an input the rows of its multi-vector are of, one place a row. Default: that is not known.
    ///
    /// # Errors
    /// As [`embed`](Self::embed).
    fn row_places(&self, _input: &Self::Input, _purpose: &Purpose) -> Result<Option<RowPlaces>> {
        Ok(None)
    }

    /// What the indices of its sparse vectors stand for. Default: nothing is known.
    fn index_names(&self) -> Option<Arc<dyn IndexNames>> {
        None
    }

    /// What turns its texts into tokens. Default: nothing is known.
    #[cfg(feature = "tokenizer")]
    fn tokenizer(&self) -> Option<&Tokenizer> {
        None
    }
}

/// A model that runs in batches: inputs are prepared one by one, run together, and pooled to the family's
/// output straight from the batch's output.
///
/// The [`Engine`](crate::Engine) calls `prepare` from several threads, sorts what came out by
/// length, cuts batches, and calls `run` from as many threads as [`workers`](Self::workers) says.
pub trait Pipeline: Send + Sync + 'static {
    /// What goes in: `str`, an image, a pair of texts.
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

    /// Makes ids of the model's own tokenizer ready, taken as they are: special tokens are the caller's, and nothing is put
    /// before them. Default: they are refused.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare); a purpose with a prompt.
    fn prepare_ids(&self, _ids: &[u32], _purpose: &Purpose) -> Result<Prepared<Self::Prepared, Self::Output>> {
        Err(no_ids())
    }

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

    /// Which bytes of an input the rows of its multi-vector are of, one place a row. Default: that is not known.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare).
    fn row_places(&self, _input: &Self::Input, _purpose: &Purpose) -> Result<Option<RowPlaces>> {
        Ok(None)
    }

    /// What the indices of its sparse vectors stand for. Default: nothing is known.
    fn index_names(&self) -> Option<Arc<dyn IndexNames>> {
        None
    }

    /// What turns its texts into tokens. Default: nothing is known.
    #[cfg(feature = "tokenizer")]
    fn tokenizer(&self) -> Option<&Tokenizer> {
        None
    }

    /// The sessions that run the model's graph. Default: none.
    #[cfg(feature = "onnx")]
    fn sessions(&self) -> Option<&SessionPool> {
        None
    }

    /// How many batches may run at once. Default: one a session.
    fn workers(&self) -> usize {
        #[cfg(feature = "onnx")]
        return self.sessions().map_or(1, SessionPool::workers);
        #[cfg(not(feature = "onnx"))]
        1
    }
}

/// The error of models that need to see the text.
fn no_ids() -> Error {
    Error::input("this model takes no token ids: give it the text")
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
    /// Nothing: this is the result, as of a query that needs no run.
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

impl<P, O> Prepared<P, O> {
    /// A result that needed no run.
    pub fn done(output: O, usage: Usage) -> Self {
        Self { stage: Stage::Done(output), usage }
    }

    /// An input that has to run.
    pub fn run(item: P, length: usize, bytes: usize, usage: Usage) -> Self {
        Self { stage: Stage::Run { item, length, bytes }, usage }
    }
}
