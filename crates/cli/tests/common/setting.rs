//! Options, as the library's builder and the program's arguments have them.

use embedkit::session::Provider;
use embedkit::{Activation, Builder, Embedder};

/// An option.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Setting {
    Dim(usize),
    MaxLength(usize),
    BatchSize(usize),
    BatchTokens(usize),
    BatchAttention(usize),
    BatchInvariant,
    Threads(usize),
    Sessions(usize),
    Device(i32),
    Require(Provider),
    Prefer(Provider),
    Activation(Activation),
    Number(&'static str, f64),
    Integer(&'static str, i64),
    Text(&'static str, &'static str),
    Task(&'static str),
    SkipInvalid,
}

impl Setting {
    /// Sets it on the library's builder; a task is the purpose's, not the model's.
    pub(crate) fn apply<F: Embedder>(self, builder: Builder<F>) -> Builder<F> {
        match self {
            Self::Dim(n) => builder.dim(n),
            Self::MaxLength(n) => builder.max_length(n),
            Self::BatchSize(n) => builder.batch_size(n),
            Self::BatchTokens(n) => builder.batch_tokens(n),
            Self::BatchAttention(n) => builder.batch_attention(n),
            Self::BatchInvariant => builder.batch_invariant(true),
            Self::Threads(n) => builder.threads(n),
            Self::Sessions(n) => builder.sessions(n),
            Self::Device(n) => builder.device_ids([n]),
            Self::Require(provider) => builder.require_providers([provider]),
            Self::Prefer(provider) => builder.prefer_providers([provider]),
            Self::Activation(activation) => builder.activation(activation),
            Self::Number(name, value) => builder.parameter(name, value),
            Self::Integer(name, value) => builder.parameter(name, value),
            Self::Text(name, value) => builder.parameter(name, value),
            Self::Task(_) | Self::SkipInvalid => builder,
        }
    }

    /// The program's arguments, where it has the option.
    pub(crate) fn arguments(self) -> Option<Vec<String>> {
        let (name, value) = match self {
            Self::Dim(n) => ("dim", n.to_string()),
            Self::MaxLength(n) => ("max-length", n.to_string()),
            Self::BatchSize(n) => ("batch-size", n.to_string()),
            Self::Threads(n) => ("threads", n.to_string()),
            Self::Sessions(n) => ("sessions", n.to_string()),
            Self::Device(n) => ("device", n.to_string()),
            Self::SkipInvalid => return Some(vec!["--skip-invalid".to_owned()]),
            Self::BatchInvariant => return Some(vec!["--batch-invariant".to_owned()]),
            Self::Prefer(provider) => ("provider", provider.to_string()),
            Self::Require(provider) => {
                return Some(vec![format!("--provider={provider}"), "--require-provider".to_owned()]);
            }
            Self::Activation(activation) => ("activation", format!("{activation:?}").to_lowercase()),
            Self::Number(name @ ("k" | "b" | "avg-len" | "alpha"), value) => (name, value.to_string()),
            Self::Integer(name @ "token-max-length", value) => (name, value.to_string()),
            Self::Text(name @ "language", value) => (name, value.to_owned()),
            Self::Task(task) => ("task", task.to_owned()),
            Self::BatchTokens(_) | Self::BatchAttention(_) | Self::Number(..) | Self::Integer(..) | Self::Text(..) => {
                return None;
            }
        };
        Some(vec![format!("--{name}={value}")])
    }
}
