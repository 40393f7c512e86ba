//! From a request's bytes to a handler, and from what it gives to an answer.

mod answer;
mod endpoint;
mod front;
mod host;
mod incoming;
mod path;
mod record;

pub(crate) use answer::{Answer, Stats};
pub(crate) use endpoint::endpoint;
pub(crate) use front::{front, wants_page};
pub(crate) use incoming::Incoming;
pub(crate) use path::ModelInPath;
pub(crate) use record::RequestId;
