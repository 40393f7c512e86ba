//! A stage's model, by the registry: any family that is registered.

use embedkit_core::{
    AnyEmbedder, Builder, Content, ContentKind, Embedding, EmbeddingKind, Error, ModelFiles, ModelRef, Registry,
    Result, Role, RowPlaces,
};
use serde::{Deserialize, Serialize};

use crate::pipeline::{ModelSpec, Rerank, Stage};

/// What a program sets of every model that is loaded: threads, providers, where downloads go.
pub type Configure<'c> = &'c dyn Fn(Builder<AnyEmbedder>) -> Builder<AnyEmbedder>;

/// A loaded model.
#[derive(Debug)]
pub struct Model {
    embedder: AnyEmbedder,
    input: ContentKind,
    /// Whether it takes queries that are texts.
    takes_texts: bool,
    output: EmbeddingKind,
    identity: ModelIdentity,
    /// Tokens that are put around every text.
    around: usize,
}

/// What tells a model from another that goes by the same name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelIdentity {
    /// Its id.
    pub id: String,
    /// Its family.
    pub family: String,
    /// What its results depend on, as [`Engine::digest`](embedkit_core::Engine::digest) has it.
    pub digest: String,
}

impl Model {
    /// Loads a model that takes texts, images, or queries with documents.
    ///
    /// # Errors
    /// An id that no family or several have, a family that takes neither, and as
    /// [`Builder::build`](embedkit_core::Builder::build).
    pub fn load(spec: &ModelSpec, configure: Configure<'_>) -> Result<Self> {
        Self::load_with(spec, configure, |builder| builder)
    }

    /// The same, its rows labelled with tokens.
    ///
    /// # Errors
    /// As [`load`](Self::load), and an architecture that has no such parameter.
    pub(crate) fn load_labelled(spec: &ModelSpec, configure: Configure<'_>) -> Result<Self> {
        Self::load_with(spec, configure, |builder| builder.parameter("labels", true))
    }

    fn load_with(
        spec: &ModelSpec,
        configure: Configure<'_>,
        adapt: impl FnOnce(Builder<AnyEmbedder>) -> Builder<AnyEmbedder>,
    ) -> Result<Self> {
        let registry = Registry::global();
        let family = registry.family(&family_of(spec)?)?;
        // Of a model of texts and images, the images are what is searched in.
        let kinds = family.inputs();
        let wanted = [ContentKind::Image, ContentKind::Text, ContentKind::Pair];
        let Some(input) = wanted.into_iter().find(|kind| kinds.contains(kind)) else {
            let message = format!("{} is of the family {}, which takes no texts", spec.model, family.name());
            return Err(Error::option("model", message));
        };
        let is_known = registry.find(family.name(), &spec.model).is_ok();
        let model: ModelRef = match &spec.folder {
            Some(folder) if !is_known => folder.as_path().into(),
            _ => spec.model.as_str().into(),
        };
        let mut builder = AnyEmbedder::builder(family, model);
        if let Some(folder) = spec.folder.as_ref().filter(|_| is_known) {
            builder = builder.model_dir(folder);
        }
        if let Some(dim) = spec.dim {
            builder = builder.dim(dim);
        }
        if let Some(tokens) = spec.max_length {
            builder = builder.max_length(tokens);
        }
        for (name, value) in &spec.parameters {
            builder = builder.parameter(name, value.clone());
        }
        let embedder = adapt(configure(builder)).build()?;
        let row = embedder.model();
        let digest = embedder.engine().digest(spec.dim)?;
        let identity = ModelIdentity { id: row.id.clone(), family: row.family.clone(), digest };
        let around = match input {
            ContentKind::Text => embedder.usage(&Content::text(""), Role::Passage)?.tokens,
            _ => 0,
        };
        let takes_texts = kinds.contains(&ContentKind::Text);
        Ok(Self { embedder, input, takes_texts, output: family.output(), identity, around })
    }

    /// A reranker's model, which reads what it orders.
    ///
    /// # Errors
    /// As [`load`](Self::load), and a model of images.
    pub(crate) fn load_for_reranking(rerank: &Rerank, configure: Configure<'_>) -> Result<Self> {
        let model = Self::load(&rerank.spec(), configure)?;
        match model.takes_images() {
            true => Err(Error::option("rerank.model", format!("{} sees images: name a `stage` of it", rerank.model))),
            false => Ok(model),
        }
    }

    /// A stage's model of queries, where it is not the one of what is searched in.
    ///
    /// # Errors
    /// As [`load`](Self::load); a model of images alone that has none; and one of another vector space.
    pub(crate) fn load_for_queries(stage: &Stage, model: &Self, configure: Configure<'_>) -> Result<Option<Self>> {
        let refused = |message: String| Error::option("stage.query", format!("{}: {message}", stage.name));
        let Some(spec) = &stage.query else {
            return match model.takes_texts || model.takes_pairs() {
                true => Ok(None),
                false => Err(refused(format!("{} takes no texts: name the model of queries", model.identity.id))),
            };
        };
        let query = Self::load(spec, configure)?;
        let space = |model: &Self| model.embedder.model().space.clone();
        if let (Some(space), Some(other)) = (space(model), space(&query))
            && space != other
        {
            let (id, other_id) = (&model.identity.id, &query.identity.id);
            return Err(refused(format!("{other_id} has the vector space {other}, and {id} has {space}")));
        }
        if !query.takes_texts || query.output != model.output {
            return Err(refused(format!("{} gives no queries for {}", query.identity.id, model.identity.id)));
        }
        Ok(Some(query))
    }

    /// The model itself.
    pub fn embedder(&self) -> &AnyEmbedder {
        &self.embedder
    }

    /// Whether it takes a query with a document, and not texts.
    pub(crate) fn takes_pairs(&self) -> bool {
        self.input == ContentKind::Pair
    }

    /// Whether what it embeds of documents are images.
    pub(crate) fn takes_images(&self) -> bool {
        self.input == ContentKind::Image
    }

    /// Whether it answers without a graph, so that a word costs next to nothing.
    pub(crate) fn is_direct(&self) -> bool {
        !self.embedder.engine().has_graph()
    }

    /// Whether a collection's document frequencies belong to its queries.
    pub(crate) fn requires_idf(&self) -> bool {
        self.embedder.model().requires_idf
    }

    /// What comes out.
    pub fn output(&self) -> EmbeddingKind {
        self.output
    }

    /// What tells it from others.
    pub fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    /// A query's embedding.
    pub(crate) fn query(&self, text: &str) -> Result<Embedding> {
        self.embedder.embed_one(&Content::text(text), Role::Query)
    }

    /// Which bytes of a passage the rows of its multi-vector are of; none where the model does not say.
    pub(crate) fn row_places(&self, text: &str) -> Result<Option<RowPlaces>> {
        self.embedder.engine().row_places(&Content::text(text), &Role::Passage.into())
    }

    /// Whether a text is longer than the model's window, and would be cut.
    pub(crate) fn cuts(&self, text: &str) -> Result<bool> {
        Ok(self.input == ContentKind::Text && self.embedder.usage(&Content::text(text), Role::Passage)?.truncated)
    }

    /// Tokens of a text, without those that are put around every text; more than any bound for one that would be cut.
    pub(crate) fn token_count(&self, text: &str) -> Result<usize> {
        let usage = self.embedder.usage(&Content::text(text), Role::Passage)?;
        Ok(if usage.truncated { usize::MAX } else { usage.tokens.saturating_sub(self.around) })
    }
}

/// The family that is named, else the one that has the id, else the one that the folder shows to be of.
fn family_of(spec: &ModelSpec) -> Result<String> {
    if let Some(family) = &spec.family {
        return Ok(family.clone());
    }
    let registry = Registry::global();
    let rows = registry.find_all(&spec.model);
    match rows.as_slice() {
        [row] => Ok(row.family.clone()),
        [] => match &spec.folder {
            Some(folder) => match registry.family_of(&ModelFiles::folder(folder)?) {
                Some(family) => Ok(family.name().to_owned()),
                None => {
                    Err(Error::option("family", format!("name the family of {}: its folder tells none", spec.model)))
                }
            },
            None => Err(registry.unknown(&spec.model, None)),
        },
        rows => {
            let families: Vec<&str> = rows.iter().map(|row| row.family.as_str()).collect();
            let message = format!("{} is a model of several families: name one of {}", spec.model, families.join(", "));
            Err(Error::option("family", message))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests end with a panic")]

    use {embedkit_colbert as _, embedkit_sparse as _, embedkit_static_en as _};

    use super::*;

    #[test]
    fn models_of_the_default_pipeline_answer_by_look_ups() {
        for stage in crate::Pipeline::default().stages {
            assert!(Model::load(&stage.spec, &|builder| builder).unwrap().is_direct(), "{}", stage.name);
        }
    }
}
