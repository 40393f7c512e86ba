//! What dialects say under names of their own, on the routes of all of them.

use crate::error::{ApiError, ApiResult};
use crate::models::Task;
use crate::shapes::{Cut, Direction, OutputKind};
use crate::work::{Length, Width};

/// What becomes of texts that are too long; `truncation` is Voyage's name.
pub(super) fn cut(truncate: Option<bool>, truncation: Option<bool>, direction: Option<Direction>) -> ApiResult<Cut> {
    let truncate = ApiError::agreed(("truncate", truncate), ("truncation", truncation))?;
    Ok(Cut::new(truncate, direction))
}

/// The length of dense vectors: one where nothing is said. `normalized` is Jina's and Mixedbread's name. Sparse
/// vectors and the rows of multi-vectors are as the model gives them; clients that normalise say so to every model.
pub(super) fn length(normalize: Option<bool>, normalized: Option<bool>) -> ApiResult<Length> {
    let is_own = ApiError::agreed(("normalize", normalize), ("normalized", normalized))? == Some(false);
    Ok(if is_own { Length::Own } else { Length::Unit })
}

/// The width of vectors; `output_dimension` is Cohere's and Voyage's name.
pub(super) fn width(dimensions: Option<usize>, output_dimension: Option<usize>) -> ApiResult<Width> {
    let wanted = ApiError::agreed(("dimensions", dimensions), ("output_dimension", output_dimension))?;
    let field = if dimensions.is_some() { "dimensions" } else { "output_dimension" };
    Ok(Width { field, wanted })
}

/// What a model must be able to do to give a kind of vectors.
pub(super) fn task_of(kind: OutputKind) -> Task {
    match kind {
        OutputKind::Dense => Task::Dense,
        OutputKind::Sparse => Task::Sparse,
        OutputKind::MultiVector => Task::Multi,
    }
}

/// Refuses other kinds of vectors than the one that a route gives.
pub(super) fn check_kinds(task: Task, outputs: Option<&[OutputKind]>, multi: Option<bool>) -> ApiResult<()> {
    let is_other = |kind: &OutputKind| task_of(*kind) != task;
    let has_others = outputs.is_some_and(|kinds| kinds.iter().any(is_other));
    let why = "this route gives one kind of vectors";
    ApiError::refuse_given(&[
        ("outputs", has_others, why),
        ("return_multivector", multi.is_some_and(|multi| multi != (task == Task::Multi)), why),
    ])
}
