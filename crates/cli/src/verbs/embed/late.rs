//! `--late-chunking`: chunks' vectors of tokens that saw the chunks around them.

use std::ops::Range;

use embedkit::retrieval::chunking::{late_vectors, late_windows};
use embedkit::vector::normalize;
use embedkit::{AnyEmbedder, Content, Embedding, Purpose};

use super::chunks::Cutter;
use super::family;
use super::wanted::Wanted;
use crate::args::EmbedArgs;
use crate::failure::{Failure, Result};
use crate::output::{Encoder, Sink, VectorRow};
use crate::run::Run;
use crate::ticket::{Input, Ticket};

/// What the model sees at once, and the chunks in it.
struct Window {
    text: String,
    content: Content,
    /// Their texts with their tickets, and where they are in the window's text.
    chunks: Vec<(Input<String>, Range<usize>)>,
}

impl AsRef<Content> for Input<Window> {
    fn as_ref(&self) -> &Content {
        &self.value.content
    }
}

/// Embeds the chunks of those inputs that are wanted.
pub(super) fn embed(
    args: &EmbedArgs,
    model: &AnyEmbedder,
    wanted: Wanted,
    sink: Box<dyn Sink<VectorRow>>,
    encoder: &mut Encoder,
) -> Result<()> {
    let (purpose, output) = (args.purpose.purpose(), args.output.output.as_ref());
    family::look_at_names(&args.input, &args.model, true)?;
    if model.engine().row_places(&Content::text(""), &purpose)?.is_none() {
        let id = &model.model().id;
        return Err(Failure::Usage(format!(
            "--late-chunking is for models that say which bytes of a text their vectors are of, as {id} does not"
        )));
    }
    let cutter = Cutter::new(args, model, &purpose)?;
    let pooler = Pooler { model, purpose: purpose.clone(), with_usage: args.usage.with_usage };
    let (run, mut inputs) = Run::start(&args.input, "text", output)?;
    wanted.check(args, &mut inputs);
    let mut run = run.telling(&args.usage).in_parts("windows");
    let mut sink = Box::new(Chunks(sink));
    let windows = inputs.by_ref().flat_map(|input| windows(&cutter, &input));
    let of_window = wanted.clone();
    let windows = windows.filter(run.passing_over(move |ticket| of_window.has(ticket)));
    let rows = |window: &Window, embedded: embedkit::Result<Embedding>| {
        let vectors = pooler.vectors(window, embedded)?;
        let wanted = window.chunks.iter().zip(vectors).filter(|((chunk, _), _)| wanted.has(&chunk.ticket));
        let row = |((chunk, _), vector): (&(Input<String>, _), _)| {
            Ok((pooler.ticket(chunk)?, VectorRow::new(Embedding::Dense(vector), encoder)?))
        };
        wanted.map(row).collect::<embedkit::Result<Vec<_>>>()
    };
    let done = run.embed_whatever_comes(model.embed_for(windows, purpose.clone()), rows, &mut *sink);
    run.end(done, inputs, sink)
}

/// The windows of an input, each in the place of its last chunk. A text that cannot be tokenised is one: embedding it tells
/// what is wrong.
fn windows(cutter: &Cutter<'_>, input: &Input<String>) -> Vec<Input<Window>> {
    let (text, ranges) = (input.value.as_str(), cutter.ranges(&input.value));
    let windows = late_windows(text, &ranges, &|text| cutter.fits(text)).unwrap_or_default();
    let mut chunks = ranges.iter().enumerate().map(|(number, range)| cutter.chunk(input, number, range.clone()));
    let mut window = |text: &str, places: Vec<Range<usize>>| {
        let chunks: Vec<_> = chunks.by_ref().zip(places).collect();
        let ticket = chunks.last().map_or_else(|| input.ticket.clone(), |(chunk, _)| chunk.ticket.clone());
        Input { value: Window { text: text.to_owned(), content: Content::text(text), chunks }, ticket }
    };
    match windows.is_empty() {
        true => vec![window(text, ranges.clone())],
        false => windows.into_iter().map(|one| window(&text[one.range], one.chunks)).collect(),
    }
}

/// Makes the vectors of chunks.
struct Pooler<'m> {
    model: &'m AnyEmbedder,
    purpose: Purpose,
    with_usage: bool,
}

impl Pooler<'_> {
    /// The vector of each chunk of a window, of length 1, or of zeros.
    fn vectors(&self, window: &Window, embedded: embedkit::Result<Embedding>) -> embedkit::Result<Vec<Vec<f32>>> {
        let places: Vec<Range<usize>> = window.chunks.iter().map(|(_, place)| place.clone()).collect();
        let vectors = late_vectors(self.model, &self.purpose, &window.text, &places, embedded)?;
        let unit = |vector: embedkit::Result<Vec<f32>>| {
            let mut vector = vector?;
            normalize(&mut vector);
            Ok(vector)
        };
        vectors.into_iter().map(unit).collect()
    }

    /// A chunk's ticket, with what its own text uses of the window where results say so.
    fn ticket(&self, chunk: &Input<String>) -> embedkit::Result<Ticket> {
        let mut ticket = chunk.ticket.clone();
        if self.with_usage {
            ticket.usage = Some(self.model.usage(&Content::text(&chunk.value), self.purpose.clone())?);
        }
        Ok(ticket)
    }
}

/// Takes the chunks of windows.
struct Chunks(Box<dyn Sink<VectorRow>>);

impl Sink<Vec<(Ticket, VectorRow)>> for Chunks {
    fn put(&mut self, _: &Ticket, chunks: Vec<(Ticket, VectorRow)>) -> Result<()> {
        chunks.into_iter().try_for_each(|(ticket, row)| self.0.put(&ticket, row))
    }

    fn pause(&mut self) -> Result<()> {
        self.0.pause()
    }

    fn keep(self: Box<Self>) -> Result<()> {
        self.0.keep()
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.0.finish()
    }
}
