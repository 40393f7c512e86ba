//! What an operator sets: by flags, variables or a file, of which the first that says something counts.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use embedkit_core::{Role, parse_toml, read_toml_text};
use serde::Deserialize;

use super::{Config, DocumentForm, LogFormat, ModelConfig, Size, Time, TokenIds};
use crate::Error;

/// Declares the settings with the rule by which one layer of them lies over another.
macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)*) => {
        /// One layer of settings: what is not set is left to the layer below. The keys of the configuration file are
        /// these names with `-` for `_`.
        #[derive(Clone, Debug, Default, PartialEq, Deserialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        pub struct Settings {
            $($(#[$doc])* pub $name: Option<$type>,)*
            /// The models, in the order in which they are defaults of their tasks. Default: the compiled-in model.
            pub model: Vec<ModelConfig>,
        }

        impl Settings {
            /// These settings over those of a lower layer.
            #[must_use]
            pub fn over(self, lower: Self) -> Self {
                Self {
                    $($name: self.$name.or(lower.$name),)*
                    model: if self.model.is_empty() { lower.model } else { self.model },
                }
            }
        }
    };
}

settings! {
    /// Other names of models, as `NAME=MODEL`.
    alias: Vec<String>,
    /// Answers unknown names with the task's default model. Default: no.
    any_model_name: bool,
    /// The address to listen on. Default: 127.0.0.1.
    host: String,
    /// The port; 0 takes a free one. Default: 8080.
    port: u16,
    /// A socket of the file system, instead of a port.
    unix_socket: PathBuf,
    /// A prefix of every route. Default: none.
    base_path: String,
    /// Keys of which requests must have one. Default: none.
    api_key: Vec<String>,
    /// A file with keys, one a line; it is read again on SIGHUP.
    api_key_file: PathBuf,
    /// Origins whose pages may ask, or `*`. Default: none.
    cors_origin: Vec<String>,
    /// Most inputs in a request. Default: 2048.
    max_inputs: usize,
    /// Most bytes of a body, with the images that are fetched for it. Default: 32 MiB.
    max_body: Size,
    /// Most bytes of all bodies that wait or run, with their images and with answers that are not sent yet. Default: 256 MiB.
    max_buffered: Size,
    /// Most requests that are admitted and not answered. Default: 512.
    max_requests: usize,
    /// Most inputs that wait for a model. Default: 16384.
    max_queue: usize,
    /// How long a request may take. Default: 60 s.
    request_timeout: Time,
    /// How long requests may go on after a signal to stop. Default: 30 s.
    shutdown_timeout: Time,
    /// How long requests are still taken after a signal to stop. Default: 0 s.
    drain_delay: Time,
    /// How long a batch may run before the server calls itself dead. Default: 120 s.
    stall_timeout: Time,
    /// Cuts texts that are too long, unless the request says otherwise. Default: yes.
    truncate: bool,
    /// The purpose of inputs where the request is silent: query, passage or plain. Default: plain, and passage for
    /// multi-vectors.
    default_role: String,
    /// Whether lists of token ids are refused, or read as the model's own. Default: reject.
    token_ids: TokenIds,
    /// Hosts that images are fetched from, exact or `*.suffix`. Default: none.
    image_host: Vec<String>,
    /// Most pixels of an image. Default: 50000000.
    max_pixels: u64,
    /// Memory that a model's images may take while they are decoded, in MiB, on all threads together. Default: 384, for all
    /// models together.
    decode_memory: u64,
    /// What a reranker's `document` is in answers: an object, or the bare text. Default: object.
    rerank_document: DocumentForm,
    /// A second listener for `/metrics` alone.
    metrics_addr: SocketAddr,
    /// Gives metrics under the names of text-embeddings-inference too. Default: no.
    tei_metrics: bool,
    /// How the log is written. That is the program's to do, not the server's. Default: text.
    log_format: LogFormat,
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

    /// The configuration that these settings amount to.
    ///
    /// # Errors
    /// [`Error::Usage`] for values that cannot be used.
    pub fn into_config(self) -> Result<Config, Error> {
        self.check_place()?;
        let mut config = Config::default();
        let aliases = self.alias.unwrap_or_default();
        config.aliases = aliases.iter().map(|alias| split_alias(alias)).collect::<Result<_, _>>()?;
        config.models = self.model;
        config.unix_socket = self.unix_socket;
        config.api_keys = self.api_key.unwrap_or_default();
        config.api_key_file = self.api_key_file;
        config.cors_origins = self.cors_origin.unwrap_or_default();
        config.image_hosts = self.image_host.unwrap_or_default();
        config.max_pixels = self.max_pixels;
        config.decode_memory = self.decode_memory;
        config.metrics_addr = self.metrics_addr;
        config.default_role = self.default_role.as_deref().map(role).transpose()?;
        set(&mut config.any_model_name, self.any_model_name);
        set(&mut config.host, self.host);
        set(&mut config.port, self.port);
        set(&mut config.base_path, self.base_path.map(|path| base_path(&path)));
        set(&mut config.max_inputs, self.max_inputs);
        set(&mut config.max_body, self.max_body.map(|size| size.0));
        set(&mut config.max_buffered, self.max_buffered.map(|size| size.0));
        set(&mut config.max_requests, self.max_requests);
        set(&mut config.max_queue, self.max_queue);
        set(&mut config.request_timeout, self.request_timeout.map(|time| time.0));
        set(&mut config.shutdown_timeout, self.shutdown_timeout.map(|time| time.0));
        set(&mut config.drain_delay, self.drain_delay.map(|time| time.0));
        set(&mut config.stall_timeout, self.stall_timeout.map(|time| time.0));
        set(&mut config.truncate, self.truncate);
        set(&mut config.token_ids, self.token_ids);
        set(&mut config.rerank_document, self.rerank_document);
        set(&mut config.tei_metrics, self.tei_metrics);
        config.check()?;
        Ok(config)
    }

    /// Refuses a port beside a socket of the file system: only one of them is listened on.
    fn check_place(&self) -> Result<(), Error> {
        let idle = [("host", self.host.is_some()), ("port", self.port.is_some())];
        match idle.iter().find(|(_, is_said)| *is_said && self.unix_socket.is_some()) {
            Some((name, _)) => Err(Error::usage(format!(
                "{name} says where to listen, and unix-socket is listened on instead: leave out one of them"
            ))),
            None => Ok(()),
        }
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
    match name {
        "plain" => Ok(Role::Plain),
        "query" => Ok(Role::Query),
        "passage" => Ok(Role::Passage),
        _ => Err(Error::usage(format!("default-role {name:?}: it is plain, query or passage"))),
    }
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
        let config = upper.over(lower).into_config().unwrap();
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
            assert!(settings.map_or(true, |settings| settings.into_config().is_err()), "{text}");
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
