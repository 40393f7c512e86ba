//! What is found: a chunk of a document, and where it is from.

use embedkit_core::{Error, Result};
use pulldown_cmark::{BrokenLink, CowStr, Event, Options, Parser, TagEnd};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A chunk of a document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Record {
    /// The document's id, and where the document has several chunks, `#` and the chunk's number.
    pub id: String,
    /// The document's own id, or its path with what tells it from others of the same file.
    pub document: String,
    /// The file, as it was named or found.
    pub path: String,
    /// The document's title, where it has one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// The headings that it stands under, outermost first, between ` › `.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub section: String,
    /// What the section is linked to by, behind `#`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub anchor: String,
    /// The page of a file that has pages, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<usize>,
    /// The row of a file that has rows, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<usize>,
    /// Where a frame stands in its video, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<f64>,
    /// The chunk's number in its document, from 0.
    pub chunk: usize,
    /// Where it begins, in bytes of the file, or where a file has rows or pages, of the row's or page's text.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// The text.
    pub text: String,
    /// The other fields of a row.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
}

/// What stands between the headings of a section.
pub(crate) const BETWEEN: &str = " › ";

/// The names of its own fields, which those of a row do not replace.
const OWN: [&str; 14] = [
    "id", "document", "path", "title", "section", "anchor", "page", "row", "time", "chunk", "start", "end", "text",
    FIELDS,
];

/// Where a row's fields lie whose names are those of the record's own.
const FIELDS: &str = "fields";

/// Those of its own fields that not every record has.
const OPTIONAL: [&str; 6] = ["title", "section", "anchor", "page", "row", "time"];

/// Where in a payload what a key names is: paths, from the outside in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Places {
    pub(crate) first: Vec<String>,
    /// Where it is in records that do not have the first.
    pub(crate) otherwise: Option<Vec<String>>,
}

impl Places {
    /// Of a record's own field, or of its row's where the record has none of that name; behind `fields.`, of its row's.
    pub(crate) fn of(key: &str) -> Self {
        let at = |path: &[&str]| path.iter().map(|name| (*name).to_owned()).collect();
        let (first, otherwise) = match key.strip_prefix(FIELDS).map(|rest| rest.strip_prefix('.')) {
            Some(None) if key == FIELDS => (at(&[FIELDS, FIELDS]), None),
            Some(Some(name)) if OWN.contains(&name) => (at(&[FIELDS, name]), None),
            Some(Some(name)) => (at(&[name]), None),
            _ if OPTIONAL.contains(&key) => (at(&[key]), Some(at(&[FIELDS, key]))),
            _ => (at(&[key]), None),
        };
        Self { first, otherwise }
    }

    /// What a payload has there.
    pub(crate) fn find<'p>(&self, payload: &'p Map<String, Value>) -> Option<&'p Value> {
        let at = |path: &[String]| {
            let (last, outer) = path.split_last()?;
            outer.iter().try_fold(payload, |object, name| object.get(name)?.as_object())?.get(last)
        };
        at(&self.first).or_else(|| at(self.otherwise.as_ref()?))
    }
}

impl Record {
    /// The record as the payload of a vector database: its own fields, and beside them those of its row (`url`, `tags`,
    /// and whatever else it has). A row's field with the name of one of the record's own stays below `fields`.
    ///
    /// # Errors
    /// Numbers that JSON has not.
    pub fn to_payload(&self) -> Result<Map<String, Value>> {
        let no_json = |error| Error::file_because(&self.path, "has a record that is no JSON", error);
        let Value::Object(mut payload) = serde_json::to_value(self).map_err(no_json)? else {
            return Ok(Map::new());
        };
        let Some(Value::Object(fields)) = payload.remove(FIELDS) else { return Ok(payload) };
        let (own, others): (Map<_, _>, Map<_, _>) =
            fields.into_iter().partition(|(name, _)| OWN.contains(&name.as_str()));
        payload.extend(others);
        if !own.is_empty() {
            payload.insert(FIELDS.to_owned(), Value::Object(own));
        }
        Ok(payload)
    }

    /// The record of such a payload.
    ///
    /// # Errors
    /// A payload that was not a record's.
    pub fn from_payload(payload: Map<String, Value>) -> Result<Self> {
        let (own, others): (Map<_, _>, Map<_, _>) =
            payload.into_iter().partition(|(name, _)| OWN.contains(&name.as_str()));
        let mut record: Self = serde_json::from_value(Value::Object(own))
            .map_err(|error| Error::input(format!("the payload is no record's: {error}")))?;
        record.fields.extend(others);
        Ok(record)
    }

    /// What models see: the title, as BEIR's sets are read, the section that the chunk continues, and the text.
    pub fn passage(&self) -> String {
        passage(&self.title, &self.section, &self.text)
    }
}

/// What models see of a text under this title and section.
pub(crate) fn passage(title: &str, section: &str, text: &str) -> String {
    let section = if !section.is_empty() && begins_with_heading(section, text) { "" } else { section };
    let parts = [title, section, text].into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(" ")
}

/// Whether a text's first lines are the heading that it stands under, without those above it: as they are, or as Markdown
/// is rendered.
fn begins_with_heading(section: &str, text: &str) -> bool {
    let heading = section.rsplit(BETWEEN).next().unwrap_or_default();
    let text = text.trim_start();
    begins_with_line(heading, text.trim_start_matches(['#', ' ']))
        || begins_with_line(heading, &rendered(first_block(text)))
}

/// Whether a text's first lines are a heading, wherever its lines end.
fn begins_with_line(heading: &str, text: &str) -> bool {
    let mut rest = text.chars();
    let mut words = heading.chars().filter(|c| !c.is_whitespace());
    // Marks may follow it; another word would make it a sentence that begins alike.
    words.all(|expected| rest.find(|c| !c.is_whitespace()) == Some(expected))
        && !rest.take_while(|c| *c != '\n').any(char::is_alphanumeric)
}

/// A text up to the first empty line, which no heading has.
fn first_block(text: &str) -> &str {
    let lines = text.split_inclusive('\n').take_while(|line| !line.trim().is_empty());
    &text[..lines.map(str::len).sum()]
}

/// The text of Markdown as its headings are named. What it refers to may be elsewhere in the document.
fn rendered(markdown: &str) -> String {
    let refer = |_: BrokenLink<'_>| Some((CowStr::Borrowed(""), CowStr::Borrowed("")));
    let events = Parser::new_with_broken_link_callback(markdown, Options::ENABLE_STRIKETHROUGH, Some(refer));
    let mut text = String::new();
    for event in events {
        match event {
            Event::Text(part) | Event::Code(part) => text += &part,
            Event::SoftBreak | Event::HardBreak | Event::End(TagEnd::Heading(_)) => text.push('\n'),
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_chunk_that_begins_with_its_heading_does_not_repeat_it() {
        for (section, text, expected) in [
            ("A", "# A\n\nOne.", "# A\n\nOne."),
            ("T › A", "## A ##\nOne.", "## A ##\nOne."),
            ("A", "A\n===\nOne.", "A\n===\nOne."),
            ("A", "Another one.", "A Another one."),
            ("A", "A dog.", "A A dog."),
            ("T › A", "One.\nA", "T › A One.\nA"),
            ("", "One.", "One."),
            ("T › foo function", "## `foo` function\n\nOne.", "## `foo` function\n\nOne."),
            ("A bold b", "# A **bold** _b_ #\nOne.", "# A **bold** _b_ #\nOne."),
            ("A link", "# A [link](http://x/y)\nOne.", "# A [link](http://x/y)\nOne."),
            ("A link", "# [A link][ref]\nOne.", "# [A link][ref]\nOne."),
            ("Q & A é", "# <a id=\"x\"></a>Q &amp; A &eacute;\nOne.", "# <a id=\"x\"></a>Q &amp; A &eacute;\nOne."),
            ("A b c", "A\n*b* c\n===\nOne.", "A\n*b* c\n===\nOne."),
            ("A b", "A\nb\n\nOne.", "A\nb\n\nOne."),
            ("Use of <b>", "Use of <b>\n\nOne.", "Use of <b>\n\nOne."),
            ("1. A", "## 1. A\n\nOne.", "## 1. A\n\nOne."),
            ("A b", "`A` boat.", "A b `A` boat."),
            ("A b", "**A** b c.", "A b **A** b c."),
            ("???", "***\nOne.", "??? ***\nOne."),
        ] {
            assert_eq!(passage("", section, text), expected);
        }
    }

    #[test]
    fn payloads_have_a_rows_fields_beside_the_records_own() {
        let fields = json!({"url": "https://example.org/a", "tags": ["x"], "section": "theirs", "year": 1999});
        let record = Record {
            id: "a#1".into(),
            title: "T".into(),
            page: Some(3),
            chunk: 1,
            text: "text".into(),
            fields: fields.as_object().unwrap().clone(),
            ..Record::default()
        };
        let payload = record.to_payload().unwrap();
        assert_eq!(
            (&payload["url"], &payload["tags"][0], &payload["page"]),
            (&json!("https://example.org/a"), &json!("x"), &json!(3))
        );
        assert_eq!((payload.get("section"), &payload["fields"]), (None, &json!({"section": "theirs"})));
        assert_eq!(Record::from_payload(payload).unwrap(), record);
        let wrong = json!({"page": "three"});
        assert!(Record::from_payload(wrong.as_object().unwrap().clone()).is_err());
    }
}
