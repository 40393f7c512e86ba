//! `--calibration`: a file of vectors that tells the ranges of int8.

use std::path::{Path, PathBuf};

use embedkit::Error;
use embedkit::vector::{Error as VectorError, Int8Calibration};
use serde::Deserialize;

use crate::failure::{Failure, Result};

/// What files of some editors begin with.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The ranges of a file's vectors.
pub(super) struct Calibration {
    path: PathBuf,
    ranges: Int8Calibration,
}

/// A line: what `embed` writes, of one vector or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Dense { embedding: Vec<f32> },
    Multi { embeddings: Vec<Vec<f32>> },
}

impl Calibration {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let label = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(Failure::io(&label))?;
        let lines = text.trim_start_matches(BYTE_ORDER_MARK).lines().enumerate();
        let vectors = lines.filter(|(_, line)| !line.trim().is_empty()).map(|(number, line)| {
            let line: Line = serde_json::from_str(line).map_err(|_| Failure::At {
                place: format!("{label}, line {}", number + 1),
                reason: "is not a line that `embed` writes, with an `embedding` or `embeddings` of numbers".to_owned(),
            })?;
            Ok(match line {
                Line::Dense { embedding } => vec![embedding],
                Line::Multi { embeddings } => embeddings,
            })
        });
        let vectors = vectors.collect::<Result<Vec<Vec<Vec<f32>>>>>()?.concat();
        let mut values = vectors.iter().flatten().peekable();
        if values.peek().is_some() && values.all(|value| value.fract() == 0.0) {
            let reason =
                "has whole numbers alone, as encoded vectors have: the ranges are those of vectors in `--encoding f32`";
            return Err(Failure::Failed(format!("{label} {reason}")));
        }
        let ranges = Int8Calibration::from_vectors(&vectors);
        let ranges = ranges.map_err(|error| Failure::Failed(format!("{label}: {error}")))?;
        Ok(Self { path: path.to_owned(), ranges })
    }

    /// The vector as bytes.
    ///
    /// # Errors
    /// A vector of another width, as all of the model's then are.
    pub(super) fn encode(&self, vector: &[f32]) -> embedkit::Result<Vec<i8>> {
        self.ranges.encode(vector).map_err(|error| match error {
            VectorError::Width { found, expected, .. } => {
                let message = format!("its vectors have {expected} dimensions, and the model's {found}");
                Error::file(&self.path, message)
            }
            other => other.into(),
        })
    }
}
