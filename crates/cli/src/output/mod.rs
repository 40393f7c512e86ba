//! Where results go, and in which format.

#[cfg(feature = "npz")]
mod arrays;
mod calibration;
mod encoding;
mod jsonl;
mod kept;
#[cfg(feature = "parquet")]
mod marked;
mod npy;
#[cfg(feature = "parquet")]
mod parquet;
mod provenance;
mod resume;
mod row;
mod target;

#[cfg(feature = "parquet")]
use std::path::Path;

use embedkit::{AnyEmbedder, EmbeddingKind};

pub(crate) use encoding::{Encoder, Stored, Values};
pub(crate) use jsonl::JsonLines;
pub(crate) use provenance::Provenance;
pub(crate) use row::{TermsRow, VectorRow};
pub(crate) use target::Target;
#[cfg(feature = "onnx")]
pub(crate) use target::temporary;

use crate::args::{EmbedArgs, is_given};
use crate::failure::{Failure, Result};
use crate::formats::Format;
#[cfg(feature = "parquet")]
use crate::input::Trail;
use crate::ticket::{Place, Ticket};

/// Takes results in input order.
pub(crate) trait Sink<R> {
    /// Takes one.
    fn put(&mut self, ticket: &Ticket, row: R) -> Result<()>;

    /// Lets out those that were taken, since the next one may be long in coming. Formats that are written in one piece
    /// have nothing to let out.
    fn pause(&mut self) -> Result<()> {
        Ok(())
    }

    /// Keeps those that were taken for a later run to go on from, when this one ends early. Only sinks that such a run
    /// adds to have something to keep.
    fn keep(self: Box<Self>) -> Result<()> {
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
pub(crate) fn sink(
    args: &EmbedArgs,
    kind: EmbeddingKind,
    model: &AnyEmbedder,
    provenance: Provenance,
) -> Result<Box<dyn Sink<VectorRow>>> {
    let (output, format) = (args.output.output.as_ref(), args.output.format()?);
    check(args, kind, format)?;
    let stored = Stored { encoding: args.output.encoding, dim: args.model.dim.or(model.model().dim) };
    Ok(match format {
        #[cfg(feature = "parquet")]
        Format::Jsonl if args.output.resume => Box::new(marked::Growing::open(output)?),
        #[cfg(not(feature = "parquet"))]
        Format::Jsonl if args.output.resume => Box::new(JsonLines::new(Target::append(output)?)),
        #[cfg(feature = "parquet")]
        Format::Jsonl if args.shard.is_some() => match output {
            Some(output) => Box::new(marked::Marked::new(output, provenance)?),
            None => return Err(Failure::Usage("--shard needs an --output".to_owned())),
        },
        Format::Jsonl => Box::new(JsonLines::new(Target::open(output)?)),
        Format::Npy => Box::new(npy::Npy::new(output, stored, args.input.skip_invalid)?),
        #[cfg(feature = "npz")]
        Format::Npz | Format::Safetensors => {
            let stated = model.model().vocab_size.map(|size| size as u64);
            let columns = model.index_names().and_then(|names| names.count()).or(stated);
            let layout =
                arrays::Layout { kind, stored, has_chunks: args.has_chunks(), with_usage: args.usage.with_usage };
            Box::new(arrays::Arrays::new(format, Target::open_seekable(output)?, columns, layout))
        }
        #[cfg(feature = "parquet")]
        Format::Parquet => {
            let layout = parquet::Layout {
                kind,
                stored,
                has_lines: args.input.texts.is_empty() && !args.has_pages(),
                has_chunks: args.has_chunks(),
                with_usage: args.usage.with_usage,
                keep_fields: args.input.keep_fields || args.input.keep_text || args.has_pages(),
                provenance,
                fields: None,
            };
            match output {
                Some(output) if args.output.resume => {
                    Box::new(parquet::Parts::open(output, layout, args.output.part_time)?)
                }
                _ => Box::new(parquet::Parquet::new(Target::open_seekable(output)?, layout)),
            }
        }
        #[allow(unreachable_patterns, reason = "with all features there is no other format")]
        other => {
            let _ = (model, provenance);
            return Err(Failure::Usage(format!("--format {} needs a build with all features", other.name())));
        }
    })
}

/// What an earlier run has done.
#[derive(Clone, Debug, Default)]
pub(crate) struct Done {
    /// The place of its last result.
    pub(crate) last: Option<Place>,
    /// What its inputs were.
    #[cfg(feature = "parquet")]
    pub(crate) trail: Trail,
}

/// What an earlier run has written, of this model and with these options.
pub(crate) fn done(args: &EmbedArgs, provenance: &Provenance) -> Result<Done> {
    match (&args.output.output, args.output.format()?) {
        (Some(path), Format::Jsonl) => {
            let last = resume::prepare(path)?;
            #[cfg(feature = "parquet")]
            let trail = match crate::input::is_standard_stream(Some(path)) {
                true => Trail::default(),
                false => marked::go_on(path, provenance, last)?,
            };
            #[cfg(not(feature = "parquet"))]
            if last.is_some() {
                let model = provenance.get("embedkit.model");
                crate::notice::tell(&format!(
                    "{} goes on as results of {model}, which this build does not check; one with all features does",
                    path.display()
                ));
            }
            Ok(Done {
                last,
                #[cfg(feature = "parquet")]
                trail,
            })
        }
        #[cfg(feature = "parquet")]
        (Some(path), Format::Parquet) => parquet::done(path),
        _ => Err(Failure::Usage(
            "--resume goes on with JSON Lines and Parquet: name a .jsonl or .parquet file with --output".into(),
        )),
    }
}

/// What the results that are there say of how they were made; none where there are none.
#[cfg(feature = "parquet")]
pub(crate) fn said(path: &Path, format: Format) -> Result<Option<Provenance>> {
    match format {
        Format::Jsonl | Format::Parquet if !path.exists() => Ok(None),
        Format::Jsonl => marked::said(path).map(Some),
        Format::Parquet => parquet::said(path).map(Some),
        other => Err(Failure::Usage(format!(
            "--shard writes jsonl and parquet, which say what they were made with, and not {}",
            other.name()
        ))),
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
        _ if format != Format::Parquet && is_given("part_time") => {
            Err(Failure::Usage(format!("--part-time is for the parts of --format parquet, and {name} has none")))
        }
        _ if format == Format::Npy && args.has_chunks() => Err(Failure::Usage(
            "--chunk needs another format than npy, which has no place for what the chunks are of".to_owned(),
        )),
        _ => Ok(()),
    }
}
