//! Inputs of a file or a stream as it has them, read on a thread of their own, so that waiting for one can be
//! interrupted.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use embedkit::CancelToken;
use embedkit_core::python_numbers::AsNull;

use super::feed::{Feed, Item, Raw, Reading, Seen};
use super::kind::{self, Kind};
use super::{decode, json};
use crate::failure::{Failure, Result};

/// Inputs read ahead.
const AHEAD: usize = 1024;
/// How often a wait for one looks whether it was interrupted.
const GLANCE: Duration = Duration::from_millis(50);
/// Most bytes that are looked at to tell what a file is.
const BEGINNING: usize = 4096;

/// Where the thread's items come out.
pub(super) struct Source {
    receiver: Receiver<Result<Item>>,
    cancel: CancelToken,
    label: String,
    pub(super) seen: Arc<Seen>,
}

impl Source {
    pub(super) fn of_file(path: &Path, reading: Reading, cancel: &CancelToken) -> Result<Self> {
        let label = path.display().to_string();
        let file = File::open(path).map_err(Failure::io(&label))?;
        let meta = file.metadata().map_err(Failure::io(&label))?;
        if meta.is_dir() {
            return Err(Failure::Failed(format!(
                "{label} is a folder, not a file of inputs; `embed --shard 0/1` takes all files below it"
            )));
        }
        let size = meta.is_file().then_some(meta.len());
        Self::of(file, Some(path.to_owned()), label, size, reading, cancel)
    }

    pub(super) fn of_stdin(reading: Reading, cancel: &CancelToken) -> Result<Self> {
        Self::of(io::stdin(), None, "standard input".to_owned(), None, reading, cancel)
    }

    fn of(
        reader: impl Read + Send + 'static,
        path: Option<PathBuf>,
        label: String,
        size: Option<u64>,
        reading: Reading,
        cancel: &CancelToken,
    ) -> Result<Self> {
        let (sender, receiver) = sync_channel(AHEAD);
        let seen = Arc::new(Seen { size, ..Seen::default() });
        let reader = Counted { reader, seen: seen.clone() };
        let feed = Feed { sender, seen: seen.clone(), label: label.clone() };
        let read = move || {
            if let Err(failure) = read(Box::new(reader), path.as_deref(), &reading, &feed) {
                // Who has left wants no failure either.
                let _ = feed.sender.send(Err(failure));
            }
            feed.seen.has_ended.store(true, Ordering::Release);
        };
        std::thread::Builder::new().spawn(read).map_err(Failure::io("a thread to read inputs"))?;
        Ok(Self { receiver, cancel: cancel.clone(), label, seen })
    }

    /// The end, once nothing more comes; a failure where the reader did not say that it is one: it panicked.
    fn end(&self) -> Option<Result<Item>> {
        let has_ended = self.seen.has_ended.swap(true, Ordering::AcqRel);
        let message = || format!("{} was not read to its end: its reader failed, which is a fault of ours", self.label);
        (!has_ended).then(|| Err(Failure::Failed(message())))
    }
}

impl Iterator for Source {
    type Item = Result<Item>;

    /// The next one; none at the end, or when the run was cancelled.
    fn next(&mut self) -> Option<Result<Item>> {
        loop {
            match self.receiver.recv_timeout(GLANCE) {
                Ok(item) => {
                    self.seen.taken.fetch_add(1, Ordering::Release);
                    return Some(item);
                }
                Err(RecvTimeoutError::Timeout) if !self.cancel.is_cancelled() => {}
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => return self.end(),
            }
        }
    }
}

fn read(mut reader: Box<dyn Read>, path: Option<&Path>, reading: &Reading, feed: &Feed) -> Result<()> {
    let mut start = Vec::new();
    while start.len() < BEGINNING && !kind::is_told_by(&decode::beginning(&start, reading.encoding.as_deref())) {
        let mut bytes = [0; 512];
        match reader.read(&mut bytes) {
            Ok(0) => break,
            Ok(count) => start.extend_from_slice(&bytes[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(feed.io(error)),
        }
    }
    let beginning = decode::beginning(&start, reading.encoding.as_deref());
    let kind = kind::of(reading.format, path, &start, &beginning).map_err(|reason| feed.failure(reason))?;
    if kind == Kind::Parquet {
        return parquet(path, reading, feed);
    }
    let whole = Cursor::new(start.clone()).chain(reader);
    let text = decode::to_utf8(whole, &start, reading.encoding.as_deref()).map_err(|reason| feed.failure(reason))?;
    let text = BufReader::with_capacity(1 << 16, text);
    match kind {
        Kind::Json => json::read(BufReader::new(AsNull::new(text)), feed),
        Kind::Table(delimiter) => table(text, delimiter, reading, feed),
        Kind::JsonLines => lines(text, feed, Raw::JsonLine),
        Kind::Lines | Kind::Parquet => lines(text, feed, Raw::Line),
    }
}

#[cfg(feature = "tables")]
use super::table::read as table;

#[cfg(not(feature = "tables"))]
fn table(_: impl Read, _: u8, _: &Reading, feed: &Feed) -> Result<()> {
    Err(feed.failure("is a table, which needs a build with the feature `tables`"))
}

#[cfg(feature = "parquet")]
use super::parquet::read as parquet;

#[cfg(not(feature = "parquet"))]
fn parquet(_: Option<&Path>, _: &Reading, feed: &Feed) -> Result<()> {
    Err(feed.failure("is a Parquet file, which needs a build with the feature `parquet`"))
}

fn lines(mut text: impl BufRead, feed: &Feed, raw: fn(Vec<u8>) -> Raw) -> Result<()> {
    for number in 1.. {
        let mut line = Vec::new();
        if text.read_until(b'\n', &mut line).map_err(|error| feed.io(error))? == 0 {
            break;
        }
        let is_ended = line.pop_if(|byte| *byte == b'\n').is_some();
        line.pop_if(|byte| *byte == b'\r');
        // Files of old programs have carriage returns alone, and no line feed anywhere.
        if number == 1 && !is_ended && line.contains(&b'\r') {
            line.split(|byte| *byte == b'\r').zip(1..).all(|(line, number)| feed.give(number, raw(line.to_owned())));
            break;
        }
        if !feed.give(number, raw(line)) {
            break;
        }
    }
    Ok(())
}

/// A reader that tells how far it is.
struct Counted<R> {
    reader: R,
    seen: Arc<Seen>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(bytes)?;
        self.seen.bytes.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "what is tested is a panic")]

    use super::*;
    use crate::formats::InputFormat;

    /// Lines, and then a panic.
    struct Panics {
        lines: Cursor<&'static str>,
    }

    impl Read for Panics {
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            match self.lines.read(bytes)? {
                0 => panic!("a reader's fault"),
                count => Ok(count),
            }
        }
    }

    #[test]
    fn a_reader_that_panics_is_no_end() {
        for format in [InputFormat::Auto, InputFormat::Lines, InputFormat::Jsonl, InputFormat::Json] {
            let reading = Reading { format, encoding: None, field: "text".to_owned(), keep_fields: false };
            let reader = Panics { lines: Cursor::new("\"text\"\n\"one\"\n\"two\"\n") };
            let mut source = Source::of(reader, None, "in".to_owned(), None, reading, &CancelToken::new())
                .unwrap_or_else(|_| panic!());
            let last = source.by_ref().last();
            let failure = last.and_then(Result::err).map(|failure| failure.to_string()).unwrap_or_default();
            assert!(failure.contains("in was not read to its end"), "{format:?}: {failure:?}");
            assert!(source.next().is_none(), "it is told once");
        }
    }
}
