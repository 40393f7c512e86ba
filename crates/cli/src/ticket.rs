//! What travels with an input through the engine.

use std::collections::BTreeMap;

use embedkit::{Content, Pair, Usage};
use serde_json::value::RawValue;

/// Fields of an object, with their values as they were written.
pub(crate) type Fields = BTreeMap<String, Box<RawValue>>;

/// A part of an input that was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// Its number in its input, from 0.
    pub(crate) number: usize,
    /// Where it begins, in bytes of the input.
    pub(crate) start: usize,
    /// Where it ends.
    pub(crate) end: usize,
}

/// The place of a result among all: that of its input, and of the chunk in it.
pub(crate) type Place = (usize, usize);

/// An input's place and the fields beside it.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    /// Its place among all inputs, those that were skipped counted.
    pub(crate) index: usize,
    /// Its line (or row, or argument), from 1.
    pub(crate) number: usize,
    /// Which part of the input it is, where inputs are cut.
    pub(crate) chunk: Option<Chunk>,
    /// What it used of the model's window, where results say so.
    pub(crate) usage: Option<Usage>,
    /// The other fields of its object, where they are kept.
    pub(crate) fields: Fields,
    /// The digest of the input and all before it, where a later run is to know them again.
    pub(crate) digest: Option<[u8; 32]>,
}

impl Ticket {
    /// The ticket of an input at a place.
    pub(crate) fn new(index: usize, number: usize, fields: Fields) -> Self {
        Self { index, number, chunk: None, usage: None, fields, digest: None }
    }

    /// The place of its result.
    pub(crate) fn place(&self) -> Place {
        (self.index, self.chunk.map_or(0, |chunk| chunk.number))
    }

    /// Its line, where that does not follow from its place: lines without an input came before it.
    pub(crate) fn line(&self) -> Option<usize> {
        (self.number != self.index + 1).then_some(self.number)
    }

    /// Keeps something that is known of the input, as a field.
    pub(crate) fn keep(&mut self, name: &str, value: impl serde::Serialize) {
        if let Ok(value) = serde_json::value::to_raw_value(&value) {
            self.fields.insert(name.to_owned(), value);
        }
    }
}

/// An input with its ticket; the engine hands both back with the result.
#[derive(Clone, Debug)]
pub(crate) struct Input<T> {
    /// What is embedded.
    pub(crate) value: T,
    /// What stays with it.
    pub(crate) ticket: Ticket,
}

impl<T> Input<T> {
    /// The same ticket with something else made of the value.
    pub(crate) fn map<U>(self, make: impl FnOnce(T) -> U) -> Input<U> {
        Input { value: make(self.value), ticket: self.ticket }
    }
}

impl AsRef<str> for Input<String> {
    fn as_ref(&self) -> &str {
        &self.value
    }
}

impl AsRef<Content> for Input<Content> {
    fn as_ref(&self) -> &Content {
        &self.value
    }
}

impl AsRef<Pair> for Input<Pair> {
    fn as_ref(&self) -> &Pair {
        &self.value
    }
}
