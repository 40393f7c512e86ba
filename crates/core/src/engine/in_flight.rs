//! Windows whose batches run, and the threads that run them.
//!
//! A thread that finds no further batch in one window takes the next window's, so that none idles while a window ends.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::control::Control;
use super::crew::{self, Given};
use super::window::{Batches, CutWindow, Finished, Job, Positioned};

/// Runs all of a window, on so many threads at most: one result an input, in their order.
pub(super) fn finish<O: Send + 'static>(window: CutWindow<O>, workers: usize, control: &Control) -> Vec<Finished<O>> {
    if workers > 1 && window.batches.count() > 1 {
        let mut in_flight = InFlight::new(workers, control.clone());
        in_flight.begin(window, false);
        return in_flight.finish();
    }
    let CutWindow { mut results, batches } = window;
    for (position, result) in (0..batches.count()).flat_map(|batch| batches.run(batch, control)) {
        results[position] = Some(result);
    }
    results.into_iter().map(|result| result.unwrap_or_else(|| Err(control.missing()))).collect()
}

/// Windows that were begun and not all given out, oldest first.
pub(super) struct InFlight<O> {
    shared: Arc<Shared<O>>,
    threads: Vec<Given>,
    /// How many batches may run at once.
    workers: usize,
    /// The process that the threads are of.
    process: u32,
}

struct Shared<O> {
    control: Control,
    state: Mutex<State<O>>,
    /// There is a batch to run, or there will be no more.
    to_run: Condvar,
    /// A batch ended.
    ended: Condvar,
}

struct State<O> {
    windows: VecDeque<Running<O>>,
    /// How many windows left before the first of those.
    left_before: usize,
    closed: bool,
    /// What a thread panicked with.
    panic: Option<Box<dyn Any + Send>>,
}

/// A window that is run.
struct Running<O> {
    batches: Arc<dyn Batches<O>>,
    /// The next batch to run, and how many have not ended.
    next: usize,
    unfinished: usize,
    /// Results that were not given out, in the order of inputs; gaps for those that are not there.
    results: VecDeque<Option<Finished<O>>>,
    given: usize,
    job: Option<Job<O>>,
}

/// A batch, and where its results go.
struct Task<O> {
    window: usize,
    batch: usize,
    batches: Arc<dyn Batches<O>>,
}

impl<O: Send + 'static> InFlight<O> {
    /// None yet; so many batches may run at once.
    pub(super) fn new(workers: usize, control: Control) -> Self {
        let state = State { windows: VecDeque::new(), left_before: 0, closed: false, panic: None };
        let shared = Shared { control, state: Mutex::new(state), to_run: Condvar::new(), ended: Condvar::new() };
        Self { shared: Arc::new(shared), threads: Vec::new(), workers: workers.max(1), process: std::process::id() }
    }

    /// How many windows there are.
    pub(super) fn len(&self) -> usize {
        self.shared.state().windows.len()
    }

    /// Begins a window. A single batch beside which there is nothing to do runs on the calling thread.
    pub(super) fn begin(&mut self, window: CutWindow<O>, is_alone: bool) {
        let CutWindow { mut results, batches } = window;
        let count = batches.count();
        if is_alone && count == 1 {
            let control = &self.shared.control;
            for (position, result) in batches.run(0, control) {
                results[position] = Some(result);
            }
            let whole = results.into_iter().map(|result| result.or_else(|| Some(Err(control.missing()))));
            return self.push(Running::new(whole, batches, 0));
        }
        self.push(Running::new(results.into_iter(), batches, count));
        self.start_threads(count);
        if self.threads.is_empty() {
            // The system has no thread to give.
            self.shared.run_here();
        }
    }

    fn push(&self, window: Running<O>) {
        self.shared.state().windows.push_back(window);
        self.shared.to_run.notify_all();
    }

    fn start_threads(&mut self, batches: usize) {
        let wanted = self.workers.min(self.threads.len() + batches);
        while self.threads.len() < wanted {
            let shared = self.shared.clone();
            match crew::give(move || shared.work()) {
                Some(thread) => self.threads.push(thread),
                // Those that there are do the work.
                None => return,
            }
        }
    }

    /// Takes out the results that are there and come next.
    pub(super) fn take_ready(&self, ready: &mut VecDeque<Finished<O>>) {
        self.shared.state().take_ready(ready);
    }

    /// Waits for all results.
    pub(super) fn finish(self) -> Vec<Finished<O>> {
        let mut ready = VecDeque::new();
        while self.len() > 0 {
            self.wait();
            self.take_ready(&mut ready);
        }
        ready.into()
    }

    /// Waits until the next result is there.
    pub(super) fn wait(&self) {
        let mut state = self.shared.state();
        while !state.is_next_there() {
            if let Some(panic) = state.panic.take() {
                drop(state);
                resume_unwind(panic);
            }
            state = self.shared.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<O> Shared<O> {
    fn state(&self) -> MutexGuard<'_, State<O>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs batches until there will be no more.
    fn work(&self) {
        let mut state = self.state();
        loop {
            if state.closed {
                return;
            }
            state = match state.next_task() {
                Some(task) => {
                    drop(state);
                    self.run(task);
                    self.state()
                }
                None => self.to_run.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Runs the batches that there are on the calling thread.
    fn run_here(&self) {
        while let Some(task) = self.next_task() {
            self.run(task);
        }
    }

    /// The next batch; the lock is let go with it, since whoever runs a batch takes it again.
    fn next_task(&self) -> Option<Task<O>> {
        self.state().next_task()
    }

    fn run(&self, task: Task<O>) {
        let Task { window, batch, batches } = task;
        let outcome = catch_unwind(AssertUnwindSafe(|| batches.run(batch, &self.control)));
        let job = self.state().end(window, outcome, &self.control);
        // Outside of the lock, since whoever ends a job takes another.
        drop(job);
        self.ended.notify_all();
    }
}

impl<O> State<O> {
    fn next_task(&mut self) -> Option<Task<O>> {
        let index = self.windows.iter().position(|window| window.next < window.batches.count())?;
        let window = &mut self.windows[index];
        let batch = window.next;
        window.next += 1;
        Some(Task { window: self.left_before + index, batch, batches: window.batches.clone() })
    }

    /// Notes how a batch ended; gives the job that ended with it.
    fn end(
        &mut self,
        window: usize,
        outcome: std::thread::Result<Vec<Positioned<O>>>,
        control: &Control,
    ) -> Option<Job<O>> {
        // A run that was closed has no windows any more.
        let window = self.windows.get_mut(window.checked_sub(self.left_before)?)?;
        match outcome {
            Ok(results) => {
                for (position, result) in results {
                    window.results[position - window.given] = Some(result);
                }
            }
            Err(panic) => self.panic = Some(panic),
        }
        window.unfinished -= 1;
        if window.unfinished > 0 {
            return None;
        }
        for result in &mut window.results {
            result.get_or_insert_with(|| Err(control.missing()));
        }
        window.job.take()
    }

    fn is_next_there(&self) -> bool {
        self.panic.is_none()
            && self.windows.front().is_none_or(|window| matches!(window.results.front(), Some(Some(_))))
    }

    fn take_ready(&mut self, ready: &mut VecDeque<Finished<O>>) {
        // A panic goes before results: the one who waits raises it.
        if self.panic.is_some() {
            return;
        }
        while let Some(window) = self.windows.front_mut() {
            while window.is_next_there() {
                ready.extend(window.results.pop_front().flatten());
                window.given += 1;
            }
            if !window.results.is_empty() || window.unfinished > 0 {
                return;
            }
            self.windows.pop_front();
            self.left_before += 1;
        }
    }
}

impl<O> Running<O> {
    fn new(
        results: impl Iterator<Item = Option<Finished<O>>>,
        batches: Arc<dyn Batches<O>>,
        unfinished: usize,
    ) -> Self {
        let job = if unfinished > 0 { Job::begin(&batches) } else { None };
        let next = batches.count() - unfinished;
        Self { batches, next, unfinished, results: results.collect(), given: 0, job }
    }

    fn is_next_there(&self) -> bool {
        matches!(self.results.front(), Some(Some(_)))
    }
}

impl<O> Drop for InFlight<O> {
    /// Begins no further batch, and waits for those that run. In a child made by a fork, nothing is done or let go: the
    /// threads are its parent's, and with them the locks that they had.
    fn drop(&mut self) {
        if self.process != std::process::id() {
            std::mem::forget((std::mem::take(&mut self.threads), self.shared.clone()));
            return;
        }
        let mut state = self.shared.state();
        state.closed = true;
        let windows = std::mem::take(&mut state.windows);
        drop(state);
        self.shared.to_run.notify_all();
        self.threads.drain(..).for_each(Given::wait);
        // Jobs end after their last batch.
        drop(windows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ModelDescription, Usage};

    /// Batches of one input each, whose result is their number.
    struct Numbers(usize);

    impl Batches<usize> for Numbers {
        fn count(&self) -> usize {
            self.0
        }

        fn run(&self, batch: usize, _: &Control) -> Vec<Positioned<usize>> {
            vec![(batch, Ok((batch, Usage::default())))]
        }

        fn begin_job(&self) -> bool {
            false
        }

        fn end_job(&self) {}
    }

    #[test]
    fn a_system_without_threads_has_batches_run_on_the_calling_one() {
        const COUNT: usize = 5;
        let in_flight = InFlight::new(2, Control::of(&ModelDescription::new("numbers", "test", "numbers").into()));
        let batches: Arc<dyn Batches<usize>> = Arc::new(Numbers(COUNT));
        in_flight.push(Running::new((0..COUNT).map(|_| None), batches, COUNT));
        in_flight.shared.run_here();
        let results: Vec<usize> = in_flight.finish().into_iter().map(|result| result.unwrap().0).collect();
        assert_eq!(results, (0..COUNT).collect::<Vec<_>>());
    }
}
