//! A server from its start to its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use embedkit_core::Registry;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::Error;
use crate::app::{App, Stage};
use crate::config::{Config, ModelConfig};
use crate::listen::{self, Listener, SocketFile};
use crate::routes;
use crate::signals::{self, Ended, Handle, Signals};

/// A server of embeddings and scores.
///
/// It is built from a [`Config`] and has two faces: [`run`](Self::run), which listens, serves and stops by itself, and
/// [`router`](Self::router) for programs that have a server already.
pub struct Server {
    app: Arc<App>,
}

/// Builds a [`Server`].
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ServerBuilder {
    config: Config,
    registry: Option<Registry>,
}

impl ServerBuilder {
    /// Takes this configuration. Default: [`Config::default`].
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Serves one more model. Default: the compiled-in one.
    pub fn model(mut self, model: ModelConfig) -> Self {
        self.config.models.push(model);
        self
    }

    /// Looks models up here. Default: [`Registry::global`].
    pub fn registry(mut self, registry: &Registry) -> Self {
        self.registry = Some(registry.clone());
        self
    }

    /// The server. No model is loaded yet, and nothing is listened on.
    ///
    /// # Errors
    /// [`Error::Usage`] for settings that cannot be used; [`Error::Model`] for models that are not known.
    pub fn build(self) -> Result<Server, Error> {
        let registry = self.registry.unwrap_or_else(|| Registry::global().clone());
        Ok(Server { app: Arc::new(App::new(self.config, &registry)?) })
    }
}

impl Server {
    /// A server's builder.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    /// Loads the models that are loaded at the start, in parallel, and waits for them. Without it, each is loaded by the
    /// first request for it.
    ///
    /// # Errors
    /// [`Error::Model`]: the first that cannot be loaded.
    pub fn load(&self) -> Result<(), Error> {
        let eager = || self.app.models.all().iter().filter(|model| model.is_eager());
        std::thread::scope(|scope| {
            let loads: Vec<_> = eager().map(|model| scope.spawn(move || (model.name(), model.load_now()))).collect();
            let results =
                loads.into_iter().map(|load| load.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            let results: Vec<_> = results.collect();
            results.into_iter().try_for_each(|(name, result)| result.map_err(|source| Error::model(name, source)))
        })
    }

    /// All its routes, for a program's own server. They need a runtime of tokio with time, and wait for work on its
    /// blocking threads; connections are then the program's to bound. What [`run`](Self::run) does every second is not
    /// done: models that nobody uses stay, and refusals are told of with the next one.
    pub fn router(&self) -> Router {
        routes::router(&self.app)
    }

    /// Starts to listen. Nothing is answered before it [runs](Bound::run).
    ///
    /// # Errors
    /// [`Error::Listen`]; [`Error::System`] where threads cannot be had.
    pub fn bind(self) -> Result<Bound, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(ASYNC_THREADS)
            .max_blocking_threads(BLOCKING_THREADS)
            .thread_name("http")
            .enable_all()
            .build()
            .map_err(|error| Error::system("no threads can be started", error))?;
        let config = &self.app.config;
        let (listener, socket, metrics) = runtime.block_on(async {
            let (listener, socket) = match &config.unix_socket {
                Some(path) => Listener::unix(path).await.map(|(listener, file)| (listener, Some(file)))?,
                None => (Listener::tcp(&config.host, config.port).await?, None),
            };
            let metrics = match config.metrics_addr {
                Some(address) => Some(Listener::tcp(&address.ip().to_string(), address.port()).await?),
                None => None,
            };
            Ok::<_, Error>((listener, socket, metrics))
        })?;
        let (handle, signals) = Signals::new();
        Ok(Bound { runtime, app: self.app, listener, socket, metrics, handle, signals })
    }

    /// Listens, serves, and stops when the process is told to: by SIGTERM or Ctrl-C. SIGHUP has keys read again.
    ///
    /// # Errors
    /// As [`bind`](Self::bind) and [`load`](Self::load).
    pub fn run(self) -> Result<Ended, Error> {
        let bound = self.bind()?;
        bound.runtime.block_on(async { signals::listen(&bound.app, &bound.handle) })?;
        bound.run()
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("config", &self.app.config).finish_non_exhaustive()
    }
}

/// Threads that wait for connections; none of them computes.
const ASYNC_THREADS: usize = 2;
/// Most threads that read large bodies, decode images' texts and write large answers.
const BLOCKING_THREADS: usize = 16;

/// A server that listens.
pub struct Bound {
    runtime: Runtime,
    app: Arc<App>,
    listener: Listener,
    socket: Option<SocketFile>,
    metrics: Option<Listener>,
    handle: Handle,
    signals: Signals,
}

impl Bound {
    /// The address; none for a socket of the file system.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listener.address()
    }

    /// The address of the second listener, for metrics, if there is one.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref()?.address()
    }

    /// What tells it to stop.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Serves until it is [told to stop](Handle::stop).
    ///
    /// # Errors
    /// [`Error::Model`]: a model that is loaded at the start cannot be loaded.
    pub fn run(self) -> Result<Ended, Error> {
        raise_file_limit();
        // The socket's file goes when this ends, however it does.
        let Self { runtime, app, listener, socket: _socket, metrics, handle: _handle, mut signals } = self;
        announce(&app, &listener);
        let ended = runtime.block_on(async {
            let (stage, stages) = watch::channel(Stage::Open);
            app.follow(stages.clone());
            app.models.all().iter().filter(|model| model.is_eager()).for_each(|model| model.begin_load());
            let serving = tokio::spawn(listen::serve(listener, app.clone(), routes::router(&app), stages.clone()));
            if let Some(metrics) = metrics {
                tokio::spawn(listen::serve(metrics, app.clone(), routes::metrics_router(&app), stages));
            }
            tokio::spawn(tend(app.clone()));
            let loading = load(app.clone());
            signals.first(loading).await?;
            app.drain();
            signals.second(close(&app, &stage, serving)).await
        });
        app.traces.close();
        app.models.all().iter().for_each(|model| model.end());
        // Requests that still run end with the process.
        runtime.shutdown_background();
        ended
    }
}

/// Says where and what is served.
fn announce(app: &App, listener: &Listener) {
    let models: Vec<&str> = app.models.all().iter().map(|model| model.name()).collect();
    let models = models.join(", ");
    match (listener.address(), &app.config.unix_socket) {
        (Some(address), _) => tracing::info!(models, "listening on http://{address}{}", app.config.base_path),
        (None, Some(path)) => tracing::info!(models, "listening on {}", path.display()),
        (None, None) => {}
    }
    if !app.config.is_local() && !app.config.has_keys() {
        tracing::warn!("other machines can reach this server, and it asks for no key: set --api-key");
    }
    if app.config.api_keys.iter().any(|key| key.contains(',')) {
        tracing::warn!(
            "an API key has a comma, and is one key: repeat --api-key, or name an --api-key-file, for several"
        );
    }
}

/// Loads the models that are loaded at the start; ends only when one cannot be.
async fn load(app: Arc<App>) -> Error {
    let (failed, mut failures) = tokio::sync::mpsc::unbounded_channel();
    for model in app.models.all().iter().filter(|model| model.is_eager()) {
        let (model, failed_too) = (model.clone(), failed.clone());
        let load = move || {
            if let Err(error) = model.load_now() {
                let _ = failed_too.send(Error::model(model.name(), error));
            }
        };
        if let Err(error) = std::thread::Builder::new().name("load".to_owned()).spawn(load) {
            let _ = failed.send(Error::system("no thread can be started to load a model", error));
        }
    }
    drop(failed);
    match failures.recv().await {
        Some(error) => error,
        None => std::future::pending().await,
    }
}

/// Ends in good order: no new connections, then what is under way, then the rest with an error.
async fn close(app: &App, stage: &watch::Sender<Stage>, serving: tokio::task::JoinHandle<()>) {
    /// For answers that say that the server ends.
    const LAST_WORDS: Duration = Duration::from_secs(2);
    tokio::time::sleep(app.config.drain_delay).await;
    app.close();
    stage.send_replace(Stage::Closing);
    let mut serving = serving;
    if tokio::time::timeout(app.config.shutdown_timeout, &mut serving).await.is_err() {
        tracing::warn!(requests = app.admission.requests(), "requests are not done in time, and are given up");
        stage.send_replace(Stage::Aborted);
        let _ = tokio::time::timeout(LAST_WORDS, &mut serving).await;
    }
    tracing::info!("ended");
}

/// What is done every second: idle models are dropped, and the log is told of requests that were not let in.
async fn tend(app: Arc<App>) {
    const EVERY: Duration = Duration::from_secs(1);
    loop {
        tokio::time::sleep(EVERY).await;
        app.models.drop_idle().await;
        app.metrics.tell_refusals();
    }
}

/// Each connection takes a file, and many systems give a process no more than 1,024 unless it asks.
fn raise_file_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::debug!(%error, "the limit of open files stays as it is");
        }
    }
}
