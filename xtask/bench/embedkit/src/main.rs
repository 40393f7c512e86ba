//! embedkit as a side of the benchmark: its public types, as anyone would use them.

use bench_protocol::results::Row;
use bench_protocol::{Answer, Config, Failure, QUERY, Side, Two, serve};
use embedkit::Embedder;
use embedkit::TextEmbedder;
use embedkit::colbert::LateInteractionTextEmbedding;
use embedkit::rerank::Reranker;
use embedkit::sparse::SparseTextEmbedding;
use embedkit::{Result, SparseVector};

mod dense;
mod image;
mod setting;

use setting::{from_folder, gather, set};

fn main() -> std::result::Result<(), Failure> {
    serve(load)
}

/// A few lines a task.
fn load(config: &Config) -> std::result::Result<Box<dyn Side>, Failure> {
    Ok(match config.task.as_str() {
        "dense" => Box::new(dense::load(config)?),
        "two-dense" => Box::new(Two(dense::load(config)?, dense::load(config)?)),
        "static" => Box::new(dense::load_static(config)?),
        "bm25" => {
            let model = set(SparseTextEmbedding::builder("Qdrant/bm25"), &config.options).build()?;
            side(move |texts| gather(model.embed(texts), sparse_row))
        }
        "splade" => {
            let model = from_folder(SparseTextEmbedding::builder("prithivida/Splade_PP_en_v1"), config)?;
            side(move |texts| gather(model.embed(texts), sparse_row))
        }
        "colbert" => {
            let model = from_folder(LateInteractionTextEmbedding::builder("colbert-ir/colbertv2.0"), config)?;
            side(move |texts| gather(model.embed(texts), |vectors| vectors.as_slice().to_vec().into()))
        }
        "rerank" => {
            let model = from_folder(Reranker::builder("Xenova/ms-marco-MiniLM-L-6-v2"), config)?;
            side(move |texts| gather(model.rerank(QUERY, texts), |score| vec![score].into()))
        }
        "image" => Box::new(image::load(config)?),
        "preprocess" => Box::new(image::load_processor(config, false)?),
        "preprocess-opened" => Box::new(image::load_processor(config, true)?),
        other => return Err(format!("no such task: {other}").into()),
    })
}

fn sparse_row(vector: SparseVector) -> Row {
    Row { indices: vector.indices().to_vec(), values: vector.values().to_vec() }
}

/// A side of one function.
struct Function<F>(F);

impl<F: Fn(&[String]) -> Result<Answer>> Side for Function<F> {
    fn bulk(&mut self, items: &[String]) -> std::result::Result<Answer, Failure> {
        Ok(self.0(items)?)
    }
}

fn side(function: impl Fn(&[String]) -> Result<Answer> + 'static) -> Box<dyn Side> {
    Box::new(Function(function))
}
