//! What a server is told.

mod model;
mod origin;
mod settings;
mod units;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use embedkit_core::Role;
use serde::Deserialize;
use serde::de::value::{BorrowedStrDeserializer, Error as ValueError};

pub use model::{Load, ModelConfig, Quantize};
pub use settings::Settings;
pub use units::{Size, Time, UnitError};

use origin::is_origin;

use crate::Error;

/// How a server works. The fields are what [`Settings`] of the same names say, by [`from_layers`](Self::from_layers), with their
/// defaults filled in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The models; the compiled-in one where there are none.
    pub models: Vec<ModelConfig>,
    /// Other names of models, with the models' names.
    pub aliases: Vec<(String, String)>,
    /// Whether unknown names are answered with the task's default model. Default: no.
    pub any_model_name: bool,
    /// The address to listen on. Default: 127.0.0.1.
    pub host: String,
    /// The port; 0 takes a free one. Default: 8080.
    pub port: u16,
    /// A socket of the file system, instead of a port. Default: none.
    pub unix_socket: Option<PathBuf>,
    /// The prefix of every route, as `/api`. Default: none.
    pub base_path: String,
    /// Keys of which requests must have one. Default: none.
    pub api_keys: Vec<String>,
    /// A file with further keys. Default: none.
    pub api_key_file: Option<PathBuf>,
    /// Origins whose pages may ask. Default: none.
    pub cors_origins: Vec<String>,
    /// Most inputs in a request. Default: 2048.
    pub max_inputs: usize,
    /// Most bytes of a body, with the images that are fetched for it. Default: 32 MiB.
    pub max_body: usize,
    /// Most bytes of all bodies that wait or run, with their images and with answers that are not sent yet. Default: 256 MiB.
    pub max_buffered: usize,
    /// Most requests that are admitted and not answered. Default: 512.
    pub max_requests: usize,
    /// Most inputs that wait for a model. Default: 16,384.
    pub max_queue: usize,
    /// How long a request may take. Default: 60 s.
    pub request_timeout: Duration,
    /// How long requests may go on after a signal to stop. Default: 30 s.
    pub shutdown_timeout: Duration,
    /// How long requests are still taken after a signal to stop. Default: none.
    pub drain_delay: Duration,
    /// How long a batch may run before the server calls itself dead. Default: 120 s.
    pub stall_timeout: Duration,
    /// Whether texts that are too long are cut where the request is silent. Default: yes.
    pub truncate: bool,
    /// The role of inputs where the request is silent. Default: plain, and passage for multi-vectors.
    pub default_role: Option<Role>,
    /// What becomes of lists of token ids. Default: refused.
    pub token_ids: TokenIds,
    /// Hosts that images are fetched from. Default: none.
    pub image_hosts: Vec<String>,
    /// Most pixels of an image; for models that say nothing else. Default: 50 million.
    pub max_pixels: Option<u64>,
    /// Memory that a model's images may take while they are decoded, in MiB, on all threads together; for models that say
    /// nothing else. Default: 384 for all models together.
    pub decode_memory: Option<u64>,
    /// What a reranker's `document` is in answers. Default: an object.
    pub rerank_document: DocumentForm,
    /// A second listener for `/metrics` alone. Default: none.
    pub metrics_addr: Option<SocketAddr>,
    /// Whether metrics have the names of text-embeddings-inference too. Default: no.
    pub tei_metrics: bool,
}

/// What becomes of lists of token ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenIds {
    /// They are refused: most clients send those of another model's tokenizer.
    #[default]
    Reject,
    /// They are read as those of the model's own tokenizer.
    Model,
}

/// What a reranker's `document` is in answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DocumentForm {
    /// `{"text": …}`, as Cohere, Jina and vLLM have it.
    #[default]
    Object,
    /// The bare text, as infinity has it.
    String,
}

/// How a program writes its log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// A line for people.
    #[default]
    Text,
    /// An object a line.
    Json,
}

/// A word on a command line, as it is in a configuration file.
fn word<'w, T: Deserialize<'w>>(text: &'w str) -> Result<T, String> {
    T::deserialize(BorrowedStrDeserializer::<ValueError>::new(text)).map_err(|error| error.to_string())
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        word(text)
    }
}

impl FromStr for TokenIds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        word(text)
    }
}

impl FromStr for DocumentForm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        word(text)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            models: Vec::new(),
            aliases: Vec::new(),
            any_model_name: false,
            host: "127.0.0.1".to_owned(),
            port: 8080,
            unix_socket: None,
            base_path: String::new(),
            api_keys: Vec::new(),
            api_key_file: None,
            cors_origins: Vec::new(),
            max_inputs: 2048,
            max_body: 32 << 20,
            max_buffered: 256 << 20,
            max_requests: 512,
            max_queue: 16_384,
            request_timeout: Duration::from_secs(60),
            shutdown_timeout: Duration::from_secs(30),
            drain_delay: Duration::ZERO,
            stall_timeout: Duration::from_secs(120),
            truncate: true,
            default_role: None,
            token_ids: TokenIds::Reject,
            image_hosts: Vec::new(),
            max_pixels: None,
            decode_memory: None,
            rerank_document: DocumentForm::Object,
            metrics_addr: None,
            tei_metrics: false,
        }
    }
}

/// The longest that a request may be told to take: clocks do not count for ever.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

impl Config {
    /// Whether only this machine can reach it.
    pub(crate) fn is_local(&self) -> bool {
        self.unix_socket.is_some()
            || self.host.eq_ignore_ascii_case("localhost")
            || self.host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    }

    /// Whether requests need a key.
    pub(crate) fn has_keys(&self) -> bool {
        !self.api_keys.is_empty() || self.api_key_file.is_some()
    }

    /// Refuses what no server could obey.
    pub(crate) fn check(&self) -> Result<(), Error> {
        for (name, value) in [
            ("max-inputs", self.max_inputs),
            ("max-body", self.max_body),
            ("max-buffered", self.max_buffered),
            ("max-requests", self.max_requests),
            ("max-queue", self.max_queue),
        ] {
            if value == 0 {
                return Err(Error::usage(format!("{name} must be at least 1")));
            }
        }
        if self.max_body > self.max_buffered {
            return Err(Error::usage("max-body is more than max-buffered, so that no such body could ever be read"));
        }
        if !(Duration::from_nanos(1)..=LONGEST_TIMEOUT).contains(&self.request_timeout) {
            return Err(Error::usage("request-timeout must be more than 0, and a hundred years at the most"));
        }
        if self.stall_timeout.is_zero() {
            return Err(Error::usage("stall-timeout must be more than 0: any batch would be called one that hangs"));
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-._~".contains(c);
        if !self.base_path.chars().all(is_plain) {
            return Err(Error::usage("base-path has characters that a path would not have as they are"));
        }
        if self.api_keys.iter().any(String::is_empty) {
            return Err(Error::usage("api-key is empty, so that no request could ever have it"));
        }
        if !self.api_keys.iter().all(|key| key.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(Error::usage("api-key has characters no header can have"));
        }
        match self.cors_origins.iter().find(|origin| !is_origin(origin)) {
            Some(origin) => Err(Error::usage(format!(
                "cors-origin {origin:?}: write it as browsers do, as https://example.org or http://localhost:3000, in \
                 lower case, with nothing behind it and without the scheme's own port; or `*`"
            ))),
            None => Ok(()),
        }
    }
}
