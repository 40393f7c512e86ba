//! Figures, for people and as JSON.

use std::collections::BTreeMap;

use embedkit::retrieval::evaluation::{Comparison, Dataset, Entry, Metric};
use serde_json::{Value, json};

use super::contestant::Contestant;
use crate::columns::{padded, width};
use crate::numbers::date;

/// Documents of a ranking that are shown.
const SHOWN: usize = 5;

/// A row a contestant: each metric with its interval, and what it costs.
pub(super) fn table(contestants: &[Contestant], metrics: &[Metric]) -> String {
    let mut rows = vec![Vec::from(["pipeline".to_owned()])];
    rows[0].extend(metrics.iter().map(Metric::to_string));
    rows[0].extend(["p50 ms", "p99 ms", "bytes/doc", "index s"].map(str::to_owned));
    for contestant in contestants {
        let mut row = vec![contestant.name.clone()];
        row.extend(
            contestant.means().iter().map(|(_, mean)| format!("{:.4} [{:.3}, {:.3}]", mean.mean, mean.low, mean.high)),
        );
        if let Some(figures) = &contestant.figures {
            row.extend([
                format!("{:.2}", figures.p50_ms),
                format!("{:.2}", figures.p99_ms),
                format!("{:.0}", figures.bytes_per_document),
                format!("{:.2}", figures.index_seconds),
            ]);
        }
        rows.push(row);
    }
    aligned(&rows)
}

/// What each candidate wins and loses.
pub(super) fn comparisons(baseline: &Contestant, compared: &[(&Contestant, Vec<(Metric, Comparison)>)]) -> String {
    let mut text = String::new();
    for (candidate, metrics) in compared {
        text += &format!("\n{} against {}:\n", candidate.name, baseline.name);
        for (metric, comparison) in metrics {
            let Comparison { difference, p, wins, losses, ties, .. } = comparison;
            let verdict = match (comparison.is_significant(), *difference > 0.0) {
                (false, _) => "no more than chance",
                (true, true) => "better",
                (true, false) => "worse",
            };
            text += &format!(
                "  {metric:<12} {difference:+.4}  p {p:.4}  {wins} won, {losses} lost, {ties} equal: {verdict}\n"
            );
        }
    }
    text
}

/// The queries on which two differ most by the first metric, with both rankings; `*` marks documents that are relevant.
pub(super) fn differences(baseline: &Contestant, candidate: &Contestant, data: &Dataset, most: usize) -> String {
    let (Some((metric, base)), Some((_, other))) = (baseline.values.first(), candidate.values.first()) else {
        return String::new();
    };
    let texts: BTreeMap<&str, &str> = data.queries.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
    let mut queries: Vec<(&str, f64, f64)> = data
        .judgements
        .queries()
        .zip(base.iter().zip(other))
        .map(|((id, _), (base, other))| (id, *base, *other))
        .collect();
    queries.sort_by(|a, b| (b.2 - b.1).abs().total_cmp(&(a.2 - a.1).abs()));
    let ranking = |contestant: &Contestant, query: &str| {
        let is_relevant =
            |document: &str| data.judgements.grades(query).is_some_and(|g| g.get(document).is_some_and(|g| *g > 0));
        let mark = |(document, _): (&str, f64)| format!("{document}{}", if is_relevant(document) { "*" } else { "" });
        contestant.run.ranking(query).take(SHOWN).map(mark).collect::<Vec<_>>().join("  ")
    };
    let mut text = String::new();
    for (query, base, other) in queries.into_iter().take(most).filter(|(_, base, other)| base != other) {
        text += &format!("\n{query}: {}\n", texts.get(query).copied().unwrap_or_default());
        for (contestant, value) in [(baseline, base), (candidate, other)] {
            text += &format!("  {metric} {value:.3}  {}: {}\n", contestant.name, ranking(contestant, query));
        }
    }
    text
}

/// Everything, as JSON.
pub(super) fn json(baseline: &Contestant, compared: &[(&Contestant, Vec<(Metric, Comparison)>)]) -> Value {
    let of = |contestant: &Contestant| {
        let metrics: BTreeMap<String, _> =
            contestant.means().into_iter().map(|(metric, mean)| (metric.to_string(), mean)).collect();
        json!({"name": contestant.name, "metrics": metrics, "figures": contestant.figures})
    };
    let candidates = compared.iter().map(|(candidate, metrics)| {
        let mut value = of(candidate);
        let comparisons: BTreeMap<String, Comparison> = metrics.iter().map(|(m, c)| (m.to_string(), *c)).collect();
        value["against_first"] = json!(comparisons);
        value
    });
    json!(std::iter::once(of(baseline)).chain(candidates).collect::<Vec<_>>())
}

/// A line an evaluation that was recorded.
pub(super) fn history(entries: &[Entry]) -> String {
    let heading = ["time (UTC)", "pipeline", "digest", "data", "metrics"].map(str::to_owned).to_vec();
    let rows = entries.iter().map(|entry| {
        let figures = &entry.figures;
        let metrics = figures.metrics.iter().map(|(metric, mean)| format!("{metric} {:.4}", mean.mean));
        vec![
            date(entry.time),
            figures.pipeline.clone(),
            figures.pipeline_digest.chars().take(12).collect(),
            format!("{} {}", figures.data, figures.data_digest.chars().take(12).collect::<String>()),
            metrics.collect::<Vec<_>>().join(", "),
        ]
    });
    aligned(&std::iter::once(heading).chain(rows).collect::<Vec<_>>())
}

/// Rows with their columns below one another.
pub(super) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max();
    let widths: Vec<usize> = (0..columns).map(|column| widest(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| padded(cell, *width));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}
