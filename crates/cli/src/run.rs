//! Streams inputs through a model into a sink.

use std::path::PathBuf;

use embedkit::{CancelToken, Embeddings, Error};
use indicatif::ProgressBar;

use crate::args::InputArgs;
use crate::failure::{Failure, Result};
use crate::input::{Inputs, Origin, is_standard_stream};
use crate::output::Sink;
use crate::ticket::Input;
use crate::{interrupt, progress};

/// What a run takes along, and how far it came.
pub(crate) struct Run {
    /// What Ctrl-C cancels.
    cancel: CancelToken,
    /// What shows how far it came.
    bar: ProgressBar,
    origin: Origin,
    skip_invalid: bool,
    done: u64,
    skipped: u64,
}

impl Run {
    /// Opens the inputs; objects hold them in `field`.
    pub(crate) fn start(input: &InputArgs, field: &'static str, output: Option<&PathBuf>) -> Result<(Self, Inputs)> {
        let cancel = interrupt::token()?;
        let inputs = Inputs::open(input, field, &cancel)?;
        let bar = progress::counter("inputs", inputs.total(), is_standard_stream(output));
        let (origin, skip_invalid) = (inputs.origin(), input.skip_invalid);
        Ok((Self { cancel, bar, origin, skip_invalid, done: 0, skipped: 0 }, inputs))
    }

    /// Embeds every input and gives each result, as a row, to the sink.
    pub(crate) fn embed<'e, S, T, I, O, R>(
        &mut self,
        embeddings: Embeddings<'e, S, I, O>,
        mut row: impl FnMut(&T, O) -> Result<R>,
        sink: &mut dyn Sink<R>,
    ) -> Result<()>
    where
        S: Iterator<Item = Input<T>>,
        Input<T>: AsRef<I>,
        I: ?Sized + Sync + 'static,
        O: Send + 'static,
    {
        let bar = self.bar.clone();
        let embeddings = embeddings.cancel_with(&self.cancel).on_progress(move |done| bar.inc(done.inputs as u64));
        for (input, result) in embeddings.with_inputs() {
            self.write(&input, result, &mut row, sink)?;
        }
        Ok(())
    }

    /// Gives the result of one input to the sink.
    pub(crate) fn write<T, O, R>(
        &mut self,
        input: &Input<T>,
        result: embedkit::Result<O>,
        row: &mut impl FnMut(&T, O) -> Result<R>,
        sink: &mut dyn Sink<R>,
    ) -> Result<()> {
        if self.cancel.is_cancelled() || matches!(result, Err(Error::Cancelled)) {
            return Err(Failure::Interrupted { done: self.done });
        }
        match result {
            Ok(output) => {
                sink.put(&input.ticket, row(&input.value, output)?)?;
                self.done += 1;
                Ok(())
            }
            Err(error) => {
                let is_invalid = matches!(error, Error::InvalidInput { .. });
                let reason = crate::failure::with_causes(&error);
                let failure = Failure::At { place: self.origin.place(input.ticket.line), reason };
                if !(self.skip_invalid && is_invalid) {
                    return Err(failure);
                }
                tracing::warn!("skipped: {failure}");
                self.skipped += 1;
                Ok(())
            }
        }
    }

    /// Makes the results final.
    pub(crate) fn finish<R>(self, inputs: Inputs, sink: Box<dyn Sink<R>>) -> Result<()> {
        self.bar.finish_and_clear();
        if self.cancel.is_cancelled() {
            return Err(Failure::Interrupted { done: self.done });
        }
        let skipped = self.skipped + inputs.close()?;
        sink.finish()?;
        if skipped > 0 {
            tracing::warn!("{skipped} invalid inputs were skipped, {} done", self.done);
        }
        Ok(())
    }
}
