//! Lists that are counted while they are read, so that the bound on inputs bounds memory too.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

/// What the error of a list that is too long begins with.
pub(crate) const TOO_MANY: &str = "more than ";

thread_local! {
    static LIMIT: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Reads something whose lists may have so many entries.
pub(crate) fn with_limit<R>(limit: usize, read: impl FnOnce() -> R) -> R {
    let before = LIMIT.replace(limit);
    let result = read();
    LIMIT.set(before);
    result
}

/// Refuses one more entry where there are as many as there may be.
pub(super) fn check<E: Error>(entries: usize) -> Result<(), E> {
    let limit = LIMIT.get();
    if entries >= limit {
        return Err(E::custom(format_args!("{TOO_MANY}{limit} inputs: send them in several requests")));
    }
    Ok(())
}

/// A list of inputs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counted<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Counted<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<List<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(entry) = entries.next_element()? {
                    check(list.len())?;
                    list.push(entry);
                }
                Ok(List(list))
            }
        }

        deserializer.deserialize_seq(Counted(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_ends_being_read_at_its_bound() {
        let read = |limit| with_limit(limit, || serde_json::from_str::<List<String>>(r#"["a","b","c"]"#));
        assert_eq!(read(3).unwrap().0.len(), 3);
        assert!(read(2).unwrap_err().to_string().starts_with(TOO_MANY));
        assert!(serde_json::from_str::<List<u32>>("[1]").is_ok(), "the bound holds for one reading");
    }
}
