//! From arguments to a model.

use std::path::Path;

use embedkit::Tuning;
use embedkit::{Builder, Embedder, ModelDescription, ModelFiles, OutputSelector, Pooling, Quantization, Registry};

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
        let Some(id) = self.id() else { return Ok(Kind::Dense) };
        let rows = Registry::global().find_all(id);
        let kinds: Vec<Kind> = rows.iter().filter_map(|row| Kind::of_family(&row.family)).collect();
        match (&kinds[..], &rows[..]) {
            ([kind], _) => Ok(*kind),
            ([], [row, ..]) => {
                Err(Failure::Failed(format!("model {id} is of the family {}, which has another verb", row.family)))
            }
            ([], []) => Ok(Kind::Dense),
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
            (Some(_), Some(id)) if known && folder.describes() => Err(Failure::Usage(format!(
                "{id} is a known model, which --pooling, --normalize, --output-name and --model-file cannot change"
            ))),
            (Some(dir), Some(id)) if known => Ok(Builder::new(id).model_dir(dir)),
            (Some(dir), id) if folder.describes() => Ok(Builder::new(folder.row(dir, id, F::FAMILY)?).model_dir(dir)),
            (Some(dir), _) => Ok(Builder::new(dir)),
            (None, Some(DEFAULT_MODEL)) if self.model.is_none() && Kind::of_family(F::FAMILY) != Some(Kind::Dense) => {
                let family = F::FAMILY;
                Err(Failure::Usage(format!("name a model with --model; `models list --family {family}` lists them")))
            }
            (None, id) => Ok(Builder::new(id.unwrap_or(DEFAULT_MODEL))),
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
        let architecture = match Kind::of_family(family) {
            Some(Kind::Dense) => "transformer",
            Some(Kind::Image) => "image-encoder",
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
