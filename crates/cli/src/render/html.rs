//! An explanation as a web page.

use embedkit::multivector::{Explanation, RowLabel};

use super::{Piece, pieces, table};

const STYLE: &str = "body{font:16px/1.7 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}\
    mark{background:rgb(255 140 0/var(--heat));border-radius:.2em;color:inherit}\
    .tile{display:inline-grid;gap:1px;margin:.5em}\
    .tile mark{width:1em;height:1em;border:1px solid #ddd}\
    table{border-collapse:collapse}td,th{padding:.1em .8em;text-align:left}\
    .number{text-align:right;font-variant-numeric:tabular-nums}:target{outline:2px solid #d33}";

/// The document with its matches highlighted, and a table of them that links to their words, as a page that needs
/// no other file. Patches lie in a grid as they do on their page. Labels are escaped.
pub(crate) fn to_html(explanation: &Explanation) -> String {
    let mut body = String::new();
    let mut open = None;
    for (at, piece) in pieces(explanation).iter().enumerate() {
        let span = Span::of(piece);
        if span.tile != open {
            body.push_str(if open.is_some() { "</div>" } else { "" });
            body.push_str(if span.tile.is_some() { "<div class=\"tile\">" } else { "" });
            open = span.tile;
        }
        let space = if piece.glued { "" } else { " " };
        let title = escape(&piece.text);
        let text = if span.tile.is_some() { "" } else { &title };
        let style = format!("--heat:{:.3}{}", piece.heat, span.style);
        let weight = piece.weight;
        body += &format!("{space}<mark id=\"d{at}\" style=\"{style}\" title=\"{title}: {weight:.4}\">{text}</mark>");
    }
    body.push_str(if open.is_some() { "</div>" } else { "" });

    let mut rows = String::new();
    for (found, [query, document, weight, share]) in explanation.matches.iter().zip(table(explanation)) {
        rows += &format!(
            "<tr><td>{}</td><td><a href=\"#d{}\">{}</a></td><td class=\"number\">{weight}</td><td class=\"number\">{share}</td></tr>\n",
            escape(&query),
            found.document_row,
            escape(&document),
        );
    }
    let title = format!("Score {:.4}", explanation.score);
    let table = "<tr><th>query</th><th>document</th><th>weight</th><th>share</th></tr>";
    page(&title, &format!("<div>{body}</div>\n<table>{table}\n{rows}</table>\n"))
}

/// A page that needs no other file.
pub(super) fn page(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n{body}</body></html>\n"
    )
}

/// Where a piece stands on the page: in the running text, or in a tile's grid.
struct Span {
    /// The tile of a patch; a page without tiles is tile 0.
    tile: Option<u32>,
    style: String,
}

impl Span {
    fn of(piece: &Piece<'_>) -> Self {
        match piece.label {
            Some(RowLabel::Patch { tile, row, column }) => Self {
                tile: Some(tile.unwrap_or_default()),
                style: format!(";grid-area:{}/{}", u64::from(*row) + 1, u64::from(*column) + 1),
            },
            _ => Self { tile: None, style: String::new() },
        }
    }
}

pub(super) fn escape(text: &str) -> String {
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
