//! `embed`: inputs to embeddings, of whatever family the model is.

use embedkit::TextEmbedder;
use embedkit::colbert::LateInteractionTextEmbedding;
use embedkit::colpali::{Content, LateInteractionMultimodalEmbedding};
use embedkit::dense::TextEmbedding;
use embedkit::hybrid::{HybridEmbedding, HybridOutput};
use embedkit::image::{ImageEmbedding, ImageInput};
use embedkit::multivector::{MultiVector, TokenPooling};
use embedkit::sparse::SparseTextEmbedding;
use embedkit::{Role, SparseVector};

#[cfg(feature = "pdf")]
use crate::args::InputArgs;
use crate::args::{EmbedArgs, Kind};
use crate::failure::{Failure, Result};
use crate::output::{
    DenseRow, Encoder, Format, HybridRow, JsonLines, MultiRow, Row, Sink, SparseRow, Target, TermsRow, dense_sink,
};
use crate::run::Run;

pub(super) fn run(args: &EmbedArgs) -> Result<()> {
    match args.model.kind()? {
        Kind::Dense => dense(args),
        Kind::Sparse => sparse(args),
        Kind::Colbert => colbert(args),
        Kind::Hybrid => hybrid(args),
        Kind::Image => image(args),
        Kind::Colpali => colpali(args),
    }
}

fn dense(args: &EmbedArgs) -> Result<()> {
    let (mut encoder, sink) = (encoder(args)?, vectors(args)?);
    let model = args.model.builder::<TextEmbedding>()?.build()?;
    let (run, inputs) = Run::start(&args.input, "text", args.output.output.as_ref())?;
    let row = |vector| Ok(DenseRow { embedding: encoder.encode(vector)? });
    run.embed(model.embed_for(inputs, args.purpose.purpose()), row, sink)
}

fn image(args: &EmbedArgs) -> Result<()> {
    let (mut encoder, sink) = (encoder(args)?, vectors(args)?);
    let model = args.model.builder::<ImageEmbedding>()?.build()?;
    let (run, inputs) = Run::start(&args.input, "image", args.output.output.as_ref())?;
    let row = |vector| Ok(DenseRow { embedding: encoder.encode(vector)? });
    run.embed(model.embed(inputs), row, sink)
}

fn sparse(args: &EmbedArgs) -> Result<()> {
    let model = args.sparse.apply(args.model.builder::<SparseTextEmbedding>()?).build()?;
    let (run, inputs) = Run::start(&args.input, "text", args.output.output.as_ref())?;
    let purpose = args.purpose.purpose();
    let pruned = |vector: SparseVector| {
        let vector = args.sparse.min_weight.map_or(vector.clone(), |weight| vector.at_least(weight));
        args.sparse.top_k.map_or(vector.clone(), |k| vector.top_k(k))
    };
    if args.sparse.explain {
        let explained = inputs.map(|text| {
            let vector = pruned(model.embed_one(&text, purpose.clone())?);
            Ok(Ok(TermsRow::from(model.name_terms(&text, &vector)?)))
        });
        return run.write(explained, json_lines(args)?);
    }
    let row = |vector| Ok(SparseRow { vector: pruned(vector) });
    run.embed(model.embed_for(inputs, purpose), row, json_lines(args)?)
}

fn colbert(args: &EmbedArgs) -> Result<()> {
    let (mut encoder, pooling) = (encoder(args)?, pooling(args)?);
    let model = args.model.builder::<LateInteractionTextEmbedding>()?.build()?;
    let (run, inputs) = Run::start(&args.input, "text", args.output.output.as_ref())?;
    let row = |vectors| MultiRow::new(&pooled(&pooling, vectors), &mut encoder);
    run.embed(model.embed_for(inputs, args.purpose.purpose()), row, json_lines(args)?)
}

fn hybrid(args: &EmbedArgs) -> Result<()> {
    let mut encoder = encoder(args)?;
    let model = args.model.builder::<HybridEmbedding>()?.build()?;
    let (run, inputs) = Run::start(&args.input, "text", args.output.output.as_ref())?;
    let row = |output: HybridOutput| {
        let embedding = encoder.encode(output.dense)?;
        let multi = MultiRow::new(&output.multi_vector, &mut encoder)?;
        Ok(HybridRow { embedding, sparse: SparseRow { vector: output.sparse }, multi })
    };
    run.embed(model.embed_for(inputs, args.purpose.purpose()), row, json_lines(args)?)
}

/// Pages by default, texts as queries.
fn colpali(args: &EmbedArgs) -> Result<()> {
    let (mut encoder, pooling) = (encoder(args)?, pooling(args)?);
    let model = args.model.builder::<LateInteractionMultimodalEmbedding>()?.build()?;
    let row = |vectors| MultiRow::new(&pooled(&pooling, vectors), &mut encoder);
    let (sink, output) = (json_lines(args)?, args.output.output.as_ref());
    #[cfg(feature = "pdf")]
    if let Some(file) = &args.pdf.pdf {
        let pages = args.pdf.pages(file)?;
        // The pages stand for themselves: each input is a page's number.
        let numbers = InputArgs { texts: (1..=pages.len()).map(|n| n.to_string()).collect(), ..args.input.clone() };
        let (run, inputs) = Run::start(&numbers, "image", output)?;
        let contents = inputs.zip(pages).map(|(_, page)| Content::Page(page));
        return run.embed(model.embed_for(contents, Role::Plain), row, sink);
    }
    if args.purpose.purpose().role == Role::Query {
        let (run, inputs) = Run::start(&args.input, "text", output)?;
        return run.embed(model.embed_for(inputs.map(Content::Text), args.purpose.purpose()), row, sink);
    }
    let (run, inputs) = Run::start(&args.input, "image", output)?;
    let contents = inputs.map(|path| Content::Page(ImageInput::from(path)));
    run.embed(model.embed_for(contents, Role::Plain), row, sink)
}

fn encoder(args: &EmbedArgs) -> Result<Encoder> {
    Encoder::new(args.output.encoding, args.output.calibration.as_deref())
}

fn vectors(args: &EmbedArgs) -> Result<Box<dyn Sink<DenseRow>>> {
    dense_sink(args.output.format, args.output.output.as_ref(), args.input.keep_fields)
}

fn json_lines<R: Row + 'static>(args: &EmbedArgs) -> Result<Box<dyn Sink<R>>> {
    match args.output.format {
        Format::Jsonl => Ok(Box::new(JsonLines::new(Target::open(args.output.output.as_ref())?))),
        _ => Err(Failure::Usage("this model's results have no fixed width: they are written as --format jsonl".into())),
    }
}

fn pooling(args: &EmbedArgs) -> Result<Option<TokenPooling>> {
    Ok(args.pool_factor.map(TokenPooling::new).transpose()?)
}

fn pooled(pooling: &Option<TokenPooling>, vectors: MultiVector) -> MultiVector {
    pooling.as_ref().map_or_else(|| vectors.clone(), |pooling| pooling.pool(&vectors))
}
