//! A model in memory, with what is known of it only then.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use embedkit_core::tokenizer::Tokenizer;
use embedkit_core::{AnyEmbedder, Content, ContentKind, Embedding, ModelDescription, Pair, Purpose, Raster, Result};

use super::plan::Plan;
use crate::metrics::{Metrics, ModelMetrics};
use crate::schedule::{Bounds, ModelQueue};

/// A model in memory.
pub(crate) struct Loaded {
    embedder: Arc<AnyEmbedder>,
    pub(crate) queue: ModelQueue,
    /// Width of its vectors; none where it has none.
    pub(crate) dim: Option<usize>,
    /// Where it runs.
    pub(crate) provider: String,
    used: Mutex<Instant>,
}

/// The window of models that do not say one: longer texts cost no more than this when slices are cut.
const UNKNOWN_WINDOW: usize = 8192;

impl Loaded {
    /// Loads a model and runs one short input, so that the first request is as fast as those after it.
    pub(super) fn load(plan: &Plan, queue: usize, metrics: &Metrics, counters: ModelMetrics) -> Result<Self> {
        let embedder = Arc::new(plan.build()?);
        let dim = warm_up(&embedder, plan.family.inputs())?;
        let window = embedder.engine().tokenizer().map(Tokenizer::max_length);
        let window = window.or(embedder.model().max_length).unwrap_or(UNKNOWN_WINDOW);
        let provider = embedder.engine().provider()?;
        // What runs no graph looks at its inputs one by one.
        let padded = provider.is_some();
        let bounds = Bounds { queue, window, shared: plan.config.share_batches.unwrap_or(true), padded };
        let queue = ModelQueue::start(embedder.clone(), bounds, counters, metrics.panics.clone()).map_err(|error| {
            embedkit_core::Error::model_because(&plan.name, "no thread can be started for it", error)
        })?;
        let provider = provider.map_or_else(|| "cpu".to_owned(), |provider| provider.to_string());
        let dim = dim.or(embedder.model().dim);
        Ok(Self { embedder, queue, dim, provider, used: Mutex::new(Instant::now()) })
    }

    /// The row.
    pub(crate) fn row(&self) -> &Arc<ModelDescription> {
        self.embedder.model()
    }

    /// What turns its texts into tokens; none for models without tokens.
    pub(crate) fn tokenizer(&self) -> Option<&Tokenizer> {
        self.embedder.engine().tokenizer()
    }

    /// The model itself.
    pub(crate) fn embedder(&self) -> &AnyEmbedder {
        &self.embedder
    }

    /// The longest input in tokens, where there is a bound.
    pub(crate) fn window(&self) -> Option<usize> {
        // A tokenizer without a bound has the largest number there is.
        let window = self.tokenizer().map(Tokenizer::max_length).or(self.row().max_length);
        window.filter(|window| *window < usize::MAX / 2)
    }

    /// Notes that a request uses it.
    pub(super) fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// How long no request has used it.
    pub(super) fn idle(&self) -> Duration {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }
}

/// Runs one short input; the width of its vector.
fn warm_up(embedder: &AnyEmbedder, kinds: &[ContentKind]) -> Result<Option<usize>> {
    const SIDE: usize = 32;
    let content = match kinds.first() {
        Some(ContentKind::Pair) => Content::Pair(Pair::new("a short query", "a short text")),
        Some(ContentKind::Image) => Content::Image(Raster::new(SIDE, SIDE, vec![127; SIDE * SIDE * 3])?.into()),
        _ => Content::text("a short text to warm up"),
    };
    Ok(width(&embedder.embed_one(&content, Purpose::default())?))
}

/// The width of an embedding's vectors.
fn width(embedding: &Embedding) -> Option<usize> {
    match embedding {
        Embedding::Dense(vector) => Some(vector.len()),
        Embedding::Multi(rows) => Some(rows.dim()),
        Embedding::Several(several) => several.iter().find_map(|(_, embedding)| width(embedding)),
        _ => None,
    }
}
