//! What a glance at a body shows of it, before it is known what it should be.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Fields by which shapes are told apart: whether each has a value. What is wrong with a body is said by whoever reads it
/// whole.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Glance {
    pub(crate) model: Option<String>,
    pub(crate) query: bool,
    pub(crate) texts: bool,
    pub(crate) documents: bool,
    /// Whether `inputs` is an object.
    pub(crate) inputs_object: bool,
}

impl Glance {
    /// Looks at a body; nothing is seen of one that is no object.
    pub(crate) fn at(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for Glance {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct GlanceVisitor;

        impl<'de> Visitor<'de> for GlanceVisitor {
            type Value = Glance;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Glance, A::Error> {
                let mut glance = Glance::default();
                while let Some(key) = map.next_key::<Cow<'_, str>>()? {
                    let is_there = match &*key {
                        "query" => &mut glance.query,
                        "texts" => &mut glance.texts,
                        "documents" => &mut glance.documents,
                        "inputs" => {
                            glance.inputs_object |= map.next_value::<&RawValue>()?.get().starts_with('{');
                            continue;
                        }
                        "model" => {
                            glance.model = serde_json::from_str(map.next_value::<&RawValue>()?.get()).ok();
                            continue;
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    *is_there |= map.next_value::<Option<IgnoredAny>>()?.is_some();
                }
                Ok(glance)
            }
        }

        deserializer.deserialize_map(GlanceVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_told_apart_by_their_fields() {
        let seen = |body: &str| {
            let Glance { model, query, texts, documents, inputs_object } = Glance::at(body.as_bytes());
            (model.unwrap_or_default(), [query, texts, documents, inputs_object])
        };
        for (body, model, flags) in [
            (r#"{"query": "a", "texts": ["b"], "documents": null}"#, "", [true, true, false, false]),
            (r#"{"documents": [], "model": "m", "x": [{}]}"#, "m", [false, false, true, false]),
            (r#"{"inputs": {"a": 1}, "model": null}"#, "", [false, false, false, true]),
            (r#"{"inputs": "{", "model": 1}"#, "", [false; 4]),
            (r#"{"t\u0065xts": ["b"], "texts": ["c"]}"#, "", [false, true, false, false]),
            ("[]", "", [false; 4]),
            (r#"{"texts": ["b"]"#, "", [false; 4]),
        ] {
            assert_eq!(seen(body), (model.to_owned(), flags), "{body}");
        }
    }
}
