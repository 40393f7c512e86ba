//! Long texts to chunks that the model sees whole.

use std::ops::Range;

use embedkit::retrieval::chunking::Chunking;
use embedkit::{AnyEmbedder, Content, Purpose, Role};

use crate::args::EmbedArgs;
use crate::failure::{Failure, Result};
use crate::ticket::{Chunk, Input};

/// Most tokens of a chunk, where the window has more: a vector of much more tells little of each part.
const USUAL: usize = 512;
/// Words of a text that is longer than most windows.
const LONG: usize = 1 << 16;

/// Cuts texts.
pub(super) struct Cutter<'m> {
    model: &'m AnyEmbedder,
    purpose: Purpose,
    chunking: Chunking,
    /// Tokens that are put around every text.
    around: usize,
    /// The field of a kept text, which becomes the chunk's.
    kept: Option<String>,
    /// Whether texts stay whole: of a query, late chunking makes one vector.
    is_whole: bool,
}

impl<'m> Cutter<'m> {
    pub(super) fn new(args: &EmbedArgs, model: &'m AnyEmbedder, purpose: &Purpose) -> Result<Self> {
        let usage = |text: &str| model.usage(&Content::text(text), purpose.clone());
        let around = usage("")?.tokens;
        let long = usage(&"a ".repeat(LONG))?;
        let room = long.truncated.then(|| long.tokens.saturating_sub(around));
        let tokens = match (args.chunks.chunk_tokens, room) {
            (Some(tokens), Some(room)) if tokens > room => {
                return Err(Failure::Usage(format!(
                    "--chunk-tokens {tokens} is more than the model's window has room for, which is {room}"
                )));
            }
            (Some(tokens), _) => tokens,
            (None, room) => room.map_or(USUAL, |room| room.min(USUAL)),
        };
        let overlap = args.chunks.chunk_overlap;
        if tokens == 0 || overlap >= tokens {
            return Err(Failure::Usage(format!(
                "--chunk-overlap {overlap} leaves nothing of a chunk of {tokens} tokens: it is the smaller of the two"
            )));
        }
        let kept = args.input.keep_text.then(|| args.input.field.clone().unwrap_or_else(|| "text".to_owned()));
        let is_whole = args.chunks.late_chunking && purpose.role == Role::Query;
        Ok(Self { model, purpose: purpose.clone(), chunking: Chunking::new(tokens, overlap), around, kept, is_whole })
    }

    /// The chunks of a text. One that cannot be tokenised is one chunk: embedding it tells what is wrong.
    pub(super) fn ranges(&self, text: &str) -> Vec<Range<usize>> {
        if self.is_whole {
            return std::iter::once(0..text.len()).collect();
        }
        let count = |text: &str| -> embedkit::Result<usize> {
            let usage = self.model.usage(&Content::text(text), self.purpose.clone())?;
            Ok(if usage.truncated { usize::MAX } else { usage.tokens.saturating_sub(self.around) })
        };
        let chunks = self.chunking.chunks(text, &[], &count).unwrap_or_default();
        if chunks.is_empty() { std::iter::once(0..text.len()).collect() } else { chunks }
    }

    /// Whether the model sees a text whole.
    pub(super) fn fits(&self, text: &str) -> embedkit::Result<bool> {
        Ok(!self.model.usage(&Content::text(text), self.purpose.clone())?.truncated)
    }

    pub(super) fn chunk(&self, input: &Input<String>, number: usize, range: Range<usize>) -> Input<String> {
        let mut ticket = input.ticket.clone();
        let value = input.value[range.clone()].to_owned();
        ticket.chunk = Some(Chunk { number, start: range.start, end: range.end });
        if let Some(field) = &self.kept {
            ticket.keep(field, &value);
        }
        Input { value, ticket }
    }
}

/// The chunks of an input, or the input itself where nothing is cut.
pub(super) fn cut(cutter: Option<&Cutter<'_>>, input: Input<String>) -> impl Iterator<Item = Input<String>> + use<> {
    let (whole, chunks) = match cutter {
        None => (Some(input), Vec::new()),
        Some(cutter) => {
            let ranges = cutter.ranges(&input.value).into_iter().enumerate();
            (None, ranges.map(|(number, range)| cutter.chunk(&input, number, range)).collect())
        }
    };
    whole.into_iter().chain(chunks)
}
