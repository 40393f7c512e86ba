//! What a request gives to embed, made what models take.

use embedkit_core::{Content, ContentKind};

use crate::config::TokenIds;
use crate::error::{ApiError, ApiResult, Case};
use crate::http::Incoming;
use crate::models::{Served, takes};
use crate::schedule::JobInputs;
use crate::shapes::{Item, Kind};

/// The kind of content that tells which model is meant, where none is named.
pub(super) fn kind_of(items: &[Item], kind: Kind) -> ContentKind {
    let is_image = |item: &Item| matches!(item, Item::Image(_));
    if kind == Kind::Images || items.iter().any(is_image) { ContentKind::Image } else { ContentKind::Text }
}

/// The inputs, as the model takes them.
pub(super) async fn inputs(
    incoming: &Incoming,
    field: &str,
    items: Vec<Item>,
    kind: Kind,
    served: &Served,
) -> ApiResult<JobInputs> {
    if items.iter().any(|item| matches!(item, Item::Ids(_))) {
        return ids(items, field, incoming.app.config.token_ids);
    }
    let mut contents = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let at = |error: ApiError| {
            let message = format!("{field}[{index}]: {}", error.message);
            ApiError { message, ..error }.at(format!("{field}[{index}]"))
        };
        let content = match (item, kind) {
            (Item::Text(text), Kind::Texts) => Content::Text(text),
            (Item::Text(image), Kind::Images) | (Item::Image(image), _) => {
                let reservation = &incoming.reservation;
                let image = incoming.app.images.read(image, served.max_pixels(), incoming.deadline, reservation);
                Content::Image(image.await.map_err(at)?)
            }
            // Looked for above.
            (Item::Ids(_), _) => continue,
        };
        if !takes(served.family(), content.kind()) {
            let message = format!("it is {}, and the model {} does not take such", content.kind(), served.name());
            return Err(at(ApiError::new(Case::Invalid, message)));
        }
        contents.push(content);
    }
    Ok(contents.into())
}

/// Rows of token ids, where these are taken, and everything is one.
fn ids(items: Vec<Item>, field: &str, rule: TokenIds) -> ApiResult<JobInputs> {
    let invalid =
        |index: usize, why: &str| ApiError::field(format!("{field}[{index}]"), format!("{field}[{index}]: {why}"));
    let row = |(index, item)| match item {
        Item::Ids(_) if rule == TokenIds::Reject => Err(invalid(
            index,
            "token ids are those of some tokenizer, and most clients' is not this model's: send texts \
             (in langchain-openai: check_embedding_ctx_length=False)",
        )),
        Item::Ids(ids) => Ok(ids),
        Item::Text(_) | Item::Image(_) => Err(invalid(index, "a list has token ids or other inputs, not both")),
    };
    items.into_iter().enumerate().map(row).collect::<ApiResult<_>>().map(JobInputs::Ids)
}
