//! Models as the configuration wants them, and their results.

use bench_protocol::results::Row;
use bench_protocol::{Answer, Config, Options};
use embedkit::{Builder, Embedder, Result};

/// Builds a model of the configuration's folder.
pub(crate) fn from_folder<F: Embedder>(builder: Builder<F>, config: &Config) -> Result<F> {
    set(builder.model_dir(&config.model_dir), &config.options).build()
}

/// Sets what the options name.
pub(crate) fn set<F: Embedder>(mut builder: Builder<F>, options: &Options) -> Builder<F> {
    for (value, setting) in [
        (options.batch_size, Builder::batch_size as fn(Builder<F>, usize) -> Builder<F>),
        (options.batch_tokens, Builder::batch_tokens),
        (options.batch_attention, Builder::batch_attention),
        (options.batch_overhead, Builder::batch_overhead),
        (options.threads, Builder::threads),
        (options.sessions, Builder::sessions),
    ] {
        if let Some(value) = value {
            builder = setting(builder, value);
        }
    }
    builder
}

/// Collects all results, as a caller would.
pub(crate) fn gather<O: 'static>(
    results: impl Iterator<Item = Result<O>>,
    row: impl FnMut(O) -> Row + 'static,
) -> Result<Answer> {
    Ok(Answer::of(results.collect::<Result<Vec<O>>>()?, row))
}
