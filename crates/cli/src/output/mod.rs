//! Where results go, and in which format.

#[cfg(feature = "npz")]
mod arrays;
mod encoding;
mod jsonl;
mod kept;
mod npy;
#[cfg(feature = "parquet")]
mod parquet;
mod resume;
mod row;
mod target;

use embedkit::{AnyEmbedder, EmbeddingKind};

pub(crate) use encoding::{Encoder, Values};
pub(crate) use jsonl::JsonLines;
pub(crate) use row::{TermsRow, VectorRow};
pub(crate) use target::Target;

use crate::args::EmbedArgs;
use crate::failure::{Failure, Result};
use crate::formats::Format;
use crate::ticket::Ticket;

/// Takes results in input order.
pub(crate) trait Sink<R> {
    /// Takes one.
    fn put(&mut self, ticket: &Ticket, row: R) -> Result<()>;

    /// Lets out those that were taken, since the next one may be long in coming. Formats that are written in one piece
    /// have nothing to let out.
    fn pause(&mut self) -> Result<()> {
        Ok(())
    }

    /// Makes all of them final. A sink that is dropped before leaves no file behind.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// A result as an object's fields.
pub(crate) trait Row: serde::Serialize {
    /// The fields' names. A kept input field of the same name gets another.
    fn keys(&self) -> &'static [&'static str];
}

/// The sink of a model's results, in the format that the arguments ask for.
pub(crate) fn sink(args: &EmbedArgs, kind: EmbeddingKind, model: &AnyEmbedder) -> Result<Box<dyn Sink<VectorRow>>> {
    let (output, format) = (args.output.output.as_ref(), args.output.format()?);
    check(args, kind, format)?;
    Ok(match format {
        Format::Jsonl if args.output.resume => Box::new(JsonLines::new(Target::append(output)?)),
        Format::Jsonl => Box::new(JsonLines::new(Target::open(output)?)),
        Format::Npy => Box::new(npy::Npy::new(output, args.input.skip_invalid)?),
        #[cfg(feature = "npz")]
        Format::Npz | Format::Safetensors => {
            let vocabulary = model.model().vocab_size;
            Box::new(arrays::Arrays::new(format, Target::open_seekable(output)?, vocabulary))
        }
        #[cfg(feature = "parquet")]
        Format::Parquet => {
            let layout = parquet::Layout {
                kind,
                has_lines: args.input.texts.is_empty() && !args.has_pages(),
                with_usage: args.usage.with_usage,
                keep_fields: args.input.keep_fields || args.input.keep_text || args.has_pages(),
                model: model.model().id.clone(),
            };
            Box::new(parquet::Parquet::new(Target::open_seekable(output)?, layout))
        }
        #[allow(unreachable_patterns, reason = "with all features there is no other format")]
        other => {
            let _ = model;
            return Err(Failure::Usage(format!("--format {} needs a build with all features", other.name())));
        }
    })
}

/// The place of the first input that is to be embedded: those before it an earlier run has done.
pub(crate) fn first_missing(args: &EmbedArgs) -> Result<usize> {
    match &args.output.output {
        Some(path) if args.output.resume => {
            if args.output.format()? != Format::Jsonl {
                return Err(Failure::Usage(
                    "--resume goes on with JSON Lines: name a .jsonl file with --output".into(),
                ));
            }
            resume::prepare(path)
        }
        _ => Ok(0),
    }
}

/// Refuses what a format cannot hold.
fn check(args: &EmbedArgs, kind: EmbeddingKind, format: Format) -> Result<()> {
    let name = format.name();
    if format == Format::Npy && kind != EmbeddingKind::Dense {
        return Err(Failure::Usage(
            "--format npy holds one vector an input, and this model gives others: take jsonl, npz, safetensors or \
             parquet"
                .to_owned(),
        ));
    }
    let kept = [("--keep-fields", args.input.keep_fields), ("--keep-text", args.input.keep_text)];
    match kept.into_iter().find(|(_, is_set)| *is_set) {
        Some((option, _)) if !matches!(format, Format::Jsonl | Format::Parquet) => {
            Err(Failure::Usage(format!("{option} needs --format jsonl or parquet: {name} has arrays alone")))
        }
        _ if format == Format::Npy && args.usage.with_usage => {
            Err(Failure::Usage("--with-usage needs another format than npy, which has one array".to_owned()))
        }
        _ => Ok(()),
    }
}
