//! From a request to a loaded model.

use std::sync::Arc;

use super::model_ref::FilesFrom;
use super::{Builder, ModelRef, Overrides};
use crate::engine::LoadedModel;
use crate::{
    Architecture, Cause, Embedder, Error, GraphSearch, LoadContext, ModelDescription, ModelFiles, ModelOption,
    Quantization, Registry, Result,
};

/// What a [`Builder`] makes: every [`Embedder`], and [`AnyEmbedder`](crate::AnyEmbedder).
pub trait Build: Sized {
    /// Loads the model.
    ///
    /// # Errors
    /// As [`Builder::build`].
    fn build(builder: Builder<Self>) -> Result<Self>;
}

impl<E: Embedder> Build for E {
    fn build(builder: Builder<Self>) -> Result<Self> {
        Ok(E::from_engine(builder.load()?.engine()?))
    }
}

impl<E: Build> Builder<E> {
    /// Loads the model.
    ///
    /// # Errors
    /// [`Error::UnknownModel`], [`Error::UnknownArchitecture`], a download that fails, missing or
    /// wrong files, options that do not fit the model.
    pub fn build(self) -> Result<E> {
        E::build(self)
    }
}

/// A model that was found.
struct Found {
    model: ModelDescription,
    /// None where they are the row's sources' to give.
    files: Option<ModelFiles>,
    /// Whether the row may be wrong about how the weights are stored: neither a folder that describes itself says it, nor
    /// a graph that is another than the row's.
    is_unknown: bool,
}

impl<E> Builder<E> {
    /// Loads the model, for whoever asks for its types.
    pub(crate) fn load(self) -> Result<LoadedModel> {
        self.check()?;
        let registry = self.registry.clone().unwrap_or_else(|| Registry::global().clone());
        let Found { model, files, is_unknown } = self.find(&registry)?;
        let model = self.overridden(model);
        let architecture = registry.architecture(&model)?;
        self.check_model(architecture, &model, &registry)?;
        let files = files.map_or_else(|| self.files_of_sources(&model, &registry), Ok)?;
        #[cfg(feature = "onnx")]
        let (model, files) = match self.quantize {
            Some(weights) => crate::session::quantized(model, files, weights)?,
            None => (model, files),
        };
        let model = Arc::new(model);
        if let Some(notice) = &model.notice {
            tracing::warn!(model = model.id, "{notice}");
        }
        let mut context = LoadContext::new(model.clone(), files);
        context.dim = self.dim;
        context.memory_map = self.memory_map.unwrap_or(false);
        #[cfg(feature = "onnx")]
        {
            context.session = self.session;
            context.session.memory_map = self.memory_map;
        }
        let pipeline = match &self.loader {
            Some(load) => load(&context)?,
            None => architecture.load(&context)?,
        };
        #[cfg(feature = "onnx")]
        if let Some(option) = context.session.needs_graph().filter(|_| !pipeline.has_graph()) {
            return Err(Error::option(option, format!("model {} runs no graph, and has no use for it", model.id)));
        }
        #[cfg(feature = "onnx")]
        if context.session.prefers_providers() && !pipeline.has_graph() {
            tracing::warn!(model = model.id, "runs no graph: the preferred providers are not used");
        }
        let mut options = self.engine;
        options.batching.invariant &= model.quantization == Quantization::Dynamic || is_unknown;
        let loaded = LoadedModel::new(model, pipeline, options).of_files(context.files);
        #[cfg(feature = "onnx")]
        if let (Some(tuning), Some(provider)) = (&self.tuning, loaded.provider()) {
            tuning.check_provider(provider)?;
        }
        Ok(loaded)
    }

    /// The row, and the files that are given with it.
    fn find(&self, registry: &Registry) -> Result<Found> {
        let found = match &self.model {
            ModelRef::Id(id) => {
                let row = registry.find(self.family.name(), id)?;
                match self.given_files()? {
                    Some(files) => self.with_graph_at_hand(&row, files)?,
                    None => Found { model: ModelDescription::clone(&row), files: None, is_unknown: false },
                }
            }
            ModelRef::Row(row) => {
                crate::model::check_row(row).map_err(|message| Error::manifest(&row.id, message))?;
                Found { model: ModelDescription::clone(row), files: self.given_files()?, is_unknown: false }
            }
            ModelRef::Folder(folder) => self.described(ModelFiles::folder(folder)?)?,
            ModelRef::Files(files) => self.described(files.clone())?,
        };
        if found.model.family != self.family.name() {
            let (is, wanted) = (&found.model.family, self.family.name());
            let message = format!("is of the family {is:?}, and {wanted:?} was asked for");
            return Err(Error::model(found.model.id, message));
        }
        Ok(Found { is_unknown: found.is_unknown || self.overrides.model_file.is_some(), ..found })
    }

    /// The files that the caller gives for a row.
    fn given_files(&self) -> Result<Option<ModelFiles>> {
        Ok(match &self.files {
            None => None,
            Some(FilesFrom::Folder(folder)) => Some(ModelFiles::folder(folder)?),
            Some(FilesFrom::Memory(files)) => Some(files.clone()),
        })
    }

    /// The row that a folder or files amount to, with the graph that the caller names.
    fn described(&self, files: ModelFiles) -> Result<Found> {
        if let Some(other) = &self.files {
            let option = if matches!(other, FilesFrom::Folder(_)) { "model_dir" } else { "model_files" };
            let named = files.root().map_or_else(|| "files in memory".to_owned(), |root| root.display().to_string());
            let message = format!("the model is {named} already: name its id or its row, or leave this out");
            return Err(Error::option(option, message));
        }
        let Overrides { model_file, pooling, normalize, output, .. } = &self.overrides;
        let files = match model_file {
            Some(graph) => files.with_graph(graph),
            None => files,
        };
        let model = if pooling.is_some() || normalize.is_some() || output.is_some() {
            self.family.describe_graph(&files)?
        } else {
            self.family.describe(&files)?
        };
        Ok(Found { model, files: Some(files), is_unknown: true })
    }

    /// A registered row for a folder of the caller's, which may have the graph in another place than the row's source has
    /// it. A row without a source is of the folder alone, and must be right about it.
    fn with_graph_at_hand(&self, row: &ModelDescription, files: ModelFiles) -> Result<Found> {
        let mut found = Found { model: row.clone(), files: None, is_unknown: false };
        let is_at_hand = self.overrides.model_file.is_some() || files.has(&row.model_file);
        if !is_at_hand && !row.sources.is_empty() && row.model_file.ends_with(".onnx") {
            let name = row.model_file.rsplit('/').next().unwrap_or(&row.model_file);
            let graph = files.find_graph(&GraphSearch::new("feature-extraction").preferring(&[name, "model.onnx"]))?;
            if graph.rsplit('/').next() != Some(name) {
                tracing::warn!(
                    model = row.id,
                    graph,
                    "the folder lacks {}, and another graph is taken",
                    row.model_file
                );
                found.is_unknown = true;
            }
            found.model.model_file = graph;
        }
        Ok(Found { files: Some(files), ..found })
    }

    /// Refuses what the model cannot be loaded with, before anything is downloaded.
    fn check_model(
        &self,
        architecture: &dyn Architecture,
        model: &ModelDescription,
        registry: &Registry,
    ) -> Result<()> {
        #[cfg(feature = "onnx")]
        {
            if let Some(tuning) = &self.tuning {
                tuning.check(&model.id)?;
            }
            if self.quantize.is_some() {
                crate::session::check_quantizable(model)?;
            }
        }
        self.refuse_unused(architecture, model, registry)?;
        self.check_dim(model)?;
        architecture.check_row(model)
    }

    /// The files from the first of the row's sources that has them. Those on the network that stand side by side are
    /// looked for together: in the cache, before anything is downloaded.
    fn files_of_sources(&self, model: &ModelDescription, registry: &Registry) -> Result<ModelFiles> {
        if model.sources.is_empty() {
            return if model.required_files().next().is_none() { Ok(ModelFiles::none()) } else { self.fetch(model) };
        }
        let mut failures: Vec<Error> = Vec::new();
        for sources in model.sources.chunk_by(|a, b| a.is_remote() && b.is_remote()) {
            let download = || self.fetch(&ModelDescription { sources: sources.to_vec(), ..model.clone() });
            let at_hand = registry.source_files(model, &sources[0]);
            match at_hand.and_then(|files| files.map_or_else(download, Ok)) {
                Ok(files) => {
                    for error in failures {
                        tracing::warn!(model = model.id, error = error.report(), "a source is passed over");
                    }
                    return Ok(files);
                }
                Err(error) => failures.push(error),
            }
        }
        Err(none_of(&model.id, failures))
    }

    #[cfg(feature = "hub")]
    fn fetch(&self, model: &ModelDescription) -> Result<ModelFiles> {
        crate::hub::fetch(&crate::hub::Hub::new(self.hub.clone())?, model)
    }

    #[cfg(not(feature = "hub"))]
    fn fetch(&self, model: &ModelDescription) -> Result<ModelFiles> {
        match model.required_files().next() {
            None => Ok(ModelFiles::none()),
            Some(_) => Err(Error::option(
                "model_dir",
                format!(
                    "model {} must be given as a folder, as this program is built without the feature `hub`",
                    model.id
                ),
            )),
        }
    }

    /// The row with what the caller sets over it.
    fn overridden(&self, mut model: ModelDescription) -> ModelDescription {
        let set = &self.overrides;
        model.max_length = set.max_length.or(model.max_length);
        model.pooling = set.pooling.clone().unwrap_or(model.pooling);
        model.normalize = set.normalize.unwrap_or(model.normalize);
        model.output = set.output.clone().or(model.output);
        model.activation = set.activation.unwrap_or(model.activation);
        if let Some(file) = &set.model_file {
            model.model_file.clone_from(file);
        }
        model.parameters.extend(set.parameters.clone());
        model
    }

    /// Refuses a width that is not one of the model's.
    fn check_dim(&self, model: &ModelDescription) -> Result<()> {
        let widths = || model.dim.iter().chain(&model.matryoshka);
        let Some(dim) = self.dim.filter(|dim| !widths().any(|width| width == dim)) else { return Ok(()) };
        let all: Vec<String> = widths().map(usize::to_string).collect();
        let message = if all.is_empty() {
            format!(
                "model {} does not say to which widths it can be cut, so not to {dim}; `matryoshka` in a row of your own says it",
                model.id
            )
        } else {
            format!("model {} can be cut to {}, not to {dim}", model.id, all.join(", "))
        };
        Err(Error::option("dim", message))
    }

    /// Refuses options that were set and that the architecture has no use for.
    fn refuse_unused(
        &self,
        architecture: &dyn Architecture,
        model: &ModelDescription,
        registry: &Registry,
    ) -> Result<()> {
        let is_unused = |option: &ModelOption| !architecture.options().contains(option);
        let is_unknown = |name: &&String| !architecture.parameters().contains(&name.as_str());
        if self.overrides.model_file.is_some() && !architecture.has_weights() {
            let message = format!(
                "model {} has no use for it: the architecture {:?} has no weights",
                model.id, model.architecture
            );
            return Err(Error::option("model_file", message));
        }
        let option = self.set_options().into_iter().find(is_unused);
        let parameter = self.overrides.parameters.keys().find(is_unknown);
        let Some(name) = option.map(ModelOption::name).or(parameter.map(String::as_str)) else { return Ok(()) };
        let takes = |other: &dyn Architecture| match option {
            Some(option) => other.options().contains(&option),
            None => other.parameters().contains(&name),
        };
        let all = registry.architectures();
        let takers = all.iter().filter(|other| takes(**other));
        let takers: Vec<String> = takers.map(|other| format!("{} ({})", other.name(), other.family())).collect();
        let message = format!(
            "model {} has no use for it: the {} architecture {:?} does not take it; those that do: {}",
            model.id,
            model.family,
            model.architecture,
            if takers.is_empty() { "none".to_owned() } else { takers.join(", ") }
        );
        Err(Error::option(name, message))
    }
}

/// The error that no source has a model's files: what is wrong with the only one, or with each.
fn none_of(model: &str, mut failures: Vec<Error>) -> Error {
    if failures.len() == 1 {
        return failures.remove(0);
    }
    let is_retryable = failures.iter().any(Error::is_retryable);
    let failures: Vec<String> = failures.iter().map(|failure| format!("[{}]", failure.report())).collect();
    Error::Download(Cause::new(
        format!("{model} could not be had from any source: {}", failures.join(", ")),
        is_retryable,
    ))
}
