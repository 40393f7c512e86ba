//! Texts that are longer than a model's window, or than a request wants: refused, or cut at the end that is asked for.
//! What is to be cut at its right end to the window, as most is, the library cuts.

use embedkit_core::tokenizer::Tokenizer;
use embedkit_core::{Content, Pair, Purpose};
use std::sync::Arc;

use crate::blocking::off_thread;
use crate::config::Config;
use crate::error::{ApiError, ApiResult, Case};
use crate::models::Loaded;
use crate::schedule::JobInputs;
use crate::shapes::{Cut, Direction};

/// Inputs of which none is longer than what becomes of it says.
pub(super) struct Fitted {
    pub(super) inputs: JobInputs,
    /// How many were cut already.
    pub(super) cut: usize,
}

/// Cuts inputs that are too long where the library would not cut them so; the first that must not be cut is an error. `query`
/// names the query that pairs have in common, where they have one: if no document has room beside it, it is at fault.
pub(super) async fn fitted(
    cut: Cut,
    field: &'static str,
    query: Option<&'static str>,
    inputs: JobInputs,
    purpose: &Purpose,
    loaded: &Arc<Loaded>,
    config: &Config,
) -> ApiResult<Fitted> {
    let cuts = cut.truncate.unwrap_or(config.truncate);
    let tokens = cut.tokens.filter(|tokens| loaded.window().is_none_or(|window| *tokens < window));
    let direction = cut.direction.unwrap_or(Direction::Right);
    if cuts && direction == Direction::Right && tokens.is_none() {
        return Ok(Fitted { inputs, cut: 0 });
    }
    let mut contents = match inputs {
        JobInputs::Contents(contents) => contents,
        JobInputs::Ids(rows) => return ids_that_fit(rows, field, cuts, loaded),
    };
    let window = Window { purpose: purpose.clone(), loaded: loaded.clone(), tokens };
    off_thread(move || {
        let mut cut = 0;
        for (index, content) in contents.iter_mut().enumerate() {
            let place = format!("{field}[{index}]");
            let at = |error: ApiError| error.at(&*place);
            if window.holds(content).map_err(at)? {
                continue;
            }
            let shorter = if cuts { window.cut(content, direction).map_err(at)? } else { None };
            *content = match (shorter, query, alone(content)) {
                (Some(shorter), ..) => shorter,
                (None, Some(query), Some(alone)) if !window.holds(&alone).map_err(at)? => {
                    return Err(window.too_long(query, &alone));
                }
                (None, ..) => return Err(window.too_long(&place, content)),
            };
            cut += 1;
        }
        Ok(Fitted { inputs: contents.into(), cut })
    })
    .await
}

/// Token ids where they must not be cut, or at their left end, as they never are.
fn ids_that_fit(rows: Vec<Vec<u32>>, field: &'static str, cuts: bool, loaded: &Loaded) -> ApiResult<Fitted> {
    let limit = loaded.window().unwrap_or(usize::MAX);
    match rows.iter().enumerate().find(|(_, row)| row.len() > limit) {
        None => Ok(Fitted { inputs: JobInputs::Ids(rows), cut: 0 }),
        Some(_) if cuts => {
            Err(ApiError::unsupported("truncation_direction", "token ids are cut where the model's texts are"))
        }
        Some((index, row)) => Err(too_long(&format!("{field}[{index}]"), limit, row.len())),
    }
}

/// The error, in the words of text-embeddings-inference, whose clients look for them.
fn too_long(place: &str, limit: usize, given: impl std::fmt::Display) -> ApiError {
    let message = format!("{place}: `inputs` must have less than {limit} tokens. Given: {given}");
    ApiError::new(Case::TooLong, message).at(place)
}

/// A pair's query beside nothing.
fn alone(content: &Content) -> Option<Content> {
    match content {
        Content::Pair(pair) => Some(Content::Pair(Pair::new(pair.query.clone(), ""))),
        _ => None,
    }
}

/// What a model sees of an input for a purpose.
struct Window {
    purpose: Purpose,
    loaded: Arc<Loaded>,
    /// Most tokens, where they are fewer than the model's.
    tokens: Option<usize>,
}

impl Window {
    /// Whether an input is seen whole.
    fn holds(&self, content: &Content) -> ApiResult<bool> {
        let usage = self.loaded.embedder().usage(content, self.purpose.clone());
        let usage = usage.map_err(|error| ApiError::of_library(&error))?;
        Ok(!usage.truncated && self.tokens.is_none_or(|most| usage.tokens <= most))
    }

    /// The longest part of a text, cut at this end between tokens, that is seen whole; of a pair, with the longest such
    /// part of its document. None where there is none.
    fn cut(&self, content: &Content, direction: Direction) -> ApiResult<Option<Content>> {
        let (text, with): (&str, &dyn Fn(&str) -> Content) = match content {
            Content::Text(text) => (text, &|part| Content::Text(part.to_owned())),
            Content::Pair(pair) => (&pair.document, &|part| Content::Pair(Pair::new(pair.query.clone(), part))),
            _ => return Ok(None),
        };
        let Some(tokenizer) = self.loaded.tokenizer() else { return Ok(None) };
        let tokens = tokenizer.tokens(text, false);
        let tokens = tokens.map_err(|error| ApiError::new(Case::Invalid, error.to_string()))?;
        let bytes = tokens.into_iter().filter_map(|token| token.bytes);
        // The longest first.
        let parts: Vec<&str> = match direction {
            Direction::Left => bytes.filter_map(|bytes| text.get(bytes.start..)).collect(),
            Direction::Right => bytes.rev().filter_map(|bytes| text.get(..bytes.end)).collect(),
        };
        let (mut first, mut end) = (0, parts.len());
        while first < end {
            let middle = first.midpoint(end);
            if self.holds(&with(parts[middle]))? { end = middle } else { first = middle + 1 }
        }
        Ok(parts.get(first).map(|part| with(part)))
    }

    /// The error that an input is not seen whole.
    fn too_long(&self, place: &str, content: &Content) -> ApiError {
        let limit = self.tokens.or(self.loaded.window()).unwrap_or(0);
        let given = self.loaded.tokenizer().and_then(|tokenizer| self.length(tokenizer, content));
        let given = given.map_or_else(|| "more".to_owned(), |tokens| tokens.to_string());
        too_long(place, limit, given)
    }

    /// The tokens of a text that is not cut, special ones included.
    fn length(&self, tokenizer: &Tokenizer, content: &Content) -> Option<usize> {
        let around = tokenizer.encode("").ok()?.ids.len();
        let bare = |text: &str| tokenizer.encode_bare(text).ok().map(|ids| ids.len());
        let tokens = match content {
            Content::Text(text) => bare(&self.purpose.prompted(self.loaded.row(), text).ok()?)?,
            Content::Pair(pair) => bare(&pair.query)? + bare(&pair.document)? + 1,
            _ => return None,
        };
        Some(tokens + around)
    }
}
