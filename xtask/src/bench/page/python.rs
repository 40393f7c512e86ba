//! What Python's users gain: the tables of the page on Python, of every run whose sides were called from there.

use std::fmt::Write as _;

use serde_json::Value;

use crate::failure::{Failure, failed};

const OURS: &str = "embedkit (Python)";
const REFERENCE: &str = "fastembed (Python)";

/// Other jobs: how a row begins, the workload, and the other side.
const JOBS: [(&str, &str, &str); 3] = [
    ("the same in `int8`; fastembed as it comes, and at its best", "int8-mixed", REFERENCE),
    ("the built-in static model; model2vec", "static", "model2vec (Python)"),
    ("BM25; fastembed", "bm25", REFERENCE),
];

/// A side's rate, in texts a second, and its peak of memory, in bytes.
#[derive(Clone, Copy)]
struct Figures {
    rate: f64,
    peak: f64,
}

/// Two tables a run, with what they were measured on.
pub(super) fn tables(runs: &[(String, Value)]) -> Result<String, Failure> {
    let of_python = runs.iter().filter(|(_, run)| figures(run, "mixed", OURS).is_some());
    let build = |(name, run): &(String, Value)| {
        of_run(name, run).ok_or_else(|| failed(format!("the run {name} lacks a side that the page on Python tells of")))
    };
    let texts: Vec<String> = of_python.map(build).collect::<Result<_, _>>()?;
    if texts.is_empty() { Err(failed("no run has sides that Python calls")) } else { Ok(texts.join("\n\n")) }
}

fn of_run(name: &str, run: &Value) -> Option<String> {
    let fact = |key: &str| run["facts"][key].as_str();
    let mut text = format!("On {} cores, {} ([run](benchmark-{name}.md)):\n\n", fact("cores")?, fact("processor")?);
    let ours = figures(run, "mixed", OURS)?;
    text.push_str("| | texts a second | embedkit_rs is faster | peak memory |\n| --- | --- | --- | --- |\n");
    let _ = writeln!(text, "| embedkit_rs | {} | | {} MB |", three_digits(ours.rate), megabytes(ours.peak));
    let (batch, at_best) = best(run, "mixed")?;
    for (side, figures) in [
        ("fastembed, as it comes".to_owned(), figures(run, "mixed", REFERENCE)?),
        ("fastembed, `parallel=2`".to_owned(), figures(run, "mixed", "fastembed (Python), parallel=2")?),
        (format!("fastembed, `batch_size={batch}`, its best"), at_best),
    ] {
        let times = three_digits(ours.rate / figures.rate);
        let _ = writeln!(
            text,
            "| {side} | {} | {times} times | {} MB |",
            three_digits(figures.rate),
            megabytes(figures.peak)
        );
    }
    text.push_str("\n| | embedkit_rs | the other | faster |\n| --- | --- | --- | --- |\n");
    for (what, workload, other) in JOBS {
        let ours = figures(run, workload, OURS)?.rate;
        let mut what = what.to_owned();
        let mut others = vec![figures(run, workload, other)?.rate];
        if what.ends_with("at its best") {
            let (batch, at_best) = best(run, workload)?;
            let _ = write!(what, ", `batch_size={batch}`");
            others.push(at_best.rate);
        }
        let rates: Vec<String> = others.iter().map(|rate| three_digits(*rate)).collect();
        let times: Vec<String> = others.iter().map(|rate| format!("{} times", three_digits(ours / rate))).collect();
        let _ = writeln!(
            text,
            "| {what} | {} texts a second | {} | {} |",
            three_digits(ours),
            rates.join(" and "),
            times.join(" and ")
        );
    }
    Some(text.trim_end().to_owned())
}

/// The reference at the batch size that suits it best, and which that is.
fn best(run: &Value, workload: &str) -> Option<(String, Figures)> {
    let of = |result: &Value| {
        let batch = result["side"].as_str()?.strip_prefix(REFERENCE)?.strip_prefix(", batch ")?.to_owned();
        Some((batch, of_result(result)?))
    };
    let sides = run["results"].as_array()?.iter().filter(|result| result["workload"] == workload).filter_map(of);
    sides.max_by(|(_, one), (_, other)| one.rate.total_cmp(&other.rate))
}

fn figures(run: &Value, workload: &str, side: &str) -> Option<Figures> {
    let is_it = |result: &&Value| result["workload"] == workload && result["side"] == side;
    of_result(run["results"].as_array()?.iter().find(is_it)?)
}

fn of_result(result: &Value) -> Option<Figures> {
    Some(Figures { rate: result.pointer("/rate/median")?.as_f64()?, peak: result["peak"].as_f64()? })
}

fn megabytes(bytes: f64) -> String {
    grouped((bytes / 1e6).round() as u64)
}

/// Three digits, for more would be noise.
fn three_digits(value: f64) -> String {
    let unit = 10f64.powi(value.abs().log10().floor() as i32 - 2);
    let rounded = (value / unit).round() * unit;
    if rounded >= 99.95 {
        grouped(rounded.round() as u64)
    } else if rounded >= 9.995 {
        format!("{rounded:.1}")
    } else {
        format!("{rounded:.2}")
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).unwrap_or("")).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_have_three_digits() {
        for (value, expected) in [
            (150.19, "150"),
            (8.866, "8.87"),
            (24.17, "24.2"),
            (263_125.0, "263,000"),
            (1.3618, "1.36"),
            (99.96, "100"),
        ] {
            assert_eq!(three_digits(value), expected);
        }
        assert_eq!(megabytes(15_068_233_728.0), "15,068");
    }

    #[test]
    fn the_best_batch_is_told_and_a_run_without_python_is_none() {
        let result =
            |side: &str, rate: f64| json!({"workload": "mixed", "side": side, "rate": {"median": rate}, "peak": 1});
        let run = json!({"results": [
            result("fastembed (Python)", 9.0), result("fastembed (Python), batch 8", 3.0),
            result("fastembed (Python), batch 1", 5.0), result("fastembed (Python), parallel=2", 7.0),
        ]});
        assert_eq!(best(&run, "mixed").unwrap().0, "1");
        assert!(tables(&[("a".to_owned(), run)]).is_err());
    }
}
