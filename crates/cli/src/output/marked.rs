//! JSON Lines with a file beside them that says what they were made with, as the end of a Parquet file does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{JsonLines, Provenance, Row, Sink, Target};
use crate::failure::{Failure, Result};
use crate::input::{Digest, Trail};
use crate::notice;
use crate::ticket::{Place, Ticket};

/// The entry with the length of the lines.
const BYTES: &str = "embedkit.bytes";
/// The entry with what is known of the inputs.
pub(super) const INPUTS: &str = "embedkit.inputs";

/// Writes JSON Lines and what they were made with.
pub(crate) struct Marked {
    lines: JsonLines,
    mark: PathBuf,
    provenance: Provenance,
    rows: u64,
}

impl Marked {
    pub(crate) fn new(output: &PathBuf, provenance: Provenance) -> Result<Self> {
        let lines = JsonLines::new(Target::open(Some(output))?);
        Ok(Self { lines, mark: mark_of(output), provenance, rows: 0 })
    }
}

/// `vectors.jsonl.made.json` for `vectors.jsonl`.
fn mark_of(output: &Path) -> PathBuf {
    let mut name = output.file_name().unwrap_or_default().to_owned();
    name.push(".made.json");
    output.with_file_name(name)
}

/// What the file beside lines says that they were made with; nothing where there is none.
fn read(output: &Path) -> Result<Option<Provenance>> {
    let mark = mark_of(output);
    let label = mark.display().to_string();
    let text = match std::fs::read_to_string(&mark) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::io(label)(error)),
    };
    let entries: BTreeMap<String, String> =
        serde_json::from_str(&text).map_err(|error| Failure::Failed(format!("{label}: {error}")))?;
    Ok(Some(Provenance::said(entries)))
}

fn write(mark: &PathBuf, made: &Provenance) -> Result<()> {
    let entries: BTreeMap<&str, &str> = made.entries().collect();
    let text = serde_json::to_string_pretty(&entries).map_err(|error| Failure::Failed(error.to_string()))?;
    Target::write_file(mark, format!("{text}\n").as_bytes())
}

/// Says beside lines that a run begins, and may leave to later ones, what they are made with; refuses to go on with lines of
/// another model or other options. Gives what is known of the inputs up to the last result.
pub(super) fn go_on(output: &Path, provenance: &Provenance, last: Option<Place>) -> Result<Trail> {
    match (read(output)?, last) {
        (Some(said), Some((index, _))) => {
            provenance.check(&said, output)?;
            Ok(Trail::from_entry(said.get(INPUTS)).of_first(index + 1))
        }
        (None, Some(_)) => {
            notice::tell(&format!(
                "{} does not say what it was made with: that it was this model, with these options, is taken for granted",
                output.display()
            ));
            Ok(Trail::default())
        }
        (_, None) => write(&mark_of(output), provenance).map(|()| Trail::default()),
    }
}

/// Adds to JSON Lines that say what they were made with, and writes down which inputs they are of.
pub(super) struct Growing {
    lines: JsonLines,
    /// What stands beside the lines, and where; none where nothing does.
    mark: Option<(PathBuf, Provenance)>,
    trail: Trail,
    /// How many inputs are done, and their digest.
    last: Option<(usize, Digest)>,
}

impl Growing {
    pub(super) fn open(output: Option<&PathBuf>) -> Result<Self> {
        let lines = JsonLines::new(Target::append(output)?);
        let mark = match output {
            Some(output) => read(output)?.map(|said| (mark_of(output), said)),
            None => None,
        };
        let trail = mark.as_ref().map(|(_, said)| Trail::from_entry(said.get(INPUTS))).unwrap_or_default();
        Ok(Self { lines, mark, trail, last: None })
    }

    /// Writes down which inputs are done: always, or where it is worth it.
    fn note(&mut self, always: bool) -> Result<()> {
        let (Some((mark, made)), Some((count, digest))) = (&self.mark, &self.last) else { return Ok(()) };
        match self.trail.note(*count, digest) || always {
            true => write(mark, &made.clone().with("inputs", self.trail.to_entry())),
            false => Ok(()),
        }
    }
}

impl<R: Row> Sink<R> for Growing {
    fn put(&mut self, ticket: &Ticket, row: R) -> Result<()> {
        self.lines.put(ticket, row)?;
        self.last = ticket.digest.map(|digest| (ticket.index + 1, digest));
        self.note(false)
    }

    fn pause(&mut self) -> Result<()> {
        Sink::<R>::pause(&mut self.lines)
    }

    fn keep(mut self: Box<Self>) -> Result<()> {
        self.note(true)
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.note(true)?;
        Sink::<R>::finish(Box::new(self.lines))
    }
}

/// What complete lines say that they were made with; nothing of lines without a file beside them.
pub(super) fn said(output: &Path) -> Result<Provenance> {
    let Some(said) = read(output)? else { return Ok(Provenance::default()) };
    let length = std::fs::metadata(output).map_err(Failure::io(output.display().to_string()))?.len();
    match said.get(BYTES) == length.to_string() {
        true => Ok(said),
        false => Err(Failure::Failed(format!(
            "{} has {length} bytes, and {} when it was made: remove it, to make it anew",
            output.display(),
            said.get(BYTES)
        ))),
    }
}

impl<R: Row> Sink<R> for Marked {
    fn put(&mut self, ticket: &Ticket, row: R) -> Result<()> {
        self.rows += 1;
        self.lines.put(ticket, row)
    }

    /// The mark goes first: lines whose mark is there are complete.
    fn finish(mut self: Box<Self>) -> Result<()> {
        let made = self.provenance.with("rows", self.rows).with("bytes", self.lines.length()?);
        write(&self.mark, &made)?;
        <JsonLines as Sink<R>>::finish(Box::new(self.lines))
    }
}
