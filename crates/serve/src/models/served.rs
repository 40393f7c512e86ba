//! A model that is served: loaded when it is needed, dropped when it is not, one at a time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use embedkit_core::Family;
use tokio::sync::watch;

use super::loaded::Loaded;
use super::plan::Plan;
use crate::config::Load;
use crate::error::{ApiError, ApiResult, Case, for_clients};
use crate::metrics::{Metrics, ModelMetrics};

/// A model that is served.
pub(crate) struct Served {
    plan: Plan,
    /// Lower-case names that clients may use beside the model's own.
    aliases: Vec<String>,
    queue: usize,
    state: Mutex<State>,
    was_loaded: AtomicBool,
    changed: watch::Sender<()>,
    metrics: Arc<Metrics>,
    counters: ModelMetrics,
    /// When this process began to serve, for lists of models.
    pub(crate) created: u64,
}

enum State {
    Idle,
    Loading,
    Ready(Arc<Loaded>),
    /// `message` is what clients are told.
    Failed {
        message: String,
        until: Instant,
        pause: Duration,
    },
}

/// The states of a model, as `/ready` has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    Idle,
    Loading,
    Ready,
    Failed,
}

/// Loading that failed is tried again after so long, and then after twice as long, up to the other.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

impl Served {
    pub(super) fn new(plan: Plan, aliases: Vec<String>, queue: usize, metrics: Arc<Metrics>, created: u64) -> Self {
        let counters = metrics.model(&plan.name);
        counters.loaded(false);
        let (changed, state) = (watch::Sender::new(()), Mutex::new(State::Idle));
        let was_loaded = AtomicBool::new(false);
        Self { plan, aliases, queue, state, was_loaded, changed, metrics, counters, created }
    }

    /// What clients call it, and answers too.
    pub(crate) fn name(&self) -> &str {
        &self.plan.name
    }

    /// What is counted of it.
    pub(crate) fn counters(&self) -> &ModelMetrics {
        &self.counters
    }

    /// Other names, in lower case.
    pub(crate) fn aliases(&self) -> &[String] {
        &self.aliases
    }

    /// Its family.
    pub(crate) fn family(&self) -> &'static dyn Family {
        self.plan.family
    }

    /// Most pixels of its images, where that is said.
    pub(crate) fn max_pixels(&self) -> Option<u64> {
        self.plan.config.max_pixels
    }

    /// Whether it is loaded at the start.
    pub(crate) fn is_eager(&self) -> bool {
        self.plan.config.load == Load::Eager
    }

    /// Whether it was in memory before.
    pub(crate) fn was_loaded(&self) -> bool {
        self.was_loaded.load(Ordering::Relaxed)
    }

    /// Whether this name, in lower case, is one of its own.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.plan.name.to_lowercase() == name || self.aliases.iter().any(|alias| alias == name)
    }

    /// Its state.
    pub(crate) fn condition(&self) -> Condition {
        match *self.state() {
            State::Idle => Condition::Idle,
            State::Loading => Condition::Loading,
            State::Ready(_) => Condition::Ready,
            State::Failed { .. } => Condition::Failed,
        }
    }

    /// The model, if it is in memory.
    pub(crate) fn if_loaded(&self) -> Option<Arc<Loaded>> {
        match &*self.state() {
            State::Ready(loaded) => Some(loaded.clone()),
            _ => None,
        }
    }

    /// The model, loaded if it is not yet; whoever asks meanwhile waits for the same load.
    pub(crate) async fn loaded(self: &Arc<Self>, deadline: Instant) -> ApiResult<Arc<Loaded>> {
        let mut changed = self.changed.subscribe();
        loop {
            match self.loaded_now()? {
                Some(loaded) => return Ok(loaded),
                None => {
                    let wait = tokio::time::timeout_at(deadline.into(), changed.changed());
                    if wait.await.is_err() {
                        self.metrics.rejected(self.name(), "loading");
                        let message = format!("the model {} is still loading", self.name());
                        return Err(ApiError::new(Case::Unavailable(Duration::from_secs(5)), message));
                    }
                }
            }
        }
    }

    /// The model; nothing while it loads, which this begins where it must.
    fn loaded_now(self: &Arc<Self>) -> ApiResult<Option<Arc<Loaded>>> {
        let mut state = self.state();
        match &*state {
            State::Ready(loaded) => {
                loaded.touch();
                return Ok(Some(loaded.clone()));
            }
            State::Loading => return Ok(None),
            State::Failed { message, until, .. } if Instant::now() < *until => {
                self.metrics.rejected(self.name(), "loading");
                let case = Case::Unavailable(until.saturating_duration_since(Instant::now()));
                return Err(ApiError::new(case, format!("the model {} cannot be loaded: {message}", self.name())));
            }
            State::Failed { .. } | State::Idle => {}
        }
        let pause = match &*state {
            State::Failed { pause, .. } => (*pause * 2).min(LONGEST_PAUSE),
            _ => FIRST_PAUSE,
        };
        drop(self.enter(&mut state, State::Loading));
        drop(state);
        let served = self.clone();
        let begun = std::thread::Builder::new().name("load".to_owned()).spawn(move || drop(served.load(pause)));
        begun.map(|_| None).map_err(|error| self.could_not_begin(&error))
    }

    /// No load began; who waits for it begins one.
    fn could_not_begin(&self, error: &std::io::Error) -> ApiError {
        drop(self.enter(&mut self.state(), State::Idle));
        self.changed.send_replace(());
        ApiError::new(Case::Backend, format!("no thread can be started to load a model: {error}"))
    }

    /// Says that the model is about to be loaded, so that no request begins to load it too.
    pub(crate) fn begin_load(&self) {
        drop(self.enter(&mut self.state(), State::Loading));
    }

    /// Loads the model at the start.
    ///
    /// # Errors
    /// The library's.
    pub(crate) fn load_now(&self) -> Result<(), embedkit_core::Error> {
        self.begin_load();
        self.load(FIRST_PAUSE)
    }

    /// Loads the model on this thread; if that fails, it is not tried again for a while.
    fn load(&self, pause: Duration) -> Result<(), embedkit_core::Error> {
        tracing::info!(model = self.name(), "loading");
        let since = Instant::now();
        let load = || Loaded::load(&self.plan, self.queue, &self.metrics, self.counters.clone());
        let loaded = std::panic::catch_unwind(std::panic::AssertUnwindSafe(load));
        let loaded = loaded.unwrap_or_else(|_| {
            self.metrics.panics.inc();
            Err(embedkit_core::Error::model(self.name(), "its code panicked while it was loaded"))
        });
        let took = since.elapsed();
        let (state, result) = match loaded {
            Ok(loaded) => {
                self.counters.load_took(took);
                self.was_loaded.store(true, Ordering::Relaxed);
                self.metrics.runs_on(super::runtime_version(), loaded.provider.clone());
                let (dim, window) = (loaded.dim, loaded.window());
                tracing::info!(model = self.name(), family = self.family().name(), dim, window, ?took, "ready");
                (State::Ready(Arc::new(loaded)), Ok(()))
            }
            Err(error) => {
                tracing::error!(model = self.name(), error = error.report(), "it cannot be loaded");
                let message = for_clients(&error);
                (State::Failed { message, until: Instant::now() + pause, pause }, Err(error))
            }
        };
        drop(self.enter(&mut self.state(), state));
        self.changed.send_replace(());
        result
    }

    /// Whether it is dropped when nobody used it for long.
    pub(super) fn is_unloaded_when_idle(&self) -> bool {
        self.plan.config.idle_unload.is_some()
    }

    /// Drops the model if it was idle long enough, and nothing holds it.
    pub(super) fn unload_if_idle(&self) {
        let Some(most) = self.plan.config.idle_unload else { return };
        let mut state = self.state();
        // New holders get it under the lock that is held here.
        let is_idle = matches!(&*state, State::Ready(loaded)
            if Arc::strong_count(loaded) == 1 && loaded.idle() >= most.0);
        if is_idle {
            tracing::info!(model = self.name(), "dropped, as nobody used it");
            let dropped = self.enter(&mut state, State::Idle);
            drop(state);
            drop(dropped);
        }
    }

    /// Drops the model, as the server ends.
    pub(crate) fn end(&self) {
        let dropped = self.enter(&mut self.state(), State::Idle);
        drop(dropped);
    }

    /// Changes the state, and what is counted of it under the same lock, so that both always say the same; gives the state
    /// before, whose model is best dropped without the lock.
    #[must_use]
    fn enter(&self, state: &mut State, next: State) -> State {
        self.counters.loaded(matches!(next, State::Ready(_)));
        std::mem::replace(state, next)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use embedkit_core::Registry;
    use embedkit_static_en as _;
    use futures_util::future::join;

    use super::*;
    use crate::config::{Config, ModelConfig, Time};
    use crate::models::Models;

    /// The compiled-in model alone, dropped whenever nobody uses it.
    fn models() -> Arc<Models> {
        let mut model = ModelConfig::id("embedkit/static-minilm-en");
        model.idle_unload = Some(Time(Duration::ZERO));
        let config = Config { models: vec![model], ..Config::default() };
        Arc::new(Models::new(&config, Registry::global(), &Arc::new(Metrics::new(false))).unwrap())
    }

    /// A thread for all that is asynchronous.
    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
    }

    #[test]
    fn dropping_a_model_holds_up_no_async_thread() {
        let models = models();
        let ((hold, is_held), (tell, told)) = (std::sync::mpsc::channel(), std::sync::mpsc::channel());
        let held = models.clone();
        // Who drops the model has to wait until others had their turn.
        let others = std::thread::spawn(move || {
            let _state = held.all()[0].state();
            hold.send(()).unwrap();
            told.recv_timeout(Duration::from_secs(5)).is_ok()
        });
        is_held.recv().unwrap();
        let (_, sent) = runtime().block_on(join(models.drop_idle(), async { tell.send(()) }));
        sent.unwrap();
        assert!(others.join().unwrap(), "nothing else ran meanwhile");
    }

    #[test]
    fn who_waits_for_a_load_that_could_not_begin_begins_it() {
        let models = models();
        let served = &models.all()[0];
        served.begin_load();
        let deadline = Instant::now() + Duration::from_secs(30);
        let could_not = async { drop(served.could_not_begin(&std::io::Error::other("no thread"))) };
        let (loaded, ()) = runtime().block_on(join(served.loaded(deadline), could_not));
        assert!(loaded.is_ok(), "{:?}", loaded.err());
        assert!(deadline > Instant::now() + Duration::from_secs(5), "it did not wait for its deadline");
    }
}
