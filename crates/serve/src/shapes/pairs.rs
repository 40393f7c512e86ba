//! Pairs of texts, as TEI's `/predict` takes them.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use super::OURS;
use super::list::check;

/// Two texts.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct TextPair(pub(crate) String, pub(crate) String);

/// A pair, or a list of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Pairs {
    One(TextPair),
    Many(Vec<TextPair>),
}

enum Entry {
    Text(String),
    Pair(TextPair),
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntryVisitor;

        impl<'de> Visitor<'de> for EntryVisitor {
            type Value = Entry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a pair of texts")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Entry, E> {
                Ok(Entry::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut texts: A) -> Result<Entry, A::Error> {
                let pair = (texts.next_element()?, texts.next_element()?, texts.next_element::<String>()?);
                match pair {
                    (Some(first), Some(second), None) => Ok(Entry::Pair(TextPair(first, second))),
                    _ => Err(A::Error::custom(format_args!("{OURS}a pair has two texts"))),
                }
            }
        }

        deserializer.deserialize_any(EntryVisitor)
    }
}

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor;

        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a pair of texts, or a list of pairs")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Pairs, A::Error> {
                let (mut texts, mut pairs) = (Vec::new(), Vec::new());
                while let Some(entry) = entries.next_element()? {
                    match entry {
                        Entry::Text(text) => texts.push(text),
                        Entry::Pair(pair) => {
                            check(pairs.len())?;
                            pairs.push(pair);
                        }
                    }
                    if texts.len() > 2 || (!texts.is_empty() && !pairs.is_empty()) {
                        return Err(A::Error::custom(format_args!("{OURS}a pair has two texts")));
                    }
                }
                match (texts.pop(), texts.pop()) {
                    (Some(second), Some(first)) => Ok(Pairs::One(TextPair(first, second))),
                    (Some(_), None) => Err(A::Error::custom(format_args!("{OURS}a pair has two texts"))),
                    (None, _) => Ok(Pairs::Many(pairs)),
                }
            }
        }

        deserializer.deserialize_any(PairsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_has_two_texts() {
        let pair = |a: &str, b: &str| TextPair(a.to_owned(), b.to_owned());
        for (json, expected) in [
            (r#"["a", "b"]"#, Some(Pairs::One(pair("a", "b")))),
            (r#"[["a", "b"], ["c", "d"]]"#, Some(Pairs::Many(vec![pair("a", "b"), pair("c", "d")]))),
            (r#"["a"]"#, None),
            (r#"["a", "b", "c"]"#, None),
            (r#"[["a"]]"#, None),
            (r#"["a", ["b", "c"]]"#, None),
        ] {
            assert_eq!(serde_json::from_str(json).ok(), expected, "{json}");
        }
    }
}
