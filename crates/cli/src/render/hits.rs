//! What a search found, for people: in a terminal, and as a web page.

use embedkit::retrieval::Hit;
use embedkit::retrieval::search::{Explanation, Highlight, StageExplanation};

use super::html::{escape, image, page};
use super::printable;
use crate::columns::wrapped;

/// Bytes of a text that are shown in a list, about.
const SHOWN: usize = 320;
/// Parts of a stage's score that are shown.
const TERMS: usize = 8;
/// From this weight on a word is marked.
const LEAST: f32 = 0.2;

/// A list with the matched words marked where `in_colour`, and the way each score came about where `explain`, in lines of so
/// many columns.
pub(crate) fn hits_to_terminal(
    hits: &[(&Hit, Explanation)],
    explain: bool,
    in_colour: bool,
    columns: Option<usize>,
) -> String {
    let mut text = String::new();
    for (hit, explanation) in hits {
        let head = format!("{}  ({:.3})", printable(&place(hit)), hit.score);
        let mut shown = String::new();
        for (part, mark) in parts(&hit.record.text, &explanation.highlights) {
            let part = printable(&in_one_line(part));
            match mark {
                Some(_) if in_colour => shown += &format!("\x1b[1;33m{part}\x1b[0m"),
                _ => shown += &part,
            }
        }
        let (head, shown) = (wrapped(&head, 5, columns), wrapped(shown.trim_end(), 5, columns));
        text += &format!("{:>3}  {head}\n     {shown}\n", hit.rank);
        if explain {
            for stage in &explanation.stages {
                text += &format!("       {}\n", wrapped(&stage_line(stage), 16, columns));
            }
            for (at, score) in explanation.reranked.iter().enumerate() {
                text += &format!("       reranker {}: {score:.4}\n", at + 1);
            }
        }
    }
    text
}

/// A text with a blank for each run of white space, at its ends too.
fn in_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        match character.is_whitespace() {
            true if line.ends_with(' ') => {}
            true => line.push(' '),
            false => line.push(character),
        }
    }
    line
}

/// The same as a page that needs no other file, with a heat map for each hit that has one.
pub(crate) fn hits_to_html(
    query: &str,
    hits: &[(&Hit, Explanation)],
    maps: &[Option<Vec<u8>>],
    explain: bool,
) -> String {
    let mut body =
        "<p class=\"legend\"><span>least</span><span class=\"ramp\"></span><span>most</span> what a word adds \
        to its text's score</p>\n"
            .to_owned();
    for ((hit, explanation), map) in hits.iter().zip(maps) {
        body += &format!(
            "<h2>{}. {} <small>score {:.3}</small></h2>\n<p class=\"text\">",
            hit.rank,
            escape(&place(hit)),
            hit.score
        );
        let mut at = 0;
        for mark in &explanation.highlights {
            let text = &hit.record.text;
            body += &escape(&text[at..mark.start]);
            let word = escape(&text[mark.start..mark.end]);
            body += &format!("<mark style=\"--heat:{:.3}\">{word}</mark>", mark.weight);
            at = mark.end;
        }
        body += &format!("{}</p>\n", escape(&hit.record.text[at..]));
        if let Some(map) = map {
            body += &image(&place(hit), map);
        }
        if explain {
            body += &stages_to_html(explanation);
        }
    }
    page(query, &body)
}

/// What each stage added, and each reranker said, as a table.
fn stages_to_html(explanation: &Explanation) -> String {
    let stage = |stage: &StageExplanation| {
        let part = &stage.contribution;
        let score = part.score.map_or_else(|| "not found".to_owned(), |score| format!("{score:.4}"));
        let rank = part.rank.map_or_else(String::new, |rank| rank.to_string());
        let row = format!(
            "<tr><td>{}</td><td class=\"number\">{:+.4}</td><td class=\"number\">{score}</td>\
             <td class=\"number\">{rank}</td></tr>\n",
            escape(&part.stage),
            part.value
        );
        match terms(stage) {
            terms if terms.is_empty() => row,
            terms => row + &format!("<tr><td colspan=\"4\" class=\"parts\">{}</td></tr>\n", escape(&terms)),
        }
    };
    let rows: String = explanation.stages.iter().map(stage).collect();
    let reranked = explanation.reranked.iter().enumerate();
    let reranked = reranked.map(|(at, score)| format!("<p>reranker {}: {score:.4}</p>\n", at + 1));
    format!(
        "<table><tr><th>stage</th><th class=\"number\">adds</th><th class=\"number\">own score</th>\
         <th class=\"number\">rank</th></tr>\n{rows}</table>\n{}",
        reranked.collect::<String>()
    )
}

/// Where a hit is from.
fn place(hit: &Hit) -> String {
    let record = &hit.record;
    let mut place = if record.id.is_empty() { record.path.clone() } else { record.id.clone() };
    for part in [&record.title, &record.section] {
        if !part.is_empty() {
            place += &format!(" › {part}");
        }
    }
    place
}

/// What a stage added, and of what.
fn stage_line(stage: &StageExplanation) -> String {
    let part = &stage.contribution;
    let score = part.score.map_or_else(|| "not found".to_owned(), |score| format!("{score:.4}"));
    let rank = part.rank.map_or_else(String::new, |rank| format!(", rank {rank}"));
    let mut line = format!("{:+.4}  {}: {score}{rank}", part.value, part.stage);
    let terms = terms(stage);
    if !terms.is_empty() {
        line += &format!("  ({terms})");
    }
    line
}

/// The greatest parts of a stage's own score.
fn terms(stage: &StageExplanation) -> String {
    let terms = stage.terms.iter().take(TERMS).map(|term| {
        let document = term.document.as_ref().map_or_else(String::new, |document| format!("→{document}"));
        printable(&format!("{}{document} {:.2}", term.query, term.weight))
    });
    terms.collect::<Vec<_>>().join(", ")
}

/// The part of a text where most matched, cut into what is marked and what is not.
fn parts<'t>(text: &'t str, highlights: &[Highlight]) -> Vec<(&'t str, Option<f32>)> {
    let strong: Vec<&Highlight> = highlights.iter().filter(|mark| mark.weight >= LEAST).collect();
    let window = |start: usize| strong.iter().filter(move |mark| mark.start >= start && mark.end <= start + SHOWN);
    let weight = |mark: &&&Highlight| window(mark.start).map(|mark| mark.weight).sum::<f32>();
    let best = strong.iter().max_by(|a, b| weight(a).total_cmp(&weight(b)).then(b.start.cmp(&a.start)));
    let start = match best {
        Some(mark) if mark.start > SHOWN / 4 => boundary(text, mark.start.saturating_sub(SHOWN / 8)),
        _ => 0,
    };
    let end = boundary(text, start + SHOWN);
    let mut parts = Vec::new();
    let mut at = start;
    if start > 0 {
        parts.push(("…", None));
    }
    for mark in strong.iter().filter(|mark| mark.start >= start && mark.end <= end) {
        parts.push((&text[at..mark.start], None));
        parts.push((&text[mark.start..mark.end], Some(mark.weight)));
        at = mark.end;
    }
    parts.push((&text[at..end], None));
    if end < text.len() {
        parts.push((" …", None));
    }
    parts
}

/// The end of the word that a byte is in.
fn boundary(text: &str, at: usize) -> usize {
    let at = (at.min(text.len())..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    text[at..].find(char::is_whitespace).map_or(text.len(), |more| at + more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_shown_where_most_matched_without_a_blank_more() {
        let text = format!("{}`cancel`, and (run).\n\nThen {}", "before ".repeat(100), "after ".repeat(100));
        let at = text.find("cancel").unwrap();
        let shown: String =
            parts(&text, &[Highlight::new(at, at + 6, 1.0)]).iter().map(|(part, _)| in_one_line(part)).collect();
        assert!(shown.starts_with("… before") && shown.ends_with("after …"), "{shown}");
        assert!(shown.contains(" `cancel`, and (run). Then after"), "{shown}");
        assert_eq!(parts("short", &[]), [("short", None)]);
    }
}
