//! What the runs come to, in a few ratios: of each processor in a table, of all of them in a sentence.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::run::Rival::{self, Largest, Named};
use super::run::{Figures, Run};

/// A ratio of embedkit's number to another side's.
struct Ratio {
    what: &'static str,
    workload: &'static str,
    number: fn(&Figures) -> f64,
    rival: Rival,
}

const RATE: fn(&Figures) -> f64 = |figures: &Figures| figures.rate.median;
const COLD: fn(&Figures) -> f64 = |figures: &Figures| figures.cold.median;
const PEAK: fn(&Figures) -> f64 = |figures: &Figures| figures.peak;

/// The table's columns.
#[rustfmt::skip]
const RATIOS: [Ratio; 12] = [
    Ratio { what: "mixed texts, to Python's fastembed as it comes", workload: "mixed", number: RATE, rival: Named("fastembed (Python)") },
    Ratio { what: "to fastembed-rs as it comes", workload: "mixed", number: RATE, rival: Named("fastembed (Rust)") },
    Ratio { what: "to Python's at its best", workload: "mixed", number: RATE, rival: Largest("fastembed (Python)") },
    Ratio { what: "to fastembed-rs at its best", workload: "mixed", number: RATE, rival: Largest("fastembed (Rust)") },
    Ratio { what: "to the runtime fed by hand", workload: "mixed", number: RATE, rival: Largest("limit") },
    Ratio { what: "peak memory to Python's as it comes", workload: "mixed", number: PEAK, rival: Named("fastembed (Python)") },
    Ratio { what: "short texts, to Python's at its best", workload: "short", number: RATE, rival: Largest("fastembed (Python)") },
    Ratio { what: "long texts, to Python's at its best", workload: "long", number: RATE, rival: Largest("fastembed (Python)") },
    Ratio { what: "int8, to Python's at its best", workload: "int8-mixed", number: RATE, rival: Largest("fastembed (Python)") },
    Ratio { what: "time to the first vector, to Python's", workload: "single", number: COLD, rival: Named("fastembed (Python)") },
    Ratio { what: "static model, to model2vec-rs", workload: "static", number: RATE, rival: Largest("model2vec-rs") },
    Ratio { what: "BM25, to Python's", workload: "bm25", number: RATE, rival: Named("fastembed (Python)") },
];

/// The ratios of every processor, a row each; a ratio that no run of it measured is left empty.
pub(super) fn table(runs: &[(String, Run)]) -> String {
    let mut table = String::from("| processor | runs |");
    for ratio in &RATIOS {
        let _ = write!(table, " {} |", ratio.what);
    }
    let _ = write!(table, "\n| --- | --- |{}", " --- |".repeat(RATIOS.len()));
    for (processor, runs) in by_processor(runs) {
        let links: Vec<String> = runs.iter().map(|(name, _)| format!("[{name}](benchmark-{name}.md)")).collect();
        let _ = write!(table, "\n| {processor} | {} |", links.join(", "));
        for ratio in &RATIOS {
            match ratio.of(runs.iter().map(|(_, run)| *run)) {
                Some(value) => {
                    let _ = write!(table, " {} |", digits(value));
                }
                None => table.push_str("  |"),
            }
        }
    }
    table
}

/// The sentence that README quotes: ranges over all processors.
pub(super) fn quote(runs: &[(String, Run)]) -> String {
    let range = |at: usize| {
        let of = |(_, runs): (&str, Vec<(&str, &Run)>)| RATIOS[at].of(runs.into_iter().map(|(_, run)| run));
        let values: Vec<f64> = by_processor(runs).into_iter().filter_map(of).collect();
        let least = digits(values.iter().copied().fold(f64::INFINITY, f64::min));
        let most = digits(values.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        if least == most { least } else { format!("{least} to {most}") }
    };
    format!(
        "on texts of mixed lengths {} and {} times the texts a second of both as they come, and {} and {} times them at the batch size \
         that suits each best, at {} of Python's memory and {} of its time to the first vector; BM25: {} times.",
        range(0),
        range(1),
        range(2),
        range(3),
        range(5),
        range(9),
        range(11)
    )
}

fn by_processor(runs: &[(String, Run)]) -> BTreeMap<&str, Vec<(&str, &Run)>> {
    let mut processors: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for (name, run) in runs {
        let processor = run.fact("processor").unwrap_or("unknown");
        processors.entry(processor).or_default().push((name.as_str(), run));
    }
    processors
}

impl Ratio {
    /// From the first of the runs, which is the latest, that measured it.
    fn of<'r>(&self, mut runs: impl Iterator<Item = &'r Run>) -> Option<f64> {
        runs.find_map(|run| run.ratio(self.workload, self.number, self.rival))
    }
}

/// Two digits, for more would be noise.
fn digits(value: f64) -> String {
    if value >= 9.95 {
        format!("{value:.0}")
    } else if value >= 0.995 {
        format!("{value:.1}")
    } else if value >= 0.0995 {
        format!("{value:.2}")
    } else {
        format!("{value:.3}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(processor: &str, rates: &[(&str, f64)]) -> (String, Run) {
        (processor.to_lowercase(), Run::of_mixed(processor, rates))
    }

    #[test]
    fn ratios_are_to_the_default_or_to_the_best() {
        let runs = [
            run("A", &[("embedkit", 100.0), ("fastembed (Python)", 10.0), ("fastembed (Python), batch 1", 80.0)]),
            run("B", &[("embedkit", 90.0), ("fastembed (Python)", 6.0)]),
        ];
        let table = table(&runs);
        let rows: Vec<&str> = table.lines().collect();
        assert!(rows[2].starts_with("| A | [a](benchmark-a.md) | 10 |  | 1.2 |  |  | 1.0 |"), "{}", rows[2]);
        assert!(rows[3].starts_with("| B | [b](benchmark-b.md) | 15 |  | 15 |"), "{}", rows[3]);
        assert!(quote(&runs).starts_with("on texts of mixed lengths 10 to 15 and "));
    }
}
