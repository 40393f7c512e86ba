//! What a request gives to embed, made what models take.

use embedkit_core::tokenizer::Tokenizer;
use embedkit_core::{Content, ContentKind};

use crate::config::TokenIds;
use crate::error::{ApiError, ApiResult, Case};
use crate::http::Incoming;
use crate::models::{Loaded, Served, takes};
use crate::shapes::{Item, Kind};

/// The kind of content that tells which model is meant, where none is named.
pub(super) fn kind_of(items: &[Item], kind: Kind) -> ContentKind {
    let is_image = |item: &Item| matches!(item, Item::Image(_));
    if kind == Kind::Images || items.iter().any(is_image) { ContentKind::Image } else { ContentKind::Text }
}

/// The inputs, as the model takes them.
pub(super) async fn contents(
    incoming: &Incoming,
    field: &str,
    items: Vec<Item>,
    kind: Kind,
    served: &Served,
    loaded: &Loaded,
) -> ApiResult<Vec<Content>> {
    let mut contents = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let at = |error: ApiError| {
            let message = format!("{field}[{index}]: {}", error.message);
            ApiError { message, ..error }.at(format!("{field}[{index}]"))
        };
        let content = match (item, kind) {
            (Item::Text(text), Kind::Texts) => Content::Text(text),
            (Item::Text(image), Kind::Images) | (Item::Image(image), _) => {
                Content::Image(incoming.app.images.read(image, incoming.deadline).await.map_err(at)?)
            }
            (Item::Ids(ids), _) => Content::Text(text_of(&ids, loaded, incoming.app.config.token_ids).map_err(at)?),
        };
        if !takes(served.family(), content.kind()) {
            let message = format!("it is {}, and the model {} does not take such", content.kind(), served.name());
            return Err(at(ApiError::new(Case::Invalid, message)));
        }
        contents.push(content);
    }
    Ok(contents)
}

/// The text that ids stand for, if the model's tokenizer makes just these of it.
fn text_of(ids: &[u32], loaded: &Loaded, rule: TokenIds) -> ApiResult<String> {
    if rule == TokenIds::Reject {
        return Err(ApiError::new(
            Case::Invalid,
            "token ids are those of some tokenizer, and most clients' is not this model's: send texts \
             (in langchain-openai: check_embedding_ctx_length=False)",
        ));
    }
    let invalid = |message: String| ApiError::new(Case::Invalid, message);
    let tokenizer = loaded.tokenizer().ok_or_else(|| invalid("this model has no tokens".to_owned()))?;
    if let Some(id) = ids.iter().find(|id| tokenizer.token(**id).is_none()) {
        return Err(invalid(format!("the model's vocabulary has no token {id}")));
    }
    let none = || invalid("these ids are none that the model's tokenizer makes of a text: send the text".to_owned());
    readings(tokenizer, ids).into_iter().find(|text| is_of(tokenizer, text, ids)).ok_or_else(none)
}

/// Texts that ids may stand for: without special tokens, and with those between the ones that are put around a text, as
/// the one for what is unknown, by their names.
fn readings(tokenizer: &Tokenizer, ids: &[u32]) -> Vec<String> {
    let around: Vec<u32> = tokenizer.tokens("", true).unwrap_or_default().into_iter().map(|token| token.id).collect();
    let within = |before: usize| ids.strip_prefix(&around[..before])?.strip_suffix(&around[before..]);
    let named = (0..=around.len()).find_map(within).and_then(|ids| tokenizer.decode(ids, false).ok());
    tokenizer.decode(ids, true).into_iter().chain(named).collect()
}

/// Whether a text's tokens, not cut, are these.
fn is_of(tokenizer: &Tokenizer, text: &str, ids: &[u32]) -> bool {
    tokenizer.tokens(text, true).is_ok_and(|tokens| tokens.iter().map(|token| token.id).eq(ids.iter().copied()))
}
