//! What is done to a model's files.

use std::path::Path;

use serde_json::Value;

use crate::common::subject::Subject;
use crate::graphs::fill_floats;

/// What is done to a file.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Damage {
    /// It is not there.
    Missing,
    /// It has no bytes.
    Empty,
    /// Its second half is gone.
    Truncated,
    /// It holds something else altogether.
    Garbage,
    /// A folder has its name.
    Folder,
    /// It holds this.
    Text(&'static str),
    /// It holds this.
    Bytes(&'static [u8]),
    /// It is another model's.
    Of(Subject, &'static str),
    /// It is a graph of `bad_input/graphs`.
    Graph(&'static str),
    /// In its JSON, the value at this pointer is this one.
    Json(&'static str, &'static str),
    /// All of these bytes in it are those, of the same number.
    Replaced(&'static str, &'static str),
    /// All of the graph's single floats are this number.
    Floats(f32),
    /// Its last bytes are these.
    Ending(&'static [u8]),
}

impl Damage {
    /// Does it to a file of a model's folder.
    pub(crate) fn to(self, file: &Path) {
        let old = std::fs::read(file).unwrap_or_default();
        std::fs::remove_file(file).ok();
        let new = match self {
            Self::Missing => return,
            Self::Folder => return std::fs::create_dir(file).unwrap(),
            Self::Empty => Vec::new(),
            Self::Truncated => old[..old.len() / 2].to_vec(),
            Self::Garbage => b"\x7fthis is nothing that anyone reads\xff\xfe\x00".repeat(9),
            Self::Text(text) => text.into(),
            Self::Bytes(bytes) => bytes.into(),
            Self::Of(subject, name) => subject.read(name),
            Self::Graph(name) => std::fs::read(crate::graphs::folder().join(name)).unwrap(),
            Self::Json(pointer, value) => with_value(&old, pointer, value),
            Self::Replaced(from, to) => replaced(&old, from.as_bytes(), to.as_bytes()),
            Self::Floats(value) => fill_floats(&old, value),
            Self::Ending(bytes) => [&old[..old.len() - bytes.len()], bytes].concat(),
        };
        std::fs::write(file, new).unwrap();
    }
}

fn with_value(json: &[u8], pointer: &str, value: &str) -> Vec<u8> {
    let mut json: Value = serde_json::from_slice(json).unwrap();
    let value: Value = serde_json::from_str(value).unwrap();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match json.pointer_mut(parent).unwrap() {
        Value::Object(map) => drop(map.insert(key.to_owned(), value)),
        other => *other.pointer_mut(&format!("/{key}")).unwrap() = value,
    }
    serde_json::to_vec(&json).unwrap()
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len(), "lengths stand before strings");
    let mut bytes = bytes.to_vec();
    let mut found = false;
    for at in 0..=bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
            found = true;
        }
    }
    assert!(found, "{} is not there", String::from_utf8_lossy(from));
    bytes
}
