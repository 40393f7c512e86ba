//! Texts that are longer than a model's window: cut, or refused.

use std::sync::Arc;

use embedkit_core::tokenizer::Tokenizer;
use embedkit_core::{Content, Purpose};

use crate::blocking::off_thread;
use crate::config::Config;
use crate::error::{ApiError, ApiResult, Case};
use crate::models::Loaded;
use crate::shapes::{Cut, Direction};

/// Refuses the first text that would be cut where it must not be, or not at the end that is asked for.
pub(super) async fn check_window(
    cut: Cut,
    field: &'static str,
    contents: &Arc<Vec<Content>>,
    purpose: &Purpose,
    loaded: &Arc<Loaded>,
    config: &Config,
) -> ApiResult<()> {
    let cuts = cut.truncate.unwrap_or(config.truncate);
    if cuts && cut.direction != Some(Direction::Left) {
        return Ok(());
    }
    let (contents, purpose, loaded) = (contents.clone(), purpose.clone(), loaded.clone());
    off_thread(move || {
        for (index, content) in contents.iter().enumerate() {
            let usage = loaded.embedder().usage(content, purpose.clone());
            let usage = usage.map_err(|error| ApiError::of_library(&error).at(format!("{field}[{index}]")))?;
            if usage.truncated {
                return Err(too_long(field, index, content, &purpose, &loaded, cuts));
            }
        }
        Ok(())
    })
    .await
}

/// The error, in the words of text-embeddings-inference, whose clients look for them.
fn too_long(field: &str, index: usize, content: &Content, purpose: &Purpose, loaded: &Loaded, cuts: bool) -> ApiError {
    let limit = loaded.window().unwrap_or(0);
    let given = loaded.tokenizer().and_then(|tokenizer| length(tokenizer, content, purpose, loaded));
    let given = given.map_or_else(|| "more".to_owned(), |tokens| tokens.to_string());
    let mut message = format!("{field}[{index}]: `inputs` must have less than {limit} tokens. Given: {given}");
    if cuts {
        message.push_str("; texts are cut at their ends only, and `truncation_direction: left` asks for another cut");
    }
    ApiError::new(Case::TooLong, message).at(format!("{field}[{index}]"))
}

/// The tokens of a text that is not cut, special ones included.
fn length(tokenizer: &Tokenizer, content: &Content, purpose: &Purpose, loaded: &Loaded) -> Option<usize> {
    let around = tokenizer.encode("").ok()?.ids.len();
    let bare = |text: &str| tokenizer.encode_bare(text).ok().map(|ids| ids.len());
    let tokens = match content {
        Content::Text(text) => bare(&purpose.prompted(loaded.row(), text).ok()?)?,
        Content::Pair(pair) => bare(&pair.query)? + bare(&pair.document)? + 1,
        _ => return None,
    };
    Some(tokens + around)
}
