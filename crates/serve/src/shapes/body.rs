//! Objects of a request: fields that a shape has not are looked up among the settings of all dialects.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::value::RawValue;

use super::OURS;
use super::setting::Setting;

/// A shape that is read with a look at the fields that it has not: those of no meaning are passed over, and a setting that
/// would change the result is an error.
pub(crate) struct Body<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Body<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(Checked(deserializer)).map(Self)
    }
}

/// Reads a derived shape, whose fields it is told of.
struct Checked<D>(D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Checked<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_struct(name, fields, CheckedVisitor { fields, visitor })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Has a shape's reader see its own fields alone.
struct CheckedVisitor<V> {
    fields: &'static [&'static str],
    visitor: V,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for CheckedVisitor<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(CheckedMap { fields: self.fields, map })
    }
}

/// The entries of an object without those that are no fields of the shape.
struct CheckedMap<A> {
    fields: &'static [&'static str],
    map: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for CheckedMap<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(key) = self.map.next_key::<String>()? {
            if self.fields.contains(&&*key) {
                return seed.deserialize(key.into_deserializer()).map(Some);
            }
            match Setting::named(&key) {
                Some(setting) => self.map.next_value_seed(Unobeyed(setting))?,
                None => drop(self.map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// The value of a setting that is not obeyed: an error, unless it asks for what happens anyway.
struct Unobeyed(&'static Setting);

impl<'de> DeserializeSeed<'de> for Unobeyed {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.0.is_usual(<&RawValue>::deserialize(deserializer)?) {
            true => Ok(()),
            false => Err(D::Error::custom(format_args!("{OURS}not supported here: {}", self.0.why))),
        }
    }
}
