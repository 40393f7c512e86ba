//! embedkit as a side of the benchmark: its facades, as anyone would use them.

use bench_protocol::{Answer, Config, Failure, Options, QUERY, Side, serve};
use embedkit::colbert::LateInteractionTextEmbedding;
use embedkit::rerank::Reranker;
use embedkit::sparse::SparseTextEmbedding;
use embedkit::{Builder, Facade, Result};

mod dense;
mod image;

fn main() -> std::result::Result<(), Failure> {
    serve(load)
}

/// A few lines a task.
fn load(config: &Config) -> std::result::Result<Box<dyn Side>, Failure> {
    Ok(match config.task.as_str() {
        "dense" => Box::new(dense::load(config)?),
        "static" => Box::new(dense::load_static(config)?),
        "bm25" => {
            let model = set(SparseTextEmbedding::builder("Qdrant/bm25"), &config.options).build()?;
            side(move |texts| gather(model.embed(texts), |vector| vector.values().to_vec()))
        }
        "splade" => {
            let model = from_folder(SparseTextEmbedding::builder("prithivida/Splade_PP_en_v1"), config)?;
            side(move |texts| gather(model.embed(texts), |vector| vector.values().to_vec()))
        }
        "colbert" => {
            let model = from_folder(LateInteractionTextEmbedding::builder("colbert-ir/colbertv2.0"), config)?;
            side(move |texts| gather(model.embed(texts), |vectors| vectors.as_slice().to_vec()))
        }
        "rerank" => {
            let model = from_folder(Reranker::builder("Xenova/ms-marco-MiniLM-L-6-v2"), config)?;
            side(move |texts| gather(model.rerank(QUERY, texts), |score| vec![*score]))
        }
        "image" => Box::new(image::load(config)?),
        "preprocess" => Box::new(image::load_processor(config, false)?),
        "preprocess-opened" => Box::new(image::load_processor(config, true)?),
        other => return Err(format!("no such task: {other}").into()),
    })
}

fn from_folder<F: Facade>(builder: Builder<F>, config: &Config) -> Result<F> {
    set(builder.model_dir(&config.model_dir), &config.options).build()
}

/// Sets what the options name.
fn set<F: Facade>(mut builder: Builder<F>, options: &Options) -> Builder<F> {
    for (value, setting) in [
        (options.batch_size, Builder::batch_size as fn(Builder<F>, usize) -> Builder<F>),
        (options.batch_tokens, Builder::batch_tokens),
        (options.batch_attention, Builder::batch_attention),
        (options.batch_overhead, Builder::batch_overhead),
        (options.threads, Builder::threads),
        (options.sessions, Builder::sessions),
    ] {
        if let Some(value) = value {
            builder = setting(builder, value);
        }
    }
    builder
}

/// Collects all results, as a caller would, and takes the first one's values.
fn gather<O>(results: impl Iterator<Item = Result<O>>, values: impl Fn(&O) -> Vec<f32>) -> Result<Answer> {
    let results: Vec<O> = results.collect::<Result<_>>()?;
    Ok(Answer { first: results.first().map(values).unwrap_or_default(), results: results.len(), ..Answer::default() })
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
