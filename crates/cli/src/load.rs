//! From arguments to a model.

use embedkit::Tuning;
use embedkit::{Builder, Embedder, ModelFiles, OutputSelector, Pooling, Registry};

use crate::args::{CacheArgs, FolderArgs, Kind, ModelArgs, PoolingArg};
use crate::failure::{Failure, Result};

/// The model when none is named.
const DEFAULT_MODEL: &str = "embedkit/static-minilm-en";

impl ModelArgs {
    /// The family of the model.
    pub(crate) fn kind(&self) -> Result<Kind> {
        if let Some(kind) = self.folder.kind {
            return Ok(kind);
        }
        let Some(id) = self.id() else { return Ok(self.folder.own_kind()) };
        let rows = Registry::global().find_all(id);
        let kinds: Vec<Kind> = rows.iter().filter_map(|row| Kind::of_family(&row.family)).collect();
        match (&kinds[..], &rows[..]) {
            ([kind], _) => Ok(*kind),
            ([], [row, ..]) => {
                Err(Failure::Failed(format!("model {id} is of the family {}, which has another verb", row.family)))
            }
            ([], []) => Ok(self.folder.own_kind()),
            (several, _) => {
                let families: Vec<_> = several.iter().map(|kind| kind.family()).collect();
                Err(Failure::Usage(format!(
                    "{id} is a model of several families: choose with --kind {}",
                    families.join("|")
                )))
            }
        }
    }

    /// The model's id, unless a folder stands for itself.
    fn id(&self) -> Option<&str> {
        let default = self.folder.model_dir.is_none().then_some(DEFAULT_MODEL);
        self.model.as_deref().or(default)
    }

    /// A builder with everything that the arguments say.
    pub(crate) fn builder<F: Embedder>(&self) -> Result<Builder<F>> {
        let mut builder = self.located()?;
        if let Some(file) = &self.tuning {
            builder = builder.tuned(Tuning::load(file)?);
        }
        if let Some(dim) = self.dim {
            builder = builder.dim(dim);
        }
        if let Some(tokens) = self.max_length {
            builder = builder.max_length(tokens);
        }
        if let Some(rows) = self.batch_size {
            builder = builder.batch_size(rows);
        }
        if let Some(threads) = self.threads {
            builder = builder.threads(threads);
        }
        if let Some(sessions) = self.sessions {
            builder = builder.sessions(sessions);
        }
        let providers = self.providers.iter().copied();
        builder = match self.require_provider {
            true => builder.require_providers(providers),
            false if self.providers.is_empty() => builder,
            false => builder.prefer_providers(providers),
        };
        Ok(self.cache.apply(builder.device_ids(self.devices.clone()).batch_invariant(self.batch_invariant)))
    }

    /// The model and where its files are.
    fn located<F: Embedder>(&self) -> Result<Builder<F>> {
        let folder = &self.folder;
        let known = self.id().is_some_and(|id| Registry::global().find(F::FAMILY, id).is_ok());
        match (&folder.model_dir, self.id()) {
            (Some(_), Some(id)) if known && folder.has_overrides() => Err(Failure::Usage(format!(
                "{id} is a known model, which --pooling, --normalize, --output-name and --model-file cannot change"
            ))),
            (Some(dir), Some(id)) if known => Ok(Builder::new(id).model_dir(dir)),
            (Some(dir), _) => Ok(folder.apply(Builder::new(dir))),
            (None, Some(DEFAULT_MODEL)) if self.model.is_none() && Kind::of_family(F::FAMILY) != Some(Kind::Dense) => {
                let family = F::FAMILY;
                Err(Failure::Usage(format!("name a model with --model; `models list --family {family}` lists them")))
            }
            (None, id) => Ok(Builder::new(id.unwrap_or(DEFAULT_MODEL))),
        }
    }
}

impl FolderArgs {
    /// Whether any option changes what the folder says.
    fn has_overrides(&self) -> bool {
        self.pooling.is_some() || self.normalize || self.output_name.is_some() || self.model_file.is_some()
    }

    /// Sets each option over what the folder says; what it says besides stays.
    fn apply<F: Embedder>(&self, mut builder: Builder<F>) -> Builder<F> {
        if let Some(file) = &self.model_file {
            builder = builder.model_file(file);
        }
        if let Some(pooling) = self.pooling {
            builder = builder.pooling(match pooling {
                PoolingArg::Cls => Pooling::Cls,
                PoolingArg::Mean => Pooling::Mean,
                PoolingArg::LastToken => Pooling::LastToken,
                PoolingArg::None => Pooling::None,
            });
        }
        if self.normalize {
            builder = builder.normalize(true);
        }
        match &self.output_name {
            Some(name) => builder.output(OutputSelector::Name(name.clone())),
            None => builder,
        }
    }

    /// The kind of a folder that describes itself: the first of texts' kinds that the folder is one of. Where it is
    /// none, or the caller says how vectors are made, dense.
    fn own_kind(&self) -> Kind {
        let files = self.model_dir.as_ref().and_then(|dir| ModelFiles::folder(dir).ok());
        let Some(files) = files.filter(|_| self.pooling.is_none()) else { return Kind::Dense };
        let files = match &self.model_file {
            Some(graph) => files.with_graph(graph),
            None => files,
        };
        let registry = Registry::global();
        let is_of = |kind: &Kind| {
            let row = registry.family(kind.family()).and_then(|family| family.describe(&files));
            // A graph alone could be a masked language model or any other.
            row.is_ok_and(|row| row.architecture != "splade" || row.vocab_size.is_some() || files.has("modules.json"))
        };
        [Kind::Dense, Kind::Sparse, Kind::Colbert].into_iter().find(is_of).unwrap_or(Kind::Dense)
    }
}

impl CacheArgs {
    #[cfg(feature = "hub")]
    fn apply<F: Embedder>(&self, builder: Builder<F>) -> Builder<F> {
        builder.hub(self.hub_options())
    }

    #[cfg(not(feature = "hub"))]
    fn apply<F: Embedder>(&self, builder: Builder<F>) -> Builder<F> {
        builder
    }

    /// How models are fetched, with a progress bar.
    #[cfg(feature = "hub")]
    pub(crate) fn hub_options(&self) -> embedkit::hub::HubOptions {
        let mut options = embedkit::hub::HubOptions::default().on_event(crate::progress::downloads());
        options.offline = self.offline;
        options.cache_dir = self.cache_dir.clone();
        options
    }
}
