//! Explanations for people: in a terminal, and as a web page.

use super::explain::Explanation;
use super::label::RowLabel;

/// Backgrounds of the terminal's 256 colours, from faint to strong.
const SHADES: [u8; 5] = [230, 229, 222, 215, 208];

const STYLE: &str = "body{font:16px/1.7 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}\
    mark{background:rgb(255 140 0/var(--heat));border-radius:.2em;color:inherit}\
    .tile{display:inline-grid;gap:1px;margin:.5em}\
    .tile mark{width:1em;height:1em;border:1px solid #ddd}\
    table{border-collapse:collapse}td,th{padding:.1em .8em;text-align:left}\
    .number{text-align:right;font-variant-numeric:tabular-nums}:target{outline:2px solid #d33}";

impl Explanation {
    /// The document with its matched words highlighted, the stronger the more they add to the
    /// score, and a table of the matches; with ANSI colours. Control characters in labels are
    /// replaced, so that a document cannot command the terminal.
    pub fn to_ansi(&self) -> String {
        let mut text = format!("score {:.4}\n\n", self.score);
        for (at, (piece, heat)) in self.pieces().iter().zip(self.heat()).enumerate() {
            text.push_str(if piece.glued || at == 0 { "" } else { " " });
            match ((heat * SHADES.len() as f32).ceil() as usize).checked_sub(1) {
                Some(shade) => {
                    let shade = SHADES[shade.min(SHADES.len() - 1)];
                    text += &format!("\x1b[30;48;5;{shade}m{}\x1b[0m", piece.text);
                }
                None => text.push_str(&piece.text),
            }
        }
        text.push_str("\n\n");

        let rows = self.table();
        let width = |column: fn(&[String; 4]) -> &String| {
            rows.iter().map(|row| column(row).chars().count()).max().unwrap_or_default()
        };
        let (query, document) = (width(|row| &row[0]), width(|row| &row[1]));
        for [token, found, weight, share] in &rows {
            text += &format!("{token:query$}  {found:document$}  {weight:>8}  {share:>6}\n");
        }
        text
    }

    /// The same as a web page that needs nothing else: each match links to its word, and patches
    /// lie in a grid as they do on their page. Labels are escaped.
    pub fn to_html(&self) -> String {
        let mut body = String::new();
        let mut open = None;
        for (at, (piece, heat)) in self.pieces().iter().zip(self.heat()).enumerate() {
            let place = piece.place();
            if place.tile != open {
                body.push_str(if open.is_some() { "</div>" } else { "" });
                body.push_str(if place.tile.is_some() { "<div class=\"tile\">" } else { "" });
                open = place.tile;
            }
            let space = if piece.glued || at == 0 { "" } else { " " };
            let (title, text) = (escape(&piece.text), escape(if place.tile.is_some() { "" } else { &piece.text }));
            let weight = self.document_weights[at];
            let style = format!("--heat:{heat:.3}{}", place.style);
            body +=
                &format!("{space}<mark id=\"d{at}\" style=\"{style}\" title=\"{title}: {weight:.4}\">{text}</mark>");
        }
        body.push_str(if open.is_some() { "</div>" } else { "" });

        let mut table = String::new();
        for (found, [query, document, weight, share]) in self.matches.iter().zip(self.table().iter().skip(1)) {
            table += &format!(
                "<tr><td>{}</td><td><a href=\"#d{}\">{}</a></td><td class=\"number\">{weight}</td><td class=\"number\">{share}</td></tr>\n",
                escape(query),
                found.document_row,
                escape(document),
            );
        }
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Score {score:.4}</title>\
             <style>{STYLE}</style></head><body>\n<h1>Score {score:.4}</h1>\n<div>{body}</div>\n\
             <table><tr><th>query</th><th>document</th><th>weight</th><th>share</th></tr>\n{table}</table>\n</body></html>\n",
            score = self.score,
        )
    }

    /// How strongly each document row is highlighted, from 0 to 1.
    fn heat(&self) -> impl Iterator<Item = f32> + '_ {
        let most = self.document_weights.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
        self.document_weights.iter().map(move |weight| (weight / most).max(0.0))
    }

    /// Header and matches: query label, document label, weight, share.
    fn table(&self) -> Vec<[String; 4]> {
        let name = |label: &Option<RowLabel>, row: usize| match label {
            Some(label) => printable(&label.to_string()),
            None => format!("row {row}"),
        };
        let header = ["query", "document", "weight", "share"].map(str::to_owned);
        let matches = self.matches.iter().map(|found| {
            [
                name(&found.query_label, found.query_row),
                name(&found.document_label, found.document_row),
                format!("{:.4}", found.weight),
                format!("{:.1}%", found.share * 100.0),
            ]
        });
        std::iter::once(header).chain(matches).collect()
    }

    /// The document's rows as text.
    fn pieces(&self) -> Vec<Piece<'_>> {
        // Vocabularies either mark the pieces that continue a word (`##`) or those that start one.
        let starts_marked = self.document.iter().any(|label| matches!(label, RowLabel::Token(t) if start(t).is_some()));
        (0..self.document_weights.len())
            .map(|row| {
                let label = self.document.get(row);
                let (text, glued) = match label {
                    Some(RowLabel::Token(token)) => match (token.strip_prefix("##"), start(token)) {
                        (Some(rest), _) if !rest.is_empty() => (printable(rest), true),
                        (_, Some(word)) => (printable(word), false),
                        _ => (printable(token), starts_marked),
                    },
                    Some(label) => (printable(&label.to_string()), false),
                    None => (format!("row {row}"), false),
                };
                Piece { label, text, glued }
            })
            .collect()
    }
}

/// A document row as text.
struct Piece<'a> {
    label: Option<&'a RowLabel>,
    text: String,
    /// Whether it continues the word before it.
    glued: bool,
}

/// Where a piece stands on the page: in the running text, or in a tile's grid.
struct Place {
    /// The tile of a patch; a page without tiles is tile 0.
    tile: Option<u32>,
    style: String,
}

impl Piece<'_> {
    fn place(&self) -> Place {
        match self.label {
            Some(RowLabel::Patch { tile, row, column }) => Place {
                tile: Some(tile.unwrap_or_default()),
                style: format!(";grid-area:{}/{}", u64::from(*row) + 1, u64::from(*column) + 1),
            },
            _ => Place { tile: None, style: String::new() },
        }
    }
}

/// The word that a token starts, if its vocabulary marks starts.
fn start(token: &str) -> Option<&str> {
    token.strip_prefix(['▁', 'Ġ'])
}

fn printable(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, c| {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::multivector::{MaxSim, MultiVector};

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
            let text = explain(labels).to_ansi();
            assert!(text.starts_with("score 2.0000\n\nembed \x1b[30;48;5;208mtexts\x1b[0m\n\n"), "{text}");
            assert!(text.contains("row 0") && text.ends_with("100.0%\n"), "{text}");
        }
    }

    #[test]
    fn a_document_can_do_no_harm() {
        let explanation = explain(tokens(&["\x1b[2J", "<script>alert('1')</script>"]));
        assert!(!explanation.to_ansi().contains("\x1b[2J"));
        let html = explanation.to_html();
        assert!(
            html.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;") && !html.contains("<script"),
            "{html}"
        );
    }

    #[test]
    fn patches_lie_in_a_grid() {
        let patch = |tile, row, column| RowLabel::Patch { tile: Some(tile), row, column };
        let html = explain(vec![patch(0, 0, 0), patch(0, 1, 2), patch(1, 0, 0)]).to_html();
        assert_eq!(html.matches("<div class=\"tile\">").count(), 2);
        assert_eq!(html.matches("</div>").count(), 3);
        assert!(html.contains("<mark id=\"d1\" style=\"--heat:0.000;grid-area:2/3\""), "{html}");
        assert!(html.contains("<a href=\"#d2\">tile 1 patch 0,0</a>"), "{html}");
    }
}
