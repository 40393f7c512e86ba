//! The crate `fastembed` as a side of the benchmark.

use bench_protocol::results::Row;
use bench_protocol::{Answer, Config, Failure, Side, Two, serve};
use fastembed::{EmbeddingModel, TextEmbedding, TextInitOptions};

fn main() -> Result<(), Failure> {
    serve(|config| match config.task.as_str() {
        "dense" => Ok(Box::new(Dense::load(config)?)),
        "two-dense" => Ok(Box::new(Two(Dense::load(config)?, Dense::load(config)?))),
        other => Err(format!("no such task: {other}").into()),
    })
}

struct Dense {
    model: TextEmbedding,
    batch_size: Option<usize>,
}

impl Dense {
    /// Loads the model by its name from a cache, as most users do, so that the graph is read from its file.
    fn load(config: &Config) -> Result<Self, Failure> {
        let cache = config.hub_cache.clone().ok_or("the configuration names no cache")?;
        let mut options = TextInitOptions::new(EmbeddingModel::AllMiniLML6V2)
            .with_cache_dir(cache)
            .with_show_download_progress(false);
        options.intra_threads = config.options.threads;
        Ok(Self { model: TextEmbedding::try_new(options)?, batch_size: config.options.batch_size })
    }
}

impl Side for Dense {
    fn bulk(&mut self, items: &[String]) -> Result<Answer, Failure> {
        Ok(Answer::of(self.model.embed(items, self.batch_size)?, Row::from))
    }
}
