//! A server in this process, its clients, and models to serve.
#![allow(dead_code, unreachable_pub, reason = "each test file takes what it needs")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

pub mod client;
pub mod faulty;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread::JoinHandle;

use embedkit_colbert as _;
use embedkit_core::{ModelDescription, Registry, Source};
use embedkit_hybrid as _;
use embedkit_image as _;
use embedkit_rerank as _;
use embedkit_serve::{Config, Ended, Error, Handle, ModelConfig, Server};
use embedkit_sparse as _;
use embedkit_static_en as _;
use serde_json::Value;

pub use client::{Answer, Client};

/// The compiled-in model.
pub const STATIC: &str = "embedkit/static-minilm-en";

/// A server that runs in a thread of its own; it ends with the test.
pub struct Running {
    pub address: SocketAddr,
    pub metrics_address: Option<SocketAddr>,
    pub handle: Handle,
    thread: Option<JoinHandle<Result<Ended, Error>>>,
}

impl Running {
    /// Starts a server on a free port, and waits until it is ready.
    pub fn start(config: Config) -> Self {
        let running = Self::begin(config);
        running.client().wait_until_ready();
        running
    }

    /// Starts a server on a free port.
    pub fn begin(mut config: Config) -> Self {
        config.port = 0;
        let bound = Server::builder().config(config).build().unwrap().bind().unwrap();
        let (address, metrics_address, handle) = (bound.address().unwrap(), bound.metrics_address(), bound.handle());
        Self { address, metrics_address, handle, thread: Some(std::thread::spawn(move || bound.run())) }
    }

    /// A client without a key.
    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// How it ended.
    pub fn wait(mut self) -> Result<Ended, Error> {
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.handle.stop();
            self.handle.stop();
            let _ = thread.join();
        }
    }
}

/// A configuration with these models.
pub fn serving(models: impl IntoIterator<Item = ModelConfig>) -> Config {
    let mut config = Config::default();
    config.models = models.into_iter().collect();
    config
}

/// The small models of all families, as `dense`, `sparse`, `multi`, `several`, `rank` and `image`; `tiny/…` in the
/// catalogue.
pub fn families() -> Vec<ModelConfig> {
    [
        ("dense", "dense/tests/fixtures/transformer-mean"),
        ("sparse", "sparse/tests/fixtures/splade"),
        ("multi", "colbert/tests/fixtures/colbert"),
        ("several", "hybrid/tests/fixtures/bge-m3"),
        ("rank", "rerank/tests/fixtures/cross-encoder-plain"),
        ("image", "image/tests/fixtures/clip"),
    ]
    .map(|(name, folder)| fixture(name, folder))
    .into()
}

/// A small model of another crate's tests, registered under the id `fixture/{name}`.
pub fn fixture(name: &str, folder: &str) -> ModelConfig {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(folder);
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("golden.json")).unwrap()).unwrap();
    let mut row: ModelDescription = serde_json::from_value(golden["model"].clone()).unwrap();
    row.id = format!("fixture/{name}");
    row.sources = vec![Source::Folder { folder }];
    if Registry::global().find(&row.family, &row.id).is_err() {
        // Another test may have been quicker.
        let _ = Registry::global().register(row.clone());
    }
    ModelConfig::id(&format!("{name}={}", row.id))
}

/// The floats of a base64 text.
pub fn floats(base64: &Value) -> Vec<f32> {
    let bytes = base64_simd::STANDARD.decode_to_vec(base64.as_str().unwrap()).unwrap();
    bytes.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

/// The floats of a list.
pub fn numbers(list: &Value) -> Vec<f32> {
    list.as_array().unwrap_or_else(|| panic!("no list: {list}")).iter().map(|it| it.as_f64().unwrap() as f32).collect()
}
