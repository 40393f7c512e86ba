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
    let heading = format!(
        "<tr><th></th><th>variant</th><th class=\"number\">{}</th><th class=\"number\">bytes/doc</th><th class=\"number\">ms</th></tr>",
        escape(metric)
    );
    let body = format!(
        "<div class=\"wide\">{}</div>\n<div class=\"wide\">{}</div>\n<div class=\"wide\"><table>{heading}\n{}</table></div>\n",
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
    let (mut marks, mut numbers) = (String::new(), Vec::new());
    for (at, point) in points.iter().enumerate() {
        let (x, number) = (x(of(point)), at + 1);
        let beside = free_place(&mut numbers, (x + 6.0, y(point.quality) - 6.0));
        marks += &format!(
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{:.1}\" stroke=\"#bbb\"/>\
             <circle cx=\"{x:.1}\" cy=\"{:.1}\" r=\"4\" fill=\"#e07000\"><title>{}</title></circle>\
             <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"12\">{number}</text>",
            y(point.low),
            y(point.high),
            y(point.quality),
            escape(&point.name),
            beside.0,
            beside.1
        );
    }
    let (bottom, ticks) = (HEIGHT - MARGIN, [0.0, 0.5, 1.0]);
    for share in ticks {
        let (cost, quality) = (10f64.powf(left + share * (right - left)), low + share * (high - low));
        marks += &format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"12\" text-anchor=\"middle\">{}</text>\
             <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"12\" text-anchor=\"end\">{quality:.3}</text>",
            x(cost),
            bottom + 18.0,
            short(cost),
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

/// A place for a number: where it should stand, or above those that stand there.
fn free_place(taken: &mut Vec<(f64, f64)>, (x, mut y): (f64, f64)) -> (f64, f64) {
    let is_near = |y: f64| taken.iter().any(|(other, above)| (x - other).abs() < 16.0 && (y - above).abs() < 12.0);
    while is_near(y) {
        y -= 12.0;
    }
    taken.push((x, y));
    (x, y)
}

/// A number in three digits, or as many as it has before its point.
fn short(number: f64) -> String {
    let digits = 2 - number.abs().max(1e-3).log10().floor() as i32;
    format!("{number:.*}", usize::try_from(digits).unwrap_or(0))
}

/// A range with room at its ends.
fn widened(low: f64, high: f64) -> (f64, f64) {
    let room = ((high - low) * 0.05).max(1e-3);
    (low - room, high + room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_do_not_cover_each_other() {
        let mut taken = Vec::new();
        let places: Vec<_> = [(10.0, 50.0), (12.0, 52.0), (11.0, 45.0), (40.0, 50.0)]
            .into_iter()
            .map(|place| free_place(&mut taken, place))
            .collect();
        assert_eq!(places, [(10.0, 50.0), (12.0, 28.0), (11.0, 45.0 - 36.0), (40.0, 50.0)]);
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            [1265.863, 0.109, 5.684, 121_432.31, 0.0].map(short),
            ["1266", "0.109", "5.68", "121432", "0.00000"]
        );
    }
}
