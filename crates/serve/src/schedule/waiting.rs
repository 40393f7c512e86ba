//! The inputs that wait, and the slices that are cut off them: data alone, without threads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use super::fairness::{Clock, Flow};
use super::job::Job;

/// A request's number.
pub(super) type JobId = u64;

/// Inputs that run together, and whose they are.
pub(super) struct Slice {
    pub(super) inputs: Vec<(Arc<Job>, usize)>,
    /// What they about cost, in tokens.
    pub(super) cost: usize,
}

/// The inputs that wait.
#[derive(Default)]
pub(super) struct Waiting {
    clock: Clock,
    jobs: BTreeMap<JobId, Entry>,
    /// Requests by their tags.
    order: BTreeSet<(u64, JobId)>,
    arrivals: JobId,
    inputs: usize,
    cost: usize,
    /// Requests that have inputs in a run.
    running: usize,
}

struct Entry {
    job: Arc<Job>,
    flow: Flow,
    tag: u64,
    /// Inputs that wait, the longest last, so that slices have inputs of like lengths.
    rest: Vec<u32>,
    /// What they about cost.
    rest_cost: usize,
    /// The longest input that a slice is cut for.
    window: u32,
}

/// What a slice may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct SliceBounds {
    /// Most tokens, padding included.
    pub(super) tokens: usize,
    /// Most inputs.
    pub(super) inputs: usize,
    /// The model's window: longer texts are cut to it.
    pub(super) window: u32,
    /// Whether requests share slices.
    pub(super) shared: bool,
}

/// What a request is charged ahead for, at most: about a batch.
const SLICE: usize = 1024;
/// Inputs of no more tokens go with any others of theirs.
const SHORT: u32 = 32;

impl Waiting {
    /// A request begins to wait; its number.
    pub(super) fn enter(&mut self, job: Arc<Job>, window: u32) -> JobId {
        self.arrivals += 1;
        let id = self.arrivals;
        let mut rest: Vec<u32> = (0..job.costs.len() as u32).collect();
        rest.sort_by_key(|index| job.costs[*index as usize].min(window));
        self.inputs += rest.len();
        let rest_cost = rest.iter().map(|index| job.costs[*index as usize].min(window) as usize).sum();
        self.cost += rest_cost;
        let mut entry = Entry { flow: self.clock.arrive(), tag: 0, job, rest, rest_cost, window };
        entry.tag = entry.flow.tag(entry.next_cost());
        self.order.insert((entry.tag, id));
        self.jobs.insert(id, entry);
        id
    }

    /// Takes a request's inputs out, as far as they wait; how many there were.
    pub(super) fn leave(&mut self, id: JobId) -> usize {
        let Some(entry) = self.jobs.remove(&id) else { return 0 };
        self.order.remove(&(entry.tag, id));
        self.inputs -= entry.rest.len();
        self.cost -= entry.rest_cost;
        entry.rest.len()
    }

    /// Inputs that wait.
    pub(super) fn inputs(&self) -> usize {
        self.inputs
    }

    /// What they about cost, in tokens.
    pub(super) fn cost(&self) -> usize {
        self.cost
    }

    /// What runs before a request of this cost is done, itself left out: of each that waits, no more than its equal share.
    pub(super) fn ahead_of(&self, cost: usize) -> usize {
        self.jobs.values().map(|entry| entry.rest_cost.min(cost.max(SLICE))).sum()
    }

    /// Requests that wait.
    pub(super) fn requests(&self) -> impl Iterator<Item = &Arc<Job>> {
        self.jobs.values().map(|entry| &entry.job)
    }

    /// What runs next: the inputs of the request whose turn it is, and others' that fit into the same batch.
    pub(super) fn take(&mut self, bounds: SliceBounds) -> Option<Slice> {
        let (_, first) = self.order.first()?;
        let purpose = self.jobs.get(first)?.job.purpose.clone();
        let ids: Vec<JobId> = self.order.iter().map(|(_, id)| *id).collect();
        let mut slice = Filling { bounds, inputs: Vec::new(), longest: 0, shortest: u32::MAX, cost: 0 };
        let mut flows = self.running;
        for id in ids {
            let Some(entry) = self.jobs.get_mut(&id) else { continue };
            let goes_along = slice.inputs.is_empty() || (bounds.shared && *entry.job.purpose == *purpose);
            if !goes_along {
                continue;
            }
            let before = slice.cost;
            let is_full = !slice.fill(entry);
            let taken = slice.cost - before;
            if taken > 0 {
                flows += 1;
                self.cost -= taken;
                self.charge(id, taken);
            }
            if is_full {
                break;
            }
        }
        let Filling { inputs, cost, .. } = slice;
        self.inputs -= inputs.len();
        self.clock.advance(cost, flows.max(self.jobs.len()));
        self.running += 1;
        Some(Slice { inputs, cost })
    }

    /// Notes that a slice ran.
    pub(super) fn ran(&mut self) {
        self.running -= 1;
    }

    /// Puts a request behind others by what was taken of it, or out when nothing of it waits any more.
    fn charge(&mut self, id: JobId, cost: usize) {
        let Some(entry) = self.jobs.get_mut(&id) else { return };
        self.order.remove(&(entry.tag, id));
        if entry.rest.is_empty() {
            self.jobs.remove(&id);
            return;
        }
        entry.flow.charge(cost);
        entry.rest_cost -= cost;
        entry.tag = entry.flow.tag(entry.next_cost());
        self.order.insert((entry.tag, id));
    }
}

impl Entry {
    fn cost(&self, index: u32) -> u32 {
        self.job.costs[index as usize].min(self.window)
    }

    /// What its next slice would about cost.
    fn next_cost(&self) -> usize {
        let mut sum = 0;
        for index in self.rest.iter().rev() {
            sum += self.cost(*index) as usize;
            if sum >= SLICE {
                break;
            }
        }
        sum.min(SLICE)
    }
}

/// A slice while it is filled.
struct Filling {
    bounds: SliceBounds,
    inputs: Vec<(Arc<Job>, usize)>,
    longest: u32,
    shortest: u32,
    cost: usize,
}

impl Filling {
    /// Takes a request's longest inputs, as long as they fit; whether there is room for more.
    fn fill(&mut self, entry: &mut Entry) -> bool {
        while let Some(&index) = entry.rest.last() {
            let cost = entry.cost(index);
            if !self.fits(cost) {
                return self.inputs.len() < self.bounds.inputs
                    && self.padded(SHORT.min(self.longest)) <= self.bounds.tokens;
            }
            entry.rest.pop();
            self.inputs.push((entry.job.clone(), index as usize));
            self.longest = self.longest.max(cost);
            self.shortest = self.shortest.min(cost);
            self.cost += cost as usize;
        }
        true
    }

    /// Whether an input of this cost makes no batch too large, and none wait for much padding.
    fn fits(&self, cost: u32) -> bool {
        if self.inputs.is_empty() {
            return true;
        }
        let (shortest, longest) = (self.shortest.min(cost), self.longest.max(cost));
        let is_alike = longest <= SHORT || longest <= shortest.saturating_mul(2);
        is_alike && self.inputs.len() < self.bounds.inputs && self.padded(cost) <= self.bounds.tokens
    }

    /// What the slice would compute with one more input, padding included.
    fn padded(&self, cost: u32) -> usize {
        (self.inputs.len() + 1) * self.longest.max(cost) as usize
    }
}

impl Slice {
    /// How long its inputs waited, in all.
    pub(super) fn waited(&self, now: Instant) -> std::time::Duration {
        self.inputs.iter().map(|(job, _)| now.saturating_duration_since(job.since)).sum()
    }
}

#[cfg(test)]
mod tests {
    use embedkit_core::{Content, Purpose, Role};
    use tokio::sync::oneshot;

    use super::*;

    const BOUNDS: SliceBounds = SliceBounds { tokens: 64, inputs: 100, window: 512, shared: true };

    /// A request with texts of about so many tokens each.
    fn job(tokens: &[usize], role: Role) -> Arc<Job> {
        let texts = tokens.iter().map(|tokens| Content::text("abcd".repeat(tokens - 2))).collect();
        Arc::new(Job::new(texts, Purpose::new(role), oneshot::channel().0))
    }

    fn taken(waiting: &mut Waiting, bounds: SliceBounds) -> Vec<usize> {
        let slice = waiting.take(bounds).map_or_else(Vec::new, |slice| slice.inputs);
        slice.iter().map(|(job, index)| job.costs[*index] as usize).collect()
    }

    #[test]
    fn a_long_request_goes_in_slices_and_lets_short_ones_by() {
        let mut waiting = Waiting::default();
        waiting.enter(job(&[64; 5], Role::Plain), 512);
        assert_eq!(taken(&mut waiting, BOUNDS), [64]);
        waiting.enter(job(&[10], Role::Plain), 512);
        assert_eq!(waiting.inputs(), 5);
        assert_eq!(taken(&mut waiting, BOUNDS), [10], "the long one's texts would be padding for it");
        assert_eq!(taken(&mut waiting, BOUNDS), [64]);
        assert_eq!((waiting.inputs(), waiting.cost(), waiting.ahead_of(10)), (3, 192, 192));
        waiting.enter(job(&[512; 100], Role::Plain), 512);
        assert_eq!(waiting.ahead_of(10), 192 + 1024, "a long one's share, and no more of it");
    }

    #[test]
    fn requests_of_one_purpose_share_slices() {
        let mut waiting = Waiting::default();
        for (tokens, role) in [(10, Role::Plain), (12, Role::Query), (14, Role::Plain), (9, Role::Plain)] {
            waiting.enter(job(&[tokens], role), 512);
        }
        assert_eq!(taken(&mut waiting, BOUNDS), [9, 10, 14]);
        assert_eq!(taken(&mut waiting, BOUNDS), [12]);
        assert_eq!(taken(&mut waiting, BOUNDS), [0; 0]);
        waiting.enter(job(&[10], Role::Plain), 512);
        waiting.enter(job(&[10], Role::Plain), 512);
        assert_eq!(taken(&mut waiting, SliceBounds { shared: false, ..BOUNDS }), [10]);
    }

    #[test]
    fn slices_hold_like_lengths_within_their_bounds() {
        let mut waiting = Waiting::default();
        waiting.enter(job(&[10, 60, 20, 15, 600, 30, 11], Role::Plain), 100);
        assert_eq!(taken(&mut waiting, BOUNDS), [600], "longer than the window, and cut to it");
        assert_eq!(taken(&mut waiting, BOUNDS), [60]);
        assert_eq!(taken(&mut waiting, BOUNDS), [30, 20]);
        assert_eq!(taken(&mut waiting, BOUNDS), [15, 11, 10]);
        assert_eq!((waiting.inputs(), waiting.cost()), (0, 0));
    }

    #[test]
    fn who_leaves_takes_what_waits_along() {
        let mut waiting = Waiting::default();
        let id = waiting.enter(job(&[64; 4], Role::Plain), 512);
        assert_eq!(taken(&mut waiting, BOUNDS), [64]);
        assert_eq!(waiting.leave(id), 3);
        assert_eq!((waiting.inputs(), waiting.cost(), waiting.leave(id)), (0, 0, 0));
        assert!(waiting.take(BOUNDS).is_none());
    }
}
