//! A section to chunks.

use std::ops::Range;

use embedkit_core::Result;

use super::Chunking;
use super::boundaries::{Level, trimmed};

/// Counts the tokens of a range of the text.
type Count<'c> = &'c dyn Fn(Range<usize>) -> Result<usize>;

/// The chunks of `text[range]`.
pub(super) fn section(
    text: &str,
    range: Range<usize>,
    chunking: &Chunking,
    count: Count<'_>,
) -> Result<Vec<Range<usize>>> {
    let range = trimmed(text, range);
    if range.is_empty() {
        return Ok(Vec::new());
    }
    if fits(&range, chunking.tokens, count)? {
        return Ok(vec![range]);
    }
    // Room is left for what is repeated.
    let chunks = pieces(text, range.clone(), Level::Paragraph, chunking.tokens - chunking.overlap, count)?;
    if chunking.overlap == 0 {
        return Ok(chunks);
    }
    let mut overlapping: Vec<Range<usize>> = Vec::with_capacity(chunks.len());
    for (at, chunk) in chunks.iter().enumerate() {
        let before = if at == 0 { chunk.start..chunk.start } else { chunks[at - 1].start..chunk.start };
        overlapping.push(extended(text, chunk, before, chunking, count)?);
    }
    Ok(overlapping)
}

/// Whether a range has no more tokens than it may. Not even the shortest goes without a count: one letter may be several
/// (`½` is `1⁄2` to many models), and something may stand in front of it.
fn fits(range: &Range<usize>, tokens: usize, count: Count<'_>) -> Result<bool> {
    Ok(count(range.clone())? <= tokens)
}

/// Pieces of `text[range]` that fit: the parts of a level, cut further where they are too long, and put together again
/// as long as they fit.
fn pieces(text: &str, range: Range<usize>, level: Level, tokens: usize, count: Count<'_>) -> Result<Vec<Range<usize>>> {
    let mut pieces: Vec<Range<usize>> = Vec::new();
    let mut open: Option<Range<usize>> = None;
    for part in level.parts(text, range) {
        let alone = trimmed(text, part);
        if alone.is_empty() {
            continue;
        }
        if let Some(current) = &mut open {
            let joined = current.start..alone.end;
            if fits(&joined, tokens, count)? {
                *current = joined;
                continue;
            }
        }
        pieces.extend(open.take());
        if fits(&alone, tokens, count)? {
            open = Some(alone);
            continue;
        }
        match level.finer() {
            Some(finer) => {
                let mut cut = self::pieces(text, alone, finer, tokens, count)?;
                // What follows may still fit behind the last of them.
                open = cut.pop();
                pieces.extend(cut);
            }
            // A character of more tokens than a chunk may have is a chunk all the same: nothing is lost.
            None => pieces.push(alone),
        }
    }
    pieces.extend(open);
    Ok(pieces)
}

/// The chunk with whole sentences before it, as many as may be repeated.
fn extended(
    text: &str,
    chunk: &Range<usize>,
    before: Range<usize>,
    chunking: &Chunking,
    count: Count<'_>,
) -> Result<Range<usize>> {
    let mut start = chunk.start;
    for sentence in Level::Sentence.parts(text, before.clone()).into_iter().rev() {
        let repeated = trimmed(text, sentence.start..chunk.start);
        if sentence.is_empty() || repeated.is_empty() {
            continue;
        }
        let whole = repeated.start..chunk.end;
        if !fits(&repeated, chunking.overlap, count)? || !fits(&whole, chunking.tokens, count)? {
            break;
        }
        start = repeated.start;
    }
    Ok(start..chunk.end)
}
