//! Texts to tokens and back, without the model.

use std::sync::Arc;

use embedkit_core::tokenizer::Token;

use super::purpose::purpose_of;
use crate::blocking::off_thread;
use crate::error::{ApiError, ApiResult, Case};
use crate::http::{Incoming, Stats};
use crate::models::{Loaded, Served, Task};
use crate::shapes::PurposeFields;

/// The tokens of texts, not cut. What a text says stands in its tokens as it is written there; what the model calls them may be
/// other words, or none.
pub(crate) async fn tokenize(
    incoming: &Incoming,
    model: Option<&str>,
    texts: Vec<String>,
    with_special: bool,
    purpose: PurposeFields,
) -> ApiResult<(Vec<Vec<Token>>, Stats)> {
    let (served, loaded, mut stats) = found(incoming, model).await?;
    let purpose = match purpose.says_something() {
        false => None,
        true => Some(purpose_of(&purpose, loaded.row(), served.family(), &incoming.app.config)?),
    };
    let inputs = texts.len();
    let work = off_thread(move || {
        let tokenizer = require(&loaded)?;
        let tokens = |(index, text): (usize, &String)| {
            let text = match &purpose {
                None => text.into(),
                Some(purpose) => purpose.prompted(loaded.row(), text).map_err(|error| ApiError::of_library(&error))?,
            };
            let tokens = tokenizer
                .tokens(&text, with_special)
                .map_err(|error| ApiError::field(format!("inputs[{index}]"), format!("inputs[{index}]: {error}")))?;
            Ok(tokens.into_iter().map(|token| as_written(token, &text)).collect())
        };
        let rows = texts.iter().enumerate().map(tokens).collect::<ApiResult<Vec<Vec<Token>>>>()?;
        Ok((rows, texts.iter().map(|text| text.chars().count()).sum()))
    });
    let (tokens, characters) = work.await?;
    (stats.inputs, stats.characters) = (inputs, characters);
    stats.tokens = tokens.iter().map(Vec::len).sum();
    Ok((tokens, stats))
}

/// The token with its part of the text. One that the tokenizer put around it has none, and keeps its name.
fn as_written(mut token: Token, text: &str) -> Token {
    if let Some(part) = token.bytes.clone().and_then(|bytes| text.get(bytes)) {
        token.text = part.to_owned();
    }
    token
}

/// The texts that ids stand for.
pub(crate) async fn decode(
    incoming: &Incoming,
    model: Option<&str>,
    rows: Vec<Vec<u32>>,
    skip_special: bool,
) -> ApiResult<(Vec<String>, Stats)> {
    let (_, loaded, mut stats) = found(incoming, model).await?;
    stats.inputs = rows.len();
    let texts = off_thread(move || {
        let tokenizer = require(&loaded)?;
        let text = |(index, ids): (usize, &Vec<u32>)| {
            let invalid = |error| ApiError::field(format!("ids[{index}]"), format!("ids[{index}]: {error}"));
            tokenizer.decode(ids, skip_special).map_err(invalid)
        };
        rows.iter().enumerate().map(text).collect::<ApiResult<Vec<String>>>()
    });
    Ok((texts.await?, stats))
}

async fn found(incoming: &Incoming, model: Option<&str>) -> ApiResult<(Arc<Served>, Arc<Loaded>, Stats)> {
    let served = incoming.find(model, Task::Tokens, None)?;
    let loaded = served.loaded(incoming.deadline).await?;
    let stats = Stats { model: served.name().to_owned(), provider: loaded.provider.clone(), ..Stats::default() };
    Ok((served, loaded, stats))
}

fn require(loaded: &Loaded) -> ApiResult<&embedkit_core::tokenizer::Tokenizer> {
    let none = || ApiError::new(Case::WrongFamily, format!("the model {} has no tokens", loaded.row().id));
    loaded.tokenizer().ok_or_else(none)
}
