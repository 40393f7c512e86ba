//! A graph that takes token ids, with its tokenizer.

use std::borrow::Cow;

use super::{Outputs, SessionPool, Tensor};
use crate::tokenizer::{Encoding, TokenBatch, Tokenizer, TokenizerOptions};
use crate::{Error, LoadContext, Padding, Result};

/// The most that rows are padded to where the row wants them of one length: no model's window is longer.
const LONGEST_PADDING: usize = 1 << 20;

/// A graph that takes token ids, with its tokenizer: what text architectures of every family have in
/// common.
#[derive(Debug)]
pub struct TextGraph {
    tokenizer: Tokenizer,
    pool: SessionPool,
    /// Length of every batch, where the row wants batches of one length.
    length: Option<usize>,
    segments: bool,
}

impl TextGraph {
    /// Loads the row's graph and tokenizer. The context's `max-length` goes before the options'.
    ///
    /// # Errors
    /// As [`Tokenizer::load`] and [`SessionPool::load`].
    pub fn load(context: &LoadContext, mut options: TokenizerOptions) -> Result<Self> {
        options.max_length = context.model.max_length.or(options.max_length);
        let read = || -> Result<Tokenizer> {
            let tokenizer = Tokenizer::load(&context.files.tokenizer_files()?, &options)?;
            tokenizer.require_padding()?;
            Ok(tokenizer)
        };
        let open = || SessionPool::load(&context.model, &context.files, &context.session);
        // Each takes about as long as the other, and needs one core.
        let (tokenizer, pool) = std::thread::scope(|scope| {
            let reading = std::thread::Builder::new().spawn_scoped(scope, read);
            let pool = open();
            // Where the system has no thread to give, the tokenizer is read after the graph.
            let tokenizer = reading.map_or_else(
                |_| read(),
                |reading| reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            );
            (tokenizer, pool)
        });
        let (tokenizer, pool) = (tokenizer?, pool?);
        let length = (context.model.padding == Padding::MaxLength).then(|| tokenizer.max_length());
        if let Some(length) = length.filter(|length| *length > LONGEST_PADDING) {
            let message = format!("every text is padded to it, and {length} is more than {LONGEST_PADDING}");
            return Err(Error::option("max_length", message));
        }
        Ok(Self { tokenizer, pool, length, segments: false })
    }

    /// Tells the graph which of two texts a token belongs to; without it, segments are all 0.
    #[must_use]
    pub fn with_segments(mut self) -> Self {
        self.segments = true;
        self
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The sessions.
    pub fn pool(&self) -> &SessionPool {
        &self.pool
    }

    /// Pads rows to a batch, runs it and reads the outputs. `more` are inputs beside the usual ones.
    ///
    /// # Errors
    /// As [`SessionPool::run`].
    pub fn run<R>(
        &self,
        rows: &[&Encoding],
        more: &[(&str, Tensor<'_>)],
        read: impl FnOnce(&TokenBatch, &Outputs<'_>) -> Result<R>,
    ) -> Result<R> {
        let batch = self.tokenizer.pad(rows, self.length)?;
        self.run_batch(&batch, more, read)
    }

    /// Runs a padded batch and reads the outputs. What is among `more` goes before the usual inputs.
    ///
    /// # Errors
    /// As [`SessionPool::run`].
    pub fn run_batch<R>(
        &self,
        batch: &TokenBatch,
        more: &[(&str, Tensor<'_>)],
        read: impl FnOnce(&TokenBatch, &Outputs<'_>) -> Result<R>,
    ) -> Result<R> {
        let shape = [batch.rows, batch.length];
        let type_ids: Cow<'_, [i64]> =
            if self.segments { (&batch.type_ids).into() } else { vec![0; batch.ids.len()].into() };
        let usual = [
            ("input_ids", Tensor::integers(shape, &batch.ids)),
            ("attention_mask", Tensor::integers(shape, &batch.mask)),
            ("token_type_ids", Tensor::integers(shape, type_ids)),
            ("position_ids", Tensor::integers(shape, batch.positions())),
        ];
        let inputs: Vec<_> = more.iter().cloned().chain(usual).collect();
        self.pool.run(&inputs, batch.ids.len(), |outputs| read(batch, outputs)).map_err(|e| self.explain(batch, e))
    }

    /// Says what is behind a look-up that went beyond a table's end.
    fn explain(&self, batch: &TokenBatch, error: Error) -> Error {
        match error {
            Error::Model { model, message, source } if message.contains("out of data bounds") => {
                let largest = batch.ids.iter().max().copied().unwrap_or_default();
                let hint = format!(
                    "a text has the token {largest}, or is too long for the model's positions; \
                                    is the tokenizer another model's, or `max_length` too large?"
                );
                Error::Model { model, message: format!("{message}; {hint}"), source }
            }
            other => other,
        }
    }
}
