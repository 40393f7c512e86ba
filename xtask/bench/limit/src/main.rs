//! ONNX Runtime alone, as a side of the benchmark: ready token ids in batches of equal lengths, so no tokenising, no
//! padding, no pooling, in sessions with the options that embedkit's have. Of several such sides, one for each way to
//! share the cores and to cut batches, the best is what a library that runs the same graph cannot beat.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use bench_protocol::{Answer, Config, Failure, QUERY, Side, Two, serve};
use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, PrepackedWeights, SessionBuilder};
use ort::value::TensorRef;
use tokenizers::{Tokenizer, TruncationParams};

/// The longest row of the models at hand.
const MAX_LENGTH: usize = 512;

fn main() -> Result<(), Failure> {
    serve(|config| {
        let library = std::env::var_os("ORT_DYLIB_PATH").ok_or("ORT_DYLIB_PATH must name ONNX Runtime's library")?;
        let environment = ort::init_from(library)?.build()?;
        Ok(match config.task.as_str() {
            "two-dense" => Box::new(Two(Limit::load(config, &environment)?, Limit::load(config, &environment)?)),
            _ => Box::new(Limit::load(config, &environment)?),
        })
    })
}

struct Limit {
    /// Whether rows are pairs of the query and a text.
    pairs: bool,
    tokenizer: Tokenizer,
    sessions: Vec<Mutex<Session>>,
    batch_tokens: usize,
    batches: Vec<Batch>,
}

/// Rows of one length.
struct Batch {
    rows: usize,
    length: usize,
    ids: Vec<i64>,
    ones: Vec<i64>,
    zeros: Vec<i64>,
}

impl Limit {
    fn load(config: &Config, environment: &Environment) -> Result<Self, Failure> {
        let mut tokenizer = Tokenizer::from_file(config.model_dir.join("tokenizer.json"))?;
        tokenizer.with_truncation(Some(TruncationParams { max_length: MAX_LENGTH, ..TruncationParams::default() }))?;
        tokenizer.with_padding(None);
        let graphs = ["model.onnx", "onnx/model.onnx"].map(|name| config.model_dir.join(name));
        let graph = graphs.iter().find(|graph| graph.exists()).ok_or("the folder has no model.onnx")?;
        let prepacked = PrepackedWeights::new();
        let session = || -> Result<Mutex<Session>, Failure> {
            let mut builder = builder(environment, config.options.threads.unwrap_or(1), &prepacked)?;
            Ok(Mutex::new(builder.commit_from_file(graph)?))
        };
        let sessions = (0..config.options.sessions.unwrap_or(1)).map(|_| session()).collect::<Result<_, _>>()?;
        Ok(Self {
            pairs: config.task == "rerank",
            tokenizer,
            sessions,
            batch_tokens: config.options.batch_tokens.unwrap_or(1),
            batches: Vec::new(),
        })
    }
}

/// embedkit's defaults: every optimisation, exact integers, packed weights shared, the rest as the runtime has it.
fn builder(environment: &Environment, threads: usize, packed: &PrepackedWeights) -> ort::Result<SessionBuilder> {
    Ok(Session::builder(environment)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_config_entry("session.x64quantprecision", "1")?
        .with_intra_threads(threads)?
        .with_prepacked_weights(packed)?)
}

impl Batch {
    fn new(rows: &[Vec<i64>]) -> Self {
        let ids = rows.concat();
        Self {
            rows: rows.len(),
            length: rows.first().map_or(0, Vec::len),
            ones: vec![1; ids.len()],
            zeros: vec![0; ids.len()],
            ids,
        }
    }

    /// Runs the batch; how many rows came out.
    fn run(&self, session: &Mutex<Session>) -> Result<usize, Failure> {
        let mut session = session.lock().map_err(|_| "a run panicked")?;
        let shape = [self.rows, self.length];
        let mut inputs = Vec::new();
        for input in session.inputs() {
            let data = match input.name() {
                "input_ids" => &self.ids,
                "attention_mask" => &self.ones,
                "token_type_ids" => &self.zeros,
                other => return Err(format!("the graph wants the input {other:?}").into()),
            };
            inputs.push((input.name().to_owned(), TensorRef::from_array_view((shape, data.as_slice()))?));
        }
        let outputs = session.run(inputs)?;
        let (shape, _) = outputs[0].try_extract_tensor::<f32>()?;
        Ok(usize::try_from(shape[0])?)
    }
}

impl Side for Limit {
    fn ready(&mut self, items: &[String]) -> Result<(), Failure> {
        let mut by_length: BTreeMap<usize, Vec<Vec<i64>>> = BTreeMap::new();
        for item in items {
            let encoding = if self.pairs {
                self.tokenizer.encode_fast((QUERY, item.as_str()), true)?
            } else {
                self.tokenizer.encode_fast(item.as_str(), true)?
            };
            let ids: Vec<i64> = encoding.get_ids().iter().map(|id| i64::from(*id)).collect();
            by_length.entry(ids.len()).or_default().push(ids);
        }
        // Longest first, so that sessions end together.
        self.batches = by_length
            .iter()
            .rev()
            .flat_map(|(length, rows)| rows.chunks((self.batch_tokens / length.max(&1)).max(1)).map(Batch::new))
            .collect();
        Ok(())
    }

    fn bulk(&mut self, _items: &[String]) -> Result<Answer, Failure> {
        let next = AtomicUsize::new(0);
        let work = |session| -> Result<usize, Failure> {
            let mut rows = 0;
            while let Some(batch) = self.batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                rows += batch.run(session)?;
            }
            Ok(rows)
        };
        let work = &work;
        let results: Result<usize, Failure> = std::thread::scope(|scope| {
            let threads: Vec<_> = self.sessions.iter().map(|session| scope.spawn(move || work(session))).collect();
            threads.into_iter().map(|thread| thread.join().map_err(|_| "a run panicked")?).sum()
        });
        let computed = self.batches.iter().map(|batch| batch.ids.len()).sum();
        Ok(Answer::counted(results?).with_computed_tokens(computed))
    }

    fn one(&mut self, _item: &str) -> Result<Answer, Failure> {
        let rows = self.batches.iter().map(|batch| batch.run(&self.sessions[0]));
        Ok(Answer::counted(rows.sum::<Result<_, _>>()?))
    }
}
