//! The crate `model2vec-rs` as a side of the benchmark.

use bench_protocol::results::Row;
use bench_protocol::{Answer, Config, Failure, Side, serve};
use model2vec_rs::model::StaticModel;

fn main() -> Result<(), Failure> {
    serve(|config| match config.task.as_str() {
        "static" => Ok(Box::new(Static::load(config)?)),
        other => Err(format!("no such task: {other}").into()),
    })
}

struct Static(StaticModel);

impl Static {
    fn load(config: &Config) -> Result<Self, Failure> {
        Ok(Self(StaticModel::from_pretrained(&config.model_dir, None, None, None)?))
    }
}

impl Side for Static {
    fn bulk(&mut self, items: &[String]) -> Result<Answer, Failure> {
        Ok(Answer::of(self.0.encode(items), Row::from))
    }

    fn one(&mut self, item: &str) -> Result<Answer, Failure> {
        Ok(Answer::of(vec![self.0.encode_single(item)], Row::from))
    }
}
