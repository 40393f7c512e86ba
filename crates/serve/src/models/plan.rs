//! From what the operator says to a model that can be built: which row or folder, of which family, under which name.

use std::path::Path;

use embedkit_core::session::{Provider, WeightQuantization};
use embedkit_core::{
    AnyEmbedder, Builder, EmbeddingKind, Family, ModelFiles, ModelFilter, ModelRef, OutputSelector, Registry, Result,
    Source, Tuning,
};
use embedkit_onnx::operators;

use crate::Error;
use crate::config::{ModelConfig, Quantize};

/// A model that can be built, as often as it has to be.
pub(super) struct Plan {
    pub(super) name: String,
    pub(super) family: &'static dyn Family,
    /// Further names that the catalogue has for it.
    pub(super) other_names: Vec<String>,
    pub(super) config: ModelConfig,
    model: ModelRef,
    registry: Registry,
    /// Whether results could depend on what else is in a batch, and are kept from it.
    batch_invariant: bool,
}

impl Plan {
    /// Finds what a model's configuration means.
    ///
    /// # Errors
    /// [`Error::Usage`] for one that is unknown or ambiguous; [`Error::Model`] for a folder that cannot be read.
    pub(super) fn new(config: ModelConfig, registry: &Registry) -> Result<Self, Error> {
        if config.name.as_deref().is_some_and(|name| name.trim().is_empty()) {
            return Err(Error::usage(
                "a model's name is empty, and requests could not say it: name it, or leave out `name`",
            ));
        }
        match (known_id(&config, registry), &config.dir) {
            (Some(id), _) => Self::of_row(id, config, registry),
            (None, Some(dir)) => {
                let dir = dir.clone();
                Self::of_folder(&dir, config, registry)
            }
            (None, None) => match config.id.as_deref() {
                Some(id) => Err(Error::model(id, registry.unknown(id, config.family.as_deref()))),
                None => Err(Error::usage("a model has neither an id nor a folder")),
            },
        }
    }

    fn of_row(id: String, config: ModelConfig, registry: &Registry) -> Result<Self, Error> {
        let rows = registry.find_all(&id);
        let rows: Vec<_> =
            rows.iter().filter(|row| config.family.as_ref().is_none_or(|it| *it == row.family)).collect();
        let family = |name: &str| registry.family(name).map_err(|error| Error::model(&id, error));
        let families = rows.iter().map(|row| family(&row.family)).collect::<Result<Vec<_>, _>>()?;
        // Of a model of several families, the one whose models give everything in one run.
        let position = match families.len() {
            0 | 1 => 0,
            _ => families.iter().position(|family| family.output() == EmbeddingKind::Several).ok_or_else(|| {
                let names: Vec<_> = families.iter().map(|family| family.name()).collect();
                Error::usage(format!(
                    "{id} is a model of several families: choose one with `family`, of {}",
                    names.join(", ")
                ))
            })?,
        };
        let (Some(row), Some(family)) = (rows.get(position), families.get(position)) else {
            return Err(Error::model(&id, registry.unknown(&id, config.family.as_deref())));
        };
        Ok(Self {
            name: config.name.clone().unwrap_or_else(|| row.id.clone()),
            other_names: row.names().map(str::to_owned).collect(),
            family: *family,
            model: ModelRef::Id(row.id.clone()),
            batch_invariant: config.batch_invariant.unwrap_or(true),
            registry: registry.clone(),
            config,
        })
    }

    fn of_folder(dir: &Path, config: ModelConfig, registry: &Registry) -> Result<Self, Error> {
        let shown = dir.display().to_string();
        let name = config.name.clone().or_else(|| Some(dir.file_name()?.to_string_lossy().into_owned()));
        let name = name.unwrap_or_else(|| shown.clone());
        let at = |error| Error::model(&name, error);
        let mut files = ModelFiles::folder(dir).map_err(at)?;
        if let Some(graph) = &config.model_file {
            files = files.with_graph(graph);
        }
        let family = match &config.family {
            Some(family) => registry.family(family).map_err(at)?,
            None => registry.family_of(&files).ok_or_else(|| {
                Error::usage(format!(
                    "{shown} does not say what model it is: name its `family`, and `pooling` where it has one"
                ))
            })?,
        };
        let graph = config.model_file.clone().or_else(|| Some(family.describe(&files).ok()?.model_file));
        let is_dynamic = graph.is_none_or(|graph| scales_by_batch(&files, &graph));
        Ok(Self {
            other_names: Vec::new(),
            family,
            model: ModelRef::Folder(dir.to_owned()),
            batch_invariant: config.batch_invariant.unwrap_or(is_dynamic || config.quantize.is_some()),
            registry: registry.clone(),
            name,
            config,
        })
    }

    /// Loads the model.
    ///
    /// # Errors
    /// As [`Builder::build`], of options by the names that settings have for them.
    pub(super) fn build(&self) -> Result<AnyEmbedder> {
        self.build_as_told().map_err(in_words_of_settings)
    }

    fn build_as_told(&self) -> Result<AnyEmbedder> {
        let config = &self.config;
        let mut builder = AnyEmbedder::builder(self.family, self.model.clone()).registry(&self.registry);
        if let (ModelRef::Id(_), Some(dir)) = (&self.model, &config.dir) {
            builder = builder.model_dir(dir);
        }
        builder = self.with_folder_options(builder);
        if let Some(file) = &config.tuning {
            builder = builder.tuned(Tuning::load(file)?);
        }
        if let Some(Quantize::Int8) = config.quantize {
            builder = builder.quantize(WeightQuantization::Int8);
        }
        if let Some(dim) = config.dim {
            builder = builder.dim(dim);
        }
        if let Some(tokens) = config.max_length {
            builder = builder.max_length(tokens);
        }
        if let Some(tokens) = config.max_batch_tokens {
            builder = builder.batch_tokens(tokens);
        }
        if let Some(rows) = config.batch_size {
            builder = builder.batch_size(rows);
        }
        if let Some(threads) = config.threads {
            builder = builder.threads(threads);
        }
        if let Some(sessions) = config.sessions {
            builder = builder.sessions(sessions);
        }
        let providers = config.provider.iter().map(|name| name.parse()).collect::<Result<Vec<Provider>>>()?;
        builder = match (config.require_provider, providers.is_empty()) {
            (true, _) => builder.require_providers(providers),
            (false, true) => builder,
            (false, false) => builder.prefer_providers(providers),
        };
        for (name, value) in &config.parameters {
            builder = builder.parameter(name, value.clone());
        }
        for (name, value) in self.bounds_of_images() {
            builder = builder.parameter(name, value);
        }
        builder = builder.tf32(config.tf32);
        fetched(builder, config).device_ids(config.device.clone()).batch_invariant(self.batch_invariant).build()
    }

    /// What decoding images may take, as parameters: the bytes of the memory, and the pixels.
    fn bounds_of_images(&self) -> impl Iterator<Item = (&'static str, i64)> {
        let memory = self.config.decode_memory.map(|mebibytes| ("decode-memory", mebibytes.saturating_mul(1 << 20)));
        let pixels = self.config.max_pixels.map(|pixels| ("max-pixels", pixels));
        [memory, pixels].into_iter().flatten().map(|(name, number)| (name, i64::try_from(number).unwrap_or(i64::MAX)))
    }

    /// What the operator says of the folder.
    fn with_folder_options(&self, mut builder: Builder<AnyEmbedder>) -> Builder<AnyEmbedder> {
        let config = &self.config;
        if let Some(file) = &config.model_file {
            builder = builder.model_file(file);
        }
        if let Some(pooling) = &config.pooling {
            builder = builder.pooling(pooling.clone());
        }
        if let Some(normalize) = config.normalize {
            builder = builder.normalize(normalize);
        }
        if let Some(name) = &config.output_name {
            builder = builder.output(OutputSelector::Name(name.clone()));
        }
        builder
    }
}

/// The library's options that settings have other names for; all others differ by hyphens alone.
const OTHER_NAMES: [(&str, &str); 6] = [
    ("batch_tokens", "max-batch-tokens"),
    ("device_ids", "device"),
    ("model_dir", "dir"),
    ("output", "output-name"),
    ("providers", "provider"),
    ("require_providers", "require-provider"),
];

fn in_words_of_settings(error: embedkit_core::Error) -> embedkit_core::Error {
    match error {
        embedkit_core::Error::InvalidOption { option, message } => {
            let other = OTHER_NAMES.iter().find(|(name, _)| *name == option).map(|(_, setting)| (*setting).to_owned());
            embedkit_core::Error::option(other.unwrap_or_else(|| option.replace('_', "-")), message)
        }
        other => other,
    }
}

/// The model that is compiled in.
pub(super) fn compiled_in(registry: &Registry) -> Option<ModelConfig> {
    let is_embedded = |source: &Source| matches!(source, Source::Embedded { .. });
    let rows = registry.list(&ModelFilter::default());
    let mut rows: Vec<_> = rows.iter().filter(|row| row.sources.iter().any(is_embedded)).collect();
    // Of several, one of single vectors: what most clients ask for.
    let is_dense = |family: &str| registry.family(family).is_ok_and(|family| family.output() == EmbeddingKind::Dense);
    rows.sort_by_key(|row| !is_dense(&row.family));
    let row = rows.first()?;
    Some(ModelConfig { id: Some(row.id.clone()), ..ModelConfig::default() })
}

#[cfg(feature = "hub")]
fn fetched(mut builder: Builder<AnyEmbedder>, config: &ModelConfig) -> Builder<AnyEmbedder> {
    if let Some(folder) = &config.cache_dir {
        builder = builder.cache_dir(folder);
    }
    if config.offline { builder.offline(true) } else { builder }
}

#[cfg(not(feature = "hub"))]
fn fetched(builder: Builder<AnyEmbedder>, _: &ModelConfig) -> Builder<AnyEmbedder> {
    builder
}

/// The id, or a folder's name, that the catalogue has.
fn known_id(config: &ModelConfig, registry: &Registry) -> Option<String> {
    let id = config.id.as_ref().or(config.dir.as_ref().and(config.name.as_ref()))?;
    (!registry.find_all(id).is_empty()).then(|| id.clone())
}

/// Whether a graph scales activations by the batch at hand, so that inputs of a batch change each other's results. One
/// that cannot be read is taken for such; a model without a graph has no activations.
fn scales_by_batch(files: &ModelFiles, graph: &str) -> bool {
    if !graph.ends_with(".onnx") {
        return false;
    }
    let mut scales = false;
    let read = files
        .open(graph, true)
        .is_ok_and(|bytes| operators(&bytes, |operator| scales |= operator.starts_with("DynamicQuantize")).is_ok());
    scales || !read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_graph_says_whether_it_scales_by_the_batch() {
        let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../dense/tests/fixtures");
        let files = ModelFiles::folder(fixtures).unwrap();
        for (graph, expected) in [
            ("int8-dynamic/model.onnx", true),
            ("transformer-mean/model_optimized.onnx", false),
            ("transformer-mean/golden.json", false),
            ("missing.onnx", true),
        ] {
            assert_eq!(scales_by_batch(&files, graph), expected, "{graph}");
        }
    }
}
