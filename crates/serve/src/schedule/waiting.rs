//! The inputs that wait, and the slices that are cut off them: data alone, without threads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::fairness::{Clock, Flow};
use super::job::{Job, JobId};
use super::slice::{Filling, Slice, SliceBounds};

/// The inputs that wait.
pub(super) struct Waiting {
    bounds: SliceBounds,
    /// Ordinary workers.
    workers: usize,
    clock: Clock,
    jobs: BTreeMap<JobId, Entry>,
    /// Requests by their tags.
    order: BTreeSet<(u64, JobId)>,
    arrivals: JobId,
    inputs: usize,
    cost: usize,
    /// How many slices of each request run.
    running: BTreeMap<JobId, usize>,
    /// Slices of long requests that run.
    long_runs: usize,
}

/// What a worker takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// Whatever is next.
    Ordinary,
    /// Short requests, while all ordinary workers are at long ones.
    Express,
}

struct Entry {
    job: Arc<Job>,
    flow: Flow,
    tag: u64,
    /// Inputs that wait, the longest last, so that slices have inputs of like lengths.
    rest: Vec<u32>,
    /// What they about cost.
    rest_cost: usize,
}

/// What a request is charged ahead for, at most: about a batch.
const SLICE: usize = 512;
/// Requests of which no more waits may take the express lane: queries, and passages of some sentences.
const SHORT: usize = 128;

impl Waiting {
    pub(super) fn new(bounds: SliceBounds, workers: usize) -> Self {
        Self {
            bounds,
            workers,
            clock: Clock::default(),
            jobs: BTreeMap::new(),
            order: BTreeSet::new(),
            arrivals: 0,
            inputs: 0,
            cost: 0,
            running: BTreeMap::new(),
            long_runs: 0,
        }
    }

    /// A request begins to wait; its number.
    pub(super) fn enter(&mut self, job: Arc<Job>) -> JobId {
        self.arrivals += 1;
        let id = self.arrivals;
        let window = self.bounds.window;
        let mut rest: Vec<u32> = (0..job.costs.len() as u32).collect();
        rest.sort_by_key(|index| job.cost_of(*index, window));
        let rest_cost = rest.iter().map(|index| job.cost_of(*index, window) as usize).sum();
        self.inputs += rest.len();
        self.cost += rest_cost;
        if rest.is_empty() {
            // Its turn would come, and nothing would run.
            return id;
        }
        let mut entry = Entry { flow: self.clock.arrive(), tag: 0, job, rest, rest_cost };
        entry.tag = entry.flow.tag(entry.next_cost(window));
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

    /// Which worker is to be woken for what waits; none where nothing does.
    pub(super) fn wanted(&self) -> Option<Lane> {
        let is_held_up = self.all_run_long() && self.jobs.values().any(Entry::is_short);
        (self.inputs > 0).then_some(if is_held_up { Lane::Express } else { Lane::Ordinary })
    }

    fn all_run_long(&self) -> bool {
        self.long_runs >= self.workers
    }

    /// What runs next: the inputs of the request whose turn it is, and others' that fit into the same run.
    pub(super) fn take(&mut self, lane: Lane) -> Option<Slice> {
        if lane == Lane::Express && !self.all_run_long() {
            return None;
        }
        let may_go = |entry: &Entry| lane == Lane::Ordinary || entry.is_short();
        let ids: Vec<JobId> = self.order.iter().map(|(_, id)| *id).filter(|id| may_go(&self.jobs[id])).collect();
        let first = self.jobs.get(ids.first()?)?.job.clone();
        let flows = self.active();
        let (mut filling, mut requests, mut is_long) = (Filling::new(self.bounds), Vec::new(), false);
        for id in ids {
            let Some(entry) = self.jobs.get_mut(&id) else { continue };
            let goes_along = filling.is_empty() || (self.bounds.shared && entry.job.goes_with(&first));
            if !goes_along {
                continue;
            }
            let is_short = entry.is_short();
            if let Some(cost) = filling.fill(&entry.job, &mut entry.rest) {
                is_long |= !is_short;
                requests.push(id);
                self.charge(id, cost);
            }
            if filling.is_full() {
                break;
            }
        }
        let slice = filling.finish(requests, is_long);
        self.begin(&slice, flows);
        Some(slice)
    }

    /// Requests that have a share of the machine: those that wait, and those whose last inputs run.
    fn active(&self) -> usize {
        self.jobs.len() + self.running.keys().filter(|id| !self.jobs.contains_key(id)).count()
    }

    /// Notes that a slice begins to run, while so many requests share the machine.
    fn begin(&mut self, slice: &Slice, flows: usize) {
        self.inputs -= slice.inputs.len();
        self.cost -= slice.cost;
        self.clock.advance(slice.cost, flows);
        self.long_runs += usize::from(slice.is_long);
        for id in &slice.requests {
            *self.running.entry(*id).or_default() += 1;
        }
    }

    /// Notes that a slice ran.
    pub(super) fn ran(&mut self, slice: &Slice) {
        self.long_runs -= usize::from(slice.is_long);
        for id in &slice.requests {
            if let Some(runs) = self.running.get_mut(id) {
                *runs -= 1;
                if *runs == 0 {
                    self.running.remove(id);
                }
            }
        }
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
        entry.tag = entry.flow.tag(entry.next_cost(self.bounds.window));
        self.order.insert((entry.tag, id));
    }
}

impl Entry {
    /// Whether no more of it waits than may take the express lane.
    fn is_short(&self) -> bool {
        self.rest_cost <= SHORT
    }

    /// What its next slice would about cost.
    fn next_cost(&self, window: u32) -> usize {
        let mut sum = 0;
        for index in self.rest.iter().rev() {
            sum += self.job.cost_of(*index, window) as usize;
            if sum >= SLICE {
                break;
            }
        }
        sum.min(SLICE)
    }
}

#[cfg(test)]
mod tests {
    use embedkit_core::{Content, Purpose, Role};
    use tokio::sync::oneshot;

    use super::super::inputs::JobInputs;
    use super::*;

    const BOUNDS: SliceBounds = SliceBounds { tokens: 64, attention: 1 << 20, inputs: 100, window: 512, shared: true };

    /// A request with texts of about so many tokens each.
    fn job(tokens: &[usize], role: Role) -> Arc<Job> {
        let texts: Vec<_> = tokens.iter().map(|tokens| Content::text("abcd".repeat(tokens - 2))).collect();
        Arc::new(Job::new(texts.into(), Purpose::new(role), oneshot::channel().0))
    }

    fn taken(waiting: &mut Waiting) -> Vec<usize> {
        taken_by(waiting, Lane::Ordinary)
    }

    /// The costs of the inputs that run next. Their run does not end.
    fn taken_by(waiting: &mut Waiting, lane: Lane) -> Vec<usize> {
        let slice = waiting.take(lane).map_or_else(Vec::new, |slice| slice.inputs);
        slice.iter().map(|(job, index)| job.costs[*index] as usize).collect()
    }

    #[test]
    fn a_long_request_goes_in_slices_and_lets_short_ones_by() {
        let mut waiting = Waiting::new(BOUNDS, 1);
        waiting.enter(job(&[64; 5], Role::Plain));
        assert_eq!(taken(&mut waiting), [64]);
        waiting.enter(job(&[10], Role::Plain));
        assert_eq!(waiting.inputs(), 5);
        assert_eq!(taken(&mut waiting), [10], "the long one's texts would be padding for it");
        assert_eq!(taken(&mut waiting), [64]);
        assert_eq!((waiting.inputs(), waiting.cost(), waiting.ahead_of(10)), (3, 192, 192));
        waiting.enter(job(&[512; 100], Role::Plain));
        assert_eq!(waiting.ahead_of(10), 192 + 512, "a long one's share, and no more of it");
    }

    #[test]
    fn requests_of_one_purpose_share_slices() {
        let mut waiting = Waiting::new(BOUNDS, 1);
        for (tokens, role) in [(10, Role::Plain), (12, Role::Query), (14, Role::Plain), (9, Role::Plain)] {
            waiting.enter(job(&[tokens], role));
        }
        assert_eq!(taken(&mut waiting), [9, 10, 14]);
        assert_eq!(taken(&mut waiting), [12]);
        assert_eq!(taken(&mut waiting), [0; 0]);
        let mut apart = Waiting::new(SliceBounds { shared: false, ..BOUNDS }, 1);
        apart.enter(job(&[10], Role::Plain));
        apart.enter(job(&[10], Role::Plain));
        assert_eq!(taken(&mut apart), [10]);
    }

    #[test]
    fn slices_hold_like_lengths_within_their_bounds() {
        let mut waiting = Waiting::new(SliceBounds { window: 100, ..BOUNDS }, 1);
        waiting.enter(job(&[10, 60, 20, 15, 600, 30, 11], Role::Plain));
        assert_eq!(taken(&mut waiting), [600], "longer than the window, and cut to it");
        assert_eq!(taken(&mut waiting), [60]);
        assert_eq!(taken(&mut waiting), [30, 20]);
        assert_eq!(taken(&mut waiting), [15, 11, 10]);
        assert_eq!((waiting.inputs(), waiting.cost()), (0, 0));
        let mut waiting = Waiting::new(SliceBounds { attention: 2 * 20 * 20, ..BOUNDS }, 1);
        waiting.enter(job(&[20; 3], Role::Plain));
        assert_eq!(taken(&mut waiting), [20, 20], "three would be more attention than the engine runs at once");
    }

    #[test]
    fn short_requests_have_a_lane_while_all_workers_are_at_long_ones() {
        let mut waiting = Waiting::new(BOUNDS, 2);
        waiting.enter(job(&[64; 9], Role::Plain));
        assert_eq!(waiting.wanted(), Some(Lane::Ordinary));
        let [first, second] = [(); 2].map(|()| waiting.take(Lane::Ordinary));
        assert!(first.is_some_and(|slice| slice.is_long) && second.is_some());
        assert_eq!(waiting.wanted(), Some(Lane::Ordinary), "no short one waits");
        assert_eq!(taken_by(&mut waiting, Lane::Express), [0; 0]);
        waiting.enter(job(&[10], Role::Plain));
        assert_eq!(waiting.wanted(), Some(Lane::Express));
        assert_eq!(taken_by(&mut waiting, Lane::Express), [10]);
        waiting.enter(job(&[10], Role::Plain));
        waiting.ran(&second.unwrap());
        assert_eq!(waiting.wanted(), Some(Lane::Ordinary), "a worker is free");
        assert_eq!(taken_by(&mut waiting, Lane::Express), [0; 0]);
        assert_eq!(taken(&mut waiting), [10]);
        assert_eq!(taken(&mut waiting), [64]);
    }

    #[test]
    fn no_slice_is_empty_and_every_input_runs_once_whatever_they_cost() {
        // Token ids cost as many as they are: none at all, too.
        let job = |costs: &[usize]| {
            let rows = costs.iter().map(|cost| vec![1; *cost]).collect();
            Arc::new(Job::new(JobInputs::Ids(rows), Purpose::default(), oneshot::channel().0))
        };
        let mut lists: Vec<Vec<usize>> = vec![vec![]];
        for first in [0, 1, 40, 600] {
            lists.push(vec![first]);
            lists.extend([0, 1, 40, 600].map(|second| vec![first, second]));
            lists.extend([0, 64].map(|second| vec![first, second, 0]));
        }
        for (first, second) in lists.iter().flat_map(|first| lists.iter().map(move |second| (first, second))) {
            for bounds in [BOUNDS, SliceBounds { shared: false, ..BOUNDS }, SliceBounds { inputs: 1, ..BOUNDS }] {
                let mut waiting = Waiting::new(bounds, 1);
                for costs in [first, second] {
                    waiting.enter(job(costs));
                }
                let mut ran = 0;
                while let Some(slice) = waiting.take(Lane::Ordinary) {
                    assert!(!slice.inputs.is_empty(), "{first:?} {second:?} {bounds:?}");
                    ran += slice.inputs.len();
                    waiting.ran(&slice);
                }
                assert_eq!(ran, first.len() + second.len(), "{first:?} {second:?} {bounds:?}");
                assert_eq!((waiting.inputs(), waiting.cost(), waiting.wanted()), (0, 0, None));
            }
        }
    }

    #[test]
    fn who_leaves_takes_what_waits_along() {
        let mut waiting = Waiting::new(BOUNDS, 1);
        let id = waiting.enter(job(&[64; 4], Role::Plain));
        assert_eq!(taken(&mut waiting), [64]);
        assert_eq!(waiting.leave(id), 3);
        assert_eq!((waiting.inputs(), waiting.cost(), waiting.leave(id)), (0, 0, 0));
        assert!(waiting.take(Lane::Ordinary).is_none());
    }
}
