//! Streams inputs through a model into a sink.

use std::path::PathBuf;

use embedkit::{CancelToken, Embeddings, Error};
use indicatif::ProgressBar;

use crate::args::InputArgs;
use crate::failure::{Failure, Result};
use crate::input::{Inputs, Tickets, is_standard_stream};
use crate::output::Sink;
use crate::{interrupt, progress};

/// What a run takes along.
pub(crate) struct Run {
    /// What Ctrl-C cancels.
    cancel: CancelToken,
    /// What shows how far it came.
    bar: ProgressBar,
    tickets: Tickets,
}

impl Run {
    /// Opens the inputs; objects hold them in `field`.
    pub(crate) fn start(input: &InputArgs, field: &'static str, output: Option<&PathBuf>) -> Result<(Self, Inputs)> {
        let cancel = interrupt::token()?;
        let inputs = Inputs::open(input, field, &cancel)?;
        let bar = progress::counter("inputs", inputs.total(), is_standard_stream(output));
        Ok((Self { cancel, bar, tickets: inputs.tickets() }, inputs))
    }

    /// Embeds every input and gives each result, as a row, to the sink.
    pub(crate) fn embed<S, I, O, R>(
        self,
        embeddings: Embeddings<'_, S, I, O>,
        mut row: impl FnMut(O) -> Result<R>,
        sink: Box<dyn Sink<R>>,
    ) -> Result<()>
    where
        S: Iterator,
        S::Item: AsRef<I>,
        I: ?Sized + Sync + 'static,
        O: Send + 'static,
    {
        let bar = self.bar.clone();
        let embeddings = embeddings.cancel_with(&self.cancel).on_progress(move |done| bar.inc(done.inputs as u64));
        self.write(embeddings.map(|result| result.map(&mut row)), sink)
    }

    /// Gives each result to the sink; results are in the order of the tickets.
    pub(crate) fn write<R>(
        self,
        results: impl Iterator<Item = embedkit::Result<Result<R>>>,
        mut sink: Box<dyn Sink<R>>,
    ) -> Result<()> {
        let mut done = 0;
        for result in results {
            if self.cancel.is_cancelled() || matches!(result, Err(Error::Cancelled)) {
                return Err(Failure::Interrupted { done });
            }
            let ticket = self.tickets.next()?;
            match result {
                Ok(row) => {
                    sink.put(&ticket, row?)?;
                    done += 1;
                }
                Err(error) => self.tickets.refuse(&ticket, error)?,
            }
        }
        self.bar.finish_and_clear();
        if self.cancel.is_cancelled() {
            return Err(Failure::Interrupted { done });
        }
        let skipped = self.tickets.close()?;
        sink.finish()?;
        if skipped > 0 {
            tracing::warn!("{skipped} invalid inputs were skipped, {done} done");
        }
        Ok(())
    }
}
