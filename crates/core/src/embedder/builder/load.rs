//! From a request to a loaded model.

use std::sync::Arc;

use super::model_ref::FilesFrom;
use super::{Builder, ModelRef, Overrides};
use crate::engine::LoadedModel;
use crate::{
    Architecture, Embedder, Error, Family, GraphSearch, LoadContext, ModelDescription, ModelFiles, ModelOption,
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

impl<E> Builder<E> {
    /// Loads the model, for whoever asks for its types.
    pub(crate) fn load(self) -> Result<LoadedModel> {
        let family = self.require_family()?;
        self.check()?;
        let registry = self.registry.clone().unwrap_or_else(|| Registry::global().clone());
        let (model, files) = self.resolve(&registry, family)?;
        let model = self.overridden(model)?;
        #[cfg(feature = "onnx")]
        let (model, files) = match self.quantize {
            Some(weights) => crate::session::quantized(model, files, weights)?,
            None => (model, files),
        };
        let model = Arc::new(model);
        #[cfg(feature = "onnx")]
        if let Some(tuning) = &self.tuning {
            tuning.check(&model.id)?;
        }
        let architecture = registry.architecture(&model)?;
        self.refuse_unused(architecture, &model, &registry)?;
        self.check_dim(&model)?;
        architecture.check_row(&model)?;
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
        // Neither a folder that describes itself nor a graph that the caller names says how its weights are stored.
        let is_unknown =
            matches!(self.model, ModelRef::Folder(_) | ModelRef::Files(_)) || self.overrides.model_file.is_some();
        options.batching.invariant &= model.quantization == Quantization::Dynamic || is_unknown;
        let loaded = LoadedModel::new(model, pipeline, options).of_files(context.files);
        #[cfg(feature = "onnx")]
        if let (Some(tuning), Some(provider)) = (&self.tuning, loaded.provider()) {
            tuning.check_provider(provider)?;
        }
        Ok(loaded)
    }

    /// The row and the files.
    fn resolve(&self, registry: &Registry, family: &dyn Family) -> Result<(ModelDescription, ModelFiles)> {
        let files = match &self.files {
            FilesFrom::Sources => None,
            FilesFrom::Folder(folder) => Some(ModelFiles::folder(folder)?),
            FilesFrom::Memory(files) => Some(files.clone()),
        };
        let model = match (&self.model, &files) {
            (ModelRef::Id(id), files) => {
                let row = ModelDescription::clone(&*registry.find(family.name(), id)?);
                files.as_ref().map_or_else(|| Ok(row.clone()), |files| self.with_graph_at_hand(row.clone(), files))?
            }
            (ModelRef::Row(row), _) => {
                crate::model::check_row(row).map_err(|message| Error::manifest(&row.id, message))?;
                ModelDescription::clone(row)
            }
            (ModelRef::Folder(_) | ModelRef::Files(_), Some(files)) => self.described(files, family)?,
            (ModelRef::Folder(_) | ModelRef::Files(_), None) => {
                return Err(Error::option("model", "name a model, a row or a folder"));
            }
        };
        if model.family != family.name() {
            let message = format!("is of the family {:?}, and {:?} was asked for", model.family, family.name());
            return Err(Error::model(model.id, message));
        }
        let files = match files {
            Some(files) => Some(files),
            None => registry.local_files(&model)?,
        };
        let files = files.map_or_else(|| self.fetch(&model), Ok)?;
        Ok((model, files))
    }

    /// The row that a folder amounts to, with the graph that the caller names.
    fn described(&self, files: &ModelFiles, family: &dyn Family) -> Result<ModelDescription> {
        let Overrides { model_file, pooling, normalize, output, .. } = &self.overrides;
        let files = match model_file {
            Some(graph) => &files.clone().with_graph(graph),
            None => files,
        };
        if pooling.is_some() || normalize.is_some() || output.is_some() {
            family.describe_graph(files)
        } else {
            family.describe(files)
        }
    }

    /// A registered row for a folder of the caller's, which may have the graph in another place than the row's source has
    /// it. A row without a source is of the folder alone, and must be right about it.
    fn with_graph_at_hand(&self, mut row: ModelDescription, files: &ModelFiles) -> Result<ModelDescription> {
        let is_at_hand = self.overrides.model_file.is_some() || files.has(&row.model_file);
        if is_at_hand || row.sources.is_empty() || !row.model_file.ends_with(".onnx") {
            return Ok(row);
        }
        let name = row.model_file.rsplit('/').next().unwrap_or(&row.model_file);
        let graph = files.find_graph(&GraphSearch::new("feature-extraction").preferring(&[name, "model.onnx"]))?;
        if graph.rsplit('/').next() != Some(name) {
            tracing::warn!(model = row.id, graph, "the folder lacks {}, and another graph is taken", row.model_file);
            row.quantization = Quantization::Dynamic;
        }
        row.model_file = graph;
        Ok(row)
    }

    #[cfg(feature = "hub")]
    fn fetch(&self, model: &ModelDescription) -> Result<ModelFiles> {
        if model.sources.is_empty() && model.required_files().next().is_none() {
            return Ok(ModelFiles::none());
        }
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
    fn overridden(&self, mut model: ModelDescription) -> Result<ModelDescription> {
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
        Ok(model)
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
