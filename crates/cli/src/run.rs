//! Streams inputs through a model into a sink.

use std::path::PathBuf;
use std::sync::Arc;

use embedkit::{CancelToken, Embeddings, Error, Usage};
use indicatif::ProgressBar;

use crate::args::{InputArgs, OnLong, UsageArgs};
use crate::closing::Closing;
use crate::failure::{Failure, Result};
use crate::input::{Inputs, Origin, Seen, is_standard_stream};
use crate::output::Sink;
use crate::progress::Total;
use crate::ticket::{Input, Ticket};
use crate::{interrupt, progress};

/// What a run takes along, and how far it came.
pub(crate) struct Run {
    /// What Ctrl-C cancels.
    cancel: CancelToken,
    /// What shows how far it came.
    bar: ProgressBar,
    /// How far the inputs' file was read.
    seen: Option<Arc<Seen>>,
    /// The same, where it tells how many results there will be.
    seen_total: Option<Arc<Seen>>,
    origin: Origin,
    skip_invalid: bool,
    usage: UsageArgs,
    closing: Closing,
}

impl Run {
    /// Opens the inputs; objects hold them in `field`.
    pub(crate) fn start(input: &InputArgs, field: &str, output: Option<&PathBuf>) -> Result<(Self, Inputs)> {
        let cancel = interrupt::token()?;
        let inputs = Inputs::open(input, field, &cancel)?;
        let (origin, seen) = (inputs.origin(), inputs.seen());
        let total = match inputs.total() {
            None if seen.as_ref().is_some_and(|seen| seen.will_tell()) => Total::Told,
            total => total.into(),
        };
        let bar = progress::counter("inputs", total, is_standard_stream(output));
        let run = Self {
            cancel,
            bar,
            seen_total: seen.clone(),
            seen,
            origin,
            skip_invalid: input.skip_invalid,
            usage: UsageArgs::default(),
            closing: Closing::new(output),
        };
        Ok((run, inputs))
    }

    /// Says of the model's window what is asked for.
    pub(crate) fn telling(mut self, usage: &UsageArgs) -> Self {
        self.usage = usage.clone();
        self
    }

    /// Says that the verb has --chunk.
    pub(crate) fn able_to_chunk(mut self) -> Self {
        self.closing.can_chunk = cfg!(feature = "retrieval");
        self
    }

    /// Counts parts of inputs, of which nobody knows how many there will be.
    pub(crate) fn in_parts(mut self, name: &'static str) -> Self {
        let is_hidden = self.bar.is_hidden();
        self.bar.finish_and_clear();
        self.bar = progress::counter(name, Total::Unknown, is_hidden);
        self.seen_total = None;
        self
    }

    /// Whether an input is wanted, by `is_wanted`; those that are not count as done.
    pub(crate) fn passing_over<T, F>(&self, is_wanted: F) -> impl FnMut(&Input<T>) -> bool + use<T, F>
    where
        F: Fn(&Ticket) -> bool,
    {
        let bar = self.bar.clone();
        move |input| {
            let is_wanted = is_wanted(&input.ticket);
            if !is_wanted {
                bar.inc(1);
            }
            is_wanted
        }
    }

    /// Embeds every input and gives each result, as a row, to the sink. An error of `row` is its input's.
    pub(crate) fn embed<'e, S, T, I, O, R>(
        &mut self,
        embeddings: Embeddings<'e, S, I, O>,
        mut row: impl FnMut(&T, O) -> embedkit::Result<R>,
        sink: &mut dyn Sink<R>,
    ) -> Result<()>
    where
        S: Iterator<Item = Input<T>>,
        Input<T>: AsRef<I>,
        I: ?Sized + Sync + 'static,
        O: Send + 'static,
    {
        self.embed_whatever_comes(embeddings, |input, output| row(input, output?), sink)
    }

    /// The same, where `row` may make something of an input that failed.
    pub(crate) fn embed_whatever_comes<'e, S, T, I, O, R>(
        &mut self,
        embeddings: Embeddings<'e, S, I, O>,
        mut row: impl FnMut(&T, embedkit::Result<O>) -> embedkit::Result<R>,
        sink: &mut dyn Sink<R>,
    ) -> Result<()>
    where
        S: Iterator<Item = Input<T>>,
        Input<T>: AsRef<I>,
        I: ?Sized + Sync + 'static,
        O: Send + 'static,
    {
        let (bar, seen) = (self.bar.clone(), self.seen_total.clone());
        let show = move |done: embedkit::Progress| {
            bar.inc(done.inputs as u64);
            if let Some(expected) = seen.as_ref().and_then(|seen| seen.expected()) {
                bar.set_length(expected);
            }
        };
        let seen = self.seen.clone();
        let is_next_there = move || seen.as_ref().is_none_or(|seen| seen.is_next_there());
        let embeddings = embeddings.cancel_with(&self.cancel).on_progress(show).read_while(is_next_there);
        let mut results = embeddings.with_inputs().with_usage();
        while let Some((mut input, result)) = results.next() {
            let result = result.and_then(|(output, usage)| {
                self.note(&mut input, usage)?;
                Ok(output)
            });
            let row = row(&input.value, result);
            self.write(&input, row, sink)?;
            if results.ready() == 0 {
                sink.pause()?;
            }
        }
        Ok(())
    }

    /// Takes note of what an input used of the window.
    fn note<T>(&mut self, input: &mut Input<T>, usage: Usage) -> embedkit::Result<()> {
        if usage.truncated && self.usage.on_long == OnLong::Error {
            let message =
                format!("is longer than the model's {} tokens, which --on-long error does not cut", usage.tokens);
            let chunks = if self.closing.can_chunk { "; --chunk would split it" } else { "" };
            let message = format!("{message}{chunks}");
            return Err(Error::InvalidInput { message, source: None });
        }
        self.closing.note(&usage);
        input.ticket.usage = self.usage.with_usage.then_some(usage);
        Ok(())
    }

    /// Gives the result of one input to the sink.
    pub(crate) fn write<T, R>(
        &mut self,
        input: &Input<T>,
        row: embedkit::Result<R>,
        sink: &mut dyn Sink<R>,
    ) -> Result<()> {
        if self.cancel.is_cancelled() || matches!(row, Err(Error::Cancelled)) {
            return Err(self.interrupted());
        }
        match row {
            Ok(row) => {
                sink.put(&input.ticket, row)?;
                self.closing.note_done(input.ticket.index);
                Ok(())
            }
            Err(error) => {
                let is_invalid = crate::failure::is_of_input(&error);
                let reason = crate::failure::with_causes(&error);
                let failure = Failure::At { place: self.origin.place(input.ticket.number), reason };
                if !(self.skip_invalid && is_invalid) {
                    return Err(failure);
                }
                tracing::warn!("skipped: {failure}");
                self.closing.skipped += 1;
                Ok(())
            }
        }
    }

    fn interrupted(&self) -> Failure {
        let done = self.closing.done;
        match crate::args::is_given("resume") {
            true => Failure::Kept(format!("interrupted, with {done} more done; the same command goes on from them")),
            false => Failure::Interrupted { done },
        }
    }

    /// Makes the results final, or where the run ended early, keeps those that a later one goes on from.
    pub(crate) fn end<R>(self, done: Result<()>, inputs: Inputs, sink: Box<dyn Sink<R>>) -> Result<()> {
        match done {
            Ok(()) => self.finish(inputs, sink),
            Err(failure) => {
                self.bar.finish_and_clear();
                sink.keep()?;
                Err(failure)
            }
        }
    }

    /// Makes the results final.
    pub(crate) fn finish<R>(mut self, inputs: Inputs, sink: Box<dyn Sink<R>>) -> Result<()> {
        self.bar.finish_and_clear();
        let inputs = if self.cancel.is_cancelled() { Err(self.interrupted()) } else { inputs.close() };
        match inputs {
            Ok(skipped) => self.closing.skipped += skipped,
            Err(failure) => {
                sink.keep()?;
                return Err(failure);
            }
        }
        sink.finish()?;
        self.closing.tell();
        Ok(())
    }
}
