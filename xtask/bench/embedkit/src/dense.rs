//! Dense text embeddings.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bench_protocol::{Answer, Config, Failure, Side};
use embedkit::dense::TextEmbedding;

use crate::{from_folder, set};

pub(crate) struct Dense(TextEmbedding);

pub(crate) fn load(config: &Config) -> Result<Dense, Failure> {
    Ok(Dense(from_folder(TextEmbedding::builder("sentence-transformers/all-MiniLM-L6-v2"), config)?))
}

pub(crate) fn load_static(config: &Config) -> Result<Dense, Failure> {
    Ok(Dense(set(TextEmbedding::builder(embedkit::static_en::MODEL), &config.options).build()?))
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
