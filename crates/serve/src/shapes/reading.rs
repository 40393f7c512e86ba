//! What derived readers do not do: names in any case, objects that are objects, keys that are there once.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Unexpected, Visitor};

use super::Body;

/// Reads one of some names, in any case.
pub(super) fn any_case<'de, D, T>(deserializer: D, names: &'static [(&'static str, T)]) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Copy + 'static,
{
    struct Names<T: 'static>(&'static [(&'static str, T)]);

    impl<T: Copy> Visitor<'_> for Names<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let names: Vec<String> = self.0.iter().map(|(name, _)| format!("`{name}`")).collect();
            f.write_str(&names.join(" or "))
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            let known = self.0.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
            known.map(|(_, value)| *value).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
        }
    }

    deserializer.deserialize_any(Names(names))
}

/// Something that is read from an object alone: a derived reader takes a list of its fields' values too, which nobody
/// means.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                Body::deserialize(MapAccessDeserializer::new(map)).map(|Body(value)| Object(value))
            }
        }

        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

/// Takes the value of a key, which must not be there twice; null is no value.
pub(super) fn once<T, E: Error>(place: &mut Option<T>, key: &'static str, value: Option<T>) -> Result<(), E> {
    match (value, &place) {
        (Some(_), Some(_)) => Err(E::duplicate_field(key)),
        (Some(value), None) => {
            *place = Some(value);
            Ok(())
        }
        (None, _) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::shapes::{Direction, Filled};

    #[test]
    fn names_are_read_in_any_case() {
        for (json, expected) in [
            (r#""left""#, Some(Direction::Left)),
            (r#""RiGhT""#, Some(Direction::Right)),
            (r#""up""#, None),
            ("1", None),
            (r#"["left"]"#, None),
        ] {
            assert_eq!(serde_json::from_str(json).ok(), expected, "{json}");
        }
        let error = serde_json::from_str::<Direction>(r#""up""#).unwrap_err().to_string();
        assert!(error.contains("expected `left` or `right`"), "{error}");
    }

    #[test]
    fn an_object_of_nulls_says_nothing() {
        for (json, expected) in [
            ("{}", Some(false)),
            (r#"{"a": null}"#, Some(false)),
            (r#"{"a": null, "b": [1]}"#, Some(true)),
            ("[]", None),
        ] {
            assert_eq!(serde_json::from_str(json).ok(), expected.map(Filled), "{json}");
        }
    }

    #[test]
    fn an_object_is_no_list_of_values() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Point {
            x: i32,
        }
        let read = serde_json::from_str::<Object<Point>>;
        assert_eq!(read(r#"{"x": 1}"#).unwrap(), Object(Point { x: 1 }));
        assert!(read("[1]").unwrap_err().to_string().contains("expected an object"));
        assert!(read(r#"{"x": 1, "x": 2}"#).is_err());
    }
}
