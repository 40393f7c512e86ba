//! What every model that runs texts through a graph has in common.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use crate::session::{BadOutput, Output, Outputs, Precision, SessionPool, Tensor};
use crate::tokenizer::{Encoding, TokenBatch, Tokenizer, TokenizerOptions};
use crate::{
    Error, IndexNames, LoadContext, ModelDescription, OutputSelector, Padding, Prepared, Purpose, Result, Usage,
};

/// The most that rows are padded to where the row wants them of one length: no model's window is longer.
const LONGEST_PADDING: usize = 1 << 20;

/// A row, its tokenizer, its graph's sessions and the output that results are read from. A text architecture is
/// its parameters and what it makes of one text's share of the output.
///
/// Clones, and [models of other rows](Self::for_row), share tokenizer and sessions.
#[derive(Clone, Debug)]
pub struct TextModel {
    model: Arc<ModelDescription>,
    graph: Arc<TextGraph>,
    has_segments: bool,
    output: OnceLock<usize>,
}

/// What does not depend on the row's prompts, tasks and output.
#[derive(Debug)]
struct TextGraph {
    tokenizer: Tokenizer,
    sessions: SessionPool,
    /// Length of every batch, where the row wants batches of one length.
    length: Option<usize>,
}

/// A text's share of a batch: its tokens, and what the graph made of them.
pub struct TextRow<'r> {
    outputs: &'r Outputs<'r>,
    output: &'r Output<'r>,
    index: usize,
    /// The text's position in the batch.
    pub position: usize,
    /// Token ids, padding included, `[tokens]`.
    pub ids: &'r [i64],
    /// 1 for tokens, 0 for padding, `[tokens]`.
    pub mask: &'r [i64],
    /// The output's shape without the batch's axis.
    pub shape: &'r [usize],
    /// Its values, row-major.
    pub values: &'r [f32],
    /// The precision that the graph gave them in.
    pub precision: Precision,
}

impl TextModel {
    /// Loads the row's graph and tokenizer. The row's `max-length` overrides the options'.
    ///
    /// # Errors
    /// As [`Tokenizer::load`] and [`SessionPool::load`]; [`Error::Model`] when the graph lacks the row's output.
    pub fn load(context: &LoadContext, mut options: TokenizerOptions) -> Result<Self> {
        options.max_length = context.model.max_length.or(options.max_length);
        options.pad_exactly |= context.model.padding == Padding::Exact;
        let read = || -> Result<Tokenizer> {
            let tokenizer = Tokenizer::load(&context.tokenizer_files()?, &options)?;
            tokenizer.require_padding()?;
            Ok(tokenizer)
        };
        let open = || SessionPool::load(&context.model, &context.files, &context.session);
        // Each takes about as long as the other, and needs one core.
        let (tokenizer, sessions) = std::thread::scope(|scope| {
            let reading = std::thread::Builder::new().spawn_scoped(scope, read);
            let sessions = open();
            // Where the system has no thread to give, the tokenizer is read after the graph.
            let tokenizer = reading.map_or_else(
                |_| read(),
                |reading| reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            );
            (tokenizer, sessions)
        });
        let (tokenizer, sessions) = (tokenizer?, sessions?);
        let length = (context.model.padding == Padding::MaxLength).then(|| tokenizer.max_length());
        if let Some(length) = length.filter(|length| *length > LONGEST_PADDING) {
            let message = format!("every text is padded to it, and {length} is more than {LONGEST_PADDING}");
            return Err(Error::option("max_length", message));
        }
        Self::over(context.model.clone(), Arc::new(TextGraph { tokenizer, sessions, length }))
    }

    /// The same tokenizer and sessions for another row: its prompts, tasks and output are obeyed.
    ///
    /// # Errors
    /// [`Error::Model`] when the graph lacks the row's output.
    pub fn for_row(&self, model: Arc<ModelDescription>) -> Result<Self> {
        Self::over(model, self.graph.clone())
    }

    fn over(model: Arc<ModelDescription>, graph: Arc<TextGraph>) -> Result<Self> {
        let model = Self { model, graph, has_segments: false, output: OnceLock::new() };
        if model.sessions().is_open() {
            model.output()?;
        }
        Ok(model)
    }

    /// Tells the graph which of two texts a token belongs to. Default: segments are all 0.
    #[must_use]
    pub fn with_segments(mut self) -> Self {
        self.has_segments = true;
        self
    }

    /// The row.
    pub fn model(&self) -> &Arc<ModelDescription> {
        &self.model
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.graph.tokenizer
    }

    /// The sessions.
    pub fn sessions(&self) -> &SessionPool {
        &self.graph.sessions
    }

    /// How a token is named to people, as [`Tokenizer::name`] says.
    pub fn token_name(&self, id: i64) -> String {
        u32::try_from(id).map_or_else(|_| format!("#{id}"), |id| self.tokenizer().name(id))
    }

    /// What the indices of sparse vectors stand for, where they are ids of tokens.
    pub fn token_names(&self) -> Arc<dyn IndexNames> {
        Arc::new(TokenNames(self.clone()))
    }

    /// The position of an output of the graph.
    ///
    /// # Errors
    /// [`Error::Model`] naming the outputs there are, or why the graph cannot be opened.
    pub fn output_index(&self, output: Option<&OutputSelector>) -> Result<usize> {
        self.sessions().output_index(output).map_err(|error| self.named(error))
    }

    /// The position of the row's output, which is looked up once.
    ///
    /// # Errors
    /// As [`output_index`](Self::output_index).
    pub fn output(&self) -> Result<usize> {
        if let Some(index) = self.output.get() {
            return Ok(*index);
        }
        let index = self.output_index(self.model.output.as_ref())?;
        Ok(*self.output.get_or_init(|| index))
    }

    /// The name of the row's output.
    ///
    /// # Errors
    /// As [`output_index`](Self::output_index).
    pub fn output_name(&self) -> Result<&str> {
        let index = self.output()?;
        Ok(self.sessions().outputs()?.get(index).map_or("", String::as_str))
    }

    /// A text's tokens: the task is checked, the row's prompt is put before it.
    ///
    /// # Errors
    /// A task that the row does not have; a text that the tokenizer refuses.
    pub fn encode(&self, text: &str, purpose: &Purpose) -> Result<Encoding> {
        Ok(self.tokenizer().encode(&purpose.prompted(&self.model, text)?)?)
    }

    /// What a text uses of the window.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn usage(&self, text: &str, purpose: &Purpose) -> Result<Usage> {
        Ok(Usage::from(&self.encode(text, purpose)?))
    }

    /// A text that is ready to run.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn prepare<O>(&self, text: &str, purpose: &Purpose) -> Result<Prepared<Encoding, O>> {
        Ok(Self::prepared(self.encode(text, purpose)?))
    }

    /// Ids of the tokenizer, as they are, that are ready to run.
    ///
    /// # Errors
    /// A purpose with a prompt or a task that the row does not have; ids that are not of the vocabulary.
    pub fn prepare_ids<O>(&self, ids: &[u32], purpose: &Purpose) -> Result<Prepared<Encoding, O>> {
        purpose.check_ids(&self.model)?;
        Ok(Self::prepared(self.tokenizer().row(ids)?))
    }

    /// Tokens that are ready to run.
    pub fn prepared<O>(encoding: Encoding) -> Prepared<Encoding, O> {
        let (usage, length) = (Usage::from(&encoding), encoding.ids.len());
        Prepared::run(encoding, length, length * size_of::<u64>(), usage)
    }

    /// Runs texts as one batch and pools each one's share of the row's output. `more` are inputs beside the usual
    /// ones.
    ///
    /// # Errors
    /// As [`SessionPool::run`]; a text whose share cannot be pooled has its own.
    pub fn run<O>(
        &self,
        texts: &[&Encoding],
        more: &[(&str, Tensor<'_>)],
        pool: impl Fn(&TextRow<'_>) -> Result<O>,
    ) -> Result<Vec<Result<O>>> {
        self.run_batch(&self.tokenizer().pad(texts, self.graph.length)?, more, pool)
    }

    /// [`run`](Self::run) for a batch that is padded already. What is among `more` replaces the usual inputs.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_batch<O>(
        &self,
        batch: &TokenBatch,
        more: &[(&str, Tensor<'_>)],
        pool: impl Fn(&TextRow<'_>) -> Result<O>,
    ) -> Result<Vec<Result<O>>> {
        let index = self.output()?;
        self.run_outputs(batch, more, |outputs| {
            let output = outputs.get(index, batch.rows)?;
            let row = |position| {
                let row = TextRow {
                    outputs,
                    output: &output,
                    index,
                    position,
                    ids: batch.row_ids(position),
                    mask: batch.row_mask(position),
                    shape: &output.shape[1..],
                    values: output.row(position),
                    precision: output.precision,
                };
                pool(&row).map_err(|error| self.named(error))
            };
            Ok((0..batch.rows).map(row).collect())
        })
    }

    /// Runs a padded batch and reads all the graph's outputs. What is among `more` replaces the usual inputs.
    ///
    /// # Errors
    /// As [`SessionPool::run`].
    pub fn run_outputs<R>(
        &self,
        batch: &TokenBatch,
        more: &[(&str, Tensor<'_>)],
        read: impl FnOnce(&Outputs<'_>) -> Result<R>,
    ) -> Result<R> {
        let shape = [batch.rows, batch.length];
        let type_ids: Cow<'_, [i64]> =
            if self.has_segments { (&batch.type_ids).into() } else { vec![0; batch.ids.len()].into() };
        let usual = [
            ("input_ids", Tensor::integers(shape, &batch.ids)),
            ("attention_mask", Tensor::integers(shape, &batch.mask)),
            ("token_type_ids", Tensor::integers(shape, type_ids)),
            ("position_ids", Tensor::integers(shape, batch.positions())),
        ];
        let inputs: Vec<_> = more.iter().cloned().chain(usual).collect();
        let results = self.sessions().run(&inputs, batch.ids.len(), read);
        results.map_err(|error| self.named(explained(batch, error)))
    }

    /// The error with this row's name: sessions that several rows share have that of the first.
    fn named(&self, error: Error) -> Error {
        match error {
            Error::Model { message, source, .. } => Error::Model { model: self.model.id.clone(), message, source },
            other => other,
        }
    }
}

/// Indices that are ids of tokens.
struct TokenNames(TextModel);

impl IndexNames for TokenNames {
    fn name(&self, index: u32) -> Option<String> {
        self.0.tokenizer().token(index)
    }

    fn count(&self) -> Option<u64> {
        let stated = self.0.model().vocab_size;
        Some(stated.unwrap_or_else(|| self.0.tokenizer().vocab_size()) as u64)
    }
}

/// Says what is behind a look-up that went beyond a table's end.
fn explained(batch: &TokenBatch, error: Error) -> Error {
    let is_look_up = error.report().contains("out of data bounds");
    match error {
        Error::Model { model, message, source } if is_look_up => {
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

impl TextRow<'_> {
    /// An error about the output, with its name and the model's.
    pub fn wrong(&self, what: BadOutput) -> Error {
        self.outputs.wrong(self.index, what)
    }

    /// The error that the output does not have the shape that is expected.
    pub fn misshapen(&self, expected: impl Into<String>) -> Error {
        self.wrong(BadOutput::shape(&self.output.shape, expected))
    }

    /// Checks that values are finite numbers.
    ///
    /// # Errors
    /// [`Error::Model`] when one is not.
    pub fn check_finite(&self, values: &[f32]) -> Result<()> {
        BadOutput::check_finite(values).map_err(|what| self.wrong(what))
    }

    /// Tokens of the row, padding included.
    pub fn length(&self) -> usize {
        self.ids.len()
    }

    /// Ids of the tokens, padding left out.
    pub fn kept_ids(&self) -> impl Iterator<Item = u32> + '_ {
        // Ids came from a tokenizer, whose ids are u32.
        self.ids.iter().zip(self.mask).filter(|(_, kept)| **kept != 0).map(|(id, _)| *id as u32)
    }
}
