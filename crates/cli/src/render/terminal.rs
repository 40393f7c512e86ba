//! An explanation in a terminal, with ANSI colours.

use super::{Explained, Placed};
use crate::columns::{padded, width, wrapped};

/// Backgrounds of the terminal's 256 colours, from faint to strong.
const SHADES: [u8; 5] = [230, 229, 222, 215, 208];

/// The query and the document with their matched words highlighted, the stronger the more they add to the score, a legend,
/// and a table of the matches.
pub(crate) fn to_terminal(explained: &Explained<'_>, has_colors: bool, columns: Option<usize>) -> String {
    let most = explained.most();
    let mut text = format!("score {:.4}\n\n", explained.explanation.score);
    for (title, side, weights) in explained.sides() {
        let shown = match has_colors {
            true => highlighted(side, &weights, most),
            false => crate::printable::lines(side.text()).into_owned(),
        };
        text += &format!("{title:8}  {}\n", wrapped(&shown, 10, columns));
        let special: Vec<String> =
            explained.special(side, &weights).map(|(_, name, weight)| format!("{name} {weight:.4}")).collect();
        if !special.is_empty() {
            text += &format!("{:8}  {}\n", "", wrapped(&format!("and {}", special.join(", ")), 10, columns));
        }
    }
    if has_colors && most > f32::MIN_POSITIVE {
        text += &format!("{:8}  {}\n", "adds", legend(most));
    }
    text.push('\n');
    text += &table(explained);
    if let Some(folded) = explained.folded().words() {
        text += &format!("and {folded} (--all shows them)\n");
    }
    text
}

/// A text with its words on backgrounds.
fn highlighted(side: &Placed<'_>, weights: &[f32], most: f32) -> String {
    let parts = side.parts(weights).into_iter().map(|part| {
        let text = crate::printable::lines(part.text).into_owned();
        match shade(part.weight, most) {
            Some(shade) => on(shade, &text),
            None => text,
        }
    });
    parts.collect()
}

/// Which background a weight has.
fn shade(weight: f32, most: f32) -> Option<u8> {
    let step = (weight / most * SHADES.len() as f32).ceil() as usize;
    Some(SHADES[step.checked_sub(1)?.min(SHADES.len() - 1)])
}

fn on(shade: u8, text: &str) -> String {
    format!("\x1b[30;48;5;{shade}m{text}\x1b[0m")
}

/// Each background with the most that it stands for.
fn legend(most: f32) -> String {
    let steps = SHADES.iter().zip(1u8..).map(|(shade, step)| {
        let bound = most * f32::from(step) / SHADES.len() as f32;
        on(*shade, &format!(" ≤ {bound:.2} "))
    });
    steps.collect()
}

fn table(explained: &Explained<'_>) -> String {
    let header = ["query", "document", "weight", "share"].map(str::to_owned);
    let matches = explained.shown().map(|found| explained.cells(found));
    let rows: Vec<[String; 4]> = std::iter::once(header).chain(matches).collect();
    let widest = |column: usize| rows.iter().map(|row| width(&row[column])).max().unwrap_or_default();
    let (query, document) = (widest(0), widest(1));
    let line = |[token, found, weight, share]: &[String; 4]| {
        format!("{}  {}  {weight:>8}  {share:>6}\n", padded(token, query), padded(found, document))
    };
    rows.iter().map(line).collect()
}
