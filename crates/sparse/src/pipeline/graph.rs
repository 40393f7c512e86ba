//! What the architectures with a graph have in common.

use std::sync::Arc;

use embedkit_core::session::{Precision, SessionPool, TextGraph};
use embedkit_core::tokenizer::{Encoding, Tokenizer, TokenizerOptions};
use embedkit_core::{Error, LoadContext, ModelDescription, Prepared, Purpose, Result, Stage, Usage};
use embedkit_vector::SparseVector;

use super::check_task;
use crate::scoring::ScoringError;

/// A graph from token ids to something for each token.
pub(super) struct Graph {
    model: Arc<ModelDescription>,
    text: TextGraph,
}

/// A text's share of a batch's output.
pub(super) struct Row<'b> {
    /// Token ids, padding included.
    pub(super) ids: &'b [i64],
    /// 1 for tokens, 0 for padding.
    pub(super) mask: &'b [i64],
    /// The output without the batch's axis.
    pub(super) shape: &'b [usize],
    /// Its values, row-major.
    pub(super) values: &'b [f32],
    /// The precision the graph gave them in.
    pub(super) precision: Precision,
}

/// Why a text has no vector.
pub(super) enum Unscored {
    /// The output cannot be scored.
    Output(ScoringError),
    /// Something else went wrong.
    Other(Error),
}

impl From<ScoringError> for Unscored {
    fn from(error: ScoringError) -> Self {
        Self::Output(error)
    }
}

impl From<Error> for Unscored {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl Graph {
    pub(super) fn load(context: &LoadContext) -> Result<Self> {
        let graph = Self { model: context.model.clone(), text: TextGraph::load(context, TokenizerOptions::default())? };
        if graph.text.pool().is_open() {
            graph.output()?;
        }
        Ok(graph)
    }

    pub(super) fn tokenizer(&self) -> &Tokenizer {
        self.text.tokenizer()
    }

    pub(super) fn pool(&self) -> &SessionPool {
        self.text.pool()
    }

    fn output(&self) -> Result<usize> {
        self.text.pool().output_index(self.model.output.as_ref())
    }

    pub(super) fn encode(&self, text: &str, purpose: &Purpose) -> Result<Encoding> {
        check_task(&self.model, purpose)?;
        match purpose.prompt(&self.model) {
            None => self.tokenizer().encode(text),
            Some(prompt) => self.tokenizer().encode(&format!("{prompt}{text}")),
        }
    }

    pub(super) fn usage(&self, text: &str, purpose: &Purpose) -> Result<Usage> {
        Ok(self.encode(text, purpose)?.usage())
    }

    pub(super) fn prepare(&self, text: &str, purpose: &Purpose) -> Result<Prepared<Encoding, SparseVector>> {
        let item = self.encode(text, purpose)?;
        let (usage, length) = (item.usage(), item.ids.len());
        Ok(Prepared { stage: Stage::Run { item, length, bytes: length * size_of::<u64>() }, usage })
    }

    /// Runs a batch. `pool` makes a text's vector of its share of the output, which has `axes` axes, of which
    /// that at `token_axis` is as long as the text.
    pub(super) fn run(
        &self,
        batch: &[&Encoding],
        (axes, token_axis): (usize, usize),
        pool: impl Fn(&Row<'_>) -> Result<SparseVector, Unscored>,
    ) -> Result<Vec<Result<SparseVector>>> {
        let index = self.output()?;
        self.text.run(batch, &[], |batch, outputs| {
            let output = outputs.get(index, batch.rows)?;
            let shape = &output.shape[1..];
            if shape.len() != axes || shape[token_axis] != batch.length {
                let message = format!("has shape {:?} for a batch of {} × {}", output.shape, batch.rows, batch.length);
                return Err(outputs.wrong(index, &message));
            }
            let row = |row| {
                let row = Row {
                    ids: batch.row_ids(row),
                    mask: batch.row_mask(row),
                    shape,
                    values: output.row(row),
                    precision: output.precision,
                };
                pool(&row).map_err(|error| match error {
                    Unscored::Output(what) => outputs.wrong(index, &format!("cannot be scored: {what}")),
                    Unscored::Other(error) => error,
                })
            };
            Ok((0..batch.rows).map(row).collect())
        })
    }

    /// Checks that the graph has a weight for each entry of the vocabulary that the row states.
    pub(super) fn check_vocabulary(&self, found: usize) -> Result<(), ScoringError> {
        match self.model.vocab_size {
            Some(stated) if stated != found => Err(ScoringError::Vocabulary { found, stated }),
            _ => Ok(()),
        }
    }

    /// The texts of ids.
    ///
    /// # Errors
    /// [`Error::Model`] when the vocabulary lacks one.
    pub(super) fn tokens(&self, ids: impl IntoIterator<Item = u32>) -> Result<Vec<String>> {
        let text = |id| {
            let missing = || Error::model(&self.model.id, format!("the tokenizer has no token {id}"));
            self.tokenizer().token(id).ok_or_else(missing)
        };
        ids.into_iter().map(text).collect()
    }
}

impl Row<'_> {
    /// Ids of the tokens, padding left out.
    pub(super) fn kept_ids(&self) -> impl Iterator<Item = u32> + '_ {
        // Ids came from a tokenizer, whose ids are u32.
        self.ids.iter().zip(self.mask).filter(|(_, kept)| **kept != 0).map(|(id, _)| *id as u32)
    }
}
