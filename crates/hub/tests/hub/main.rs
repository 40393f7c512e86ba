//! The hub against a real server on loopback: what goes right, and everything that can go wrong.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

mod archives;
mod cache;
mod failures;
mod integrity;
#[cfg(feature = "listing")]
mod listing;
mod processes;
mod repair;
mod shared;
mod surroundings;
mod tls;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use embedkit_fixtures::hub::{Seen, Server};
use embedkit_hub::{Expected, Hub, HubError, HubEvent, HubOptions, Request, TransportKind};

/// What contents come over: two test programs have this suite, and each its own.
const TRANSPORT: TransportKind = if OVER_HF_HUB { TransportKind::HfHub } else { TransportKind::Http };
const OVER_HF_HUB: bool = env!("CARGO_CRATE_NAME").len() > "hub".len();

/// Requests for one file: what it is, and its content, of which `hf-hub` asks for the headers first.
const REQUESTS: usize = if OVER_HF_HUB { 3 } else { 2 };

/// A graph and configuration from `org/model`.
pub(crate) fn request() -> Request {
    request_from("org/model", None)
}

/// The same from elsewhere.
fn request_from(repo: &str, revision: Option<&str>) -> Request {
    without_source().repository(repo, revision)
}

fn without_source() -> Request {
    Request::new("test/model")
        .required("onnx/model.onnx")
        .optional("config.json")
        .optional("tokenizer.json")
        .graph("onnx/model.onnx")
}

/// A server with the request's files but `tokenizer.json`, which the repository does not have.
pub(crate) fn served() -> Server {
    let server = Server::start();
    server.file("config.json", "{}").file("onnx/model.onnx", weights());
    server
}

/// Bytes enough for several reads.
pub(crate) fn weights() -> Vec<u8> {
    (0..300_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// Options that know no environment.
fn patient_options() -> HubOptions {
    let mut options = HubOptions::default().environment(|_| None);
    options.transport = Some(TRANSPORT);
    options
}

/// The same, in a hurry.
pub(crate) fn options(server: &Server, cache: &Path) -> HubOptions {
    let mut options = patient_options();
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

fn text(folder: &Path, file: &str) -> String {
    std::fs::read_to_string(folder.join(file)).unwrap()
}

pub(crate) fn assert_complete(folder: &Path) {
    assert_eq!(std::fs::read(folder.join("onnx/model.onnx")).unwrap(), weights());
    assert_eq!(text(folder, "config.json"), "{}");
    assert!(!folder.join("tokenizer.json").exists());
}

/// The ranges that the weights were asked for with.
fn ranges(server: &Server) -> Vec<Option<String>> {
    ranges_of(server, "model.onnx")
}

/// The ranges that a file was asked for with, without their end, which is the file's when it is stated.
fn ranges_of(server: &Server, file: &str) -> Vec<Option<String>> {
    let is_content = |seen: &Seen| seen.method == "GET" && seen.path.ends_with(file);
    let open = |range: &String| range.split_inclusive('-').next().unwrap().to_owned();
    server.seen().into_iter().filter(is_content).map(|seen| seen.headers.get("range").map(open)).collect()
}
