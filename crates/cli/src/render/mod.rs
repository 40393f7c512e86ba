//! Explanations of scores for people: in a terminal, and as a web page.

#[cfg(feature = "retrieval")]
mod hits;
mod html;
#[cfg(feature = "retrieval")]
mod sweep;
mod terminal;

use embedkit::multivector::{Explanation, RowLabel};

#[cfg(feature = "retrieval")]
pub(crate) use hits::{hits_to_html, hits_to_terminal};
pub(crate) use html::to_html;
#[cfg(feature = "retrieval")]
pub(crate) use sweep::{Point, sweep_to_html};
pub(crate) use terminal::to_terminal;

/// A document row as text.
struct Piece<'a> {
    label: Option<&'a RowLabel>,
    text: String,
    /// Whether it continues the word before it.
    glued: bool,
    /// What it adds to the score.
    weight: f32,
    /// How strongly it is highlighted, from 0 to 1.
    heat: f32,
}

/// The document's rows, in order.
fn pieces(explanation: &Explanation) -> Vec<Piece<'_>> {
    let labels = &explanation.document;
    // Vocabularies mark either the pieces that continue a word (`##`) or those that start one.
    let starts_marked = labels.iter().any(|label| matches!(label, RowLabel::Token(token) if start(token).is_some()));
    let most = explanation.document_weights.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    let piece = |(row, &weight): (usize, &f32)| {
        let label = labels.get(row);
        let (text, glued) = match label {
            Some(RowLabel::Token(token)) => match (token.strip_prefix("##"), start(token)) {
                (Some(rest), _) if !rest.is_empty() => (printable(rest), true),
                (_, Some(word)) => (printable(word), false),
                _ => (printable(token), starts_marked),
            },
            other => (name(other, row), false),
        };
        Piece { label, text, glued: glued || row == 0, weight, heat: (weight / most).max(0.0) }
    };
    explanation.document_weights.iter().enumerate().map(piece).collect()
}

/// The matches as cells of a table: query row, document row, weight, share.
fn table(explanation: &Explanation) -> impl Iterator<Item = [String; 4]> + '_ {
    explanation.matches.iter().map(|found| {
        [
            name(found.query_label.as_ref(), found.query_row),
            name(found.document_label.as_ref(), found.document_row),
            format!("{:.4}", found.weight),
            format!("{:.1}%", found.share * 100.0),
        ]
    })
}

/// What a row stands for, or its number.
fn name(label: Option<&RowLabel>, row: usize) -> String {
    match label {
        Some(label) => printable(&label.to_string()),
        None => format!("row {row}"),
    }
}

/// The word that a token starts, if its vocabulary marks starts.
fn start(token: &str) -> Option<&str> {
    token.strip_prefix(['▁', 'Ġ'])
}

/// Text with which a document cannot command a terminal.
fn printable(text: &str) -> String {
    crate::printable::line(text).into_owned()
}

#[cfg(test)]
mod tests {
    use embedkit::multivector::{MaxSim, MultiVector};

    use super::*;

    fn explain(labels: Vec<RowLabel>) -> Explanation {
        let rows = (0..labels.len()).map(|at| [at as f32, 1.0]);
        let document = MultiVector::from_rows(rows).unwrap().with_labels(labels).unwrap();
        let query = MultiVector::from_rows([[1.0, 0.0]]).unwrap();
        MaxSim::new(&query).unwrap().explain(&document).unwrap()
    }

    fn tokens(texts: &[&str]) -> Vec<RowLabel> {
        texts.iter().map(|&text| RowLabel::Token(text.into())).collect()
    }

    #[test]
    fn words_are_put_together_and_highlighted() {
        for labels in [tokens(&["em", "##bed", "texts"]), tokens(&["▁em", "bed", "▁texts"])] {
            let text = to_terminal(&explain(labels.clone()), true);
            assert!(text.starts_with("score 2.0000\n\nembed \x1b[30;48;5;208mtexts\x1b[0m\n\n"), "{text}");
            assert!(text.contains("row 0") && text.ends_with("100.0%\n"), "{text}");
            assert!(to_terminal(&explain(labels), false).starts_with("score 2.0000\n\nembed texts\n\n"));
        }
    }

    #[test]
    fn a_document_can_do_no_harm() {
        let explanation = explain(tokens(&["\x1b[2J", "<script>alert('1')</script>"]));
        assert!(!to_terminal(&explanation, true).contains("\x1b[2J"));
        let html = to_html(&explanation);
        assert!(
            html.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;") && !html.contains("<script"),
            "{html}"
        );
    }

    #[test]
    fn patches_lie_in_a_grid() {
        let patch = |tile, row, column| RowLabel::Patch { tile: Some(tile), row, column };
        let html = to_html(&explain(vec![patch(0, 0, 0), patch(0, 1, 2), patch(1, 0, 0)]));
        assert_eq!(html.matches("<div class=\"tile\">").count(), 2);
        assert_eq!(html.matches("</div>").count(), 3);
        assert!(html.contains("<mark id=\"d1\" style=\"--heat:0.000;grid-area:2/3\""), "{html}");
        assert!(html.contains("<a href=\"#d2\">tile 1 patch 0,0</a>"), "{html}");
    }
}
