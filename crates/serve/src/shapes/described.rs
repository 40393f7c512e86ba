//! How what is read or written by hand is described: fields that take, or give, one of several shapes.

use utoipa::openapi::schema::{AdditionalProperties, AnyOfBuilder, ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};

/// What is to be embedded.
pub(super) fn inputs() -> RefOr<Schema> {
    let about = "A text, token ids (see `--token-ids`), or an image: `{\"image\": …}` or `{\"type\": \"image_url\", \
                 \"image_url\": {\"url\": …}}`, with a data URL, base64 or an allowed address; or a list of these";
    let input = || [string(), list(integer()), part()];
    any(about, input().into_iter().chain([list(any("One input", input()))]))
}

/// A text, or a list of them.
pub(super) fn texts() -> RefOr<Schema> {
    any("A text, or a list of texts", [string(), list(string())])
}

/// Token ids of a text, or of several.
pub(super) fn ids() -> RefOr<Schema> {
    any("A list of ids, or a list of these", [list(integer()), list(list(integer()))])
}

/// Two texts, or a list of such pairs.
pub(super) fn pairs() -> RefOr<Schema> {
    let pair = || ArrayBuilder::new().items(string()).min_items(Some(2)).max_items(Some(2)).into();
    any("A pair of texts, or a list of pairs", [pair(), list(pair())])
}

/// What is ranked.
pub(super) fn documents() -> RefOr<Schema> {
    list(any("A text, or an object with one", [string(), object([("text", string())]).required("text").into()]))
}

/// Cohere's inputs of parts.
pub(super) fn contents() -> RefOr<Schema> {
    let content = ArrayBuilder::new().items(part()).min_items(Some(1)).max_items(Some(1));
    nullable(list(object([("content", content.into())]).required("content").into()))
}

/// A vector of whatever kind.
pub(super) fn vector() -> RefOr<Schema> {
    let about = "Numbers or base64; for multi-vectors rows of numbers, or base64 of all with `shape`; an object for \
                 sparse ones";
    any(about, [list(number()), string(), list(list(number())), Ref::from_schema_name("SparseBody").into()])
}

/// The rows of a multi-vector.
pub(super) fn rows() -> RefOr<Schema> {
    any("Rows of numbers, or base64 of all", [list(list(number())), string()])
}

/// Cohere's vectors.
pub(super) fn by_type() -> RefOr<Schema> {
    let of_a_type = any("Vectors of a type", [list(list(number())), list(string())]);
    let all = ObjectBuilder::new().additional_properties(Some(AdditionalProperties::RefOr(of_a_type)));
    any("Vectors by type; for version 1 without types the vectors themselves", [all.into(), list(list(number()))])
}

/// A document in an answer.
pub(super) fn document() -> RefOr<Schema> {
    let about = "An object with the text; the text alone with `--rerank-document string`";
    any(about, [object([("text", string())]).required("text").into(), string()])
}

/// The end that is cut off, as clients of text-embeddings-inference write it, and as others do.
pub(super) fn direction() -> RefOr<Schema> {
    let ends = ["left", "right", "Left", "Right"];
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(ends)).into()
}

/// A text or an image, as an object.
fn part() -> RefOr<Schema> {
    let url = object([("url", string())]).required("url").into();
    let address = any("An address, or an object with one", [string(), url]);
    object([("type", string()), ("text", string()), ("image", string()), ("image_url", address)]).into()
}

fn any(about: &str, shapes: impl IntoIterator<Item = RefOr<Schema>>) -> RefOr<Schema> {
    shapes.into_iter().fold(AnyOfBuilder::new().description(Some(about)), AnyOfBuilder::item).into()
}

fn nullable(shape: RefOr<Schema>) -> RefOr<Schema> {
    AnyOfBuilder::new().item(shape).item(ObjectBuilder::new().schema_type(Type::Null)).into()
}

fn list(of: RefOr<Schema>) -> RefOr<Schema> {
    ArrayBuilder::new().items(of).into()
}

fn object<const N: usize>(fields: [(&str, RefOr<Schema>); N]) -> ObjectBuilder {
    fields.into_iter().fold(ObjectBuilder::new(), |object, (name, shape)| object.property(name, shape))
}

fn string() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).into()
}

fn integer() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).into()
}

fn number() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::Number).into()
}
