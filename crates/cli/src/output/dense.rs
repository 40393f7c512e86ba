//! Results of one vector an input.

use std::path::PathBuf;

use serde::Serialize;

use super::{Format, JsonLines, Row, Sink, Target, Values};
use crate::failure::{Failure, Result};

/// One vector.
#[derive(Serialize)]
pub(crate) struct DenseRow {
    pub(crate) embedding: Values,
}

impl Row for DenseRow {
    const KEYS: &'static [&'static str] = &["embedding"];
}

/// The sink of a format.
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
        Format::Npy => Box::new(super::npy::Npy::new(Target::open_seekable(output)?)?),
        #[cfg(feature = "parquet")]
        Format::Parquet => Box::new(super::parquet::Parquet::new(Target::open_seekable(output)?, keep_fields)),
        #[cfg(not(feature = "parquet"))]
        Format::Parquet => {
            return Err(Failure::Usage("--format parquet needs a build with the feature `parquet`".to_owned()));
        }
    })
}
