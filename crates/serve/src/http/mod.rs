//! From a request's bytes to a handler, and from what it gives to an answer.

mod answer;
mod endpoint;
mod front;
mod head;
mod host;
mod incoming;
mod known;
mod meant;
mod path;
mod record;

pub(crate) use answer::{Answer, Stats};
pub(crate) use endpoint::{Place, endpoint};
pub(crate) use front::{Front, front, wants_page};
pub(crate) use head::MOST_HEAD;
pub(crate) use incoming::Incoming;
pub(crate) use known::{Known, KnownRoutes};
pub(crate) use path::ModelInPath;
pub(crate) use record::RequestId;
