//! Walks from a tuning to a better one, one setting at a time.

use crate::{Result, Tuning};

/// A setting, as steps from its value to lower and higher ones; none at its ends.
type Setting = fn(&Tuning, Step) -> Option<Tuning>;

#[derive(Clone, Copy)]
enum Step {
    Down,
    Up,
}

/// What a batch is bounded by, in the order in which it matters.
const SETTINGS: [Setting; 3] = [batch_tokens, batch_overhead, batch_attention];

/// The best tuning that is found from here, among other layouts of sessions too. `is_better` compares
/// one with the best so far.
pub(super) fn search(
    mut best: Tuning,
    layouts: Vec<Tuning>,
    mut is_better: impl FnMut(&Tuning, &Tuning) -> Result<bool>,
) -> Result<Tuning> {
    for layout in layouts {
        if is_better(&layout, &best)? {
            best = layout;
        }
    }
    for setting in SETTINGS {
        for step in [Step::Up, Step::Down] {
            let before = best.clone();
            while let Some(next) = setting(&best, step)
                && is_better(&next, &best)?
            {
                best = next;
            }
            // What was better upwards is not left downwards again.
            if best != before {
                break;
            }
        }
    }
    Ok(best)
}

/// All cores given to one session, to one session each, and to one session for every two.
pub(super) fn layouts(start: &Tuning) -> Vec<Tuning> {
    let cores = start.cores;
    let layout = |threads: usize| Tuning { sessions: Some(cores / threads), threads: Some(threads), ..start.clone() };
    let mut threads = vec![1, 2, cores];
    threads.retain(|threads| (1..=cores).contains(threads));
    threads.dedup();
    threads.into_iter().map(layout).collect()
}

fn batch_tokens(from: &Tuning, step: Step) -> Option<Tuning> {
    Some(Tuning { batch_tokens: stepped(from.batch_tokens, step, 64, 1 << 18)?, ..from.clone() })
}

fn batch_overhead(from: &Tuning, step: Step) -> Option<Tuning> {
    Some(Tuning { batch_overhead: stepped(from.batch_overhead, step, 1, 1 << 12)?, ..from.clone() })
}

fn batch_attention(from: &Tuning, step: Step) -> Option<Tuning> {
    Some(Tuning { batch_attention: stepped(from.batch_attention, step, 1 << 12, 1 << 28)?, ..from.clone() })
}

/// Twice or half the value, within bounds.
fn stepped(value: usize, step: Step, least: usize, most: usize) -> Option<usize> {
    let next = match step {
        Step::Down => value / 2,
        Step::Up => value.checked_mul(2)?,
    };
    (least..=most).contains(&next).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds of a made-up machine: each setting costs by its distance from its best value.
    fn seconds(tuning: &Tuning, best: &Tuning) -> f64 {
        let distance = |value: usize, best: usize| 1.0 + (value as f64 / best as f64).log2().abs();
        let layout = if (tuning.sessions, tuning.threads) == (best.sessions, best.threads) { 1.0 } else { 1.2 };
        layout
            * distance(tuning.batch_tokens, best.batch_tokens)
            * distance(tuning.batch_overhead, best.batch_overhead)
            * distance(tuning.batch_attention, best.batch_attention)
    }

    fn tuning(layout: Option<(usize, usize)>, tokens: usize, attention: usize, overhead: usize) -> Tuning {
        Tuning {
            model: "a/model".to_owned(),
            cores: 8,
            provider: "cpu".to_owned(),
            sessions: layout.map(|layout| layout.0),
            threads: layout.map(|layout| layout.1),
            batch_tokens: tokens,
            batch_attention: attention,
            batch_overhead: overhead,
        }
    }

    #[test]
    fn the_best_settings_are_found_from_the_defaults() {
        let start = tuning(None, 1024, 1 << 18, 16);
        for best in [
            start.clone(),
            tuning(Some((8, 1)), 1024, 1 << 18, 16),
            tuning(Some((4, 2)), 512, 1 << 16, 64),
            tuning(Some((1, 8)), 16384, 1 << 22, 256),
            tuning(None, 128, 1 << 20, 1),
        ] {
            let mut trials = 0;
            let found = search(start.clone(), layouts(&start), |next, before| {
                trials += 1;
                Ok(seconds(next, &best) < seconds(before, &best))
            });
            assert_eq!(found.unwrap(), best);
            assert!(trials < 30, "{trials} trials for {best}");
        }
    }

    #[test]
    fn the_search_ends_where_more_is_always_better() {
        let found = search(tuning(None, 1024, 1 << 18, 16), Vec::new(), |next, before| {
            Ok(next.batch_tokens + next.batch_attention > before.batch_tokens + before.batch_attention)
        });
        assert_eq!(found.unwrap(), tuning(None, 1 << 18, 1 << 28, 16));
    }

    #[test]
    fn layouts_are_told_apart() {
        for (cores, expected) in [(1, vec![(1, 1)]), (2, vec![(2, 1), (1, 2)]), (8, vec![(8, 1), (4, 2), (1, 8)])] {
            let start = Tuning { cores, ..tuning(None, 1024, 1 << 18, 16) };
            let layouts: Vec<_> = layouts(&start).iter().map(|t| (t.sessions.unwrap(), t.threads.unwrap())).collect();
            assert_eq!(layouts, expected);
        }
    }
}
