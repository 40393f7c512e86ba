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
    let has_usage = ticket.usage.is_some();
    fields.iter().map(move |(name, value)| (free_name(name, fields, has_usage, taken), &**value))
}

fn free_name<'t>(name: &'t str, fields: &Fields, has_usage: bool, taken: &[&str]) -> Cow<'t, str> {
    let is_own = |name: &str| {
        matches!(name, "index" | "line")
            || (has_usage && matches!(name, "tokens" | "truncated"))
            || taken.contains(&name)
    };
    if !is_own(name) {
        return Cow::Borrowed(name);
    }
    let mut free = format!("{PREFIX}{name}");
    while is_own(&free) || fields.contains_key(&free) {
        free.insert_str(0, PREFIX);
    }
    Cow::Owned(free)
}
