//! Fields that are carried over from inputs, under names that the result has none of.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::ticket::{Fields, Ticket};

/// What goes before the name of a field that is a name of the result's.
const PREFIX: &str = "input_";

/// The kept fields with the names under which they are written.
pub(super) fn named<'t>(
    ticket: &'t Ticket,
    taken: &'static [&'static str],
) -> impl Iterator<Item = (Cow<'t, str>, &'t RawValue)> {
    let fields = &ticket.fields;
    let of_usage: &[&str] = if ticket.usage.is_some() { &["tokens", "truncated"] } else { &[] };
    let of_chunk: &[&str] = if ticket.chunk.is_some() { &["chunk", "start", "end"] } else { &[] };
    let own = [&["index", "line"], of_usage, of_chunk, taken];
    fields.iter().map(move |(name, value)| (free_name(name, fields, &own), &**value))
}

fn free_name<'t>(name: &'t str, fields: &Fields, own: &[&[&str]]) -> Cow<'t, str> {
    let is_own = |name: &str| own.iter().any(|names| names.contains(&name));
    if !is_own(name) {
        return Cow::Borrowed(name);
    }
    let mut free = format!("{PREFIX}{name}");
    while is_own(&free) || fields.contains_key(&free) {
        free.insert_str(0, PREFIX);
    }
    Cow::Owned(free)
}
