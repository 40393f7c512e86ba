//! A run as a picture: how many times another side's items embedkit does in the same time.

use std::fmt::Write as _;

use super::run::{Rival, Run};

/// What the sides' names start with, what the chart calls the best of them, and its colour.
const SERIES: [(&str, &str, &str); 4] = [
    ("fastembed (Python)", "fastembed (Python), best setting", "#4a78b5"),
    ("fastembed (Rust)", "fastembed-rs, best setting", "#c2703d"),
    ("model2vec-rs", "model2vec-rs", "#8a63a8"),
    ("limit", "the runtime fed by hand, best way", "#5b8f5b"),
];

const WIDTH: f64 = 760.0;
const LEFT: f64 = 140.0;
const BAR: f64 = 13.0;
const GAP: f64 = 18.0;

/// The longest bar stands for so many times; a longer one is cut, and its number says what it is.
const MOST: f64 = 3.0;

/// The chart of a run's workloads.
pub(super) fn svg(run: &Run) -> String {
    let mut bars = String::new();
    let mut y = 70.0;
    for workload in run.workloads() {
        let ratio = |side| run.ratio(workload, |figures| figures.rate.median, Rival::Largest(side));
        let ratios: Vec<(f64, &str)> =
            SERIES.iter().filter_map(|(side, _, colour)| Some((ratio(side)?, *colour))).collect();
        if ratios.is_empty() {
            continue;
        }
        let middle = y + BAR * ratios.len() as f64 / 2.0 + 4.0;
        let _ = writeln!(bars, r#"<text x="{}" y="{middle}" text-anchor="end">{workload}</text>"#, LEFT - 8.0);
        for (ratio, colour) in ratios {
            let width = scale(ratio.min(MOST));
            let _ = writeln!(
                bars,
                r#"<rect x="{LEFT}" y="{y}" width="{width:.1}" height="{}" fill="{colour}"/>"#,
                BAR - 2.0
            );
            let _ = writeln!(bars, r#"<text x="{:.1}" y="{}">{ratio:.2}</text>"#, LEFT + width + 4.0, y + BAR - 3.0);
            y += BAR;
        }
        y += GAP;
    }
    let mut legend = String::new();
    for (at, (_, name, colour)) in SERIES.iter().enumerate() {
        let (x, y) = (LEFT + 300.0 * (at % 2) as f64, 34.0 + 16.0 * (at / 2) as f64);
        let _ = writeln!(legend, r#"<rect x="{x}" y="{}" width="10" height="10" fill="{colour}"/>"#, y - 9.0);
        let _ = writeln!(legend, r#"<text x="{}" y="{y}">{name}</text>"#, x + 15.0);
    }
    let one = LEFT + scale(1.0);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="11">
<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>
<text x="{LEFT}" y="16" font-size="13">Items a second: embedkit's, in times of the other side's</text>
{legend}<line x1="{one}" y1="62" x2="{one}" y2="{y}" stroke="#888888" stroke-dasharray="3 3"/>
{bars}</svg>
"##,
        height = y + 4.0
    )
}

fn scale(ratio: f64) -> f64 {
    ratio / MOST * (WIDTH - LEFT - 50.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_for_the_best_of_every_kind_of_side() {
        let run = Run::of_mixed(
            "A",
            &[
                ("embedkit", 120.0),
                ("fastembed (Python)", 8.0),
                ("fastembed (Python), batch 1", 96.0),
                ("limit, 1×2", 100.0),
                ("limit, 2×1", 150.0),
            ],
        );
        let svg = svg(&run);
        assert!(svg.contains(">1.25</text>") && svg.contains(">0.80</text>") && svg.contains(">mixed</text>"), "{svg}");
        assert!(!svg.contains(">15.00<"));
    }
}
