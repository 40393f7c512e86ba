//! Inputs that run together.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::job::{Job, JobId};

/// Inputs that run together, and whose they are.
pub(super) struct Slice {
    pub(super) inputs: Vec<(Arc<Job>, usize)>,
    /// What they about cost, in tokens.
    pub(super) cost: usize,
    /// The requests that they are of.
    pub(super) requests: Vec<JobId>,
    /// Whether it is a part of a request that is no short one.
    pub(super) is_long: bool,
}

impl Slice {
    /// How long its inputs waited, in all.
    pub(super) fn waited(&self, now: Instant) -> Duration {
        self.inputs.iter().map(|(job, _)| now.saturating_duration_since(job.since)).sum()
    }
}

/// What a slice may hold: as much as the engine runs at once, so that whoever waits for a slice waits for one run.
#[derive(Clone, Copy, Debug)]
pub(super) struct SliceBounds {
    /// Most tokens, padding included.
    pub(super) tokens: usize,
    /// Most cells of attention: inputs times the longest one's square.
    pub(super) attention: usize,
    /// Most inputs.
    pub(super) inputs: usize,
    /// The model's window: longer texts are cut to it.
    pub(super) window: u32,
    /// Whether requests share slices.
    pub(super) shared: bool,
}

/// Inputs of no more tokens go with any others of theirs.
const ALIKE: u32 = 32;

/// A slice while it is filled.
pub(super) struct Filling {
    bounds: SliceBounds,
    inputs: Vec<(Arc<Job>, usize)>,
    longest: u32,
    shortest: u32,
    cost: usize,
}

impl Filling {
    pub(super) fn new(bounds: SliceBounds) -> Self {
        Self { bounds, inputs: Vec::new(), longest: 0, shortest: u32::MAX, cost: 0 }
    }

    /// Takes inputs of a request off the end of `rest`, where the longest are, as far as they fit; what they cost, which may be
    /// nothing. None where none fits.
    pub(super) fn fill(&mut self, job: &Arc<Job>, rest: &mut Vec<u32>) -> Option<usize> {
        let (inputs, cost_before) = (self.inputs.len(), self.cost);
        while let Some(&index) = rest.last() {
            let cost = job.cost_of(index, self.bounds.window);
            if !self.fits(cost) {
                break;
            }
            rest.pop();
            self.inputs.push((job.clone(), index as usize));
            self.longest = self.longest.max(cost);
            self.shortest = self.shortest.min(cost);
            self.cost += cost as usize;
        }
        (self.inputs.len() > inputs).then(|| self.cost - cost_before)
    }

    /// Whether there is nothing in it yet.
    pub(super) fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// Whether no input of whatever length would fit any more.
    pub(super) fn is_full(&self) -> bool {
        !self.is_empty() && !self.has_room(1)
    }

    pub(super) fn finish(self, requests: Vec<JobId>, is_long: bool) -> Slice {
        Slice { inputs: self.inputs, cost: self.cost, requests, is_long }
    }

    /// Whether an input of this cost makes no run too large, and none wait for much padding.
    fn fits(&self, cost: u32) -> bool {
        if self.is_empty() {
            return true;
        }
        let (shortest, longest) = (self.shortest.min(cost), self.longest.max(cost));
        let is_alike = longest <= ALIKE || longest <= shortest.saturating_mul(2);
        is_alike && self.has_room(cost)
    }

    fn has_room(&self, cost: u32) -> bool {
        let (inputs, longest) = (self.inputs.len() + 1, self.longest.max(cost) as usize);
        inputs <= self.bounds.inputs
            && inputs * longest <= self.bounds.tokens
            && inputs.saturating_mul(longest.saturating_mul(longest)) <= self.bounds.attention
    }
}
