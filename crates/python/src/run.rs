//! A run beside the interpreter: a thread that embeds, asks for inputs and gives windows of results. It never touches
//! Python.

use std::any::Any;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use embedkit::session::Precision;
use embedkit::{AnyEmbedder, CancelToken, Content, Embedding, Embeddings, Error, Purpose};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::column::Window;
use crate::error;
use crate::pull::Input;

/// How often a caller that waits looks whether it was interrupted.
const PATIENCE: Duration = Duration::from_millis(50);

/// What the thread says.
pub(crate) enum Event {
    /// It needs inputs.
    Wanting,
    /// Results of the next inputs.
    Results(Window),
    /// That was all.
    Done,
}

/// Which results make a window.
#[derive(Clone, Copy)]
pub(crate) enum Grouping {
    /// Those that come at once.
    AsTheyCome,
    /// So many; the last may have fewer.
    Of(usize),
}

/// What is embedded, and how.
pub(crate) struct Job {
    pub(crate) model: Arc<AnyEmbedder>,
    pub(crate) purpose: Purpose,
    /// Rows of a batch at most.
    pub(crate) batch_size: Option<usize>,
    /// Sessions that it uses at a time at most.
    pub(crate) sessions: Option<usize>,
    pub(crate) grouping: Grouping,
}

impl Job {
    /// Begins it.
    fn embeddings<I: Iterator<Item = Content>>(
        &self,
        inputs: I,
        cancel: &CancelToken,
    ) -> embedkit::Result<Embeddings<'_, I, Content, Embedding>> {
        let mut run = self.model.embed_for(inputs, self.purpose.clone()).cancel_with(cancel);
        if let Some(rows) = self.batch_size {
            run = run.batch_size(rows)?;
        }
        if let Some(most) = self.sessions {
            run = run.sessions(most)?;
        }
        Ok(run)
    }

    /// Embeds a single input on this thread: for one, another thread's turn costs more than it brings.
    pub(crate) fn alone(&self, input: Input) -> Window {
        let mut window = Window::default();
        match input.and_then(|input| self.embeddings(std::iter::once(input), &CancelToken::new())) {
            Err(error) => window.push(Err(error)),
            Ok(results) => results.for_each(|result| window.push(result)),
        }
        window.is_half = self.gives_halves();
        window
    }

    /// Whether the graph gives 16-bit floats, as the reference then does. It is known once a session is open.
    fn gives_halves(&self) -> bool {
        let Some(sessions) = self.model.engine().sessions().filter(|sessions| sessions.is_open()) else { return false };
        let output = sessions.output_index(self.model.model().output.as_ref());
        output.and_then(|index| sessions.output_precision(index)).is_ok_and(|found| found == Some(Precision::F16))
    }
}

/// A run that goes on. Dropping it ends it, once the batches at work are done.
pub(crate) struct Run {
    /// None when it is being dropped.
    channels: Option<Channels>,
    cancel: CancelToken,
    thread: Option<JoinHandle<()>>,
    /// The process that began it: its thread does not live in a child.
    process: u32,
}

struct Channels {
    events: Receiver<Event>,
    inputs: Sender<Vec<Input>>,
}

impl Run {
    /// Begins a run over these inputs, which then asks for more.
    pub(crate) fn asking(py: Python<'_>, job: Job, first: Vec<Input>) -> PyResult<Self> {
        let (inputs, supply) = channel();
        Self::begin(py, job, inputs, |events| Asked { events, supply, chunk: first.into_iter() })
    }

    /// Begins a run over inputs that are all there.
    pub(crate) fn over<I>(py: Python<'_>, job: Job, inputs: I) -> PyResult<Self>
    where
        I: Iterator<Item = Content> + Send + 'static,
    {
        Self::begin(py, job, channel().0, |_| inputs.map(Ok))
    }

    fn begin<I>(
        py: Python<'_>,
        job: Job,
        inputs: Sender<Vec<Input>>,
        source: impl FnOnce(SyncSender<Event>) -> I + Send + 'static,
    ) -> PyResult<Self>
    where
        I: Iterator<Item = Input>,
    {
        let (sender, events) = sync_channel(1);
        let cancel = CancelToken::new();
        let token = cancel.clone();
        let work = move || embed(&job, source(sender.clone()), &token, &sender);
        let thread = py.detach(|| std::thread::Builder::new().name("embedkit".to_owned()).spawn(work))?;
        let channels = Some(Channels { events, inputs });
        Ok(Self { channels, cancel, thread: Some(thread), process: std::process::id() })
    }

    /// The next event. Waits without the interpreter, and looks for interrupts.
    pub(crate) fn next(&mut self, py: Python<'_>) -> PyResult<Event> {
        if self.process != std::process::id() {
            return Err(PyRuntimeError::new_err(
                "the iterator was begun before this process was forked; begin another",
            ));
        }
        let Some(channels) = &mut self.channels else { return Ok(Event::Done) };
        loop {
            let events = &mut channels.events;
            match py.detach(move || events.recv_timeout(PATIENCE)) {
                // The caller may be a loop of C's, which looks for none.
                Ok(event) => return py.check_signals().map(|()| event),
                Err(RecvTimeoutError::Timeout) => py.check_signals()?,
                Err(RecvTimeoutError::Disconnected) => return self.ended(py),
            }
        }
    }

    /// Answers [`Event::Wanting`]; with nothing, there are no more inputs.
    pub(crate) fn supply(&self, inputs: Vec<Input>) {
        if let Some(channels) = &self.channels {
            // A thread that has ended is told of by the next event.
            let _ = channels.inputs.send(inputs);
        }
    }

    /// The thread ended without a word: that is a panic.
    fn ended(&mut self, py: Python<'_>) -> PyResult<Event> {
        let Some(thread) = self.thread.take() else { return Ok(Event::Done) };
        py.detach(|| thread.join()).map_or_else(|panic| Err(fault(py, panic.as_ref())), |()| Ok(Event::Done))
    }
}

/// The exception for a panic.
pub(crate) fn fault(py: Python<'_>, panic: &(dyn Any + Send)) -> PyErr {
    let message = panic.downcast_ref::<String>().map(String::as_str);
    let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    error::own(py, "PanicError", format!("a fault of embedkit: {message}"))
}

impl Drop for Run {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            // Neither the thread nor what it holds is this process's.
            std::mem::forget((self.channels.take(), self.thread.take()));
            return;
        }
        self.cancel.cancel();
        self.channels = None;
        let Some(thread) = self.thread.take() else { return };
        // The thread may wait for the interpreter, where a caller's own stemmer is at work.
        let mut thread = Some(thread);
        let mut join = || thread.take().map(JoinHandle::join);
        if Python::try_attach(|py| py.detach(&mut join)).is_none() {
            join();
        }
    }
}

/// Inputs that are asked for, a chunk at a time.
struct Asked {
    events: SyncSender<Event>,
    supply: Receiver<Vec<Input>>,
    chunk: std::vec::IntoIter<Input>,
}

impl Iterator for Asked {
    type Item = Input;

    fn next(&mut self) -> Option<Input> {
        if self.chunk.len() == 0 {
            self.events.send(Event::Wanting).ok()?;
            self.chunk = self.supply.recv().ok()?.into_iter();
        }
        self.chunk.next()
    }
}

/// Inputs that could not be read, which pass by the model to where their results would stand.
#[derive(Default)]
struct Unread(Rc<RefCell<VecDeque<(usize, Error)>>>);

impl Unread {
    /// Those of the inputs that were read.
    fn leave_out<I: Iterator<Item = Input>>(&self, inputs: I) -> impl Iterator<Item = Content> + use<I> {
        let unread = self.0.clone();
        let keep = move |failure| unread.borrow_mut().push_back(failure);
        inputs.enumerate().filter_map(move |(position, input)| input.map_err(|failure| keep((position, failure))).ok())
    }

    /// What failed at this position.
    fn take(&self, position: usize) -> Option<Error> {
        let mut unread = self.0.borrow_mut();
        let is_next = unread.front().is_some_and(|(at, _)| *at == position);
        is_next.then(|| unread.pop_front()).flatten().map(|(_, failure)| failure)
    }
}

/// Results on their way to whoever asks for them.
struct Outgoing<'r> {
    job: &'r Job,
    events: &'r SyncSender<Event>,
    window: Window,
    /// Inputs whose results were given, or stand in the window.
    inputs: usize,
}

impl Outgoing<'_> {
    /// Adds the next input's result; `waiting` more are there already. None where nobody listens any more.
    fn push(&mut self, result: embedkit::Result<Embedding>, waiting: usize) -> Option<()> {
        self.window.push(result);
        self.window.is_half = self.job.gives_halves();
        self.inputs += 1;
        let is_full = match self.job.grouping {
            Grouping::AsTheyCome => waiting == 0,
            Grouping::Of(rows) => self.window.inputs >= rows,
        };
        if is_full { self.send() } else { Some(()) }
    }

    fn send(&mut self) -> Option<()> {
        self.events.send(Event::Results(std::mem::take(&mut self.window))).ok()
    }
}

/// The thread's work. It ends when nobody listens any more.
fn embed(job: &Job, inputs: impl Iterator<Item = Input>, cancel: &CancelToken, events: &SyncSender<Event>) {
    let mut outgoing = Outgoing { job, events, window: Window::default(), inputs: 0 };
    if embed_into(&mut outgoing, job, inputs, cancel).is_some() {
        let _ = events.send(Event::Done);
    }
}

fn embed_into(
    outgoing: &mut Outgoing<'_>,
    job: &Job,
    inputs: impl Iterator<Item = Input>,
    cancel: &CancelToken,
) -> Option<()> {
    let unread = Unread::default();
    match job.embeddings(unread.leave_out(inputs), cancel) {
        Err(error) => outgoing.push(Err(error), 1)?,
        Ok(mut results) => loop {
            let result = results.next();
            while let Some(failure) = unread.take(outgoing.inputs) {
                outgoing.push(Err(failure), 1)?;
            }
            let Some(result) = result else { break };
            outgoing.push(result, results.ready())?;
        },
    }
    if outgoing.window.inputs > 0 { outgoing.send() } else { Some(()) }
}
