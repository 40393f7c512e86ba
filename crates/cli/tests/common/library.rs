//! Models in the library: numbers out, whatever the family.

use embedkit::ImageEmbedder;
use embedkit::PageEmbedder;
use embedkit::TextEmbedder;
use std::path::Path;

use embedkit::colbert::LateInteractionTextEmbedding;
use embedkit::colpali::{Content, LateInteractionMultimodalEmbedding};
use embedkit::dense::TextEmbedding;
use embedkit::hybrid::{HybridEmbedding, HybridOutput};
use embedkit::image::{ImageEmbedding, ImageInput};
use embedkit::rerank::Reranker;
use embedkit::sparse::SparseTextEmbedding;
use embedkit::{Embedder, ModelDescription, Purpose, Result, Role, SparseVector};

use crate::common::setting::Setting;

/// All numbers of a result, in the order of its JSON form's keys.
pub(crate) type Numbers = Vec<f32>;

/// What rerankers are asked.
pub(crate) const QUERY: &str = "hello";

/// Loads a model and gives what it makes of the inputs.
pub(crate) fn embed(
    row: &ModelDescription,
    folder: &Path,
    settings: &[Setting],
    inputs: &[String],
) -> Result<Vec<Result<Numbers>>> {
    let task = settings.iter().find_map(|setting| match setting {
        Setting::Task(task) => Some((*task).to_owned()),
        _ => None,
    });
    let mut purpose = Purpose::default();
    purpose.task = task;
    Ok(match row.family.as_str() {
        "dense" => load::<TextEmbedding>(row, folder, settings)?.embed_for(inputs, purpose).collect(),
        "image" => {
            load::<ImageEmbedding>(row, folder, settings)?.embed_images(inputs.iter().map(String::as_str)).collect()
        }
        "sparse" => {
            let model = load::<SparseTextEmbedding>(row, folder, settings)?;
            model.embed_for(inputs, purpose).map(|vector| vector.map(|vector| sparse(&vector))).collect()
        }
        "colbert" => {
            let model = load::<LateInteractionTextEmbedding>(row, folder, settings)?;
            model.embed_for(inputs, purpose).map(|vectors| vectors.map(|vectors| vectors.as_slice().to_vec())).collect()
        }
        "colpali" => {
            let model = load::<LateInteractionMultimodalEmbedding>(row, folder, settings)?;
            let contents = inputs.iter().map(|input| content(input));
            let role = if inputs.iter().any(|input| is_image(input)) { Role::Plain } else { Role::Query };
            model.embed_for(contents, role).map(|vectors| vectors.map(|vectors| vectors.as_slice().to_vec())).collect()
        }
        "hybrid" => {
            let model = load::<HybridEmbedding>(row, folder, settings)?;
            model.embed_for(inputs, purpose).map(|output| output.map(hybrid)).collect()
        }
        "rerank" => {
            let model = load::<Reranker>(row, folder, settings)?;
            model.rerank(QUERY, inputs).map(|score| score.map(|score| vec![score])).collect()
        }
        other => unreachable!("{other}"),
    })
}

/// Whether an input of the page models is an image's path.
pub(crate) fn is_image(input: &str) -> bool {
    input.starts_with('/')
}

fn content(input: &str) -> Content {
    if is_image(input) { Content::Image(ImageInput::path(input)) } else { Content::text(input) }
}

fn load<F: Embedder>(row: &ModelDescription, folder: &Path, settings: &[Setting]) -> Result<F> {
    let plain = F::builder(row.clone()).model_dir(folder);
    settings.iter().fold(plain, |builder, setting| setting.apply(builder)).build()
}

fn sparse(vector: &SparseVector) -> Numbers {
    vector.indices().iter().map(|index| *index as f32).chain(vector.values().iter().copied()).collect()
}

fn hybrid(output: HybridOutput) -> Numbers {
    [output.dense, output.multi_vector.as_slice().to_vec(), sparse(&output.sparse)].concat()
}
