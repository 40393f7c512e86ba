//! Texts and images to vectors.

use std::sync::Arc;

use embedkit_core::{Embedding, ModelDescription};
use embedkit_vector::{cut, normalize};

use super::contents::{inputs, kind_of};
use super::purpose::purpose_of;
use super::run::run;
use super::window::fitted;
use crate::error::{ApiError, ApiResult, Case};
use crate::http::{Incoming, Stats};
use crate::models::{Loaded, Served, Task};
use crate::shapes::{Cut, Item, Kind, PurposeFields};

/// What a request asks for, whatever its dialect.
pub(crate) struct Ask<'a> {
    pub(crate) task: Task,
    pub(crate) model: Option<&'a str>,
    /// What the dialect calls the inputs.
    pub(crate) field: &'static str,
    pub(crate) items: Vec<Item>,
    pub(crate) kind: Kind,
    pub(crate) purpose: PurposeFields,
    pub(crate) cut: Cut,
    pub(crate) width: Width,
}

/// The width of vectors that is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Width {
    /// What the dialect calls it.
    pub(crate) field: &'static str,
    pub(crate) wanted: Option<usize>,
}

/// What became of the inputs.
pub(crate) struct Embedded {
    pub(crate) loaded: Arc<Loaded>,
    pub(crate) results: Vec<Embedding>,
    pub(crate) stats: Stats,
    /// The width that dense vectors are to be cut to; none where it is the model's own.
    pub(crate) width: Option<usize>,
}

/// Embeds a request's inputs.
pub(crate) async fn embed(incoming: &Incoming, ask: Ask<'_>) -> ApiResult<Embedded> {
    let Ask { task, model, field, items, kind, purpose, cut, width } = ask;
    let config = &incoming.app.config;
    if items.is_empty() {
        return Err(ApiError::new(Case::Empty, format!("`{field}` is empty")).at(field));
    }
    let served = incoming.find(model, task, Some(kind_of(&items, kind)))?;
    let loaded = served.loaded(incoming.deadline).await?;
    let purpose = purpose_of(&purpose, loaded.row(), served.family(), config)?;
    let width = width.of(&served, &loaded)?;
    let inputs = inputs(incoming, field, items, kind, &served).await?;
    let fitted = fitted(cut, field, None, inputs, &purpose, &loaded, config).await?;
    let (done, stats) = run(incoming, field, &served, &loaded, fitted, purpose).await?;
    let results = done.results.into_iter().map(|(embedding, _)| embedding).collect();
    Ok(Embedded { loaded, results, stats, width })
}

impl Width {
    /// The width, if the model can be cut to it; none where it is the model's own.
    fn of(self, served: &Served, loaded: &Loaded) -> ApiResult<Option<usize>> {
        // infinity's client sends 0 where nothing is wanted.
        let wanted = self.wanted.filter(|width| *width > 0 && Some(*width) != loaded.dim);
        let Some(wanted) = wanted else { return Ok(None) };
        if !Task::Dense.suits(served.family()) {
            return Err(ApiError::unsupported(self.field, "only dense vectors are cut"));
        }
        let row = loaded.row();
        let below = |dim: &&usize| loaded.dim.is_none_or(|own| **dim < own);
        if row.matryoshka.iter().filter(below).any(|dim| *dim == wanted) {
            return Ok(Some(wanted));
        }
        let widths = loaded.dim.iter().chain(row.matryoshka.iter().filter(below));
        let widths: Vec<String> = widths.map(usize::to_string).collect();
        let widths = if widths.is_empty() { "no width of its own".to_owned() } else { widths.join(", ") };
        Err(ApiError::field(self.field, format!("`{}`: the model {} gives {widths}", self.field, served.name())))
    }
}

/// The length of dense vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    Unit,
    /// As the library gives them.
    Own,
}

/// A dense vector as it is asked for: cut to a width, and of a length.
pub(crate) fn dense_of(mut vector: Vec<f32>, row: &ModelDescription, width: Option<usize>, length: Length) -> Vec<f32> {
    match (width, length) {
        (Some(width), Length::Own) if !row.normalize => vector.truncate(width),
        (Some(width), _) => cut(&mut vector, width),
        // Rounding again would move what has unit length already.
        (None, Length::Unit) if !row.normalize => normalize(&mut vector),
        (None, _) => {}
    }
    vector
}
