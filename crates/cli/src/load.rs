//! From arguments to a model.

use std::path::Path;

use embedkit::Tuning;
use embedkit::dense::TextEmbedding;
use embedkit::plugin::Family;
use embedkit::{
    AnyEmbedder, Builder, ContentKind, Embedder, ModelDescription, ModelFiles, ModelRef, OutputSelector, Pooling,
    Quantization, Registry,
};

use crate::args::{CacheArgs, FolderArgs, ModelArgs, PoolingArg};
use crate::failure::{Failure, Result};

/// The model when none is named.
const DEFAULT_MODEL: &str = "embedkit/static-minilm-en";

impl ModelArgs {
    /// The family of the model.
    pub(crate) fn family(&self) -> Result<&'static dyn Family> {
        let registry = Registry::global();
        if let Some(name) = &self.folder.kind {
            return registry.family(name).map_err(|error| Failure::Usage(error.to_string()));
        }
        let id = self.id().unwrap_or(DEFAULT_MODEL);
        let rows = registry.find_all(id);
        let families = rows.iter().filter_map(|row| registry.family(&row.family).ok());
        // Pairs have verbs of their own.
        let mut embedding: Vec<_> = families.filter(|family| family.inputs() != [ContentKind::Pair]).collect();
        match (embedding.len(), rows.first()) {
            (1, _) => Ok(embedding.remove(0)),
            (0, Some(row)) => {
                Err(Failure::Failed(format!("model {id} is of the family {}, which has another verb", row.family)))
            }
            (0, None) => Ok(registry.family(TextEmbedding::FAMILY)?),
            _ => {
                let names: Vec<_> = embedding.iter().map(|family| family.name()).collect();
                Err(Failure::Usage(format!(
                    "{id} is a model of several families: choose with --kind {}",
                    names.join("|")
                )))
            }
        }
    }

    /// The model's id, unless a folder stands for itself.
    fn id(&self) -> Option<&str> {
        let default = self.folder.model_dir.is_none().then_some(DEFAULT_MODEL);
        self.model.as_deref().or(default)
    }

    /// A builder of a known family with everything that the arguments say.
    pub(crate) fn builder<E: Embedder>(&self) -> Result<Builder<E>> {
        let (model, folder) = self.located(E::FAMILY)?;
        self.applied(E::builder(model), folder)
    }

    /// A builder of whatever family with everything that the arguments say.
    pub(crate) fn any_builder(&self, family: &'static dyn Family) -> Result<Builder<AnyEmbedder>> {
        let (model, folder) = self.located(family.name())?;
        self.applied(AnyEmbedder::builder(family, model), folder)
    }

    fn applied<E>(&self, mut builder: Builder<E>, folder: Option<&Path>) -> Result<Builder<E>> {
        if let Some(folder) = folder {
            builder = builder.model_dir(folder);
        }
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
        builder = match (self.require_provider, self.providers.is_empty()) {
            (true, _) => builder.require_providers(providers),
            (false, true) => builder,
            (false, false) => builder.prefer_providers(providers),
        };
        Ok(self.cache.apply(builder.device_ids(self.devices.clone()).batch_invariant(self.batch_invariant)))
    }

    /// The model, and the folder with its files where that does not describe itself.
    fn located(&self, family: &str) -> Result<(ModelRef, Option<&Path>)> {
        let folder = &self.folder;
        let known = self.id().is_some_and(|id| Registry::global().find(family, id).is_ok());
        match (&folder.model_dir, self.id()) {
            (Some(_), Some(id)) if known && folder.describes() => Err(Failure::Usage(format!(
                "{id} is a known model, which --pooling, --normalize, --output-name and --model-file cannot change"
            ))),
            (Some(dir), Some(id)) if known => Ok((id.into(), Some(dir))),
            (Some(dir), id) if folder.describes() => Ok((folder.row(dir, id, family)?.into(), Some(dir))),
            (Some(dir), _) => Ok((dir.into(), None)),
            (None, Some(DEFAULT_MODEL)) if self.model.is_none() && !known => {
                Err(Failure::Usage(format!("name a model with --model; `models list --family {family}` lists them")))
            }
            (None, id) => Ok((id.unwrap_or(DEFAULT_MODEL).into(), None)),
        }
    }
}

impl FolderArgs {
    /// Whether the options describe the folder, so that it need not do so itself.
    fn describes(&self) -> bool {
        self.pooling.is_some() || self.normalize || self.output_name.is_some() || self.model_file.is_some()
    }

    /// The row that the options amount to.
    fn row(&self, dir: &Path, id: Option<&str>, family: &str) -> Result<ModelDescription> {
        let name = dir.file_name().map(|name| name.to_string_lossy().into_owned());
        let id = id.map(str::to_owned).or(name).unwrap_or_else(|| "model".to_owned());
        let architecture = match family {
            "dense" => "transformer",
            "image" => "image-encoder",
            _ => return Err(Failure::Usage(format!("these options describe no {family} model: use --manifest"))),
        };
        let mut row = ModelDescription::new(id, family, architecture);
        row.model_file = match &self.model_file {
            Some(file) => file.clone(),
            None => ModelFiles::folder(dir)?.find_graph()?.to_owned(),
        };
        row.normalize = self.normalize;
        // The options do not say how the weights are stored, and --batch-invariant must hold.
        row.quantization = Quantization::Dynamic;
        row.output = self.output_name.clone().map(OutputSelector::Name);
        row.pooling = match self.pooling {
            Some(PoolingArg::Cls) => Pooling::Cls,
            Some(PoolingArg::Mean) => Pooling::Mean,
            Some(PoolingArg::LastToken) => Pooling::LastToken,
            Some(PoolingArg::None) | None => Pooling::None,
        };
        Ok(row)
    }
}

impl CacheArgs {
    #[cfg(feature = "hub")]
    fn apply<E>(&self, builder: Builder<E>) -> Builder<E> {
        builder.hub(self.hub_options())
    }

    #[cfg(not(feature = "hub"))]
    fn apply<E>(&self, builder: Builder<E>) -> Builder<E> {
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
