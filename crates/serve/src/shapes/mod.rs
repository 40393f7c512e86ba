//! What goes over the wire: requests and responses as data types.
//!
//! In every optional field `null` means that it is absent, and unknown fields are passed over: clients send both. A field by
//! which some dialect changes results is none of these: a shape has it, or it is refused by name; one that tells whose client
//! asks, even where it is null.

mod body;
pub(crate) mod cohere;
mod cut;
mod described;
mod filled;
mod glance;
mod input;
pub(crate) mod jina;
mod json;
mod list;
pub(crate) mod openai;
mod pairs;
mod purpose;
mod reading;
pub(crate) mod rerank;
mod setting;
pub(crate) mod tei;
mod usage;
mod vectors;

pub(crate) use body::Body;
pub(crate) use cut::{Cut, Direction};
use filled::Filled;
pub(crate) use glance::Glance;
pub(crate) use input::{Inputs, Item, Kind};
pub(crate) use json::write_json;
pub(crate) use list::{List, TOO_MANY, with_limit};
pub(crate) use pairs::{Pairs, TextPair};
pub(crate) use purpose::PurposeFields;
pub(crate) use reading::Object;
pub(crate) use usage::{ListHead, Usage};
pub(crate) use vectors::{Dtype, Encoded, Format, OutputKind, SparseBody, encode, encode_rows};

/// What errors of our own begin with: they hold nothing of the caller's.
pub(crate) const OURS: &str = "\u{1}";
