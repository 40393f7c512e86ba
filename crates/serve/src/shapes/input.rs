//! What is to be embedded: texts, token ids, images; one or several.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use utoipa::ToSchema;

use super::OURS;
use super::list::check;
use super::reading::once;

/// One input.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    Text(String),
    Ids(Vec<u32>),
    /// A data URL, bare base64 or an address.
    Image(String),
}

/// One input, or a list of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Inputs {
    One(Item),
    Many(Vec<Item>),
}

impl Inputs {
    /// All of them.
    pub(crate) fn into_items(self) -> Vec<Item> {
        match self {
            Self::One(item) => vec![item],
            Self::Many(items) => items,
        }
    }
}

/// What strings among the inputs are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = OpenAiModality)]
pub(crate) enum Kind {
    #[default]
    #[serde(rename = "text")]
    Texts,
    #[serde(rename = "image")]
    Images,
}

/// An entry of a list: an input, or one of the ids of a single input.
enum Entry {
    Item(Item),
    Id(u32),
}

const EXPECTED: &str = "a text, a list of token ids, or an object with a text or an image";

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Entry, E> {
        self.visit_string(text.to_owned())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Entry, E> {
        Ok(Entry::Item(Item::Text(text)))
    }

    fn visit_u64<E: Error>(self, id: u64) -> Result<Entry, E> {
        u32::try_from(id).map(Entry::Id).map_err(|_| E::custom(format_args!("{OURS}a token id is too large")))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut ids: A) -> Result<Entry, A::Error> {
        let mut list = Vec::new();
        while let Some(id) = ids.next_element()? {
            list.push(id);
        }
        Ok(Entry::Item(Item::Ids(list)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
        let (mut text, mut image, mut kind) = (None, None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "text" => once(&mut text, "text", map.next_value()?)?,
                "image" => once(&mut image, "image", map.next_value()?)?,
                "image_url" => once(&mut image, "image_url", map.next_value::<Option<Address>>()?.map(|it| it.0))?,
                "type" => once(&mut kind, "type", map.next_value::<Option<String>>()?)?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let says_image = kind.map(|kind| kind.contains("image"));
        match (text, image) {
            (Some(_), None) if says_image == Some(true) => {
                Err(A::Error::custom(format_args!("{OURS}an input has the `type` of an image, and none")))
            }
            (None, Some(_)) if says_image == Some(false) => {
                Err(A::Error::custom(format_args!("{OURS}an input has an image, and another `type`")))
            }
            (Some(text), None) => Ok(Entry::Item(Item::Text(text))),
            (None, Some(image)) => Ok(Entry::Item(Item::Image(image))),
            (Some(_), Some(_)) => Err(A::Error::custom(format_args!("{OURS}an input is a text or an image, not both"))),
            (None, None) => Err(A::Error::custom(format_args!("{OURS}an input has neither `text` nor `image`"))),
        }
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntryVisitor)
    }
}

/// Where an image is: `{"url": …}` or the address itself.
struct Address(String);

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AddressVisitor;

        impl<'de> Visitor<'de> for AddressVisitor {
            type Value = Address;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an address, or an object with a `url`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Address, E> {
                Ok(Address(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Address, A::Error> {
                let mut url = None;
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "url" => once(&mut url, "url", Some(map.next_value::<String>()?))?,
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                url.map(Address).ok_or_else(|| A::Error::missing_field("url"))
            }
        }

        deserializer.deserialize_any(AddressVisitor)
    }
}

struct InputsVisitor;

impl<'de> Visitor<'de> for InputsVisitor {
    type Value = Inputs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{EXPECTED}, or a list of these")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Inputs, E> {
        Ok(Inputs::One(Item::Text(text.to_owned())))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Inputs, A::Error> {
        match EntryVisitor.visit_map(map)? {
            Entry::Item(item) => Ok(Inputs::One(item)),
            Entry::Id(_) => Err(A::Error::custom(format_args!("{OURS}{EXPECTED} was expected"))),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Inputs, A::Error> {
        let (mut items, mut ids) = (Vec::new(), Vec::new());
        while let Some(entry) = entries.next_element()? {
            match entry {
                Entry::Item(item) => {
                    check(items.len())?;
                    items.push(item);
                }
                Entry::Id(id) => ids.push(id),
            }
            if !items.is_empty() && !ids.is_empty() {
                return Err(A::Error::custom(format_args!("{OURS}a list has texts or token ids, not both")));
            }
        }
        Ok(if ids.is_empty() { Inputs::Many(items) } else { Inputs::One(Item::Ids(ids)) })
    }
}

impl<'de> Deserialize<'de> for Inputs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InputsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_come_in_all_their_shapes() {
        let text = |text: &str| Item::Text(text.to_owned());
        let image = |image: &str| Item::Image(image.to_owned());
        for (json, expected) in [
            (r#""a""#, Inputs::One(text("a"))),
            (r#"["a", ""]"#, Inputs::Many(vec![text("a"), text("")])),
            ("[]", Inputs::Many(vec![])),
            ("[1, 2]", Inputs::One(Item::Ids(vec![1, 2]))),
            ("[[1], [2, 3]]", Inputs::Many(vec![Item::Ids(vec![1]), Item::Ids(vec![2, 3])])),
            (r#"{"image": "x", "text": null}"#, Inputs::One(image("x"))),
            (
                r#"[{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "u", "detail": "low"}}]"#,
                Inputs::Many(vec![text("a"), image("u")]),
            ),
            (r#"[{"image_url": "u"}]"#, Inputs::Many(vec![image("u")])),
        ] {
            assert_eq!(serde_json::from_str::<Inputs>(json).unwrap(), expected, "{json}");
        }
        for json in [
            "null",
            "1",
            "[1, \"a\"]",
            "[null]",
            "{}",
            "[[\"a\"]]",
            "[4294967296]",
            r#"{"text":"a","image":"b"}"#,
            r#"{"text":"a","text":"b"}"#,
            r#"{"image":"a","image_url":"b"}"#,
            r#"{"image_url":{"url":"a","url":"b"}}"#,
            r#"{"type":"image_url","text":"a"}"#,
            r#"{"type":"text","image":"a"}"#,
            r#"{"type":1,"text":"a"}"#,
        ] {
            assert!(serde_json::from_str::<Inputs>(json).is_err(), "{json}");
        }
    }
}
