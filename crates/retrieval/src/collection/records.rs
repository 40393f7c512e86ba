//! Records, a line each, and where each line begins.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use embedkit_core::{Error, FileBytes, ModelFiles, Result};
use embedkit_vector::npy::{self, Header};
use embedkit_vector::number::{Number, NumberType};

use crate::record::Record;

const LINES: &str = "records.jsonl";
const STARTS: &str = "records.npy";

/// Writes records.
pub(crate) struct RecordWriter {
    path: PathBuf,
    starts_path: PathBuf,
    lines: BufWriter<File>,
    /// Where each line begins, and where the last one ends.
    starts: Vec<i64>,
}

impl RecordWriter {
    pub(crate) fn create(folder: &Path) -> Result<Self> {
        let path = folder.join(LINES);
        let lines = BufWriter::new(File::create_new(&path).map_err(Error::io(&path))?);
        Ok(Self { path, starts_path: folder.join(STARTS), lines, starts: vec![0] })
    }

    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    pub(crate) fn write(&mut self, record: &Record) -> Result<()> {
        let line =
            serde_json::to_vec(record).map_err(|error| Error::file_because(&self.path, "takes no record", error))?;
        self.write_line(&line)
    }

    /// Writes a line that is a record's.
    pub(crate) fn write_line(&mut self, line: &[u8]) -> Result<()> {
        self.lines.write_all(line).and_then(|()| self.lines.write_all(b"\n")).map_err(Error::io(&self.path))?;
        self.starts.push(self.starts.last().copied().unwrap_or_default() + line.len() as i64 + 1);
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<()> {
        self.lines.flush().map_err(Error::io(&self.path))?;
        let mut bytes = npy::header(NumberType::I64, &[self.starts.len() as u64]);
        self.starts.iter().for_each(|start| bytes.extend_from_slice(&start.to_cell()));
        std::fs::write(&self.starts_path, bytes).map_err(Error::io(&self.starts_path))
    }
}

/// Records that are mapped.
#[derive(Debug)]
pub(super) struct Records {
    path: PathBuf,
    lines: FileBytes,
    starts: Vec<usize>,
}

impl Records {
    pub(super) fn open(folder: &Path) -> Result<Self> {
        let files = ModelFiles::folder(folder)?;
        let (lines, starts) = (files.open(LINES, true)?, files.read(STARTS)?);
        let path = folder.join(LINES);
        let damaged = || Error::file(folder.join(STARTS), format!("does not say where the lines of {LINES} begin"));
        let header = Header::parse(&starts).map_err(|_| damaged())?;
        if header.number_type() != NumberType::I64 {
            return Err(damaged());
        }
        let starts = i64::cells(&starts[header.values()]).iter().map(|cell| usize::try_from(i64::from_cell(*cell)));
        let starts: Vec<usize> = starts.collect::<Result<_, _>>().map_err(|_| damaged())?;
        if starts.last() != Some(&lines.len()) || starts.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(damaged());
        }
        Ok(Self { path, lines, starts })
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// A record's line, without its end.
    pub(super) fn line(&self, record: usize) -> &[u8] {
        &self.lines[self.starts[record]..self.starts[record + 1] - 1]
    }

    pub(super) fn get(&self, record: usize) -> Result<Record> {
        serde_json::from_slice(self.line(record))
            .map_err(|error| Error::file_because(&self.path, format!("line {} is no record", record + 1), error))
    }
}
