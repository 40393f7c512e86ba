//! Inputs: from the arguments, or line by line from a file or standard input.

mod lines;
mod record;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use embedkit::CancelToken;

pub(crate) use record::{Fields, LineFormat};

use crate::args::InputArgs;
use crate::failure::{Failure, Result};
use lines::Lines;
use record::Parser;

/// An input on its way through the engine: everything but its text.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    /// Its place among all inputs, those that were skipped counted.
    pub(crate) index: usize,
    /// Its line, from 1.
    line: usize,
    /// The other fields of its object, where they are kept.
    pub(crate) fields: Fields,
}

/// What the feed and whoever takes the results share: results come in input order, so the first
/// ticket waiting belongs to the next result.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    waiting: VecDeque<Ticket>,
    failure: Option<Failure>,
    skipped: u64,
}

/// Inputs and where they come from.
pub(crate) struct Inputs {
    source: Source,
    origin: String,
    parser: Parser,
    skip_invalid: bool,
    keeps_input: bool,
    next_index: usize,
    ledger: Rc<RefCell<Ledger>>,
}

enum Source {
    Arguments(std::vec::IntoIter<String>),
    Lines(Lines),
}

impl Inputs {
    /// The inputs that the arguments name; `field` holds them in objects.
    pub(crate) fn open(args: &InputArgs, field: &'static str, cancel: &CancelToken) -> Result<Self> {
        let file = args.input.as_deref().filter(|path| *path != Path::new("-"));
        let (source, origin) = match file {
            _ if !args.texts.is_empty() => (Source::Arguments(args.texts.clone().into_iter()), "argument".to_owned()),
            Some(path) => (Source::Lines(Lines::of_file(path, cancel)?), path.display().to_string()),
            None => (Source::Lines(Lines::of_stdin(cancel)?), "standard input".to_owned()),
        };
        let parser = Parser::new(field, args.input_format, args.keep_fields);
        let ledger = Rc::default();
        Ok(Self { source, origin, parser, skip_invalid: args.skip_invalid, keeps_input: false, next_index: 0, ledger })
    }

    /// Carries the input itself over to its result, as its field.
    pub(crate) fn keeping_input(mut self, keep: bool) -> Self {
        self.keeps_input = keep;
        self
    }

    /// How many there are, when that is known.
    pub(crate) fn total(&self) -> Option<u64> {
        match &self.source {
            Source::Arguments(texts) => Some(texts.len() as u64),
            Source::Lines(_) => None,
        }
    }

    /// What to ask for the tickets of results.
    pub(crate) fn tickets(&self) -> Tickets {
        Tickets { ledger: self.ledger.clone(), origin: self.origin.clone(), skip_invalid: self.skip_invalid }
    }

    /// Each input with another field of its object, which is then kept or not. An input without it ends
    /// the inputs with a failure.
    pub(crate) fn with_field(mut self, name: &'static str, keep: bool) -> impl Iterator<Item = (String, String)> {
        std::iter::from_fn(move || {
            let text = self.next()?;
            let mut ledger = self.ledger.borrow_mut();
            let ticket = ledger.waiting.back_mut()?;
            let value = ticket.fields.get(name).and_then(|value| serde_json::from_str::<String>(value.get()).ok());
            if !keep {
                ticket.fields.clear();
            }
            if value.is_none() {
                let place = place(&self.origin, ticket.line);
                ledger.waiting.pop_back();
                ledger.failure = Some(Failure::At { place, reason: format!("has no text in a field `{name}`") });
            }
            Some((text, value?))
        })
    }

    fn read(&mut self) -> Option<Result<(String, Ticket)>> {
        let Source::Lines(lines) = &mut self.source else { return self.argument() };
        loop {
            let line = match lines.next()? {
                Ok(line) => line,
                Err(error) => return Some(Err(Failure::io(&self.origin)(error))),
            };
            let line_number = lines.number();
            match self.parser.parse(&line) {
                Ok(None) => {}
                Ok(Some((text, fields))) => {
                    let ticket = Ticket { index: self.next_index, line: line_number, fields };
                    self.next_index += 1;
                    return Some(Ok((text, ticket)));
                }
                Err(reason) => {
                    self.next_index += 1;
                    let failure = Failure::At { place: place(&self.origin, line_number), reason };
                    if !self.skip_invalid {
                        return Some(Err(failure));
                    }
                    skip(&self.ledger, &failure);
                }
            }
        }
    }

    fn argument(&mut self) -> Option<Result<(String, Ticket)>> {
        let Source::Arguments(texts) = &mut self.source else { return None };
        let text = texts.next()?;
        self.next_index += 1;
        Some(Ok((text, Ticket { index: self.next_index - 1, line: self.next_index, fields: Fields::new() })))
    }
}

impl Iterator for Inputs {
    type Item = String;

    /// The next input's text. Ends at the first input that is wrong, which the ledger then knows.
    fn next(&mut self) -> Option<String> {
        if self.ledger.borrow().failure.is_some() {
            return None;
        }
        let read = self.read()?;
        let mut ledger = self.ledger.borrow_mut();
        match read {
            Ok((text, mut ticket)) => {
                if self.keeps_input
                    && let Ok(value) = serde_json::value::to_raw_value(&text)
                {
                    ticket.fields.insert(self.parser.field().to_owned(), value);
                }
                ledger.waiting.push_back(ticket);
                Some(text)
            }
            Err(failure) => {
                ledger.failure = Some(failure);
                None
            }
        }
    }
}

/// The tickets of the results.
pub(crate) struct Tickets {
    ledger: Rc<RefCell<Ledger>>,
    origin: String,
    skip_invalid: bool,
}

impl Tickets {
    /// The ticket of the next result.
    ///
    /// # Errors
    /// There are more results than inputs.
    pub(crate) fn next(&self) -> Result<Ticket> {
        let ticket = self.ledger.borrow_mut().waiting.pop_front();
        ticket.ok_or_else(|| Failure::Failed("the model gave more results than there are inputs".to_owned()))
    }

    /// Takes note that this input could not be embedded: an error, unless such inputs are skipped.
    pub(crate) fn refuse(&self, ticket: &Ticket, error: embedkit::Error) -> Result<()> {
        let is_invalid = matches!(error, embedkit::Error::InvalidInput { .. });
        let failure = Failure::At { place: place(&self.origin, ticket.line), reason: error.to_string() };
        if self.skip_invalid && is_invalid {
            skip(&self.ledger, &failure);
            return Ok(());
        }
        Err(failure)
    }

    /// Inputs that were skipped.
    ///
    /// # Errors
    /// The failure that ended the inputs, if one did.
    pub(crate) fn close(self) -> Result<u64> {
        let mut ledger = self.ledger.borrow_mut();
        match ledger.failure.take() {
            Some(failure) => Err(failure),
            None => Ok(ledger.skipped),
        }
    }
}

fn place(origin: &str, line: usize) -> String {
    if origin == "argument" { format!("argument {line}") } else { format!("{origin}, line {line}") }
}

fn skip(ledger: &RefCell<Ledger>, failure: &Failure) {
    tracing::warn!("skipped: {failure}");
    ledger.borrow_mut().skipped += 1;
}

/// A file or standard input to read, and how errors name it.
pub(crate) fn reader(path: Option<&PathBuf>) -> Result<(Box<dyn std::io::BufRead>, String)> {
    match path {
        Some(path) if !is_standard_stream(Some(path)) => {
            let label = path.display().to_string();
            let file = std::fs::File::open(path).map_err(Failure::io(&label))?;
            Ok((Box::new(std::io::BufReader::new(file)), label))
        }
        _ => Ok((Box::new(std::io::stdin().lock()), "standard input".to_owned())),
    }
}

/// A path that may be `-`.
pub(crate) fn is_standard_stream(path: Option<&PathBuf>) -> bool {
    path.is_none_or(|path| path == Path::new("-"))
}
