//! From arguments to a model.

use std::path::Path;

use embedkit::dense::TextEmbedding;
use embedkit::plugin::Family;
#[cfg(feature = "onnx")]
use embedkit::session::{Provider, WeightQuantization};
use embedkit::{AnyEmbedder, Builder, ContentKind, Embedder, ModelFiles, ModelRef, OutputSelector, Pooling, Registry};

use crate::args::{CacheArgs, FolderArgs, ModelArgs, PoolingArg};
#[cfg(feature = "onnx")]
use crate::args::{GraphArgs, ImageArgs, QuantizeArg};
use crate::failure::{Failure, Result};
use crate::{names, notice, uses};

/// The models when none is named, which are compiled in: the first that the family has.
const DEFAULTS: [&str; 2] = ["embedkit/static-minilm-en", "embedkit/static-late-en"];

impl ModelArgs {
    /// The family of the model.
    pub(crate) fn family(&self) -> Result<&'static dyn Family> {
        self.family_for(None)
    }

    /// The family of the model; of a model of several, the one that takes inputs of this kind.
    pub(crate) fn family_for(&self, inputs: Option<ContentKind>) -> Result<&'static dyn Family> {
        let registry = Registry::global();
        if let Some(name) = &self.folder.kind {
            return registry.family(name).map_err(|error| Failure::Usage(error.to_string()));
        }
        let Some(id) = self.id()? else { return self.folder.own_family(inputs) };
        let rows = registry.find_all(&id);
        let families = rows.iter().filter_map(|row| registry.family(&row.family).ok());
        let mut embedding: Vec<_> = families.filter(|family| has_its_verb(*family, inputs)).collect();
        if embedding.len() > 1
            && let Some(kind) = inputs
        {
            embedding.retain(|family| family.inputs().contains(&kind));
        }
        match (embedding.len(), rows.first()) {
            (1, _) => Ok(embedding.remove(0)),
            (0, Some(row)) => Err(takes_pairs(&format!("model {id}"), &row.family)),
            (0, None) => self.folder.own_family(inputs),
            _ => {
                let names: Vec<_> = embedding.iter().map(|family| family.name()).collect();
                Err(Failure::Usage(format!(
                    "{id} is a model of several families: choose with --kind {}",
                    names.join("|")
                )))
            }
        }
    }

    /// Whether images are among the model's inputs.
    pub(crate) fn takes_images(&self) -> Result<bool> {
        Ok(self.family_for(Some(ContentKind::Text))?.inputs().contains(&ContentKind::Image))
    }

    /// The complaint that an option needs a model of a family, where the one that is named is known as another's.
    #[cfg(feature = "onnx")]
    pub(crate) fn check_is_of(&self, family: &str, option: &str) -> Result<()> {
        let Some(id) = self.id()?.filter(|_| self.model.is_some()) else { return Ok(()) };
        let rows = Registry::global().find_all(&id);
        match rows.first() {
            Some(row) if rows.iter().all(|row| row.family != family) => Err(Failure::Usage(format!(
                "{option} is for models of the family {family}, and {id} is of the family {}; `models list --family \
                 {family}` lists those that take it",
                row.family
            ))),
            _ => Ok(()),
        }
    }

    /// Whether the model is one of page images: it is known as one, or said to be.
    #[cfg(feature = "onnx")]
    pub(crate) fn is_of_pages(&self) -> Result<bool> {
        const FAMILY: &str = <embedkit::colpali::LateInteractionMultimodalEmbedding as Embedder>::FAMILY;
        match (&self.folder.kind, self.id()?) {
            (Some(kind), _) => Ok(kind == FAMILY),
            (None, Some(id)) => Ok(Registry::global().find_all(&id).iter().any(|row| row.family == FAMILY)),
            (None, None) => Ok(false),
        }
    }

    /// The model's id, as the registry has it, unless a folder stands for itself.
    fn id(&self) -> Result<Option<String>> {
        match &self.model {
            Some(model) if self.folder.model_dir.is_some() => Ok(Some(names::known(model).unwrap_or(model.clone()))),
            Some(model) => names::known(model).map(Some),
            None => Ok(self.folder.model_dir.is_none().then(|| DEFAULTS[0].to_owned())),
        }
    }

    /// A builder of a known family with everything that the arguments say.
    pub(crate) fn builder<E: Embedder>(&self) -> Result<Builder<E>> {
        if let Some(kind) = self.folder.kind.as_deref().filter(|kind| *kind != E::FAMILY) {
            let message =
                format!("--kind {kind}: what is asked for is done by models of the family {} alone", E::FAMILY);
            return Err(Failure::Usage(message));
        }
        let (model, folder) = self.located(Registry::global().family(E::FAMILY)?)?;
        self.applied(E::builder(model), folder)
    }

    /// A builder of whatever family with everything that the arguments say.
    pub(crate) fn any_builder(&self, family: &'static dyn Family) -> Result<Builder<AnyEmbedder>> {
        let (model, folder) = self.located(family)?;
        self.applied(AnyEmbedder::builder(family, model), folder)
    }

    fn applied<E>(&self, mut builder: Builder<E>, folder: Option<&Path>) -> Result<Builder<E>> {
        builder = self.folder.apply(builder);
        if let Some(folder) = folder {
            builder = builder.model_dir(folder);
        }
        #[cfg(feature = "onnx")]
        {
            builder = self.images.apply(self.graph.apply(builder)?);
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
        Ok(self.cache.apply(builder.batch_invariant(self.batch_invariant)))
    }

    /// The model, and the folder with its files where that does not describe itself.
    fn located(&self, family: &dyn Family) -> Result<(ModelRef, Option<&Path>)> {
        uses::check_family(family)?;
        let folder = &self.folder;
        let is_of_family = |id: &str| Registry::global().find(family.name(), id).is_ok();
        let id = match self.id()? {
            Some(_) if self.model.is_none() => DEFAULTS.into_iter().find(|id| is_of_family(id)).map(str::to_owned),
            id => id,
        };
        let known = id.as_deref().is_some_and(is_of_family);
        if let (Some(_), Some(id), false) = (&folder.model_dir, &id, known) {
            check_name(id, family, folder.has_overrides())?;
        }
        match (&folder.model_dir, id) {
            (Some(_), Some(id)) if known && folder.has_overrides() => Err(Failure::Usage(format!(
                "{id} is a known model, which --pooling, --normalize, --output-name and --model-file cannot change"
            ))),
            (Some(dir), Some(id)) if known => Ok((id.into(), Some(dir))),
            (Some(dir), _) => Ok((dir.into(), None)),
            (None, Some(id)) => Ok((id.into(), None)),
            (None, None) => Err(Failure::Usage(format!(
                "name a model with --model; `models list --family {}` lists them",
                family.name()
            ))),
        }
    }
}

/// Whether what is done with inputs of this kind is done with the family's models: pairs have verbs of their own.
fn has_its_verb(family: &dyn Family, inputs: Option<ContentKind>) -> bool {
    family.inputs() != [ContentKind::Pair] || inputs == Some(ContentKind::Pair)
}

fn takes_pairs(model: &str, family: &str) -> Failure {
    let verbs = "`rerank` scores them, and `tokens --query-text` counts them";
    Failure::Failed(format!("{model} is of the family {family}, which takes pairs of texts: {verbs}"))
}

/// Refuses the name of another family's model beside a folder. Any other name is the caller's own, of a folder that the
/// options describe; without such options it is told that the name says nothing.
fn check_name(id: &str, family: &dyn Family, is_described: bool) -> Result<()> {
    match Registry::global().find_all(id).first() {
        Some(other) => Err(Failure::Usage(format!(
            "--model {id} is of the family {}, and what is asked for is done by models of the family {}",
            other.family,
            family.name()
        ))),
        None if is_described => Ok(()),
        None => {
            notice::tell(&format!(
                "--model {id} is no model that is known: the folder of --model-dir describes itself"
            ));
            Ok(())
        }
    }
}

#[cfg(feature = "onnx")]
impl ImageArgs {
    /// Sets the parameters that are named here, which models of images have.
    fn apply<E>(&self, mut builder: Builder<E>) -> Builder<E> {
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        if let Some(pixels) = self.max_pixels {
            builder = builder.parameter("max-pixels", whole(pixels));
        }
        if let Some(mebibytes) = self.decode_memory {
            builder = builder.parameter("decode-memory", whole(mebibytes.saturating_mul(1 << 20)));
        }
        builder
    }
}

#[cfg(feature = "onnx")]
impl GraphArgs {
    /// Sets what is said of sessions; a tuning first, so that the others go before it.
    fn apply<E>(&self, mut builder: Builder<E>) -> Result<Builder<E>> {
        if let Some(file) = &self.tuning {
            builder = builder.tuned(embedkit::Tuning::load(file)?);
        }
        if let Some(sessions) = self.sessions {
            builder = builder.sessions(sessions);
        }
        if let Some(QuantizeArg::Int8) = self.quantize {
            builder = builder.quantize(WeightQuantization::Int8);
        }
        let only_cpu = self.providers.iter().all(|provider| *provider == Provider::Cpu);
        if only_cpu && !self.devices.is_empty() {
            return Err(Failure::Usage(
                "--device is for providers with several devices, and the CPU is one".to_owned(),
            ));
        }
        let providers = self.providers.iter().copied();
        builder = match (self.require_provider, self.providers.is_empty()) {
            (true, _) => builder.require_providers(providers),
            (false, true) => builder,
            (false, false) => builder.prefer_providers(providers),
        };
        Ok(builder.device_ids(self.devices.clone()).tf32(self.tf32))
    }
}

impl FolderArgs {
    /// Whether any option changes what the folder says.
    fn has_overrides(&self) -> bool {
        self.pooling.is_some() || self.normalize || self.output_name.is_some() || self.model_file.is_some()
    }

    /// Sets each option over what the folder says; what it says besides stays.
    fn apply<E>(&self, mut builder: Builder<E>) -> Builder<E> {
        if let Some(file) = &self.model_file {
            builder = builder.model_file(file);
        }
        if let Some(pooling) = self.pooling {
            builder = builder.pooling(match pooling {
                PoolingArg::Cls => Pooling::Cls,
                PoolingArg::Max => Pooling::Max,
                PoolingArg::Mean => Pooling::Mean,
                PoolingArg::MeanSqrtLen => Pooling::MeanSqrtLen,
                PoolingArg::WeightedMean => Pooling::WeightedMean,
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

    /// The family of a folder that describes itself; where the caller says how vectors are made, that of dense vectors.
    fn own_family(&self, inputs: Option<ContentKind>) -> Result<&'static dyn Family> {
        let Some(dir) = self.model_dir.as_deref().filter(|_| self.pooling.is_none()) else {
            return Ok(Registry::global().family(TextEmbedding::FAMILY)?);
        };
        let family = family_of_folder(dir, None, self.model_file.as_deref())?;
        match has_its_verb(family, inputs) {
            true => Ok(family),
            false => Err(takes_pairs(&dir.display().to_string(), family.name())),
        }
    }
}

/// The family that is named, else the one that a folder shows to be of. Where it shows none, that of dense vectors, which says
/// what the folder lacks.
pub(crate) fn family_of_folder(dir: &Path, named: Option<&str>, graph: Option<&str>) -> Result<&'static dyn Family> {
    let registry = Registry::global();
    if let Some(name) = named {
        return registry.family(name).map_err(|error| Failure::Usage(error.to_string()));
    }
    let dense = registry.family(TextEmbedding::FAMILY)?;
    let Ok(files) = ModelFiles::folder(dir) else { return Ok(dense) };
    let files = match graph {
        Some(graph) if !files.has(graph) => {
            return Err(Failure::Failed(format!("{} has no {graph}, which --model-file names", dir.display())));
        }
        Some(graph) => files.with_graph(graph),
        None => files,
    };
    Ok(registry.family_of(&files).unwrap_or(dense))
}

impl CacheArgs {
    #[cfg(feature = "hub")]
    pub(crate) fn apply<E>(&self, builder: Builder<E>) -> Builder<E> {
        builder.hub(self.hub_options())
    }

    #[cfg(not(feature = "hub"))]
    pub(crate) fn apply<E>(&self, builder: Builder<E>) -> Builder<E> {
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
