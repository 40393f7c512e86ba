//! What Python's users gain: the tables of the page on Python, of every run whose sides were called from there.

use std::fmt::Write as _;

use super::run::{Figures, Run};

use crate::failure::{Failure, failed};

const OURS: &str = "embedkit (Python)";
const REFERENCE: &str = "fastembed (Python)";

/// Other jobs: how a row begins, the workload, and the other side.
const JOBS: [(&str, &str, &str); 3] = [
    ("the same in `int8`; fastembed as it comes, and at its best", "int8-mixed", REFERENCE),
    ("the built-in static model; model2vec", "static", "model2vec (Python)"),
    ("BM25; fastembed", "bm25", REFERENCE),
];

/// Two tables a run, with what they were measured on.
pub(super) fn tables(runs: &[(String, Run)]) -> Result<String, Failure> {
    let of_python = runs.iter().filter(|(_, run)| run.side("mixed", OURS).is_some());
    let build = |(name, run): &(String, Run)| {
        of_run(name, run).ok_or_else(|| failed(format!("the run {name} lacks a side that the page on Python tells of")))
    };
    let texts: Vec<String> = of_python.map(build).collect::<Result<_, _>>()?;
    if texts.is_empty() { Err(failed("no run has sides that Python calls")) } else { Ok(texts.join("\n\n")) }
}

fn of_run(name: &str, run: &Run) -> Option<String> {
    let (cores, processor) = (run.fact("cores")?, run.fact("processor")?);
    let mut text = format!("On {cores} cores, {processor} ([run](benchmark-{name}.md)):\n\n");
    let ours = run.side("mixed", OURS)?;
    text.push_str("| | texts a second | embedkit_rs is faster | peak memory |\n| --- | --- | --- | --- |\n");
    let _ = writeln!(text, "| embedkit_rs | {} | | {} MB |", three_digits(ours.rate.median), megabytes(ours.peak));
    let (batch, at_best) = best(run, "mixed")?;
    for (side, figures) in [
        ("fastembed, as it comes".to_owned(), run.side("mixed", REFERENCE)?),
        ("fastembed, `parallel=2`".to_owned(), run.side("mixed", "fastembed (Python), parallel=2")?),
        (format!("fastembed, `batch_size={batch}`, its best"), at_best),
    ] {
        let times = three_digits(ours.rate.median / figures.rate.median);
        let _ = writeln!(
            text,
            "| {side} | {} | {times} times | {} MB |",
            three_digits(figures.rate.median),
            megabytes(figures.peak)
        );
    }
    text.push_str("\n| | embedkit_rs | the other | faster |\n| --- | --- | --- | --- |\n");
    for (what, workload, other) in JOBS {
        let ours = run.side(workload, OURS)?.rate.median;
        let mut what = what.to_owned();
        let mut others = vec![run.side(workload, other)?.rate.median];
        if what.ends_with("at its best") {
            let (batch, at_best) = best(run, workload)?;
            let _ = write!(what, ", `batch_size={batch}`");
            others.push(at_best.rate.median);
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
fn best<'r>(run: &'r Run, workload: &str) -> Option<(&'r str, &'r Figures)> {
    let batch = |figures: &'r Figures| {
        let batch = figures.side.strip_prefix(REFERENCE)?.strip_prefix(", batch ")?;
        Some((batch, figures))
    };
    let sides = run.sides(workload).filter_map(batch);
    sides.max_by(|(_, one), (_, other)| one.rate.median.total_cmp(&other.rate.median))
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
        let run = Run::of_mixed(
            "A",
            &[
                ("fastembed (Python)", 9.0),
                ("fastembed (Python), batch 8", 3.0),
                ("fastembed (Python), batch 1", 5.0),
                ("fastembed (Python), parallel=2", 7.0),
            ],
        );
        assert_eq!(best(&run, "mixed").unwrap().0, "1");
        assert!(tables(&[("a".to_owned(), run)]).is_err());
    }
}
