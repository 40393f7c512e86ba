//! Inputs: from the arguments, or from a file or standard input.

mod decode;
#[cfg(feature = "retrieval")]
mod documents;
mod feed;
mod json;
mod kind;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "parquet")]
mod parquet_cell;
#[cfg(feature = "parquet")]
mod parquet_file;
#[cfg(all(feature = "retrieval", feature = "parquet"))]
mod parquet_rows;
#[cfg(all(feature = "retrieval", feature = "pdf"))]
mod pdf_pages;
#[cfg(all(feature = "retrieval", feature = "pdf"))]
mod pdf_sections;
mod record;
mod source;
#[cfg(feature = "tables")]
mod table;
#[cfg(feature = "parquet")]
mod trail;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use embedkit::{CancelToken, Pair};

#[cfg(feature = "retrieval")]
pub(crate) use documents::{image, readers};

use crate::args::InputArgs;
use crate::failure::{Failure, Result};
use crate::formats::InputFormat;
use crate::notice;
use crate::ticket::{Fields, Input, Ticket};
pub(crate) use feed::Seen;
use feed::{Item, Reading};
use record::Parser;
#[cfg(feature = "onnx")]
pub(crate) use record::without_place;
use source::Source;
#[cfg(feature = "parquet")]
pub(crate) use trail::{Digest, Trail};

/// Inputs and where they come from. They end at the first that is wrong; [`close`](Self::close) then says so.
pub(crate) struct Inputs {
    from: From,
    origin: Origin,
    parser: Parser,
    skip_invalid: bool,
    keeps_input: bool,
    next_index: usize,
    skipped: u64,
    failure: Option<Failure>,
    #[cfg(feature = "parquet")]
    follower: Option<trail::Follower>,
}

enum From {
    Arguments(std::vec::IntoIter<String>),
    Source(Source),
}

/// How errors name where inputs come from.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    name: String,
    /// What it has one of for each input.
    unit: &'static str,
}

impl Origin {
    /// How errors name the place of an input.
    pub(crate) fn place(&self, number: usize) -> String {
        let separator = if self.name.is_empty() { "" } else { ", " };
        format!("{}{separator}{} {number}", self.name, self.unit)
    }
}

impl Inputs {
    /// The inputs that the arguments name; `field` holds them in objects, unless the arguments name another.
    pub(crate) fn open(args: &InputArgs, field: &str, cancel: &CancelToken) -> Result<Self> {
        if args.texts == ["-"] {
            let message = "- stands for no text: standard input is read where no text is named, or with --input -";
            return Err(Failure::Usage(message.to_owned()));
        }
        let field = args.field.as_deref().unwrap_or(field);
        let file = args.input.as_deref().filter(|path| *path != Path::new("-"));
        let reading = Reading {
            format: args.input_format,
            encoding: args.input_encoding.clone(),
            field: field.to_owned(),
            keep_fields: args.keep_fields,
        };
        let unit = match args.input_format {
            InputFormat::Json => "value",
            InputFormat::Parquet => "row",
            _ => "line",
        };
        let (from, name, unit) = match file {
            _ if !args.texts.is_empty() => (From::Arguments(args.texts.clone().into_iter()), String::new(), "argument"),
            Some(path) => (From::Source(Source::of_file(path, reading, cancel)?), path.display().to_string(), unit),
            None => {
                if std::io::stdin().is_terminal() {
                    notice::tell("reading inputs from the terminal, one a line, until Ctrl-D");
                }
                (From::Source(Source::of_stdin(reading, cancel)?), "standard input".to_owned(), unit)
            }
        };
        Ok(Self {
            from,
            origin: Origin { name, unit },
            parser: Parser::new(field, args.input_format, args.keep_fields).needing_fields(args.field.is_some()),
            skip_invalid: args.skip_invalid,
            keeps_input: args.keep_text,
            next_index: 0,
            skipped: 0,
            failure: None,
            #[cfg(feature = "parquet")]
            follower: None,
        })
    }

    /// Gives each input the digest of it and all before it, and ends at the first that is not what results in `output` are of.
    #[cfg(feature = "parquet")]
    pub(crate) fn follow(&mut self, trail: Trail, output: &Path) {
        self.follower = Some(trail::Follower::new(trail, output));
    }

    /// How many there are, when that is known.
    pub(crate) fn total(&self) -> Option<u64> {
        match &self.from {
            From::Arguments(texts) => Some(texts.len() as u64),
            From::Source(_) => None,
        }
    }

    /// How far their file was read.
    pub(crate) fn seen(&self) -> Option<Arc<Seen>> {
        match &self.from {
            From::Arguments(_) => None,
            From::Source(source) => Some(source.seen.clone()),
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
                let place = self.origin.place(ticket.number);
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
        let From::Source(source) = &mut self.from else { return self.argument() };
        loop {
            let Item { number, raw } = match source.next()? {
                Ok(item) => item,
                Err(failure) => return Some(Err(failure)),
            };
            match self.parser.parse(raw) {
                Ok(None) => {}
                Ok(Some((value, fields))) => {
                    let ticket = Ticket::new(self.next_index, number, fields);
                    self.next_index += 1;
                    return Some(Ok(Input { value, ticket }));
                }
                Err(reason) => {
                    self.next_index += 1;
                    let failure = Failure::At { place: self.origin.place(number), reason };
                    if !self.skip_invalid {
                        return Some(Err(failure));
                    }
                    tracing::warn!("skipped: {failure}");
                    self.skipped += 1;
                }
            }
        }
    }

    #[cfg(feature = "parquet")]
    fn looked_at(&mut self, input: Option<Input<String>>) -> Option<Input<String>> {
        let Some(follower) = &mut self.follower else { return input };
        match input {
            Some(mut input) => match follower.take(&mut input) {
                Ok(()) => Some(input),
                Err(failure) => {
                    self.failure = Some(failure);
                    None
                }
            },
            None => {
                self.failure = self.failure.take().or(follower.end().err());
                None
            }
        }
    }

    #[cfg(not(feature = "parquet"))]
    fn looked_at(&mut self, input: Option<Input<String>>) -> Option<Input<String>> {
        input
    }

    fn argument(&mut self) -> Option<Result<Input<String>>> {
        let From::Arguments(texts) = &mut self.from else { return None };
        let value = texts.next()?;
        self.next_index += 1;
        let ticket = Ticket::new(self.next_index - 1, self.next_index, Fields::new());
        Some(Ok(Input { value, ticket }))
    }
}

impl Iterator for Inputs {
    type Item = Input<String>;

    fn next(&mut self) -> Option<Input<String>> {
        if self.failure.is_some() {
            return None;
        }
        let input = match self.read() {
            None => None,
            Some(Ok(mut input)) => {
                if self.keeps_input
                    && let Ok(value) = serde_json::value::to_raw_value(&input.value)
                {
                    input.ticket.fields.insert(self.parser.field().to_owned(), value);
                }
                Some(input)
            }
            Some(Err(failure)) => {
                self.failure = Some(failure);
                None
            }
        };
        self.looked_at(input)
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

/// The complaint that a table lacks a column.
#[cfg(any(feature = "tables", feature = "parquet"))]
fn no_column(field: &str, names: &[String]) -> String {
    format!("has no column `{field}`{}", record::among(names))
}
