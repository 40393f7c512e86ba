//! What is stored, and what is found.

use embedkit_core::Embedding;
use serde_json::{Map, Value};

/// A record with its vectors, as it is stored.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Point {
    /// The record's number in its version.
    pub id: u64,
    /// Its vectors, by the names of their stages: one, weights of terms, or one for every token. A stage that has none of
    /// the record is left out.
    pub vectors: Vec<(String, Embedding)>,
    /// The record ([`to_payload`](crate::Record::to_payload)).
    pub payload: Map<String, Value>,
}

impl Point {
    /// A point.
    pub fn new(id: u64, vectors: Vec<(String, Embedding)>, payload: Map<String, Value>) -> Self {
        Self { id, vectors, payload }
    }
}

/// A point that was found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Found {
    /// The record's number in its version.
    pub id: u64,
    /// Its score.
    pub score: f32,
    /// Its payload, where that was asked for.
    pub payload: Option<Map<String, Value>>,
}

impl Found {
    /// A point that was found.
    pub fn new(id: u64, score: f32, payload: Option<Map<String, Value>>) -> Self {
        Self { id, score, payload }
    }
}
