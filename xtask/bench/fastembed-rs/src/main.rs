//! The crate `fastembed` as a side of the benchmark.

use bench_protocol::{Answer, Config, Failure, Side, serve};
use fastembed::{InitOptionsUserDefined, Pooling, TextEmbedding, TokenizerFiles, UserDefinedEmbeddingModel};

fn main() -> Result<(), Failure> {
    serve(|config| match config.task.as_str() {
        "dense" => Ok(Box::new(Dense::load(config)?)),
        other => Err(format!("no such task: {other}").into()),
    })
}

struct Dense {
    model: TextEmbedding,
    batch_size: Option<usize>,
}

impl Dense {
    fn load(config: &Config) -> Result<Self, Failure> {
        let read = |name: &str| std::fs::read(config.model_dir.join(name));
        let tokenizer = TokenizerFiles {
            tokenizer_file: read("tokenizer.json")?,
            config_file: read("config.json")?,
            special_tokens_map_file: read("special_tokens_map.json")?,
            tokenizer_config_file: read("tokenizer_config.json")?,
        };
        let model = UserDefinedEmbeddingModel::new(read("model.onnx")?, tokenizer).with_pooling(Pooling::Mean);
        let mut options = InitOptionsUserDefined::new();
        options.intra_threads = config.options.threads;
        let model = TextEmbedding::try_new_from_user_defined(model, options)?;
        Ok(Self { model, batch_size: config.options.batch_size })
    }
}

impl Side for Dense {
    fn bulk(&mut self, items: &[String]) -> Result<Answer, Failure> {
        Ok(Answer::of(&self.model.embed(items, self.batch_size)?))
    }
}
