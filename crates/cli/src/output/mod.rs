//! Where results go, and in which format.

mod any;
mod dense;
mod encoding;
mod jsonl;
mod multi;
mod npy;
#[cfg(feature = "parquet")]
mod parquet;
mod sparse;
mod target;

pub(crate) use any::AnyRow;
pub(crate) use dense::DenseRow;
pub(crate) use encoding::{Encoder, Values};
pub(crate) use jsonl::JsonLines;
pub(crate) use multi::MultiRow;
pub(crate) use sparse::{SparseRow, TermsRow};
pub(crate) use target::Target;

use std::path::PathBuf;

use crate::failure::{Failure, Result};
use crate::formats::Format;
use crate::ticket::Ticket;

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
    fn keys(&self) -> &'static [&'static str];
}

/// The sink of vectors, in a format.
pub(crate) fn dense_sink(
    format: Format,
    output: Option<&PathBuf>,
    keep_fields: bool,
) -> Result<Box<dyn Sink<DenseRow>>> {
    Ok(match format {
        Format::Jsonl => Box::new(JsonLines::new(Target::open(output)?)),
        Format::Npy if keep_fields => {
            return Err(Failure::Usage("--keep-fields needs --format jsonl or parquet: an array has no fields".into()));
        }
        Format::Npy => Box::new(npy::Npy::new(Target::open_seekable(output)?)?),
        #[cfg(feature = "parquet")]
        Format::Parquet => Box::new(parquet::Parquet::new(Target::open_seekable(output)?, keep_fields)),
        #[cfg(not(feature = "parquet"))]
        Format::Parquet => {
            return Err(Failure::Usage("--format parquet needs a build with the feature `parquet`".to_owned()));
        }
    })
}
