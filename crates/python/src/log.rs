//! The library's diagnostics, to Python's `logging`, logger `embedkit_rs`.
//!
//! They come from threads that do not have the interpreter, so they wait until one that has it looks.

use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Most events that wait; more are not kept.
const MOST: usize = 1000;

/// Levels of `logging`, with messages.
static WAITING: Mutex<Vec<(u8, String)>> = Mutex::new(Vec::new());

struct Waiting;

/// Listens to diagnostics, if no one does.
pub(crate) fn listen() {
    // Another one is the program's own, which has been asked before.
    let _ = tracing::subscriber::set_global_default(Waiting);
}

/// Hands what waits to `logging`. What goes wrong there does not concern the caller.
pub(crate) fn flush(py: Python<'_>) {
    let waiting = std::mem::take(&mut *WAITING.lock().unwrap_or_else(PoisonError::into_inner));
    if waiting.is_empty() {
        return;
    }
    let log = || -> PyResult<()> {
        let logger = py.import("logging")?.call_method1("getLogger", ("embedkit_rs",))?;
        for (level, message) in waiting {
            logger.call_method1("log", (level, "%s", message))?;
        }
        Ok(())
    };
    let _ = log();
}

impl Subscriber for Waiting {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO && metadata.target().starts_with("embedkit")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let level = match *event.metadata().level() {
            Level::ERROR => 40,
            Level::WARN => 30,
            _ => 20,
        };
        let mut text = Text::default();
        event.record(&mut text);
        let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MOST {
            waiting.push((level, format!("{}{}", text.message, text.fields)));
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// An event's message, and its fields behind it.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        // Writing to a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}
