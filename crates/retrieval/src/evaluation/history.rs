//! A record of evaluations: a line each, the newest last.

use std::io::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use embedkit_core::{Error, Result};
use serde::{Deserialize, Serialize};

use super::Figures;

/// The layout of a line.
const FORMAT: u32 = 1;

/// An evaluation that was recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Entry {
    /// The layout of the line.
    pub format: u32,
    /// When, in seconds since 1970.
    pub time: u64,
    /// embedkit's version.
    pub embedkit: String,
    /// The figures.
    #[serde(flatten)]
    pub figures: Figures,
}

impl Entry {
    /// Adds an evaluation to a file of them, which need not be there yet.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn append(path: impl AsRef<Path>, figures: &Figures) -> Result<()> {
        let path = path.as_ref();
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or_default();
        let embedkit = env!("CARGO_PKG_VERSION").to_owned();
        let entry = Self { format: FORMAT, time, embedkit, figures: figures.clone() };
        let line = serde_json::to_string(&entry).map_err(|error| Error::file_because(path, "takes no entry", error))?;
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).map_err(Error::io(path))?;
        let length = file.metadata().map_err(Error::io(path))?.len();
        file.write_all((line + "\n").as_bytes()).map_err(|error| {
            // Half a line would be no entry for whoever reads the file.
            let _ = file.set_len(length);
            Error::io(path)(error)
        })
    }

    /// The evaluations of a file.
    ///
    /// # Errors
    /// A file that cannot be read, or a line of another layout.
    pub fn read_all(path: impl AsRef<Path>) -> Result<Vec<Self>> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
        let parse = |(at, line): (usize, &str)| {
            let entry: Self = serde_json::from_str(line)
                .map_err(|error| Error::file_because(path, format!("line {} is no evaluation", at + 1), error))?;
            match entry.format {
                FORMAT => Ok(entry),
                other => Err(Error::file(path, format!("line {} has the layout {other}, not {FORMAT}", at + 1))),
            }
        };
        text.lines().enumerate().map(parse).collect()
    }
}
