//! Inputs: from the arguments, or line by line from a file or standard input.

mod lines;
#[cfg(all(feature = "retrieval", feature = "parquet"))]
mod parquet_rows;
#[cfg(all(feature = "retrieval", feature = "pdf"))]
mod pdf_text;
mod record;

use std::path::{Path, PathBuf};

use embedkit::{CancelToken, Pair};

#[cfg(all(feature = "retrieval", feature = "parquet"))]
pub(crate) use parquet_rows::ParquetRows;
#[cfg(all(feature = "retrieval", feature = "pdf"))]
pub(crate) use pdf_text::PdfText;

use crate::args::InputArgs;
use crate::failure::{Failure, Result};
use crate::ticket::{Fields, Input, Ticket};
use lines::Lines;
use record::Parser;

/// Inputs and where they come from. They end at the first that is wrong; [`close`](Self::close) then says so.
pub(crate) struct Inputs {
    source: Source,
    origin: Origin,
    parser: Parser,
    skip_invalid: bool,
    keeps_input: bool,
    next_index: usize,
    skipped: u64,
    failure: Option<Failure>,
}

enum Source {
    Arguments(std::vec::IntoIter<String>),
    Lines(Lines),
}

/// How errors name where inputs come from.
#[derive(Clone, Debug)]
pub(crate) struct Origin(String);

impl Origin {
    /// How errors name the place of an input.
    pub(crate) fn place(&self, line: usize) -> String {
        if self.0 == "argument" { format!("argument {line}") } else { format!("{}, line {line}", self.0) }
    }
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
        Ok(Self {
            source,
            origin: Origin(origin),
            parser: Parser::new(field, args.input_format, args.keep_fields),
            skip_invalid: args.skip_invalid,
            keeps_input: false,
            next_index: 0,
            skipped: 0,
            failure: None,
        })
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

    /// Where they come from.
    pub(crate) fn origin(&self) -> Origin {
        self.origin.clone()
    }

    /// Each input as a document with the query of its object, and the instruction where it has one. The object's fields
    /// are then kept or not. An input without a query ends the inputs with a failure.
    pub(crate) fn pairs(&mut self, keep: bool) -> impl Iterator<Item = Input<Pair>> {
        std::iter::from_fn(move || {
            let Input { value: document, mut ticket } = self.next()?;
            let text = |name: &str| serde_json::from_str::<String>(ticket.fields.get(name)?.get()).ok();
            let (query, instruction) = (text("query"), text("instruction"));
            let Some(query) = query else {
                let place = self.origin.place(ticket.line);
                self.failure = Some(Failure::At { place, reason: "has no text in a field `query`".to_owned() });
                return None;
            };
            if !keep {
                ticket.fields.clear();
            }
            let pair = Pair::new(query, document);
            let pair = match instruction {
                Some(instruction) => pair.with_instruction(instruction),
                None => pair,
            };
            Some(Input { value: pair, ticket })
        })
    }

    /// Inputs that were skipped.
    ///
    /// # Errors
    /// The failure that ended the inputs, if one did.
    pub(crate) fn close(self) -> Result<u64> {
        self.failure.map_or(Ok(self.skipped), Err)
    }

    fn read(&mut self) -> Option<Result<Input<String>>> {
        let Source::Lines(lines) = &mut self.source else { return self.argument() };
        loop {
            let line = match lines.next()? {
                Ok(line) => line,
                Err(error) => return Some(Err(Failure::io(&self.origin.0)(error))),
            };
            let line_number = lines.number();
            match self.parser.parse(&line) {
                Ok(None) => {}
                Ok(Some((value, fields))) => {
                    let ticket = Ticket { index: self.next_index, line: line_number, fields };
                    self.next_index += 1;
                    return Some(Ok(Input { value, ticket }));
                }
                Err(reason) => {
                    self.next_index += 1;
                    let failure = Failure::At { place: self.origin.place(line_number), reason };
                    if !self.skip_invalid {
                        return Some(Err(failure));
                    }
                    tracing::warn!("skipped: {failure}");
                    self.skipped += 1;
                }
            }
        }
    }

    fn argument(&mut self) -> Option<Result<Input<String>>> {
        let Source::Arguments(texts) = &mut self.source else { return None };
        let value = texts.next()?;
        self.next_index += 1;
        let ticket = Ticket { index: self.next_index - 1, line: self.next_index, fields: Fields::new() };
        Some(Ok(Input { value, ticket }))
    }
}

impl Iterator for Inputs {
    type Item = Input<String>;

    fn next(&mut self) -> Option<Input<String>> {
        if self.failure.is_some() {
            return None;
        }
        match self.read()? {
            Ok(mut input) => {
                if self.keeps_input
                    && let Ok(value) = serde_json::value::to_raw_value(&input.value)
                {
                    input.ticket.fields.insert(self.parser.field().to_owned(), value);
                }
                Some(input)
            }
            Err(failure) => {
                self.failure = Some(failure);
                None
            }
        }
    }
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
