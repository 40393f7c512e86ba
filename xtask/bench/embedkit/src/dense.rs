//! Dense text embeddings.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bench_protocol::{Answer, Config, Failure, Options, Side};
use embedkit::Builder;
use embedkit::dense::TextEmbedding;

pub(crate) struct Dense(TextEmbedding);

pub(crate) fn load(config: &Config, id: &str) -> Result<Dense, Failure> {
    let builder = TextEmbedding::builder(id).model_dir(&config.model_dir);
    Ok(Dense(set(builder, &config.options).build()?))
}

pub(crate) fn load_static(config: &Config) -> Result<Dense, Failure> {
    let builder = TextEmbedding::builder(embedkit::static_en::MODEL);
    Ok(Dense(set(builder, &config.options).build()?))
}

fn set(mut builder: Builder<TextEmbedding>, options: &Options) -> Builder<TextEmbedding> {
    for (value, setting) in [
        (options.batch_size, Builder::batch_size as fn(Builder<TextEmbedding>, usize) -> Builder<TextEmbedding>),
        (options.batch_tokens, Builder::batch_tokens),
        (options.batch_attention, Builder::batch_attention),
        (options.threads, Builder::threads),
        (options.sessions, Builder::sessions),
    ] {
        if let Some(value) = value {
            builder = setting(builder, value);
        }
    }
    builder
}

impl Side for Dense {
    fn bulk(&mut self, items: &[String]) -> Result<Answer, Failure> {
        let computed = Arc::new(AtomicUsize::new(0));
        let counter = computed.clone();
        let embeddings = self.0.embed(items).on_progress(move |progress| {
            counter.fetch_add(progress.tokens, Ordering::Relaxed);
        });
        let vectors: Vec<Vec<f32>> = embeddings.collect::<embedkit::Result<_>>()?;
        Ok(Answer { computed_tokens: Some(computed.load(Ordering::Relaxed)), ..Answer::of(&vectors) })
    }

    fn one(&mut self, item: &str) -> Result<Answer, Failure> {
        Ok(Answer::of(&[self.0.embed_one(item, embedkit::Role::Plain)?]))
    }

    fn stream(&mut self, items: &mut (dyn Iterator<Item = String> + Send)) -> Result<usize, Failure> {
        let mut results = 0;
        for vector in self.0.embed(items) {
            results += usize::from(!vector?.is_empty());
        }
        Ok(results)
    }

    fn tokens(&self, items: &[String]) -> Option<usize> {
        self.0.token_count(items).ok()
    }
}
