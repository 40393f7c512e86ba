//! Objects of which only that they say something counts.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

/// Whether an object says something: has a key with a value that is not null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Filled(pub(crate) bool);

impl<'de> Deserialize<'de> for Filled {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FilledVisitor;

        impl<'de> Visitor<'de> for FilledVisitor {
            type Value = Filled;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Filled, A::Error> {
                let mut is_filled = false;
                while let Some((_, value)) = map.next_entry::<IgnoredAny, Option<IgnoredAny>>()? {
                    is_filled |= value.is_some();
                }
                Ok(Filled(is_filled))
            }
        }

        deserializer.deserialize_any(FilledVisitor)
    }
}
