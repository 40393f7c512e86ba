//! Where results go, and in which format.

mod dense;
mod encoding;
mod jsonl;
mod multi;
mod npy;
#[cfg(feature = "parquet")]
mod parquet;
mod sparse;
mod target;

pub(crate) use dense::{DenseRow, dense_sink};
pub(crate) use encoding::{Encoder, Encoding, Values};
pub(crate) use jsonl::JsonLines;
pub(crate) use multi::{HybridRow, MultiRow};
pub(crate) use sparse::{SparseRow, TermsRow};
pub(crate) use target::Target;

use crate::failure::Result;
use crate::input::Ticket;

/// Takes results in input order.
pub(crate) trait Sink<R> {
    /// Takes one.
    fn put(&mut self, ticket: &Ticket, row: R) -> Result<()>;

    /// Makes all of them final. A sink that is dropped before leaves no file behind.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// A result as an object's fields.
pub(crate) trait Row: serde::Serialize {
    /// The fields' names. A kept input field of the same name gives way.
    const KEYS: &'static [&'static str];
}

/// The format of dense results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// One JSON object a line.
    #[default]
    Jsonl,
    /// One NumPy array, a row an input.
    Npy,
    /// One Parquet file with the columns `index` and `embedding`.
    Parquet,
}
