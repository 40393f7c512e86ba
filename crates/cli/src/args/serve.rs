//! What is served, where, and within which bounds.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use embedkit_serve::{DocumentForm, LogFormat, ModelConfig, Settings, Size, Time, TokenIds};

/// `serve`. A flag goes before its variable, and that before the file of --config.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// A model to serve, as [NAME=]ID; may be repeated, or several with commas between them. Default: the compiled-in model.
    #[arg(short, long, value_name = "[NAME=]ID", env = "EMBEDKIT_MODEL", value_delimiter = ',')]
    model: Vec<String>,

    /// A model in a folder, as [NAME=]DIR; may be repeated.
    #[arg(long, value_name = "[NAME=]DIR", env = "EMBEDKIT_MODEL_DIR")]
    model_dir: Vec<String>,

    /// Another name of a model, as NAME=MODEL; may be repeated, or several with commas between them.
    #[arg(long, value_name = "NAME=MODEL", env = "EMBEDKIT_ALIAS", value_delimiter = ',')]
    alias: Vec<String>,

    /// Answers unknown names with the task's default model.
    #[arg(long, env = "EMBEDKIT_ANY_MODEL_NAME")]
    any_model_name: bool,

    /// A configuration file: these settings in TOML, and `[[model]]` paragraphs with all there is to say of a model.
    #[arg(long, value_name = "FILE", env = "EMBEDKIT_CONFIG")]
    pub(crate) config: Option<PathBuf>,

    /// The address to listen on. Default: 127.0.0.1.
    #[arg(long, value_name = "ADDRESS", env = "EMBEDKIT_HOST", help_heading = "Network")]
    host: Option<String>,

    /// The port; 0 takes a free one. Default: 8080.
    #[arg(long, env = "EMBEDKIT_PORT", help_heading = "Network")]
    port: Option<u16>,

    /// Listens on a socket of the file system instead.
    #[arg(long, value_name = "PATH", env = "EMBEDKIT_UNIX_SOCKET", help_heading = "Network")]
    unix_socket: Option<PathBuf>,

    /// A prefix of every route.
    #[arg(long, value_name = "PATH", env = "EMBEDKIT_BASE_PATH", help_heading = "Network")]
    base_path: Option<String>,

    /// A second listener, for /metrics alone.
    #[arg(long, value_name = "ADDRESS", env = "EMBEDKIT_METRICS_ADDR", help_heading = "Network")]
    metrics_addr: Option<SocketAddr>,

    /// A key that requests must have; may be repeated. The variable holds one.
    #[arg(long, value_name = "KEY", env = "EMBEDKIT_API_KEY", hide_env_values = true, help_heading = "Security")]
    api_key: Vec<String>,

    /// A file with keys, one a line; it is read again on SIGHUP.
    #[arg(long, value_name = "FILE", env = "EMBEDKIT_API_KEY_FILE", help_heading = "Security")]
    api_key_file: Option<PathBuf>,

    /// An origin whose pages may ask, or `*`; may be repeated, or several with commas between them.
    #[arg(long, value_name = "ORIGIN", env = "EMBEDKIT_CORS_ORIGIN", value_delimiter = ',', help_heading = "Security")]
    cors_origin: Vec<String>,

    /// A host that images are fetched from, or `*.suffix`; may be repeated, or several with commas between them.
    #[arg(long, value_name = "HOST", env = "EMBEDKIT_IMAGE_HOST", value_delimiter = ',', help_heading = "Security")]
    image_host: Vec<String>,

    /// Most inputs in a request. Default: 2048.
    #[arg(long, value_name = "N", env = "EMBEDKIT_MAX_INPUTS", help_heading = "Bounds")]
    max_inputs: Option<usize>,

    /// Most bytes of a body, with the images that are fetched for it. Default: 32MiB.
    #[arg(long, value_name = "SIZE", env = "EMBEDKIT_MAX_BODY", help_heading = "Bounds")]
    max_body: Option<Size>,

    /// Most bytes of all bodies that wait or run, with their images and with answers that are not sent yet. Default: 256MiB.
    #[arg(long, value_name = "SIZE", env = "EMBEDKIT_MAX_BUFFERED", help_heading = "Bounds")]
    max_buffered: Option<Size>,

    /// Most requests that are admitted and not answered. Default: 512.
    #[arg(long, value_name = "N", env = "EMBEDKIT_MAX_REQUESTS", help_heading = "Bounds")]
    max_requests: Option<usize>,

    /// Most inputs that wait for a model. Default: 16384.
    #[arg(long, value_name = "N", env = "EMBEDKIT_MAX_QUEUE", help_heading = "Bounds")]
    max_queue: Option<usize>,

    /// Most pixels of an image. Default: 50000000.
    #[arg(long, value_name = "N", env = "EMBEDKIT_MAX_PIXELS", help_heading = "Bounds")]
    max_pixels: Option<u64>,

    /// Memory that a model's images may take while they are decoded, in MiB, on all threads together. Default: 384, for all
    /// models together.
    #[arg(long, value_name = "MIB", env = "EMBEDKIT_DECODE_MEMORY", help_heading = "Bounds")]
    decode_memory: Option<u64>,

    /// How long a request may take. Default: 60s.
    #[arg(long, value_name = "TIME", env = "EMBEDKIT_REQUEST_TIMEOUT", help_heading = "Bounds")]
    request_timeout: Option<Time>,

    /// How long requests may go on after a signal to stop. Default: 30s.
    #[arg(long, value_name = "TIME", env = "EMBEDKIT_SHUTDOWN_TIMEOUT", help_heading = "Bounds")]
    shutdown_timeout: Option<Time>,

    /// How long requests are still taken after a signal to stop. Default: 0s.
    #[arg(long, value_name = "TIME", env = "EMBEDKIT_DRAIN_DELAY", help_heading = "Bounds")]
    drain_delay: Option<Time>,

    /// How long a batch may run before the server calls itself dead. Default: 120s.
    #[arg(long, value_name = "TIME", env = "EMBEDKIT_STALL_TIMEOUT", help_heading = "Bounds")]
    stall_timeout: Option<Time>,

    /// Whether texts that are too long are cut, unless the request says otherwise. Default: true.
    #[arg(long, value_name = "BOOL", env = "EMBEDKIT_TRUNCATE", help_heading = "Answers")]
    truncate: Option<bool>,

    /// What inputs are for where the request is silent: query, passage or plain.
    #[arg(long, value_name = "ROLE", env = "EMBEDKIT_DEFAULT_ROLE", help_heading = "Answers")]
    default_role: Option<String>,

    /// Whether token ids are refused, or read as the model's own: reject or model. Default: reject.
    #[arg(long, value_name = "RULE", env = "EMBEDKIT_TOKEN_IDS", help_heading = "Answers")]
    token_ids: Option<TokenIds>,

    /// What a reranker's `document` is in answers: object, or string for infinity's clients. Default: object.
    #[arg(long, value_name = "FORM", env = "EMBEDKIT_RERANK_DOCUMENT", help_heading = "Answers")]
    rerank_document: Option<DocumentForm>,

    /// Gives metrics under the names of text-embeddings-inference too.
    #[arg(long, env = "EMBEDKIT_TEI_METRICS", help_heading = "Answers")]
    tei_metrics: bool,

    /// How the log is written to standard error: text or json. Default: text.
    #[arg(long, value_name = "FORMAT", env = "EMBEDKIT_LOG_FORMAT", help_heading = "Answers")]
    log_format: Option<LogFormat>,
}

impl ServeArgs {
    /// Whether the log is JSON, an object a line. What is wrong with a file is said when it is read for all else.
    pub(crate) fn logs_json(&self) -> bool {
        let of_file = || Settings::from_file(self.config.as_deref()?).ok()?.log_format;
        self.log_format.or_else(of_file) == Some(LogFormat::Json)
    }

    /// What they set.
    pub(crate) fn settings(self) -> Settings {
        let args = self;
        let folders = args.model_dir.iter().map(|text| ModelConfig::dir(text));
        let list = |list: Vec<String>| (!list.is_empty()).then_some(list);
        Settings {
            model: args.model.iter().map(|text| ModelConfig::id(text)).chain(folders).collect(),
            alias: list(args.alias),
            any_model_name: args.any_model_name.then_some(true),
            host: args.host,
            port: args.port,
            unix_socket: args.unix_socket,
            base_path: args.base_path,
            metrics_addr: args.metrics_addr,
            api_key: list(args.api_key),
            api_key_file: args.api_key_file,
            cors_origin: list(args.cors_origin),
            image_host: list(args.image_host),
            max_inputs: args.max_inputs,
            max_body: args.max_body,
            max_buffered: args.max_buffered,
            max_requests: args.max_requests,
            max_queue: args.max_queue,
            max_pixels: args.max_pixels,
            decode_memory: args.decode_memory,
            request_timeout: args.request_timeout,
            shutdown_timeout: args.shutdown_timeout,
            drain_delay: args.drain_delay,
            stall_timeout: args.stall_timeout,
            truncate: args.truncate,
            default_role: args.default_role,
            token_ids: args.token_ids,
            rerank_document: args.rerank_document,
            tei_metrics: args.tei_metrics.then_some(true),
            log_format: args.log_format,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::args::{Cli, Command};

    /// Values of which each option takes one.
    const VALUES: [&str; 10] = ["x=y", "9", "true", "127.0.0.1:9", "9MiB", "9s", "query", "model", "string", "json"];

    /// What options come to: settings, and how the log is written.
    fn settings(options: &[&str]) -> Option<String> {
        let words = ["embedkit", "serve"].iter().chain(options);
        let Command::Serve(args) = Cli::try_parse_from(words).ok()?.command else { return None };
        let (logs_json, config) = (args.logs_json(), args.config.clone());
        Some(format!("{logs_json} {config:?} {:?}", args.settings()))
    }

    #[test]
    fn every_option_is_a_setting() {
        let plain = settings(&[]).unwrap();
        let command = crate::command();
        let serve = command.find_subcommand("serve").unwrap();
        for argument in serve.get_arguments() {
            let option = format!("--{}", argument.get_long().unwrap());
            let changes = |words: &[&str]| settings(words).is_some_and(|settings| settings != plain);
            let is_told = VALUES.iter().any(|value| changes(&[&format!("{option}={value}")]));
            assert!(is_told || changes(&[&option]), "{option} changes nothing");
        }
    }
}
