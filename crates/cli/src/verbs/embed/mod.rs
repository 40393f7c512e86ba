//! `embed`: inputs to embeddings, of whatever family the model is.

#[cfg(feature = "retrieval")]
mod chunks;
mod family;
mod inputs;
#[cfg(feature = "retrieval")]
mod late;
#[cfg(feature = "parquet")]
mod shard;
mod terms;
mod wanted;

use embedkit::multivector::TokenPooling;
use embedkit::plugin::Family;
use embedkit::{AnyEmbedder, Builder, Embedding, EmbeddingKind, SparseVector};

use crate::args::{EmbedArgs, PoolMethod, SparseArgs};
use crate::failure::Result;
use crate::notice;
use crate::output::{self, Done, Encoder, Provenance, VectorRow};
use wanted::Wanted;

#[cfg(feature = "onnx")]
pub(super) use family::look_at_names;

pub(super) fn run(args: &EmbedArgs) -> Result<()> {
    #[cfg(feature = "parquet")]
    if let Some(shard) = args.shard {
        return shard::run(args, shard);
    }
    let family = family::of(args)?;
    let builder = builder(args, family)?;
    let mut encoder = encoder(args)?;
    let model = builder.build()?;
    if args.sparse.explain {
        return terms::run(args, &model);
    }
    let provenance = Provenance::of(args, &model);
    // What is added must match what is there.
    #[cfg(feature = "parquet")]
    let provenance = if args.output.resume { provenance.with_digest(args, &model)? } else { provenance };
    let wanted = match args.output.resume {
        true => Wanted::after(done(args, &provenance)?),
        false => Wanted::default(),
    };
    vectors(args, &model, family, &mut encoder, provenance, wanted)
}

fn builder(args: &EmbedArgs, family: &'static dyn Family) -> Result<Builder<AnyEmbedder>> {
    Ok(args.sparse.apply(args.model.any_builder(family)?))
}

/// What an earlier run has left.
fn done(args: &EmbedArgs, provenance: &Provenance) -> Result<Done> {
    let done = output::done(args, provenance)?;
    if let Some((index, _)) = done.last {
        notice::tell_watchers(&format!("going on after input {}, whose results are there", index + 1));
    }
    Ok(done)
}

fn encoder(args: &EmbedArgs) -> Result<Encoder> {
    Encoder::new(args.output.encoding, args.output.calibration.as_deref())
}

/// Writes the vectors of the inputs that are wanted.
fn vectors(
    args: &EmbedArgs,
    model: &AnyEmbedder,
    family: &dyn Family,
    encoder: &mut Encoder,
    provenance: Provenance,
    wanted: Wanted,
) -> Result<()> {
    let pooling = pooling(args)?;
    let output = if args.chunks_late() { EmbeddingKind::Dense } else { family.output() };
    let sink = output::sink(args, output, model, provenance)?;
    #[cfg(feature = "retrieval")]
    if args.chunks_late() {
        return late::embed(args, model, wanted, sink, encoder);
    }
    inputs::embed(args, model, wanted, sink, |_, embedding| {
        let embedding = match (embedding, &pooling) {
            (Embedding::Sparse(vector), _) => Embedding::Sparse(pruned(&args.sparse, vector)),
            (Embedding::Multi(vectors), Some(pooling)) => Embedding::Multi(pooling.pool(&vectors)),
            (other, _) => other,
        };
        VectorRow::new(embedding, encoder)
    })
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

/// The vector with those entries that are asked for.
fn pruned(args: &SparseArgs, mut vector: SparseVector) -> SparseVector {
    if let Some(weight) = args.min_weight {
        vector = vector.at_least(weight);
    }
    if let Some(k) = args.top_k {
        vector = vector.top_k(k);
    }
    vector
}
