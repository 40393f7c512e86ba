//! `embed`: texts to embeddings.

use embedkit::dense::TextEmbedding;

use crate::args::{EmbedArgs, Kind};
use crate::failure::Result;
use crate::output::{DenseRow, Encoder, dense_sink};
use crate::run::Run;

pub(super) fn run(args: &EmbedArgs) -> Result<()> {
    match args.model.kind()? {
        Kind::Dense => dense(args),
    }
}

fn dense(args: &EmbedArgs) -> Result<()> {
    let output = &args.output;
    let mut encoder = Encoder::new(output.encoding, output.calibration.as_deref())?;
    let sink = dense_sink(output.format, output.output.as_ref(), args.input.keep_fields)?;
    let model = args.model.builder::<TextEmbedding>()?.build()?;
    let (run, inputs) = Run::start(&args.input, "text", output.output.as_ref())?;
    let row = |vector| Ok(DenseRow { embedding: encoder.encode(vector)? });
    run.embed(model.embed_for(inputs, args.purpose.purpose()), row, sink)
}
