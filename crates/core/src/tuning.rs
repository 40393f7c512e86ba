//! How a model runs best on this machine: measured once, kept in a file, used from then on.
//!
//! ```no_run
//! # use embedkit_core::{Builder, Embedder, Result, Tuner, Tuning};
//! # fn example<E: Embedder>(builder: Builder<E>, embed: impl FnMut(&E) -> Result<()>) -> Result<E> {
//! let tuning = Tuner::new(builder.clone()).run(embed)?;
//! tuning.save("tuning.toml")?;
//! // In another process, later:
//! builder.tuned(Tuning::load("tuning.toml")?).build()
//! # }
//! ```

use std::io::Write as _;
use std::path::Path;

use embedkit_vector::file;
use serde::{Deserialize, Serialize};

use crate::engine::{BatchBounds, Batching};
use crate::session::{Provider, SessionOptions, usable_cores};
use crate::{Error, Result, parse_toml, read_toml_text};

/// What was measured to be best: how many sessions of how many threads, and the bounds of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Tuning {
    /// The id of the model it was measured with.
    pub model: String,
    /// The cores that the process might use.
    pub cores: usize,
    /// The execution provider that ran the graph, such as `cpu` or `cuda`. Default, where a file lacks it: `cpu`.
    #[serde(default = "cpu")]
    pub provider: String,
    /// Sessions; none where the pool is best left to add them by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<usize>,
    /// Threads of each session; none as above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<usize>,
    /// Most tokens of a batch, padding included.
    pub batch_tokens: usize,
    /// Most cells of a batch's attention matrices.
    pub batch_attention: usize,
    /// What starting a run costs, in tokens.
    pub batch_overhead: usize,
}

fn cpu() -> String {
    Provider::Cpu.name().to_owned()
}

impl Tuning {
    /// What a model runs with before anything was measured, on this machine.
    pub(crate) fn untuned(model: &str, provider: Provider, bounds: &BatchBounds, session: &SessionOptions) -> Self {
        Self {
            model: model.to_owned(),
            cores: usable_cores(),
            provider: provider.name().to_owned(),
            sessions: session.sessions,
            threads: session.threads,
            batch_tokens: bounds.tokens,
            batch_attention: bounds.attention,
            batch_overhead: bounds.overhead,
        }
    }

    /// Reads a file that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// [`Error::Io`], and [`Error::InvalidFile`] for a file that holds something else.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = read_toml_text(path)?;
        parse_toml(&text).map_err(|message| Error::file(path, format!("is no tuning: {message}")))
    }

    /// Writes a file for [`load`](Self::load), in TOML.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let text = self.to_toml()?;
        file::replace(path, |file| file.write_all(text.as_bytes())).map_err(Error::io(path))
    }

    /// What [`save`](Self::save) writes.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for a number that TOML cannot hold.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self).map_err(|error| Error::option("tuning", error.to_string()))
    }

    /// Refuses another model, and says where the machine is another.
    pub(crate) fn check(&self, model: &str) -> Result<()> {
        if self.model != model {
            let message = format!("was measured with {}, not with {model}; measure this one too", self.model);
            return Err(Error::option("tuning", message));
        }
        let cores = usable_cores();
        if self.cores != cores {
            tracing::warn!(measured = self.cores, cores, "the tuning was measured with another number of cores");
        }
        Ok(())
    }

    /// Refuses another provider: what is best on a CPU is not on a GPU.
    pub(crate) fn check_provider(&self, provider: Provider) -> Result<()> {
        if self.provider == provider.name() {
            return Ok(());
        }
        let message = format!("was measured on {}, and the model runs on {provider}; measure there too", self.provider);
        Err(Error::option("tuning", message))
    }

    pub(crate) fn apply(&self, batching: &mut Batching, session: &mut SessionOptions) {
        (session.sessions, session.threads) = (self.sessions, self.threads);
        batching.tokens = Some(self.batch_tokens);
        batching.attention = Some(self.batch_attention);
        batching.overhead = Some(self.batch_overhead);
    }
}

impl std::fmt::Display for Tuning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.sessions, self.threads) {
            (Some(sessions), Some(threads)) => write!(f, "{sessions} sessions of {threads} threads")?,
            (Some(sessions), None) => write!(f, "{sessions} sessions")?,
            (None, Some(threads)) => write!(f, "{threads} threads")?,
            (None, None) => write!(f, "sessions as needed")?,
        }
        let Self { batch_tokens, batch_attention, batch_overhead, .. } = self;
        write!(f, ", batches of {batch_tokens} tokens, {batch_attention} cells, overhead {batch_overhead}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tuning() -> Tuning {
        Tuning::untuned("a/model", Provider::Cpu, &Batching::default().on(false), &SessionOptions::default())
    }

    #[test]
    fn files_give_back_what_was_saved() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tuning.toml");
        let several = Tuning { sessions: Some(2), threads: Some(1), ..tuning() };
        for tuning in [tuning(), several] {
            tuning.save(&path).unwrap();
            assert_eq!(Tuning::load(&path).unwrap(), tuning);
        }
    }

    #[test]
    fn files_that_hold_something_else_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tuning.toml");
        let whole = tuning().to_toml().unwrap();
        for (text, expected) in [
            (String::new(), "missing field `model`"),
            ("[[".to_owned(), "is no tuning"),
            (whole.clone() + "batches = 3\n", "unknown field `batches`"),
            (whole.replace("batch_tokens = 512", "batch_tokens = -1"), "invalid value"),
        ] {
            std::fs::write(&path, &text).unwrap();
            let error = Tuning::load(&path).unwrap_err().report();
            assert!(
                error.contains(expected) && error.contains("tuning.toml") && !error.contains('\n'),
                "{text}: {error}"
            );
        }
        assert!(matches!(Tuning::load(folder.path().join("none.toml")), Err(Error::Io { .. })));
    }

    #[test]
    fn another_providers_tuning_is_refused() {
        let old: Tuning = toml::from_str(&tuning().to_toml().unwrap().replace("provider = \"cpu\"\n", "")).unwrap();
        assert_eq!(old, tuning(), "files from before there was a provider are of the CPU");
        assert!(old.check_provider(Provider::Cpu).is_ok());
        let error = old.check_provider(Provider::Cuda).unwrap_err().to_string();
        assert!(error.contains("was measured on cpu, and the model runs on cuda"), "{error}");
    }

    #[test]
    fn another_models_tuning_is_refused() {
        assert!(tuning().check("a/model").is_ok());
        let error = tuning().check("another/model").unwrap_err().to_string();
        assert!(error.contains("was measured with a/model, not with another/model"), "{error}");
    }
}
