//! A sweep as a web page: quality against bytes and against milliseconds.

use super::html::{escape, page};

/// A variant's place in the images.
pub(crate) struct Point {
    pub(crate) name: String,
    pub(crate) quality: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) bytes: f64,
    pub(crate) milliseconds: f64,
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 380.0;
/// Room for the numbers beside the axes.
const MARGIN: f64 = 60.0;

/// A page with two images and a table.
pub(crate) fn sweep_to_html(title: &str, metric: &str, points: &[Point]) -> String {
    let rows = points.iter().enumerate().map(|(at, point)| {
        format!(
            "<tr><td>{}</td><td>{}</td><td class=\"number\">{:.4} [{:.3}, {:.3}]</td><td class=\"number\">{:.0}</td>\
             <td class=\"number\">{:.2}</td></tr>\n",
            at + 1,
            escape(&point.name),
            point.quality,
            point.low,
            point.high,
            point.bytes,
            point.milliseconds
        )
    });
    let heading = format!("<tr><th></th><th>variant</th><th>{}</th><th>bytes/doc</th><th>ms</th></tr>", escape(metric));
    let body = format!(
        "{}\n{}\n<table>{heading}\n{}</table>\n",
        image(metric, "bytes a document", points, |point| point.bytes),
        image(metric, "milliseconds a query", points, |point| point.milliseconds),
        rows.collect::<String>()
    );
    page(title, &body)
}

/// Quality upwards, a cost to the right on a logarithmic axis; each point with its interval and its number in the table.
fn image(metric: &str, cost: &str, points: &[Point], of: impl Fn(&Point) -> f64) -> String {
    let costs = || points.iter().map(|point| of(point).max(1e-3).log10());
    let (left, right) = widened(costs().fold(f64::INFINITY, f64::min), costs().fold(f64::NEG_INFINITY, f64::max));
    let (low, high) = widened(
        points.iter().map(|point| point.low).fold(f64::INFINITY, f64::min),
        points.iter().map(|point| point.high).fold(f64::NEG_INFINITY, f64::max),
    );
    let x = |cost: f64| MARGIN + (cost.max(1e-3).log10() - left) / (right - left) * (WIDTH - 2.0 * MARGIN);
    let y = |quality: f64| HEIGHT - MARGIN - (quality - low) / (high - low) * (HEIGHT - 2.0 * MARGIN);
    let mut marks = String::new();
    for (at, point) in points.iter().enumerate() {
        let (x, number) = (x(of(point)), at + 1);
        marks += &format!(
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{:.1}\" stroke=\"#bbb\"/>\
             <circle cx=\"{x:.1}\" cy=\"{:.1}\" r=\"4\" fill=\"#e07000\"><title>{}</title></circle>\
             <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"12\">{number}</text>",
            y(point.low),
            y(point.high),
            y(point.quality),
            escape(&point.name),
            x + 6.0,
            y(point.quality) - 6.0
        );
    }
    let (bottom, ticks) = (HEIGHT - MARGIN, [0.0, 0.5, 1.0]);
    for share in ticks {
        let (cost, quality) = (10f64.powf(left + share * (right - left)), low + share * (high - low));
        marks += &format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"12\" text-anchor=\"middle\">{cost:.3}</text>\
             <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"12\" text-anchor=\"end\">{quality:.3}</text>",
            x(cost),
            bottom + 18.0,
            MARGIN - 6.0,
            y(quality) + 4.0
        );
    }
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\"><title>{metric} against {cost}</title>\
         <path d=\"M{MARGIN} {MARGIN}V{bottom}H{}\" fill=\"none\" stroke=\"#555\"/>{marks}\
         <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{cost}</text>\
         <text x=\"{MARGIN}\" y=\"{}\">{metric}</text></svg>",
        WIDTH - MARGIN,
        WIDTH / 2.0,
        HEIGHT - 12.0,
        MARGIN - 16.0,
    )
}

/// A range with room at its ends.
fn widened(low: f64, high: f64) -> (f64, f64) {
    let room = ((high - low) * 0.05).max(1e-3);
    (low - room, high + room)
}
