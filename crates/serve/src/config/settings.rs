//! What an operator sets: by flags, variables or a file, of which the first that says something counts.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use embedkit_core::{Role, parse_toml, read_toml_text};
use serde::Deserialize;

use super::{Config, DocumentForm, LogFormat, ModelConfig, Size, Time, TokenIds};
use crate::Error;

/// One layer of settings: what is not set is left to the layer below. The keys of the configuration file are these names with
/// `-` for `_`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Other names of models, as `NAME=MODEL`.
    pub alias: Option<Vec<String>>,
    /// Answers unknown names with the task's default model. Default: no.
    pub any_model_name: Option<bool>,
    /// The address to listen on. Default: 127.0.0.1.
    pub host: Option<String>,
    /// The port; 0 takes a free one. Default: 8080.
    pub port: Option<u16>,
    /// A socket of the file system, instead of a port.
    pub unix_socket: Option<PathBuf>,
    /// A prefix of every route. Default: none.
    pub base_path: Option<String>,
    /// Keys of which requests must have one. Default: none.
    pub api_key: Option<Vec<String>>,
    /// A file with keys, one a line; it is read again on SIGHUP.
    pub api_key_file: Option<PathBuf>,
    /// Origins whose pages may ask, or `*`. Default: none.
    pub cors_origin: Option<Vec<String>>,
    /// Most inputs in a request. Default: 2048.
    pub max_inputs: Option<usize>,
    /// Most bytes of a body, with the images that are fetched for it. Default: 32 MiB.
    pub max_body: Option<Size>,
    /// Most bytes of all bodies that wait or run, with their images and with answers that are not sent yet. Default: 256 MiB.
    pub max_buffered: Option<Size>,
    /// Most requests that are admitted and not answered. Default: 512.
    pub max_requests: Option<usize>,
    /// Most inputs that wait for a model. Default: 16384.
    pub max_queue: Option<usize>,
    /// How long a request may take. Default: 60 s.
    pub request_timeout: Option<Time>,
    /// How long requests may go on after a signal to stop. Default: 30 s.
    pub shutdown_timeout: Option<Time>,
    /// How long requests are still taken after a signal to stop. Default: 0 s.
    pub drain_delay: Option<Time>,
    /// How long a batch may run before the server calls itself dead. Default: 120 s.
    pub stall_timeout: Option<Time>,
    /// Cuts texts that are too long, unless the request says otherwise. Default: yes.
    pub truncate: Option<bool>,
    /// The purpose of inputs where the request is silent: query, passage or plain. Default: plain, and passage for
    /// multi-vectors.
    pub default_role: Option<String>,
    /// Whether lists of token ids are refused, or read as the model's own. Default: reject.
    pub token_ids: Option<TokenIds>,
    /// Hosts that images are fetched from, exact or `*.suffix`. Default: none.
    pub image_host: Option<Vec<String>>,
    /// Most pixels of an image. Default: 50000000.
    pub max_pixels: Option<u64>,
    /// Memory that a model's images may take while they are decoded, in MiB, on all threads together. Default: 384, for all
    /// models together.
    pub decode_memory: Option<u64>,
    /// What a reranker's `document` is in answers: an object, or the bare text. Default: object.
    pub rerank_document: Option<DocumentForm>,
    /// A second listener for `/metrics` alone.
    pub metrics_addr: Option<SocketAddr>,
    /// Gives metrics under the names of text-embeddings-inference too. Default: no.
    pub tei_metrics: Option<bool>,
    /// How the log is written. That is the program's to do, not the server's. Default: text.
    pub log_format: Option<LogFormat>,
    /// The models, in the order in which they are defaults of their tasks. Default: the compiled-in model.
    pub model: Vec<ModelConfig>,
}

impl Settings {
    /// The settings of a configuration file.
    ///
    /// # Errors
    /// [`Error::Usage`] for a file that cannot be read, or has keys or values that are not known.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        let text = read_toml_text(path).map_err(|error| Error::usage(error.report()))?;
        parse_toml(&text).map_err(|message| Error::usage(format!("{}: {message}", path.display())))
    }
}

impl Config {
    /// The configuration that layers of settings amount to: of each setting, what the first layer has that says something.
    ///
    /// # Errors
    /// [`Error::Usage`] for values that cannot be used.
    pub fn from_layers<const N: usize>(layers: [Settings; N]) -> Result<Self, Error> {
        check_place(&layers)?;
        let mut config = Self::default();
        layers.into_iter().rev().try_for_each(|layer| config.lay(layer))?;
        config.check()?;
        Ok(config)
    }

    /// Lays settings over what is there.
    fn lay(&mut self, layer: Settings) -> Result<(), Error> {
        let aliases =
            layer.alias.map(|aliases| aliases.iter().map(|alias| split_alias(alias)).collect::<Result<Vec<_>, _>>());
        set(&mut self.aliases, aliases.transpose()?);
        set(&mut self.models, (!layer.model.is_empty()).then_some(layer.model));
        set(&mut self.unix_socket, layer.unix_socket.map(Some));
        set(&mut self.api_keys, layer.api_key);
        set(&mut self.api_key_file, layer.api_key_file.map(Some));
        set(&mut self.cors_origins, layer.cors_origin);
        set(&mut self.image_hosts, layer.image_host);
        set(&mut self.max_pixels, layer.max_pixels.map(Some));
        set(&mut self.decode_memory, layer.decode_memory.map(Some));
        set(&mut self.metrics_addr, layer.metrics_addr.map(Some));
        set(&mut self.default_role, layer.default_role.as_deref().map(role).transpose()?.map(Some));
        set(&mut self.any_model_name, layer.any_model_name);
        set(&mut self.host, layer.host);
        set(&mut self.port, layer.port);
        set(&mut self.base_path, layer.base_path.map(|path| base_path(&path)));
        set(&mut self.max_inputs, layer.max_inputs);
        set(&mut self.max_body, layer.max_body.map(|size| size.0));
        set(&mut self.max_buffered, layer.max_buffered.map(|size| size.0));
        set(&mut self.max_requests, layer.max_requests);
        set(&mut self.max_queue, layer.max_queue);
        set(&mut self.request_timeout, layer.request_timeout.map(|time| time.0));
        set(&mut self.shutdown_timeout, layer.shutdown_timeout.map(|time| time.0));
        set(&mut self.drain_delay, layer.drain_delay.map(|time| time.0));
        set(&mut self.stall_timeout, layer.stall_timeout.map(|time| time.0));
        set(&mut self.truncate, layer.truncate);
        set(&mut self.token_ids, layer.token_ids);
        set(&mut self.rerank_document, layer.rerank_document);
        set(&mut self.tei_metrics, layer.tei_metrics);
        Ok(())
    }
}

/// Refuses a port beside a socket of the file system, whichever layer says them: only one of them is listened on.
fn check_place(layers: &[Settings]) -> Result<(), Error> {
    let says = |is_said: fn(&Settings) -> bool| layers.iter().any(is_said);
    let idle = [("host", says(|layer| layer.host.is_some())), ("port", says(|layer| layer.port.is_some()))];
    match idle.iter().find(|(_, is_said)| *is_said && says(|layer| layer.unix_socket.is_some())) {
        Some((name, _)) => Err(Error::usage(format!(
            "{name} says where to listen, and unix-socket is listened on instead: leave out one of them"
        ))),
        None => Ok(()),
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

fn split_alias(text: &str) -> Result<(String, String), Error> {
    match text.split_once('=') {
        Some((name, model)) if !name.is_empty() && !model.is_empty() => Ok((name.to_owned(), model.to_owned())),
        _ => Err(Error::usage(format!("alias {text:?}: write it as NAME=MODEL"))),
    }
}

fn role(name: &str) -> Result<Role, Error> {
    name.parse().map_err(|_| Error::usage(format!("default-role {name:?}: it is plain, query or passage")))
}

/// With one slash before it and none behind it; nothing for nothing.
fn base_path(text: &str) -> String {
    let path = text.trim_matches('/');
    if path.is_empty() { String::new() } else { format!("/{path}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upper_layer_counts_where_it_says_something() {
        let upper = Settings { port: Some(1), ..Settings::default() };
        let lower: Settings = toml::from_str(
            "port = 2\nmax-body = \"1MiB\"\nbase-path = \"api/\"\nalias = [\"a=b\"]\n[[model]]\nid = \"x/y\"\nload = \"lazy\"\n\
             idle-unload = \"15m\"",
        )
        .unwrap();
        let config = Config::from_layers([upper, lower]).unwrap();
        assert_eq!((config.port, config.max_body, &*config.base_path), (1, 1 << 20, "/api"));
        assert_eq!(config.aliases, [("a".to_owned(), "b".to_owned())]);
        assert_eq!(config.models[0].load, crate::config::Load::Lazy);
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        for text in [
            "prot = 1",
            "max-inputs = 0",
            "default-role = \"x\"",
            "alias = [\"x\"]",
            "base-path = \"a?b\"",
            "unix-socket = \"s\"\nport = 9999",
            "unix-socket = \"s\"\nhost = \"127.0.0.1\"",
            "api-key = [\"\"]",
            "api-key = [\"a\", \" \"]",
            "cors-origin = [\"nonsense\"]",
            "request-timeout = 0",
            "request-timeout = \"18000000000000000000s\"",
            "stall-timeout = 0",
        ] {
            let settings: Result<Settings, _> = toml::from_str(text);
            assert!(settings.map_or(true, |settings| Config::from_layers([settings]).is_err()), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_in_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("serve.toml");
        std::fs::write(&path, "port = 2\nprot = 1\n").unwrap();
        let message = Settings::from_file(&path).unwrap_err().to_string();
        assert!(message.contains("serve.toml: line 2: unknown field `prot`"), "{message}");
        assert!(!message.contains('\n'), "{message}");
    }
}
