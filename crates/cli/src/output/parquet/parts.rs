//! Results of a long run: whole files beside the output, of a minute's work each, from which a later run goes on, and which
//! become the output when all is done.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use parquet::file::reader::FileReader as _;

use super::merge::merge;
use super::said::{self, last_place};
use super::{Layout, Parquet, fields};
use crate::failure::{Failure, Result};
use crate::input::Trail;
use crate::output::marked::INPUTS;
use crate::output::{Done, Sink, Target, VectorRow};
use crate::ticket::Ticket;

/// Writes parts, and at last the output.
pub(crate) struct Parts {
    output: PathBuf,
    layout: Layout,
    /// How long results may wait in a part that is not whole.
    time: Duration,
    /// The part that is being written, and since when.
    current: Option<(Box<Parquet>, Instant)>,
    next: usize,
    /// Held as long as this run writes.
    _lock: File,
}

impl Parts {
    /// Goes on with what there is, which must be of the same model and options.
    pub(crate) fn open(output: &Path, mut layout: Layout, seconds: u64) -> Result<Self> {
        let folder = folder_of(output);
        fs::create_dir_all(&folder).map_err(Failure::io(folder.display().to_string()))?;
        let lock = lock(&folder)?;
        for file in files(output)? {
            let reader = said::open(&file)?;
            layout.provenance.check(&said::of(&reader), &file)?;
            if layout.keep_fields && layout.fields.is_none() {
                layout.fields = Some(fields::types_in(reader.metadata().file_metadata().schema()));
            }
        }
        let next = parts(output)?.last().map_or(0, |(number, _)| number + 1);
        let time = Duration::from_secs(seconds);
        Ok(Self { output: output.to_owned(), layout, time, current: None, next, _lock: lock })
    }

    /// Makes the part that is being written whole.
    fn close_part(&mut self) -> Result<()> {
        match self.current.take() {
            Some((part, _)) => part.finish(),
            None => Ok(()),
        }
    }
}

impl Sink<VectorRow> for Parts {
    fn put(&mut self, ticket: &Ticket, row: VectorRow) -> Result<()> {
        let (part, since) = match &mut self.current {
            Some(current) => current,
            None => {
                let path = folder_of(&self.output).join(format!("{:08}.parquet", self.next));
                self.next += 1;
                let part = Parquet::new(Target::open_seekable(Some(&path))?, self.layout.clone());
                self.current.insert((Box::new(part), Instant::now()))
            }
        };
        part.put(ticket, row)?;
        if since.elapsed() >= self.time { self.close_part() } else { Ok(()) }
    }

    fn keep(mut self: Box<Self>) -> Result<()> {
        self.close_part()
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.close_part()?;
        let parts = parts(&self.output)?;
        if !parts.is_empty() {
            merge(&files(&self.output)?, Target::open_seekable(Some(&self.output))?)?;
        } else if !self.output.exists() {
            // There were no inputs: a file without rows.
            Box::new(Parquet::new(Target::open_seekable(Some(&self.output))?, self.layout.clone())).finish()?;
        }
        let folder = folder_of(&self.output);
        fs::remove_dir_all(&folder).map_err(Failure::io(folder.display().to_string()))
    }
}

/// What is written, in the output or a part.
pub(crate) fn done(output: &Path) -> Result<Done> {
    match files(output)?.last() {
        Some(last) => {
            let trail = Trail::from_entry(said::said(last)?.get(INPUTS));
            Ok(Done { last: last_place(last)?, trail })
        }
        None => Ok(Done::default()),
    }
}

/// What is written, in order: the output of an earlier run, and the parts that go on from it. Parts that the output has
/// already are left out, and removed: the run that put them together was ended before it could.
fn files(output: &Path) -> Result<Vec<PathBuf>> {
    let done = if output.is_file() { last_place(output)? } else { None };
    // A file without rows has no columns of kept fields that others could join.
    let mut files: Vec<PathBuf> = done.map(|_| output.to_owned()).into_iter().collect();
    for (_, part) in parts(output)? {
        if last_place(&part)? > done {
            files.push(part);
        } else {
            fs::remove_file(&part).map_err(Failure::io(part.display().to_string()))?;
        }
    }
    Ok(files)
}

/// The parts that are whole, with their numbers.
fn parts(output: &Path) -> Result<Vec<(usize, PathBuf)>> {
    let folder = folder_of(output);
    let label = folder.display().to_string();
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Failure::io(label)(error)),
    };
    let mut parts = Vec::new();
    for entry in entries {
        let path = entry.map_err(Failure::io(&label))?.path();
        let number = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".parquet")?.parse().ok());
        parts.extend(number.map(|number| (number, path)));
    }
    parts.sort();
    Ok(parts)
}

/// `vectors.parquet.parts` for `vectors.parquet`.
fn folder_of(output: &Path) -> PathBuf {
    let mut name = output.file_name().unwrap_or_default().to_owned();
    name.push(".parts");
    output.with_file_name(name)
}

/// Two runs that go on from the same results would both write what comes next.
fn lock(folder: &Path) -> Result<File> {
    let path = folder.join("lock");
    let label = path.display().to_string();
    let file = File::create(&path).map_err(Failure::io(&label))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => {
            Err(Failure::Failed(format!("{} is being written by another process", folder.display())))
        }
        // A file system without locks.
        Err(fs::TryLockError::Error(_)) => Ok(file),
    }
}
