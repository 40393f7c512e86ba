//! The rendering processes of one file.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use embedkit_core::ImageInput;
use embedkit_core::Result;

use super::limits::PdfLimits;
use super::outline::PdfHeading;
use super::process::PdfProcess;
use super::protocol::Pixels;
use super::refused::Refused;
use super::worker::{Failure, Worker};

/// Processes that have read the file, as many as pages are rendered at a time. They wait for the next page, and end with
/// the pool.
#[derive(Debug)]
pub(super) struct RendererPool {
    process: PdfProcess,
    name: Arc<Path>,
    bytes: Arc<Vec<u8>>,
    page_count: usize,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug)]
struct State {
    idle: Vec<Worker>,
    /// How many more pages may be rendered at a time.
    free: usize,
}

impl RendererPool {
    pub(super) fn open(process: PdfProcess, name: Arc<Path>, bytes: Arc<Vec<u8>>, limits: &PdfLimits) -> Result<Self> {
        let (worker, page_count) = Worker::start(&process, limits, &name, &bytes)?;
        let state = Mutex::new(State { idle: vec![worker], free: process.processes() });
        Ok(Self { process, name, bytes, page_count, state, freed: Condvar::new() })
    }

    pub(super) fn page_count(&self) -> usize {
        self.page_count
    }

    pub(super) fn render(&self, number: usize, dpi: f32, limits: &PdfLimits) -> Result<ImageInput> {
        let Pixels { width, height, levels } = self.ask(limits, |worker| worker.render(number, dpi, limits))?;
        ImageInput::rgb(width, height, levels)
    }

    pub(super) fn text(&self, number: usize, limits: &PdfLimits) -> Result<String> {
        self.ask(limits, |worker| worker.text(number, limits))
    }

    pub(super) fn outline(&self, limits: &PdfLimits) -> Result<Vec<PdfHeading>> {
        self.ask(limits, |worker| worker.outline(limits))
    }

    /// An answer of a worker that waits, or of a new one.
    fn ask<T>(
        &self,
        limits: &PdfLimits,
        ask: impl Fn(&mut Worker) -> Result<Result<T, Refused>, Failure>,
    ) -> Result<T> {
        let _turn = self.turn();
        if let Some(mut worker) = self.idle() {
            match ask(&mut worker) {
                Ok(answer) => return self.answer(worker, answer),
                Err(failure @ Failure::TooLong) => return Err(failure.refused(limits).page()),
                // What earlier pages left behind may have been too much, and a page must not be refused for others: it is
                // tried again by a new process.
                Err(_) => {}
            }
        }
        let (mut worker, _) = Worker::start(&self.process, limits, &self.name, &self.bytes)?;
        match ask(&mut worker) {
            Ok(answer) => self.answer(worker, answer),
            Err(failure) => Err(failure.refused(limits).page()),
        }
    }

    fn answer<T>(&self, worker: Worker, answer: Result<T, Refused>) -> Result<T> {
        self.lock().idle.push(worker);
        answer.map_err(Refused::page)
    }

    fn idle(&self) -> Option<Worker> {
        std::iter::from_fn(|| self.lock().idle.pop()).find_map(|mut worker| worker.is_alive().then_some(worker))
    }

    /// Waits until fewer pages are being rendered than may be.
    fn turn(&self) -> Turn<'_> {
        let mut state = self.lock();
        while state.free == 0 {
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.free -= 1;
        Turn(self)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to render a page, until it is dropped.
struct Turn<'a>(&'a RendererPool);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.lock().free += 1;
        self.0.freed.notify_one();
    }
}
