//! Dense text embeddings.

use embedkit::{Embedder, TextEmbedder};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use bench_protocol::results::Row;
use bench_protocol::{Answer, Callers, Config, Failure, Reply, Side, short_text};
use embedkit::dense::TextEmbedding;

use crate::setting::{from_folder, set};

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
        Ok(Answer::of(vectors, Row::from).with_computed_tokens(computed.load(Ordering::Relaxed)))
    }

    fn one(&mut self, item: &str) -> Result<Answer, Failure> {
        Ok(Answer::of(vec![self.0.embed_one(item, embedkit::Role::Plain)?], Row::from))
    }

    fn stream(&mut self, items: &mut (dyn Iterator<Item = String> + Send)) -> Result<usize, Failure> {
        let mut results = 0;
        for vector in self.0.embed(items) {
            results += usize::from(!vector?.is_empty());
        }
        Ok(results)
    }

    fn callers(&mut self, asked: &Callers, items: &[String], beside: &[String]) -> Result<Reply, Failure> {
        let (model, next, done) = (&self.0, &AtomicUsize::new(0), &AtomicBool::new(false));
        let (began, a_call) = (Instant::now(), asked.a_call.max(1));
        let caller = || -> embedkit::Result<Vec<f64>> {
            let mut seconds = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= asked.calls && began.elapsed().as_secs_f64() >= asked.least_seconds {
                    return Ok(seconds);
                }
                let item = |at: usize| items.get(at % items.len().max(1)).cloned().unwrap_or_else(|| short_text(at));
                let texts: Vec<String> = (number * a_call..(number + 1) * a_call).map(item).collect();
                let start = Instant::now();
                match &texts[..] {
                    [text] => drop(model.embed_one(text, embedkit::Role::Plain)?),
                    texts => model.embed(texts).try_for_each(|vector| vector.map(drop))?,
                }
                seconds.push(start.elapsed().as_secs_f64());
            }
        };
        let long_job = || -> embedkit::Result<()> {
            while !beside.is_empty() && !done.load(Ordering::Relaxed) {
                model.embed(beside).try_for_each(|vector| vector.map(drop))?;
            }
            Ok(())
        };
        let seconds = std::thread::scope(|scope| -> Result<Vec<f64>, Failure> {
            let long_job = scope.spawn(long_job);
            let callers: Vec<_> = (0..asked.callers).map(|_| scope.spawn(caller)).collect();
            let mut seconds = Vec::new();
            for caller in callers {
                seconds.extend(caller.join().map_err(|_| "a caller panicked")??);
            }
            done.store(true, Ordering::Relaxed);
            long_job.join().map_err(|_| "the long job panicked")??;
            Ok(seconds)
        })?;
        let first = model.embed_one(&short_text(0), embedkit::Role::Plain)?;
        Ok(Reply { results: seconds.len(), seconds, first, ..Reply::default() })
    }

    fn tokens(&self, items: &[String]) -> Option<usize> {
        self.0.token_count(items, embedkit::Role::Plain).ok()
    }
}
