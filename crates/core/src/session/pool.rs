//! Sessions of one graph, shared by all callers.

use std::path::PathBuf;
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use ort::session::Session;
use ort::value::DynValue;

use super::open::{Opened, open};
use super::tensor::{Output, Tensor};
use super::{Provider, SessionOptions};
use crate::{Error, ModelDescription, ModelFiles, OutputSelector, Result};

/// Sessions of one graph; each runs one batch at a time, and callers that wait are served by
/// expected finish: a short text asked for now goes before a long batch asked for now, and no one
/// waits for ever.
pub struct SessionPool {
    model: String,
    graph: PathBuf,
    files: ModelFiles,
    graph_name: String,
    options: SessionOptions,
    opened: OnceLock<Pool>,
    opening: Mutex<()>,
}

struct Pool {
    inputs: Vec<super::open::Input>,
    outputs: Vec<String>,
    provider: Provider,
    queue: Mutex<Queue>,
    freed: Condvar,
    start: Instant,
}

#[derive(Default)]
struct Queue {
    idle: Vec<Session>,
    /// Callers that wait, by expected finish and arrival.
    waiting: std::collections::BTreeSet<(u64, u64)>,
    arrivals: u64,
}

/// Roughly how long a token takes a small model, for ordering callers that wait; only its order of
/// magnitude matters.
const MICROSECONDS_PER_TOKEN: u64 = 100;

impl SessionPool {
    /// A pool for the row's graph; its sessions are created now, unless the options say lazily.
    ///
    /// # Errors
    /// No usable runtime, a graph that cannot be loaded, a required provider that cannot be had.
    pub fn load(model: &ModelDescription, files: &ModelFiles, options: &SessionOptions) -> Result<Self> {
        if !files.has(&model.model_file) {
            return Err(Error::MissingFile {
                path: files.label(&model.model_file),
                needed_for: format!("it is the graph of model {}", model.id),
            });
        }
        let pool = Self {
            model: model.id.clone(),
            graph: files.label(&model.model_file),
            files: files.clone(),
            graph_name: model.model_file.clone(),
            options: options.clone(),
            opened: OnceLock::new(),
            opening: Mutex::new(()),
        };
        if !options.lazy {
            pool.opened()?;
        }
        Ok(pool)
    }

    /// How many batches run at the same time.
    pub fn workers(&self) -> usize {
        self.options.session_count()
    }

    /// Whether sessions have been created.
    pub fn is_open(&self) -> bool {
        self.opened.get().is_some()
    }

    /// The provider that runs the graph.
    ///
    /// # Errors
    /// As [`load`](Self::load), when the sessions are created only now.
    pub fn provider(&self) -> Result<Provider> {
        Ok(self.opened()?.provider)
    }

    /// Names of the graph's inputs, in its order.
    ///
    /// # Errors
    /// As [`load`](Self::load), when the sessions are created only now.
    pub fn inputs(&self) -> Result<impl Iterator<Item = &str>> {
        Ok(self.opened()?.inputs.iter().map(|input| input.name.as_str()))
    }

    /// Names of the graph's outputs, in its order.
    ///
    /// # Errors
    /// As [`load`](Self::load), when the sessions are created only now.
    pub fn outputs(&self) -> Result<&[String]> {
        Ok(&self.opened()?.outputs)
    }

    /// The position of the output that a row selects; the first when it selects none.
    ///
    /// # Errors
    /// [`Error::Model`] naming the outputs there are.
    pub fn output_index(&self, selector: Option<&OutputSelector>) -> Result<usize> {
        let names = self.outputs()?;
        let found = match selector {
            None => (!names.is_empty()).then_some(0),
            Some(OutputSelector::Index(index)) => (*index < names.len()).then_some(*index),
            Some(OutputSelector::Name(name)) => names.iter().position(|n| n == name),
        };
        found.ok_or_else(|| {
            let wanted = selector.map_or_else(
                || "0".to_owned(),
                |s| match s {
                    OutputSelector::Index(index) => index.to_string(),
                    OutputSelector::Name(name) => format!("{name:?}"),
                },
            );
            Error::model(&self.model, format!("the graph has no output {wanted}; it has {}", names.join(", ")))
        })
    }

    /// Runs the graph and reads its outputs. Inputs that the graph does not declare are left out.
    /// `cost` is the number of tokens the run computes.
    ///
    /// # Errors
    /// [`Error::Model`] when the graph wants an input that is not here, or fails; or what `read` says.
    pub fn run<R>(
        &self,
        inputs: &[(&str, Tensor<'_>)],
        cost: usize,
        read: impl FnOnce(&Outputs<'_>) -> Result<R>,
    ) -> Result<R> {
        let pool = self.opened()?;
        let mut values = Vec::with_capacity(pool.inputs.len());
        for declared in &pool.inputs {
            let Some((_, tensor)) = inputs.iter().find(|(name, _)| *name == declared.name) else {
                return Err(self.unfed(&declared.name, inputs));
            };
            let value = tensor.to_value(declared.element).map_err(|e| self.failed("an input was refused", e))?;
            values.push((declared.name.as_str(), value));
        }
        let mut session = pool.acquire(cost);
        let outputs = session.get().run(values).map_err(|e| self.failed("the run failed", e))?;
        read(&Outputs {
            pool: self,
            names: &pool.outputs,
            values: (0..outputs.len()).map(|index| &outputs[index]).collect(),
        })
    }

    fn unfed(&self, name: &str, inputs: &[(&str, Tensor<'_>)]) -> Error {
        let fed: Vec<_> = inputs.iter().map(|(name, _)| *name).collect();
        let message = format!("the graph wants the input {name:?}, and this architecture gives {}", fed.join(", "));
        Error::model(&self.model, message)
    }

    fn failed(&self, what: &str, error: ort::Error) -> Error {
        Error::model_because(&self.model, what, error)
    }

    fn opened(&self) -> Result<&Pool> {
        if let Some(pool) = self.opened.get() {
            return Ok(pool);
        }
        let _guard = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = self.opened.get() {
            return Ok(pool);
        }
        let Opened { sessions, inputs, outputs, provider } =
            open(&self.model, &self.files, &self.graph_name, &self.options)?;
        tracing::debug!(model = self.model, graph = %self.graph.display(), %provider, "graph loaded");
        let queue = Mutex::new(Queue { idle: sessions, ..Queue::default() });
        Ok(self.opened.get_or_init(|| Pool {
            inputs,
            outputs,
            provider,
            queue,
            freed: Condvar::new(),
            start: Instant::now(),
        }))
    }
}

impl std::fmt::Debug for SessionPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionPool").field("model", &self.model).field("open", &self.is_open()).finish_non_exhaustive()
    }
}

impl Pool {
    /// Waits for a session.
    fn acquire(&self, cost: usize) -> Borrowed<'_> {
        let expected = self.start.elapsed().as_micros() as u64 + cost as u64 * MICROSECONDS_PER_TOKEN;
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.arrivals += 1;
        let place = (expected, queue.arrivals);
        queue.waiting.insert(place);
        loop {
            if queue.waiting.first() == Some(&place)
                && let Some(session) = queue.idle.pop()
            {
                queue.waiting.remove(&place);
                let others = !queue.waiting.is_empty() && !queue.idle.is_empty();
                drop(queue);
                if others {
                    self.freed.notify_all();
                }
                return Borrowed { pool: self, session: Some(session) };
            }
            queue = self.freed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A session on loan; it goes back when this is dropped.
struct Borrowed<'p> {
    pool: &'p Pool,
    session: Option<Session>,
}

impl Borrowed<'_> {
    #[allow(clippy::unwrap_used, reason = "the session is there until drop")]
    fn get(&mut self) -> &mut Session {
        self.session.as_mut().unwrap()
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        self.pool.queue.lock().unwrap_or_else(PoisonError::into_inner).idle.extend(self.session.take());
        self.pool.freed.notify_all();
    }
}

/// The outputs of a run, valid while they are read.
pub struct Outputs<'r> {
    pool: &'r SessionPool,
    names: &'r [String],
    values: Vec<&'r DynValue>,
}

impl Outputs<'_> {
    /// An output by position, see [`SessionPool::output_index`], with the batch's rows on its first axis.
    ///
    /// # Errors
    /// [`Error::Model`] when it is no float tensor, or has another number of rows.
    pub fn get(&self, index: usize, rows: usize) -> Result<Output<'_>> {
        let output = self.any(index)?;
        if output.shape.first() != Some(&rows) {
            return Err(self.wrong(index, &format!("has shape {:?} for a batch of {rows}", output.shape)));
        }
        Ok(output)
    }

    /// An output by position, of any shape.
    ///
    /// # Errors
    /// [`Error::Model`] when it is no float tensor.
    pub fn any(&self, index: usize) -> Result<Output<'_>> {
        Output::read(self.values[index]).map_err(|what| self.wrong(index, &what))
    }

    /// An error about an output.
    pub fn wrong(&self, index: usize, what: &str) -> Error {
        let name = self.names.get(index).map_or("?", String::as_str);
        Error::model(&self.pool.model, format!("output {name:?} {what}"))
    }
}
