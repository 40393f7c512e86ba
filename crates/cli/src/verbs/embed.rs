//! `embed`: inputs to embeddings, of whatever family the model is.

use embedkit::multivector::TokenPooling;
use embedkit::{AnyEmbedder, Content, ContentKind, Embedding, EmbeddingKind, ImageInput, Role, SparseVector};

use crate::args::{EmbedArgs, SparseArgs};
use crate::failure::{Failure, Result};
use crate::formats::Format;
use crate::output::{AnyRow, DenseRow, Encoder, JsonLines, Row, Sink, Target, TermsRow, dense_sink};
use crate::run::Run;

pub(super) fn run(args: &EmbedArgs) -> Result<()> {
    let family = args.model.family()?;
    let output = family.output();
    check_options(args, output)?;
    let mut encoder = Encoder::new(args.output.encoding, args.output.calibration.as_deref())?;
    let model = args.sparse.apply(args.model.any_builder(family)?).build()?;
    if output == EmbeddingKind::Dense {
        let sink = dense_sink(args.output.format, args.output.output.as_ref(), args.input.keep_fields)?;
        return embed(args, &model, sink, |_, embedding| match embedding {
            Embedding::Dense(vector) => Ok(DenseRow { embedding: encoder.encode(vector)? }),
            other => Err(Failure::Failed(format!("the model gave no vector: {other:?}"))),
        });
    }
    if args.sparse.explain {
        return explain(args, &model);
    }
    let pooling = args.pool_factor.map(TokenPooling::new).transpose()?;
    embed(args, &model, json_lines(args)?, |_, embedding| {
        let embedding = match (embedding, &pooling) {
            (Embedding::Sparse(vector), _) => Embedding::Sparse(pruned(&args.sparse, vector)),
            (Embedding::Multi(vectors), Some(pooling)) => Embedding::Multi(pooling.pool(&vectors)),
            (other, _) => other,
        };
        AnyRow::new(embedding, &mut encoder)
    })
}

/// Refuses options that results of this kind have no use for.
fn check_options(args: &EmbedArgs, output: EmbeddingKind) -> Result<()> {
    let sparse = &args.sparse;
    let options = [
        ("--pool-factor", args.pool_factor.is_some(), EmbeddingKind::Multi, "late-interaction models"),
        ("--top-k", sparse.top_k.is_some(), EmbeddingKind::Sparse, "sparse models"),
        ("--min-weight", sparse.min_weight.is_some(), EmbeddingKind::Sparse, "sparse models"),
        ("--explain", sparse.explain, EmbeddingKind::Sparse, "sparse models"),
    ];
    match options.into_iter().find(|(_, is_set, wanted, _)| *is_set && *wanted != output) {
        Some((name, _, _, takers)) => Err(Failure::Usage(format!("{name} is for {takers}, and this model is none"))),
        None => Ok(()),
    }
}

/// Embeds what the arguments name.
fn embed<R: 'static>(
    args: &EmbedArgs,
    model: &AnyEmbedder,
    mut sink: Box<dyn Sink<R>>,
    row: impl FnMut(&Content, Embedding) -> Result<R>,
) -> Result<()> {
    let (purpose, output) = (args.purpose.purpose(), args.output.output.as_ref());
    let kinds = args.model.family()?.inputs();
    #[cfg(feature = "pdf")]
    if let Some(file) = &args.pdf.pdf {
        if !(kinds.contains(&ContentKind::Image) && kinds.contains(&ContentKind::Text)) {
            return Err(Failure::Usage("--pdf is for models of page images, and this model is none".to_owned()));
        }
        return pages(args, model, args.pdf.pages(file)?, sink, row);
    }
    let takes_text = kinds.contains(&ContentKind::Text);
    // Models of texts and pages embed pages, unless queries are asked for.
    if takes_text && (!kinds.contains(&ContentKind::Image) || purpose.role == Role::Query) {
        let (mut run, mut inputs) = Run::start(&args.input, "text", output)?;
        let contents = inputs.by_ref().map(|input| input.map(Content::Text));
        run.embed(model.embed_for(contents, purpose), row, &mut *sink)?;
        return run.finish(inputs, sink);
    }
    let (mut run, mut inputs) = Run::start(&args.input, "image", output)?;
    let contents = inputs.by_ref().map(|input| input.map(|path| Content::Image(ImageInput::from(path))));
    run.embed(model.embed_for(contents, purpose), row, &mut *sink)?;
    run.finish(inputs, sink)
}

/// Embeds pages of a PDF file; the input of each is its number.
#[cfg(feature = "pdf")]
fn pages<R: 'static>(
    args: &EmbedArgs,
    model: &AnyEmbedder,
    pages: embedkit::colpali::PdfPages,
    mut sink: Box<dyn Sink<R>>,
    row: impl FnMut(&Content, Embedding) -> Result<R>,
) -> Result<()> {
    let texts = (1..=pages.len()).map(|number| number.to_string()).collect();
    let numbers = crate::args::InputArgs { texts, ..args.input.clone() };
    let (mut run, mut inputs) = Run::start(&numbers, "image", args.output.output.as_ref())?;
    let contents = inputs.by_ref().zip(pages).map(|(input, page)| input.map(|_| Content::Image(page)));
    run.embed(model.embed_for(contents, args.purpose.purpose()), row, &mut *sink)?;
    run.finish(inputs, sink)
}

/// Terms with their weights instead of indices.
fn explain(args: &EmbedArgs, model: &AnyEmbedder) -> Result<()> {
    let names = model.index_names();
    embed(args, model, json_lines(args)?, |content, embedding| match (content, embedding) {
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

fn json_lines<R: Row + 'static>(args: &EmbedArgs) -> Result<Box<dyn Sink<R>>> {
    match args.output.format {
        Format::Jsonl => Ok(Box::new(JsonLines::new(Target::open(args.output.output.as_ref())?))),
        _ => Err(Failure::Usage("this model's results have no fixed width: they are written as --format jsonl".into())),
    }
}
