//! The results as Markdown for people and JSON for programs.

use std::fmt::Write as _;

use serde_json::json;

use super::compare::Likeness;
use super::measure::{Measured, Spread};
use super::reach;
use super::sides::{Kind, Library};
use super::workloads::Workload;
use crate::failure::{Failure, failed};

/// All there is to tell.
pub(super) struct Report<'r> {
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) workloads: &'r [Workload],
    pub(super) results: &'r [Measured],
}

impl Report<'_> {
    pub(super) fn json(&self) -> Result<String, Failure> {
        let facts: serde_json::Map<_, _> =
            self.facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect();
        let goals: Vec<_> = reach::goals(self.results)
            .into_iter()
            .map(|goal| json!({ "goal": goal.what, "asked": goal.asked, "got": goal.got }))
            .collect();
        serde_json::to_string_pretty(&json!({ "facts": facts, "results": self.results, "goals": goals }))
            .map_err(|e| failed(e.to_string()))
    }

    pub(super) fn markdown(&self) -> String {
        let mut text = String::from("# Benchmark\n\n| | |\n| --- | --- |\n");
        for (name, value) in &self.facts {
            let _ = writeln!(text, "| {name} | {value} |");
        }
        self.write_goals(&mut text);
        for workload in self.workloads {
            self.write_workload(&mut text, workload);
        }
        text
    }

    /// Sides whose results are not embedkit's, a line each.
    pub(super) fn differing(&self) -> Vec<String> {
        let line = |result: &Measured| {
            result.differs.as_ref().map(|what| format!("{}: {}: {what}", result.workload, result.side))
        };
        self.results.iter().filter_map(line).collect()
    }

    fn write_goals(&self, text: &mut String) {
        let goals = reach::goals(self.results);
        if goals.is_empty() {
            return;
        }
        text.push_str("\n## Goals\n\n| ratio | asked | got | |\n| --- | --- | --- | --- |\n");
        for goal in goals {
            let reached = if goal.is_reached() { "reached" } else { "**not reached**" };
            let _ = writeln!(text, "| {} | {} | {:.2} | {reached} |", goal.what, goal.asked, goal.got);
        }
    }

    fn write_workload(&self, text: &mut String, workload: &Workload) {
        let (count, [fewest, median, most]) = (workload.texts, workload.words);
        let mut what = if workload.is_of_pictures {
            format!("{count} pictures")
        } else {
            format!("{count} texts, {fewest} to {most} words, median {median}")
        };
        if workload.distinct < count {
            let _ = write!(
                what,
                "; {} of them distinct, so each is there {:.1} times",
                workload.distinct,
                count as f64 / workload.distinct as f64
            );
        }
        let _ = write!(text, "\n## {}\n\n{what}", workload.name);
        let results: Vec<&Measured> = self.results.iter().filter(|result| result.workload == workload.name).collect();
        let ours =
            results.iter().find(|result| result.library == Library::Embedkit && result.kind == Kind::Default).copied();
        if let Some(tokens) = ours.and_then(|ours| ours.tokens) {
            let _ = write!(text, "; {tokens} tokens");
        }
        text.push_str(if workload.one_core { "; on one core.\n\n" } else { ".\n\n" });
        let (columns, rule) = if workload.is_single {
            (" p50 ms | p99 ms |", " --- | --- |")
        } else {
            (" items/s | embedkit's ratio | padding |", " --- | --- | --- |")
        };
        let _ = writeln!(text, "| |{columns} peak MB | processor s | cold start s | least cosine | difference |");
        let _ = writeln!(text, "| --- |{rule} --- | --- | --- | --- | --- |");
        for result in results {
            let _ = write!(text, "| {} |", result.side);
            if workload.is_single {
                let _ = write!(text, " {} | {} |", spread(result.p50, 1e3), spread(result.p99, 1e3));
            } else {
                let ratio = ours.map_or(f64::NAN, |ours| ours.rate.median / result.rate.median);
                let _ = write!(text, " {} | {ratio:.2} | {} |", spread(result.rate, 1.0), padding(result));
            }
            let processor = result.processor.map_or_else(String::new, |seconds| spread(seconds, 1.0));
            let megabytes = result.peak as f64 / 1e6;
            let likeness = likeness(result);
            let _ = writeln!(text, " {megabytes:.0} | {processor} | {} | {likeness} |", spread(result.cold, 1.0));
        }
    }
}

/// The median and, where rounds differ, the least and the most.
fn spread(Spread { median, least, most }: Spread, scale: f64) -> String {
    let digits = |value: f64| {
        let value = value * scale;
        let decimals = if value >= 100.0 {
            0
        } else if value >= 10.0 {
            1
        } else if value >= 1.0 {
            2
        } else {
            3
        };
        format!("{value:.decimals$}")
    };
    if least == most { digits(median) } else { format!("{} ({}–{})", digits(median), digits(least), digits(most)) }
}

/// How near the results are to embedkit's, as two cells.
fn likeness(result: &Measured) -> String {
    match (&result.differs, result.likeness) {
        (Some(_), None) => "**differs** |".to_owned(),
        (differs, Some(Likeness { cosine, difference, .. })) => {
            let mark = if differs.is_some() { "**differs** " } else { "" };
            format!("{mark}{cosine:.5} | {difference:.1e}")
        }
        (None, None) => " |".to_owned(),
    }
}

/// The part of computed tokens that is padding.
fn padding(result: &Measured) -> String {
    match (result.tokens, result.computed_tokens) {
        (Some(tokens), Some(computed)) if computed > 0 => {
            format!("{:.1} %", 100.0 * (1.0 - tokens as f64 / computed as f64))
        }
        _ => String::new(),
    }
}
