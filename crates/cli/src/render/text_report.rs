//! An explanation as a web page.

use super::html::{escape, page};
use super::{Explained, Placed};

/// The query, the document with its matches highlighted, and a table of them that links to their words, as a page that
/// needs no other file. Texts are escaped.
pub(crate) fn to_html(explained: &Explained<'_>) -> String {
    let most = explained.most();
    let mut body = String::new();
    for (title, side, weights) in explained.sides() {
        body += &format!("<h2>{title}</h2>\n<p class=\"text\">{}</p>\n", marked(title, side, &weights, most));
    }
    body += &format!(
        "<p class=\"legend\"><span>0</span><span class=\"ramp\"></span><span>{most:.4}</span> what a word adds to the \
         score</p>\n"
    );
    let row = |cells: [String; 4], link: String| {
        let [query, document, weight, share] = cells.map(|cell| escape(&cell));
        format!(
            "<tr><td>{query}</td><td><a href=\"#{link}\">{document}</a></td><td class=\"number\">{weight}</td>\
             <td class=\"number\">{share}</td></tr>\n"
        )
    };
    let rows: String = explained
        .shown()
        .map(|found| row(explained.cells(found), format!("document-{}", found.document_row)))
        .collect();
    body += &format!(
        "<table><tr><th>query</th><th>document</th><th class=\"number\">weight</th>\
         <th class=\"number\">share</th></tr>\n{rows}</table>\n{}",
        special(explained)
    );
    page(&format!("Score {:.4}", explained.explanation.score), &body)
}

/// A text with its words marked, each with an id for the table's links.
fn marked(title: &str, side: &Placed<'_>, weights: &[f32], most: f32) -> String {
    let parts = side.parts(weights).into_iter().map(|part| {
        let text = escape(part.text);
        let Some(row) = part.rows.first() else { return text };
        let heat = if most > 0.0 { (part.weight / most).clamp(0.0, 1.0) } else { 0.0 };
        let mark =
            format!("<mark id=\"{title}-{row}\" style=\"--heat:{heat:.3}\" title=\"{:.4}\">{text}</mark>", part.weight);
        // A letter of several tokens has the ids of all of them.
        part.rows[1..].iter().fold(mark, |mark, row| format!("<span id=\"{title}-{row}\">{mark}</span>"))
    });
    parts.collect()
}

/// What the texts do not say: in a box that is closed unless all is to be shown.
fn special(explained: &Explained<'_>) -> String {
    let folded = explained.folded().words();
    let mut rows = String::new();
    for (title, side, weights) in explained.sides() {
        for (row, name) in side.special().filter(|_| !side.is_unplaced()) {
            let weight = weights.get(row).copied().unwrap_or_default();
            rows += &format!(
                "<tr id=\"{title}-{row}\"><td>{title}</td><td>{}</td><td class=\"number\">{weight:.4}</td></tr>\n",
                escape(&name)
            );
        }
    }
    if rows.is_empty() {
        return String::new();
    }
    let open = if explained.shows_all { " open" } else { "" };
    let summary = folded.unwrap_or_else(|| "special tokens".to_owned());
    format!(
        "<details{open}><summary>{}</summary>\n<table><tr><th>of</th><th>token</th><th>adds</th></tr>\n{rows}</table>\
         </details>\n",
        escape(&summary)
    )
}
