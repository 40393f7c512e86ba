//! JSON documents of any layout: an array, or values one after the other.

use std::fmt;
use std::io::{BufRead, Read};

use serde::de::{DeserializeSeed, Deserializer as _, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::feed::{Feed, Raw};
use crate::failure::Result;

/// Gives the elements of an array, or the values of the document where it is none.
pub(super) fn read(mut text: impl BufRead, feed: &Feed) -> Result<()> {
    let is_array = first_byte(&mut text).map_err(|error| feed.io(error))? == Some(b'[');
    if !is_array {
        let values = serde_json::Deserializer::from_reader(text).into_iter::<Box<RawValue>>();
        for (value, number) in values.zip(1..) {
            let value = value.map_err(|error| feed.failure(not_json(&error)))?;
            if !feed.give(number, Raw::Json(value.get().to_owned())) {
                break;
            }
        }
        return Ok(());
    }
    let mut document = serde_json::Deserializer::from_reader(text);
    let mut is_wanted = true;
    let end = document.deserialize_seq(Elements { feed, is_wanted: &mut is_wanted });
    let end = end.and_then(|()| document.end());
    match end {
        Err(error) if is_wanted => Err(feed.failure(not_json(&error))),
        _ => Ok(()),
    }
}

fn not_json(error: &serde_json::Error) -> String {
    format!("is not JSON: {error}; if each line is a plain text, say --input-format lines")
}

/// The first byte that is no space; it stays to be read.
fn first_byte(text: &mut impl BufRead) -> std::io::Result<Option<u8>> {
    loop {
        let bytes = text.fill_buf()?;
        let spaces = bytes.len() - bytes.trim_ascii_start().len();
        match bytes.get(spaces) {
            Some(&byte) => return Ok(Some(byte)),
            None if bytes.is_empty() => return Ok(None),
            None => drop(text.by_ref().take(spaces as u64).read_to_end(&mut Vec::new())?),
        }
    }
}

/// Takes an array's elements one by one, so that it is never whole in memory.
struct Elements<'f> {
    feed: &'f Feed,
    is_wanted: &'f mut bool,
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of texts or objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(value) = elements.next_element_seed(Element)? {
            number += 1;
            if !self.feed.give(number, Raw::Json(value.get().to_owned())) {
                *self.is_wanted = false;
                return Err(serde::de::Error::custom("no more is wanted"));
            }
        }
        Ok(())
    }
}

struct Element;

impl<'de> DeserializeSeed<'de> for Element {
    type Value = Box<RawValue>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Box<RawValue>, D::Error> {
        serde::Deserialize::deserialize(deserializer)
    }
}
