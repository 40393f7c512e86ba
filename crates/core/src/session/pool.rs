//! Sessions of one graph, shared by all callers.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Instant;

use ort::value::DynValue;

use super::external::External;
use super::open::{GraphFile, Input, Opened, open};
use super::queue::{Queue, extra_sessions};
use super::runtime::Call;
use super::slot::is_out_of_memory;
use super::tensor::{Output, Tensor};
use super::{BadOutput, Precision, Provider, SessionOptions};
use crate::{Error, ModelDescription, ModelFiles, OutputSelector, PerProcess, Result};

/// Sessions of one graph; each runs one batch at a time. On the CPU they share the graph's weights,
/// which are mapped from its file unless [`SessionOptions::memory_map`] is off: replace the file by renaming
/// another over it, do not write to it. Callers that wait are served by expected finish: a short text asked
/// for now goes before a long batch asked for now, and no one waits for ever.
///
/// A process that is forked opens sessions of its own when it first needs them, since threads do not survive a fork.
/// The fork may happen at any time, but while another thread loads a model or adds a session: what ONNX Runtime locks
/// meanwhile may stay locked in the child.
/// A fork in the instant in which another thread begins or ends can leave a lock of Rust's standard library taken, too. The
/// threads of runs stay between runs, so that those of this library begin once.
pub struct SessionPool {
    graph: GraphFile,
    options: SessionOptions,
    pools: PerProcess<PoolCell>,
}

/// A process's sessions, once they are opened.
#[derive(Default)]
struct PoolCell {
    opened: OnceLock<Pool>,
    opening: Mutex<()>,
}

struct Pool {
    inputs: Vec<Input>,
    outputs: Vec<String>,
    precisions: Vec<Option<Precision>>,
    queue: Queue,
}

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
            graph: GraphFile::new(&model.id, files, &model.model_file),
            options: options.clone(),
            pools: PerProcess::new(),
        };
        if !options.lazy {
            pool.opened()?;
        }
        Ok(pool)
    }

    /// How many batches run at the same time. On an accelerator it is one more than there are sessions: while it computes
    /// a batch, the one before is read.
    pub fn workers(&self) -> usize {
        let is_accelerated = self.is_accelerated();
        let extra = extra_sessions(&self.options, is_accelerated);
        extra.map_or(self.options.session_count(), |(count, _)| count) + usize::from(is_accelerated)
    }

    /// Whether the graph runs elsewhere than on the CPU, or will where no session is open yet.
    pub(crate) fn is_accelerated(&self) -> bool {
        let opened = self.pools.get().opened.get();
        let is_wanted = || self.options.wanted().iter().find(|provider| provider.is_enabled());
        let provider = opened.map(|pool| pool.queue.opener.provider).or_else(|| is_wanted().copied());
        provider.is_some_and(|provider| provider != Provider::Cpu)
    }

    /// Says that batches of so many tokens in all are about to run, several at a time; tells whether their end is to be
    /// said too.
    pub(crate) fn begin_job(&self, tokens: usize) -> bool {
        let opened = self.pools.get().opened.get();
        opened.inspect(|pool| pool.queue.begin_job(tokens)).is_some()
    }

    /// Says that they have run.
    pub(crate) fn end_job(&self, tokens: usize) {
        if let Some(pool) = self.pools.get().opened.get() {
            pool.queue.end_job(tokens);
        }
    }

    /// Whether this process has created sessions.
    pub fn is_open(&self) -> bool {
        self.pools.get().opened.get().is_some()
    }

    /// Counts the files that the graph lies in among those of the model that were read, without opening sessions.
    ///
    /// # Errors
    /// A graph that cannot be read, or that names files which cannot.
    pub(crate) fn count_files(&self) -> Result<()> {
        let GraphFile { files, name, .. } = &self.graph;
        External::open(files, name, &files.open(name, true)?, true).map(drop)
    }

    /// How the graph is run.
    pub fn options(&self) -> &SessionOptions {
        &self.options
    }

    /// The provider that runs the graph.
    ///
    /// # Errors
    /// As [`load`](Self::load), when the sessions are created only now.
    pub fn provider(&self) -> Result<Provider> {
        Ok(self.opened()?.queue.opener.provider)
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
        let place = |wanted: &String| names.iter().position(|name| name == wanted);
        let first = (!names.is_empty()).then_some(0);
        let found = match selector {
            None => first,
            Some(OutputSelector::Index(index)) => (*index < names.len()).then_some(*index),
            Some(OutputSelector::Name(name)) => place(name),
            Some(OutputSelector::FirstOf(wanted)) => wanted.iter().find_map(place).or(first),
        };
        found.ok_or_else(|| {
            let wanted = match selector {
                Some(OutputSelector::Index(index)) => index.to_string(),
                Some(OutputSelector::Name(name)) => format!("{name:?}"),
                Some(OutputSelector::FirstOf(_)) | None => "0".to_owned(),
            };
            Error::model(&self.graph.model, format!("the graph has no output {wanted}; it has {}", names.join(", ")))
        })
    }

    /// The precision in which the graph gives an output, see [`output_index`](Self::output_index); none of what is no
    /// tensor of floats.
    ///
    /// # Errors
    /// As [`load`](Self::load), when the sessions are created only now.
    pub fn output_precision(&self, index: usize) -> Result<Option<Precision>> {
        Ok(self.opened()?.precisions.get(index).copied().flatten())
    }

    /// Runs the graph and reads its outputs. Inputs that the graph does not declare are left out.
    /// `cost` is the number of tokens the run computes. A session of which a run had too little memory gives back all that
    /// it holds, and is opened again for the next run.
    ///
    /// # Errors
    /// [`Error::Model`] when the graph wants an input that is not here, or fails; [`Error::InvalidFile`] when its mapped
    /// file was written to; or what `read` says.
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
        let mut guard = pool.queue.acquire(cost);
        pool.queue.opener.check_unchanged()?;
        let (session, is_exhausted) = guard.session()?;
        let _call = Call::begin();
        let outputs = session.run(values).map_err(|error| {
            *is_exhausted = is_out_of_memory(&error);
            self.failed("the run failed", error)
        })?;
        let values: Vec<DynValue> = outputs.into_iter().map(|(_, value)| value).collect();
        // An accelerator goes on with the next batch. The CPU would only read it later, and hold both batches' outputs.
        let _guard = (pool.queue.opener.provider == Provider::Cpu).then_some(guard);
        read(&Outputs { pool: self, names: &pool.outputs, values: &values })
    }

    fn unfed(&self, name: &str, inputs: &[(&str, Tensor<'_>)]) -> Error {
        let fed: Vec<_> = inputs.iter().map(|(name, _)| *name).collect();
        let message = format!("the graph wants the input {name:?}, and this architecture gives {}", fed.join(", "));
        Error::model(&self.graph.model, message)
    }

    fn failed(&self, what: &str, error: ort::Error) -> Error {
        Error::model_because(&self.graph.model, what, error)
    }

    fn opened(&self) -> Result<&Pool> {
        let cell = self.pools.get();
        if let Some(pool) = cell.opened.get() {
            return Ok(pool);
        }
        let _guard = cell.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = cell.opened.get() {
            return Ok(pool);
        }
        let start = Instant::now();
        let Opened { sessions, inputs, outputs, precisions, opener } = open(&self.graph, &self.options)?;
        let graph = self.graph.label();
        tracing::debug!(model = self.graph.model, graph = %graph.display(), provider = %opener.provider, "graph loaded");
        let queue = Queue::new(opener, sessions, &self.options, start.elapsed());
        Ok(cell.opened.get_or_init(|| Pool { inputs, outputs, precisions, queue }))
    }
}

impl std::fmt::Debug for SessionPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionPool")
            .field("model", &self.graph.model)
            .field("open", &self.is_open())
            .finish_non_exhaustive()
    }
}

/// The outputs of a run, valid while they are read.
pub struct Outputs<'r> {
    pool: &'r SessionPool,
    names: &'r [String],
    values: &'r [DynValue],
}

impl Outputs<'_> {
    /// An output by position, see [`SessionPool::output_index`], with the batch's rows on its first axis.
    ///
    /// # Errors
    /// [`Error::Model`] when it is no float tensor, or has another number of rows.
    pub fn get(&self, index: usize, rows: usize) -> Result<Output<'_>> {
        let output = self.any(index)?;
        if output.shape.first() != Some(&rows) {
            return Err(
                self.wrong(index, BadOutput::shape(&output.shape, format!("one row for each of {rows} inputs")))
            );
        }
        Ok(output)
    }

    /// An output by position, of any shape.
    ///
    /// # Errors
    /// [`Error::Model`] when it is no float tensor.
    pub fn any(&self, index: usize) -> Result<Output<'_>> {
        Output::read(&self.values[index]).map_err(|what| self.wrong(index, what))
    }

    /// An error about an output.
    pub fn wrong(&self, index: usize, what: BadOutput) -> Error {
        let name = self.names.get(index).map_or("?", String::as_str);
        Error::model(&self.pool.graph.model, format!("output {name:?} {what}"))
    }
}
