//! `embed`: inputs to embeddings, of whatever family the model is.

use std::path::Path;

use embedkit::multivector::TokenPooling;
use embedkit::plugin::Family;
use embedkit::{AnyEmbedder, Content, ContentKind, Embedding, ImageInput, Role, SparseVector};

use crate::args::{EmbedArgs, PoolMethod, SparseArgs};
use crate::failure::{Failure, Result};
use crate::formats::Format;
use crate::notice;
use crate::output::{self, Encoder, JsonLines, Sink, Target, TermsRow, VectorRow};
use crate::run::Run;
use crate::ticket::Input;

pub(super) fn run(args: &EmbedArgs) -> Result<()> {
    let family = family(args)?;
    let output = family.output();
    let builder = args.sparse.apply(args.model.any_builder(family)?);
    let mut encoder = Encoder::new(args.output.encoding, args.output.calibration.as_deref())?;
    let model = builder.build()?;
    if args.sparse.explain {
        return explain(args, &model);
    }
    let pooling = pooling(args)?;
    let first = output::first_missing(args)?;
    let sink = output::sink(args, output, &model)?;
    embed(args, &model, first, sink, |_, embedding| {
        let embedding = match (embedding, &pooling) {
            (Embedding::Sparse(vector), _) => Embedding::Sparse(pruned(&args.sparse, vector)),
            (Embedding::Multi(vectors), Some(pooling)) => Embedding::Multi(pooling.pool(&vectors)),
            (other, _) => other,
        };
        VectorRow::new(embedding, &mut encoder)
    })
}

/// The model's family; of a model that has one for texts and one for pictures, the one that the inputs are.
fn family(args: &EmbedArgs) -> Result<&'static dyn Family> {
    const PICTURES: [&str; 9] = ["png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "ppm"];
    let is_picture = |text: &String| {
        let extension = Path::new(text).extension().and_then(|extension| extension.to_str());
        extension.is_some_and(|extension| PICTURES.contains(&&*extension.to_ascii_lowercase()))
    };
    let texts = &args.input.texts;
    let kind = match (texts.is_empty(), texts.iter().all(is_picture)) {
        (true, _) => None,
        (false, true) => Some(ContentKind::Image),
        (false, false) => Some(ContentKind::Text),
    };
    args.model.family_for(kind)
}

/// How a document's vectors are pooled, if they are.
fn pooling(args: &EmbedArgs) -> Result<Option<TokenPooling>> {
    let Some(factor) = args.pool_factor else { return Ok(None) };
    let pooling = TokenPooling::new(factor)?;
    Ok(Some(match args.pool_method {
        PoolMethod::Own => pooling,
        PoolMethod::Pylate => pooling.protected(1).plain_mean(),
    }))
}

/// Embeds what the arguments name, from the first input on whose result is missing.
fn embed<R: 'static>(
    args: &EmbedArgs,
    model: &AnyEmbedder,
    first: usize,
    mut sink: Box<dyn Sink<R>>,
    row: impl FnMut(&Content, Embedding) -> Result<R>,
) -> Result<()> {
    let (purpose, output) = (args.purpose.purpose(), args.output.output.as_ref());
    let kinds = family(args)?.inputs();
    #[cfg(feature = "pdf")]
    if let Some(file) = &args.pdf.pdf {
        return pages(args, model, first, file, sink, row);
    }
    let takes_text = kinds.contains(&ContentKind::Text);
    // Models of texts and pages embed pages, unless queries are asked for.
    look_at_names(args, takes_text)?;
    if takes_text && (!kinds.contains(&ContentKind::Image) || purpose.role == Role::Query) {
        let (run, mut inputs) = Run::start(&args.input, "text", output)?;
        let mut run = run.telling(&args.usage);
        let contents = missing(inputs.by_ref(), first).map(|input| input.map(Content::Text));
        run.embed(model.embed_for(contents, purpose), row, &mut *sink)?;
        return run.finish(inputs, sink);
    }
    let (run, mut inputs) = Run::start(&args.input, "image", output)?;
    let mut run = run.telling(&args.usage);
    let pictures = missing(inputs.by_ref(), first);
    let contents = pictures.map(|input| input.map(|path| Content::Image(ImageInput::from(path))));
    run.embed(model.embed_for(contents, purpose), row, &mut *sink)?;
    run.finish(inputs, sink)
}

/// Embeds pages of a PDF file; each result has its file and number.
#[cfg(feature = "pdf")]
fn pages<R: 'static>(
    args: &EmbedArgs,
    model: &AnyEmbedder,
    first_missing: usize,
    file: &std::path::Path,
    mut sink: Box<dyn Sink<R>>,
    row: impl FnMut(&Content, Embedding) -> Result<R>,
) -> Result<()> {
    let (first, pages) = args.pdf.pages(file)?;
    let texts = (first..first + pages.len()).map(|number| number.to_string()).collect();
    let numbers = crate::args::InputArgs { texts, ..args.input.clone() };
    let (run, mut inputs) = Run::start(&numbers, "image", args.output.output.as_ref())?;
    let mut run = run.telling(&args.usage);
    let path = file.display().to_string();
    let contents = inputs.by_ref().zip(pages).map(|(mut input, page)| {
        input.ticket.keep("path", &path);
        input.ticket.keep("page", input.value.parse::<usize>().unwrap_or_default());
        input.map(|_| Content::Image(page))
    });
    let contents = missing(contents, first_missing);
    run.embed(model.embed_for(contents, args.purpose.purpose()), row, &mut *sink)?;
    run.finish(inputs, sink)
}

/// Arguments that are names of files are texts to a model of texts, and were perhaps not meant so.
fn look_at_names(args: &EmbedArgs, takes_text: bool) -> Result<()> {
    for name in &args.input.texts {
        let path = Path::new(name);
        let is_pdf = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("pdf"));
        if is_pdf && path.is_file() {
            return Err(Failure::Usage(format!(
                "{name} is a PDF file: --pdf embeds its pages, with a model of page images"
            )));
        }
        if takes_text && path.is_file() && !args.model.takes_images()? {
            notice::tell(&format!("{name} is a file, and its name is what is embedded; --input reads it"));
        }
    }
    Ok(())
}

/// The inputs from that place on.
fn missing<T>(inputs: impl Iterator<Item = Input<T>>, first: usize) -> impl Iterator<Item = Input<T>> {
    inputs.skip_while(move |input| input.ticket.index < first)
}

/// Terms with their weights instead of indices.
fn explain(args: &EmbedArgs, model: &AnyEmbedder) -> Result<()> {
    if args.output.format()? != Format::Jsonl || args.output.resume {
        return Err(Failure::Usage("terms are written as --format jsonl alone, and whole".to_owned()));
    }
    let names = model.index_names();
    let sink = Box::new(JsonLines::new(Target::open(args.output.output.as_ref())?));
    embed(args, model, 0, sink, |content, embedding| match (content, embedding) {
        (Content::Text(text), Embedding::Sparse(vector)) => {
            let vector = pruned(&args.sparse, vector);
            Ok(TermsRow::from(match &names {
                Some(names) => names.name_terms(text, &vector)?,
                None => vector.heaviest().into_iter().map(embedkit::WeightedTerm::unnamed).collect(),
            }))
        }
        (_, other) => Err(Failure::Failed(format!("the model gave no sparse vector: {other:?}"))),
    })
}

fn pruned(args: &SparseArgs, mut vector: SparseVector) -> SparseVector {
    if let Some(weight) = args.min_weight {
        vector = vector.at_least(weight);
    }
    if let Some(k) = args.top_k {
        vector = vector.top_k(k);
    }
    vector
}
