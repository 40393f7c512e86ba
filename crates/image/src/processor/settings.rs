//! A configuration read key by key, so that what is wrong is told by the key's name.

use std::collections::BTreeMap;

use serde_json::Value;

/// What stands at a key: null is not the same as nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Setting<T> {
    #[default]
    Absent,
    Null,
    Value(T),
}

impl<T> Setting<T> {
    /// The value, if there is one.
    pub(super) fn value(self) -> Option<T> {
        match self {
            Self::Absent | Self::Null => None,
            Self::Value(value) => Some(value),
        }
    }
}

/// What can stand at a key.
pub(super) trait FromSetting: Sized {
    /// What it may be, for errors: "and should be …".
    const EXPECTED: &'static str;

    /// The value; none where it is of another kind.
    fn from_setting(value: &Value) -> Option<Self>;
}

/// A key's value is of another kind than it should be.
#[derive(Debug, thiserror::Error)]
#[error("`{key}` is {value}, and should be {expected}")]
pub(super) struct WrongSetting {
    key: &'static str,
    value: Value,
    expected: &'static str,
}

/// The keys of a configuration that are not read yet.
pub(super) struct Settings(pub(super) BTreeMap<String, Value>);

impl Settings {
    /// Reads a key.
    pub(super) fn take<T: FromSetting>(&mut self, key: &'static str) -> Result<Setting<T>, WrongSetting> {
        match self.0.remove(key) {
            None => Ok(Setting::Absent),
            Some(Value::Null) => Ok(Setting::Null),
            Some(value) => match T::from_setting(&value) {
                Some(setting) => Ok(Setting::Value(setting)),
                None => Err(WrongSetting { key, value, expected: T::EXPECTED }),
            },
        }
    }

    /// Reads a key at which null says nothing.
    pub(super) fn value<T: FromSetting>(&mut self, key: &'static str) -> Result<Option<T>, WrongSetting> {
        self.take(key).map(Setting::value)
    }
}

impl FromSetting for bool {
    const EXPECTED: &'static str = "true or false";

    fn from_setting(value: &Value) -> Option<Self> {
        value.as_bool()
    }
}

impl FromSetting for usize {
    const EXPECTED: &'static str = "a whole number";

    fn from_setting(value: &Value) -> Option<Self> {
        value.as_u64().and_then(|number| Self::try_from(number).ok())
    }
}

impl FromSetting for f64 {
    const EXPECTED: &'static str = "a number";

    fn from_setting(value: &Value) -> Option<Self> {
        value.as_f64()
    }
}

impl FromSetting for String {
    const EXPECTED: &'static str = "a text";

    fn from_setting(value: &Value) -> Option<Self> {
        value.as_str().map(Self::from)
    }
}
