//! A run that is kept, as its JSON has it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::bench::measure::Spread;

/// A run.
#[derive(Deserialize)]
pub(super) struct Run {
    facts: BTreeMap<String, String>,
    results: Vec<Figures>,
}

/// A side's numbers for a workload.
#[derive(Deserialize)]
pub(super) struct Figures {
    workload: String,
    pub(super) side: String,
    /// Items a second.
    pub(super) rate: Spread,
    /// Seconds to the first result.
    pub(super) cold: Spread,
    /// Most memory, in bytes.
    pub(super) peak: f64,
}

/// Which side embedkit's is compared with.
#[derive(Clone, Copy)]
pub(super) enum Rival {
    /// The one of this name.
    Named(&'static str),
    /// The one with the largest number of those whose names begin so.
    Largest(&'static str),
}

impl Run {
    /// What is said of where it ran.
    pub(super) fn fact(&self, name: &str) -> Option<&str> {
        self.facts.get(name).map(String::as_str)
    }

    /// The workloads in their order.
    pub(super) fn workloads(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.results.iter().map(|figures| figures.workload.as_str()).collect();
        names.dedup();
        names
    }

    /// The sides that did a workload.
    pub(super) fn sides(&self, workload: &str) -> impl Iterator<Item = &Figures> {
        self.results.iter().filter(move |figures| figures.workload == workload)
    }

    pub(super) fn side(&self, workload: &str, name: &str) -> Option<&Figures> {
        self.sides(workload).find(|figures| figures.side == name)
    }

    /// One of embedkit's numbers to a rival's.
    pub(super) fn ratio(&self, workload: &str, number: fn(&Figures) -> f64, rival: Rival) -> Option<f64> {
        let is_rival = |figures: &&Figures| match rival {
            Rival::Named(name) => figures.side == name,
            Rival::Largest(beginning) => figures.side.starts_with(beginning),
        };
        let theirs = self.sides(workload).filter(is_rival).map(number).reduce(f64::max)?;
        Some(number(self.side(workload, "embedkit")?) / theirs)
    }
}

#[cfg(test)]
impl Run {
    /// A run of one workload, with sides and their rates.
    pub(super) fn of_mixed(processor: &str, rates: &[(&str, f64)]) -> Self {
        let figures = |(side, rate): &(&str, f64)| {
            let [rate, cold] = [*rate, 1.0].map(|median| Spread { median, least: median, most: median });
            Figures { workload: "mixed".to_owned(), side: (*side).to_owned(), rate, cold, peak: 2.0 }
        };
        let facts = [("processor".to_owned(), processor.to_owned())].into();
        Self { facts, results: rates.iter().map(figures).collect() }
    }
}
