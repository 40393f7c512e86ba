//! The verb's command line.

use std::path::PathBuf;

use crate::failure::Failure;

pub(super) const USAGE: &str = "\
usage: cargo xtask bench [memory | callers | soak] [OPTION…]

  --corpus FILE      JSON Lines with `text`; without it, work on texts is left out
  --model-dir DIR    all-MiniLM-L6-v2: model.onnx, tokenizer.json and so on; without it, dense work is left out
  --int8-graph NAME  the same model's int8 graph in that folder (default model_quantized.onnx, where it is there)
  --images DIR       pictures; without it, some are drawn
  --image-model-dir DIR  Qdrant/clip-ViT-B-32-vision; without it, a smaller model is made
  --python PATH      a Python with the peers installed; default: one is made under target/
  --texts N          how many texts of the corpus (default 512)
  --rounds N         how often everything is measured (default 3)
  --quick            256 texts, one round
  --only A,B         only these workloads
  --sides A,B        only sides whose names contain one of these
  --try A=N,B=N      one more embedkit side with these options (batch_tokens, batch_attention,
                     batch_overhead, batch_size, threads, sessions); may be given several times
  --minutes N        how long `soak` takes (default 60)
  --output FILE      where the Markdown goes too (default target/bench/report.md)

`memory` embeds 10,000 and 100,000 short texts, and 500 and 5,000 pictures, through the iterator, and fails when
peak memory grows by 5 %. Its tasks, for `--only`: static, dense, image. `callers` has 1 to 64 threads
embed short texts with one model, alone and beside a caller with long batches. `soak` streams a million texts through
the embedded model, then has 8 callers and long batches share --model-dir's, and reports how memory goes.";

#[derive(Debug)]
pub(super) struct Options {
    pub(super) corpus: Option<PathBuf>,
    pub(super) model_dir: Option<PathBuf>,
    pub(super) int8_graph: String,
    pub(super) images: Option<PathBuf>,
    pub(super) image_model_dir: Option<PathBuf>,
    pub(super) python: Option<PathBuf>,
    pub(super) texts: usize,
    pub(super) rounds: usize,
    pub(super) minutes: usize,
    pub(super) only: Vec<String>,
    pub(super) sides: Vec<String>,
    pub(super) tries: Vec<bench_protocol::Options>,
    pub(super) output: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            corpus: None,
            model_dir: None,
            int8_graph: "model_quantized.onnx".to_owned(),
            images: None,
            image_model_dir: None,
            python: None,
            texts: 512,
            rounds: 3,
            minutes: 60,
            only: Vec::new(),
            sides: Vec::new(),
            tries: Vec::new(),
            output: None,
        }
    }
}

impl Options {
    pub(super) fn parse(arguments: &[&str]) -> Result<Self, Failure> {
        let mut options = Self::default();
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            if *name == "--quick" {
                (options.texts, options.rounds) = (256, 1);
                continue;
            }
            let value = rest.next().ok_or_else(|| usage(format!("{name} needs a value, or is not known")))?;
            match *name {
                "--corpus" => options.corpus = Some(value.into()),
                "--model-dir" => options.model_dir = Some(value.into()),
                "--int8-graph" => options.int8_graph = (*value).to_owned(),
                "--images" => options.images = Some(value.into()),
                "--image-model-dir" => options.image_model_dir = Some(value.into()),
                "--python" => options.python = Some(value.into()),
                "--texts" => options.texts = number(name, value)?,
                "--rounds" => options.rounds = number(name, value)?,
                "--minutes" => options.minutes = number(name, value)?,
                "--only" => options.only = names(value),
                "--sides" => options.sides = names(value),
                "--try" => options.tries.push(settings(value)?),
                "--output" => options.output = Some(value.into()),
                _ => return Err(usage(format!("no such option: {name}"))),
            }
        }
        Ok(options)
    }

    /// Whether a workload is asked for.
    pub(super) fn wants(&self, workload: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == workload)
    }
}

fn names(list: &str) -> Vec<String> {
    list.split(',').map(str::to_owned).collect()
}

fn number(name: &str, value: &str) -> Result<usize, Failure> {
    value.parse().ok().filter(|n| *n > 0).ok_or_else(|| usage(format!("{name}: {value} is not a positive number")))
}

/// `batch_tokens=1024,sessions=2`
fn settings(list: &str) -> Result<bench_protocol::Options, Failure> {
    let mut values = serde_json::Map::new();
    for setting in list.split(',') {
        let (name, value) = setting.split_once('=').ok_or_else(|| usage(format!("--try: {setting} has no value")))?;
        values.insert(name.to_owned(), number(name, value)?.into());
    }
    let known = serde_json::from_value::<bench_protocol::Options>(values.clone().into());
    known
        .ok()
        .filter(|known| serde_json::to_value(known).ok() == Some(values.into()))
        .ok_or_else(|| usage(format!("--try: {list} names an option that is not known")))
}

fn usage(message: String) -> Failure {
    Failure::Usage(format!("{message}\n\n{USAGE}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read() {
        let options = Options::parse(&["--quick", "--try", "batch_tokens=512,sessions=2", "--only", "mixed,short"]);
        let options = options.unwrap();
        assert_eq!((options.texts, options.rounds, options.only.len()), (256, 1, 2));
        assert_eq!(options.tries[0].batch_tokens, Some(512));
        assert_eq!(options.tries[0].sessions, Some(2));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for wrong in
            [&["--corpus"][..], &["--texts", "0"], &["--rain", "1"], &["--try", "rain=1"], &["--try", "threads"]]
        {
            assert!(matches!(Options::parse(wrong), Err(Failure::Usage(_))), "{wrong:?}");
        }
    }
}
