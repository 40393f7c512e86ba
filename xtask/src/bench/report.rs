//! The results as Markdown for people and JSON for programs.

use std::fmt::Write as _;

use serde_json::json;

use super::failed;
use super::measure::Measured;
use super::reach;
use super::sides::{Kind, Library};
use super::workloads::Workload;
use crate::failure::Failure;

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
        let what = match workload.is_of_pictures() {
            true => format!("{count} pictures"),
            false => format!("{count} texts, {fewest} to {most} words, median {median}"),
        };
        let _ = write!(text, "\n## {}\n\n{what}", workload.name);
        let results: Vec<&Measured> = self.results.iter().filter(|result| result.workload == workload.name).collect();
        let ours =
            results.iter().find(|result| result.library == Library::Embedkit && result.kind == Kind::Default).copied();
        if let Some(tokens) = ours.and_then(|ours| ours.tokens) {
            let _ = write!(text, "; {tokens} tokens");
        }
        text.push_str(if workload.one_core { "; on one core.\n\n" } else { ".\n\n" });
        let (columns, rule) = match workload.is_single() {
            true => (" p50 ms | p99 ms |", " --- | --- |"),
            false => (" items/s | embedkit's ratio | padding |", " --- | --- | --- |"),
        };
        let _ = writeln!(text, "| |{columns} peak MB | processor s | cold start s | cosine |");
        let _ = writeln!(text, "| --- |{rule} --- | --- | --- | --- |");
        for result in results {
            let _ = write!(text, "| {} |", result.side);
            if workload.is_single() {
                let _ = write!(text, " {:.3} | {:.3} |", result.p50 * 1e3, result.p99 * 1e3);
            } else {
                let ratio = ours.map_or(f64::NAN, |ours| ours.rate / result.rate);
                let _ = write!(text, " {:.1} | {ratio:.2} | {} |", result.rate, padding(result));
            }
            let cosine = result.cosine.map_or_else(String::new, |cosine| format!("{cosine:.4}"));
            let processor = result.processor.map_or_else(String::new, |seconds| format!("{seconds:.2}"));
            let megabytes = result.peak as f64 / 1e6;
            let _ = writeln!(text, " {megabytes:.0} | {processor} | {:.3} | {cosine} |", result.cold);
        }
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
