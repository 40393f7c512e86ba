//! The hub against a real server on loopback: what goes right, and everything that can go wrong.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

mod archives;
mod cache;
mod failures;
mod processes;
mod repair;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use embedkit_core::hub::{Hub, HubError, HubEvent, HubOptions};
use embedkit_core::{Error, ModelDescription, ModelFiles, Source};
use embedkit_testing::hub::Server;

/// A row whose weights and configuration come from `org/model`.
fn row() -> ModelDescription {
    let mut model = ModelDescription::new("test/model", "dense", "transformer");
    model.model_file = "onnx/model.onnx".to_owned();
    model.config_files = vec!["config.json".to_owned(), "tokenizer.json".to_owned()];
    model.sources = vec![Source::Hub { hf: "org/model".to_owned(), revision: None }];
    model
}

/// A server with the row's files but `tokenizer.json`, which the repository does not have.
fn served() -> Server {
    let server = Server::start();
    server.file("config.json", "{}").file("onnx/model.onnx", weights());
    server
}

/// Bytes enough for several reads.
fn weights() -> Vec<u8> {
    (0..300_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// Options that know no environment, and hurry.
fn options(server: &Server, cache: &Path) -> HubOptions {
    let mut options = HubOptions::default().environment(|_| None);
    options.endpoint = Some(server.url.clone());
    options.cache_dir = Some(cache.to_owned());
    options.connect_timeout = Duration::from_secs(5);
    options.read_timeout = Duration::from_millis(300);
    options.retries = 2;
    options.backoff = Duration::from_millis(1);
    options
}

/// A hub with [`options`] and something else.
fn hub_with(server: &Server, cache: &Path, change: impl FnOnce(&mut HubOptions)) -> Hub {
    let mut options = options(server, cache);
    change(&mut options);
    Hub::new(options).unwrap()
}

fn hub(server: &Server, cache: &Path) -> Hub {
    Hub::new(options(server, cache)).unwrap()
}

/// A hub that may not use the network, and would reach nothing if it did.
fn offline_hub(cache: &Path) -> Hub {
    let mut options = HubOptions::default().environment(|_| None);
    options.endpoint = Some("http://127.0.0.1:1".to_owned());
    options.cache_dir = Some(cache.to_owned());
    options.offline = true;
    Hub::new(options).unwrap()
}

fn events(options: HubOptions) -> (HubOptions, Arc<Mutex<Vec<HubEvent>>>) {
    let events: Arc<Mutex<Vec<HubEvent>>> = Arc::default();
    let log = events.clone();
    (options.on_event(move |event| log.lock().unwrap().push(event.clone())), events)
}

fn hub_error<T: std::fmt::Debug>(result: embedkit_core::Result<T>) -> HubError {
    match result.unwrap_err() {
        Error::Hub(error) => error,
        other => panic!("{other}"),
    }
}

fn assert_complete(files: &ModelFiles) {
    assert_eq!(files.read("onnx/model.onnx").unwrap(), weights());
    assert_eq!(files.text("config.json").unwrap(), "{}");
    assert!(!files.has("tokenizer.json"));
}
