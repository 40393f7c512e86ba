//! What all requests of a server share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use embedkit_core::Registry;
use tokio::sync::watch;

use crate::Error;
use crate::admission::Admission;
use crate::auth::Keys;
use crate::config::Config;
use crate::images::Images;
use crate::metrics::Metrics;
use crate::models::{Condition, Models};
use crate::traces::Traces;

/// What all requests of a server share.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) models: Arc<Models>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) keys: Keys,
    pub(crate) admission: Admission,
    pub(crate) images: Images,
    pub(crate) traces: Traces,
    is_draining: AtomicBool,
    is_closed: AtomicBool,
    /// How far the server is on its way to its end; nothing where it is a part of another program.
    stage: OnceLock<watch::Receiver<Stage>>,
}

/// How far a server is on its way to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Open,
    /// No new connections; answers say that theirs closes.
    Closing,
    /// What is not answered yet is answered with an error.
    Aborted,
}

/// Whether the server can work, as `/ready` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    Ok,
    Loading,
    Draining,
    Stalled,
}

impl App {
    pub(crate) fn new(config: Config, registry: &Registry) -> Result<Self, Error> {
        config.check()?;
        let metrics = Arc::new(Metrics::new(config.tei_metrics));
        let models = Arc::new(Models::new(&config, registry, &metrics)?);
        let waited_for = models.clone();
        Ok(Self {
            models,
            keys: Keys::new(&config)?,
            admission: Admission::new(&config, move || waited_for.longest_wait(), metrics.clone()),
            images: Images::new(&config)?,
            traces: Traces::new()?,
            is_draining: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
            stage: OnceLock::new(),
            metrics,
            config,
        })
    }

    /// Whether the server can work.
    pub(crate) fn health(&self) -> Health {
        let is_loaded = |condition| condition == Condition::Ready;
        if self.is_stalled() {
            Health::Stalled
        } else if self.is_draining() {
            Health::Draining
        } else if self.models.all().iter().filter(|model| model.is_eager()).all(|model| {
            // One that was idle and dropped is loaded again when it is asked for.
            is_loaded(model.condition()) || (model.condition() == Condition::Idle && model.was_loaded())
        }) {
            Health::Ok
        } else {
            Health::Loading
        }
    }

    /// Whether a batch runs for so long that it will hardly end.
    pub(crate) fn is_stalled(&self) -> bool {
        self.models.longest_run() > self.config.stall_timeout
    }

    /// Whether the server was told to stop.
    pub(crate) fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }

    /// Whether new requests are refused, as the server ends.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    /// Calls itself unready from now on.
    pub(crate) fn drain(&self) {
        tracing::info!("draining");
        self.is_draining.store(true, Ordering::Relaxed);
    }

    /// Follows a server on its way to its end.
    pub(crate) fn follow(&self, stage: watch::Receiver<Stage>) {
        // It is followed once.
        let _ = self.stage.set(stage);
    }

    /// Waits until requests under way are given up, which may never be.
    pub(crate) async fn aborted(&self) {
        let waited = match self.stage.get() {
            Some(stage) => stage.clone().wait_for(|stage| *stage == Stage::Aborted).await.is_ok(),
            None => false,
        };
        if !waited {
            std::future::pending().await
        }
    }

    /// Refuses new requests from now on.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }
}
