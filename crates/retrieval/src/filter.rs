//! Which records a search may find.

use embedkit_core::{Error, Result};
use serde_json::{Map, Value};

use crate::record::Places;

/// What a record must have to be found: of every key one of its values. Without keys, every record is found.
///
/// A key names one of a record's own fields (`path`, `title`, `section`, `page`), or where the record has none of that name, a
/// field of its row (`tags`, `year`, a `section` of its own); `fields.section` names the row's for certain. A list has a
/// value if one of its elements is it.
///
/// ```
/// use embedkit_retrieval::Filter;
///
/// let filter = Filter::parse(["path=docs/a.md", "path=docs/b.md", "year=1999"])?;
/// assert_eq!(filter.keys().collect::<Vec<_>>(), ["path", "year"]);
/// # Ok::<(), embedkit_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter(Vec<Condition>);

/// A key with the values of which a record must have one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition {
    pub(crate) key: String,
    /// Where payloads have it.
    pub(crate) places: Places,
    pub(crate) values: Vec<Match>,
}

/// A value that records are compared with: of a kind that all places where collections live can compare.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Match {
    /// A text, which must be the same to the letter.
    Text(String),
    /// A whole number, however the record writes it: 3 is 3.0.
    Integer(i64),
    /// A number.
    Float(f64),
    /// Yes or no.
    Bool(bool),
}

impl Filter {
    /// Every record.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only records that have this value of the key, or another that was named for it.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Match>) -> Self {
        self.insert(key.into(), value.into());
        self
    }

    /// Reads conditions as people write them, `key=value`. A value that reads as a number, `true` or `false` stands for that
    /// and for the text, as tables have texts alone.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for one without `=` or without a key.
    pub fn parse<'c>(conditions: impl IntoIterator<Item = &'c str>) -> Result<Self> {
        let mut filter = Self::new();
        for condition in conditions {
            let (key, value) = condition
                .split_once('=')
                .filter(|(key, _)| !key.trim().is_empty())
                .ok_or_else(|| Error::option("filter", format!("{condition:?} is not of the form key=value")))?;
            let key = key.trim();
            if let Ok(number) = value.parse::<i64>() {
                filter.insert(key.to_owned(), Match::Integer(number));
            } else if let Some(number) = value.parse::<f64>().ok().filter(|number| number.is_finite()) {
                filter.insert(key.to_owned(), Match::Float(number));
            }
            if let Ok(truth) = value.parse::<bool>() {
                filter.insert(key.to_owned(), Match::Bool(truth));
            }
            filter.insert(key.to_owned(), Match::Text(value.to_owned()));
        }
        Ok(filter)
    }

    /// Its keys.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|condition| condition.key.as_str())
    }

    /// Whether every record is found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a record with this payload is found.
    pub fn matches(&self, payload: &Map<String, Value>) -> bool {
        self.0.iter().all(|condition| condition.places.find(payload).is_some_and(|value| condition.is_met_by(value)))
    }

    #[cfg(any(feature = "qdrant", feature = "qdrant-edge"))]
    pub(crate) fn conditions(&self) -> &[Condition] {
        &self.0
    }

    fn insert(&mut self, key: String, value: Match) {
        match self.0.iter_mut().find(|condition| condition.key == key) {
            Some(condition) => condition.values.push(value),
            None => self.0.push(Condition { places: Places::of(&key), key, values: vec![value] }),
        }
    }
}

impl Condition {
    fn is_met_by(&self, value: &Value) -> bool {
        match value {
            // Not of the lists in it: databases look no deeper.
            Value::Array(elements) => elements.iter().any(|element| self.is_one(element)),
            value => self.is_one(value),
        }
    }

    fn is_one(&self, value: &Value) -> bool {
        self.values.iter().any(|wanted| wanted.is(value))
    }
}

impl Match {
    fn is(&self, value: &Value) -> bool {
        match self {
            Self::Text(text) => value.as_str() == Some(text),
            Self::Integer(number) => value.as_i64().map_or_else(
                || value.as_f64().is_some_and(|value| value == *number as f64 && is_exact(*number)),
                |value| value == *number,
            ),
            Self::Float(number) => value.as_f64() == Some(*number),
            Self::Bool(truth) => value.as_bool() == Some(*truth),
        }
    }
}

/// Whether the number is the only whole one that its floating-point number stands for.
pub(crate) fn is_exact(number: i64) -> bool {
    number.unsigned_abs() < 1 << f64::MANTISSA_DIGITS
}

impl From<&str> for Match {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Match {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<f64> for Match {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<bool> for Match {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_must_all_match_and_values_need_not() {
        let payload = json!({"path": "a.md", "year": 1999, "tags": ["x", "y"], "draft": true, "page": "3", "none": null,
                "price": 2.5, "count": 3.0, "large": 9_007_199_254_740_993_i64, "deep": [["x"], 4]});
        let payload = payload.as_object().unwrap();
        for (conditions, expected) in [
            (&[][..], true),
            (&["path=a.md"], true),
            (&["path=b.md"], false),
            (&["path=b.md", "path=a.md"], true),
            (&["path=a.md", "year=1999"], true),
            (&["path=a.md", "year=2000"], false),
            (&["tags=y"], true),
            (&["tags=z"], false),
            (&["draft=true"], true),
            (&["page=3"], true),
            (&["price=2.5"], true),
            (&["price=25e-1"], true),
            (&["price=2"], false),
            (&["count=3"], true),
            (&["count=3.0"], true),
            (&["year=1999.0"], true),
            (&["large=9007199254740993"], true),
            (&["large=9007199254740992"], false),
            (&["deep=4"], true),
            (&["deep=x"], false),
            (&["missing="], false),
            (&["none="], false),
        ] {
            let filter = Filter::parse(conditions.iter().copied()).unwrap();
            assert_eq!(filter.matches(payload), expected, "{conditions:?}");
        }
        assert!(
            Filter::new()
                .with("year", 1999)
                .with("price", 2.5)
                .with("draft", true)
                .with("path", "a.md")
                .matches(payload)
        );
    }

    #[test]
    fn keys_are_a_records_own_or_its_rows() {
        let fields = json!({"page": 3, "section": ["intro", "x"], "document": "D", "path": "mine", "time": 1, "fields": "f",
            "year": 1999, "row": 7});
        let record = crate::Record {
            path: "a.jsonl".into(),
            row: Some(1),
            fields: fields.as_object().unwrap().clone(),
            ..Default::default()
        };
        let paged = crate::Record { page: Some(9), section: "own".into(), ..record.clone() };
        for (condition, expected, of_paged) in [
            ("page=3", true, false),
            ("page=9", false, true),
            ("fields.page=3", true, true),
            ("section=intro", true, false),
            ("section=own", false, true),
            ("fields.section=x", true, true),
            ("document=D", false, false),
            ("fields.document=D", true, true),
            ("path=mine", false, false),
            ("path=a.jsonl", true, true),
            ("fields.path=mine", true, true),
            ("row=1", true, true),
            ("row=7", false, false),
            ("fields.row=7", true, true),
            ("time=1", true, true),
            ("year=1999", true, true),
            ("fields.year=1999", true, true),
            ("fields=f", true, true),
            ("fields.fields=f", true, true),
            ("fieldsx=f", false, false),
        ] {
            let filter = Filter::parse([condition]).unwrap();
            let matches = |record: &crate::Record| filter.matches(&record.to_payload().unwrap());
            assert_eq!((matches(&record), matches(&paged)), (expected, of_paged), "{condition}");
        }
        for wrong in ["path", "=x", " =x"] {
            assert!(Filter::parse([wrong]).unwrap_err().to_string().contains("key=value"), "{wrong}");
        }
    }
}
