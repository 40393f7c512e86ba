//! An explanation in a terminal, with ANSI colours.

use embedkit::multivector::Explanation;

use super::{pieces, table};

/// Backgrounds of the terminal's 256 colours, from faint to strong.
const SHADES: [u8; 5] = [230, 229, 222, 215, 208];

/// The document with its matched words highlighted, the stronger the more they add to the score, and a table of the
/// matches.
pub(crate) fn to_terminal(explanation: &Explanation, has_colors: bool) -> String {
    let mut text = format!("score {:.4}\n\n", explanation.score);
    for piece in pieces(explanation) {
        text.push_str(if piece.glued { "" } else { " " });
        match ((piece.heat * SHADES.len() as f32).ceil() as usize).checked_sub(1) {
            Some(shade) if has_colors => {
                let shade = SHADES[shade.min(SHADES.len() - 1)];
                text += &format!("\x1b[30;48;5;{shade}m{}\x1b[0m", piece.text);
            }
            _ => text.push_str(&piece.text),
        }
    }
    text.push_str("\n\n");

    let header = ["query", "document", "weight", "share"].map(str::to_owned);
    let rows: Vec<[String; 4]> = std::iter::once(header).chain(table(explanation)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let (query, document) = (width(0), width(1));
    for [token, found, weight, share] in &rows {
        text += &format!("{token:query$}  {found:document$}  {weight:>8}  {share:>6}\n");
    }
    text
}
