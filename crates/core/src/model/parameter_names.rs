//! Which parameters a type of parameters has.

use std::cell::Cell;

use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;

/// The names of a struct's fields, as it is read: what [`Architecture::parameters`](crate::Architecture::parameters)
/// gives of an architecture's own type. None of a type that is no plain struct.
///
/// ```
/// #[derive(serde::Deserialize)]
/// #[serde(rename_all = "kebab-case", default)]
/// struct Parameters {
///     avg_len: f64,
/// }
/// # impl Default for Parameters { fn default() -> Self { Self { avg_len: 0.0 } } }
///
/// assert_eq!(embedkit_core::parameter_names::<Parameters>(), ["avg-len"]);
/// ```
pub fn parameter_names<T: DeserializeOwned>() -> &'static [&'static str] {
    let names = Cell::new(&[][..]);
    // It always ends in an error: there is nothing to read from.
    let _ = T::deserialize(Asked(&names));
    names.get()
}

/// Notes which fields it is asked for, and gives none.
struct Asked<'n>(&'n Cell<&'static [&'static str]>);

impl<'de> Deserializer<'de> for Asked<'_> {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(Self::Error::custom("nothing to read"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.set(fields);
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
