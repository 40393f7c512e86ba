//! What readers of files are told, and what they give.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use crate::failure::{Failure, Result};
use crate::formats::InputFormat;
use crate::ticket::Fields;

/// What one input is before anything is known of it.
pub(super) enum Raw {
    /// A line without its end.
    Line(Vec<u8>),
    /// A line without its end, which should be a JSON value.
    JsonLine(Vec<u8>),
    /// A JSON value.
    Json(String),
    /// A row's cells by their columns' names.
    Row(Fields),
    /// What cannot be read, and why.
    Wrong(String),
}

/// What one input is, and its place.
pub(super) struct Item {
    /// Its line, element or row, from 1.
    pub(super) number: usize,
    pub(super) raw: Raw,
}

/// How a file is to be read.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) format: InputFormat,
    /// The name of its encoding; UTF-8 unless it begins with another's mark.
    pub(super) encoding: Option<String>,
    /// The field or column with the input.
    pub(super) field: String,
    /// Whether the other columns are wanted.
    pub(super) keep_fields: bool,
}

/// How far a file was read.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Its length, where it has one.
    pub(super) size: Option<u64>,
    /// How many inputs it says that it has; 0 where it does not say.
    pub(super) count: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) items: AtomicU64,
    /// How many of the items were taken.
    pub(super) taken: AtomicU64,
    pub(super) has_ended: AtomicBool,
}

/// What comes sooner than this is there: whoever writes inputs as fast as they can may be held up for a moment.
const SOON: Duration = Duration::from_millis(20);

impl Seen {
    /// Whether it will be known how many inputs there are.
    pub(crate) fn will_tell(&self) -> bool {
        self.size.is_some()
    }

    /// About how many inputs there will be.
    pub(crate) fn expected(&self) -> Option<u64> {
        let count = self.count.load(Ordering::Relaxed);
        if count > 0 {
            return Some(count);
        }
        let (bytes, items) = (self.bytes.load(Ordering::Relaxed), self.items.load(Ordering::Relaxed));
        let size = self.size.filter(|_| bytes > 0 && items > 0)?;
        Some((u128::from(size) * u128::from(items) / u128::from(bytes)).max(u128::from(items)) as u64)
    }

    /// Whether the next input is there, or comes soon. A file's always are, so that its results do not depend on the
    /// clock.
    pub(crate) fn is_next_there(&self) -> bool {
        let start = Instant::now();
        loop {
            let is_there = self.items.load(Ordering::Acquire) > self.taken.load(Ordering::Acquire);
            if is_there || self.size.is_some() || self.has_ended.load(Ordering::Acquire) {
                return true;
            }
            if start.elapsed() > SOON {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Where a reader gives what it finds.
pub(super) struct Feed {
    pub(super) sender: SyncSender<Result<Item>>,
    pub(super) seen: Arc<Seen>,
    pub(super) label: String,
}

impl Feed {
    /// Gives an item; false when no one wants more.
    pub(super) fn give(&self, number: usize, raw: Raw) -> bool {
        self.seen.items.fetch_add(1, Ordering::Release);
        self.sender.send(Ok(Item { number, raw })).is_ok()
    }

    /// A failure of the whole file.
    pub(super) fn failure(&self, reason: impl std::fmt::Display) -> Failure {
        Failure::Failed(format!("{} {reason}", self.label))
    }

    /// A failure of reading it.
    pub(super) fn io(&self, error: io::Error) -> Failure {
        Failure::io(&self.label)(error)
    }
}
