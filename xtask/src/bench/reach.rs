//! What embedkit wants to reach, as ratios.

use super::measure::Measured;
use super::sides::{Kind, Library};

/// A ratio that is asked for.
pub(super) struct Goal {
    pub(super) what: String,
    /// A bound that the ratio must not be below, or with [`Bound::Most`], above.
    pub(super) asked: Bound,
    pub(super) got: f64,
}

/// A bound of a ratio.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub(super) enum Bound {
    Least(f64),
    Most(f64),
}

impl std::fmt::Display for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Least(bound) => write!(f, "≥ {bound:.3}"),
            Self::Most(bound) => write!(f, "≤ {bound:.3}"),
        }
    }
}

impl Goal {
    pub(super) fn is_reached(&self) -> bool {
        match self.asked {
            Bound::Least(bound) => self.got >= bound,
            Bound::Most(bound) => self.got <= bound,
        }
    }
}

/// Which of a library's sides a goal is against.
#[derive(Clone, Copy)]
enum Rival {
    /// The library as it comes.
    Default(Library),
    /// The library at its best for the workload and the measure.
    Best(Library),
}

/// A measure.
#[derive(Clone, Copy)]
enum Of {
    Rate,
    Peak,
    P50,
    Cold,
}

impl Of {
    fn name(self) -> &'static str {
        match self {
            Self::Rate => "items/s",
            Self::Peak => "peak memory",
            Self::P50 => "p50",
            Self::Cold => "cold start",
        }
    }

    fn value(self, result: &Measured) -> f64 {
        match self {
            Self::Rate => result.rate.median,
            Self::Peak => result.peak as f64,
            Self::P50 => result.p50.median,
            Self::Cold => result.cold.median,
        }
    }
}

use Bound::{Least, Most};
use Library::{FastembedPython, FastembedRust, Limit, Model2vecPython, Model2vecRust};

/// The workloads that are to be as fast as the runtime fed by hand, and faster than every peer at its best batch size.
const AT_THE_LIMIT: [&str; 8] = ["mixed", "short", "long", "equal", "int8-mixed", "splade", "colbert", "rerank"];

/// What all of those are to reach.
const OF_THE_LIMIT: [(Of, Rival, Bound); 3] = [
    (Of::Rate, Rival::Best(Limit), Least(0.97)),
    (Of::Rate, Rival::Best(FastembedPython), Least(1.05)),
    (Of::Rate, Rival::Best(FastembedRust), Least(1.05)),
];

/// The other goals, one a line.
#[rustfmt::skip]
const GOALS: &[(&str, Of, Rival, Bound)] = &[
    ("mixed", Of::Rate, Rival::Default(FastembedPython), Least(9.0)),
    ("mixed", Of::Rate, Rival::Default(FastembedRust), Least(9.0)),
    ("mixed", Of::Peak, Rival::Default(FastembedPython), Most(1.0 / 30.0)),
    ("mixed", Of::Peak, Rival::Default(FastembedRust), Most(1.0 / 30.0)),
    ("single", Of::P50, Rival::Best(Limit), Most(1.02)),
    ("single", Of::P50, Rival::Best(FastembedPython), Most(1.0)),
    ("single", Of::P50, Rival::Best(FastembedRust), Most(1.0)),
    ("single", Of::Cold, Rival::Default(FastembedPython), Most(0.25)),
    ("single", Of::Cold, Rival::Default(FastembedRust), Most(1.0)),
    ("two-single", Of::P50, Rival::Best(Limit), Most(1.02)),
    ("two-single", Of::P50, Rival::Best(FastembedPython), Most(1.0)),
    ("two-single", Of::P50, Rival::Best(FastembedRust), Most(1.0)),
    ("int8-single", Of::P50, Rival::Best(Limit), Most(1.02)),
    ("static", Of::Rate, Rival::Default(Model2vecPython), Least(1.1)),
    ("static", Of::Rate, Rival::Default(Model2vecRust), Least(1.1)),
    ("static-one-core", Of::Rate, Rival::Default(Model2vecPython), Least(1.1)),
    ("static-one-core", Of::Rate, Rival::Default(Model2vecRust), Least(1.1)),
    ("bm25", Of::Rate, Rival::Default(FastembedPython), Least(20.0)),
    ("bm25-one-core", Of::Rate, Rival::Default(FastembedPython), Least(20.0)),
    ("image", Of::Rate, Rival::Best(FastembedPython), Least(1.0)),
    ("preprocess-clip", Of::Rate, Rival::Default(FastembedPython), Least(1.3)),
    ("preprocess-siglip", Of::Rate, Rival::Default(FastembedPython), Least(1.3)),
    ("preprocess-convnext", Of::Rate, Rival::Default(FastembedPython), Least(1.3)),
    ("preprocess-jinaclip", Of::Rate, Rival::Default(FastembedPython), Least(1.3)),
    ("preprocess-idefics3", Of::Rate, Rival::Default(FastembedPython), Least(1.3)),
    ("preprocess-png", Of::Rate, Rival::Default(FastembedPython), Least(1.0)),
    ("preprocess-opened", Of::Rate, Rival::Default(FastembedPython), Least(1.0)),
];

/// The most that the p99 of single texts may be, in p50s.
const SPREAD: f64 = 1.5;

/// The goals whose sides were all measured.
pub(super) fn goals(results: &[Measured]) -> Vec<Goal> {
    let ours = |workload: &str| {
        let is_ours = |result: &&Measured| result.library == Library::Embedkit && result.kind == Kind::Default;
        results.iter().filter(is_ours).find(|result| result.workload == workload)
    };
    let mut goals = Vec::new();
    let at_the_limit =
        AT_THE_LIMIT.iter().flat_map(|workload| OF_THE_LIMIT.map(|(of, rival, asked)| (*workload, of, rival, asked)));
    for (workload, of, rival, asked) in at_the_limit.chain(GOALS.iter().copied()) {
        let Some(ours) = ours(workload) else { continue };
        let (Rival::Default(library) | Rival::Best(library)) = rival;
        let rivals = results.iter().filter(|result| result.workload == workload && result.library == library);
        let rivals = rivals.filter(|result| matches!(rival, Rival::Best(_)) || result.kind == Kind::Default);
        // Each measure has a best side of its own: the fastest may take the most memory.
        let best = match asked {
            Least(_) => rivals.max_by(|a, b| of.value(a).total_cmp(&of.value(b))),
            Most(_) => rivals.min_by(|a, b| of.value(a).total_cmp(&of.value(b))),
        };
        if let Some(best) = best {
            let what = format!("{workload}: {} to that of {}", of.name(), best.side);
            goals.push(Goal { what, asked, got: of.value(ours) / of.value(best) });
        }
    }
    if let Some(ours) = ours("single") {
        let what = "single: p99 to p50".to_owned();
        goals.push(Goal { what, asked: Most(SPREAD), got: ours.p99.median / ours.p50.median });
    }
    goals
}
