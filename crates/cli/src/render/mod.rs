//! Explanations of scores for people: in a terminal, and as a web page.

#[cfg(feature = "retrieval")]
mod hits;
mod html;
mod page_report;
mod placed;
#[cfg(feature = "retrieval")]
mod sweep;
mod terminal;
mod text_report;

use embedkit::multivector::{Explanation, Match, RowLabel};

#[cfg(feature = "retrieval")]
pub(crate) use hits::{hits_to_html, hits_to_terminal};
pub(crate) use page_report::PageReport;
pub(crate) use placed::Placed;
#[cfg(feature = "retrieval")]
pub(crate) use sweep::{Point, sweep_to_html};
pub(crate) use terminal::to_terminal;
pub(crate) use text_report::to_html;

/// An explanation, with the texts that it is of.
pub(crate) struct Explained<'e> {
    pub(crate) explanation: &'e Explanation,
    pub(crate) query: Placed<'e>,
    pub(crate) document: Placed<'e>,
    /// Whether what the texts do not say is shown too: special tokens.
    pub(crate) shows_all: bool,
}

/// What special tokens of the query, or matches with such of the document, add to the score.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Folded {
    count: usize,
    weight: f32,
    share: f32,
}

impl<'e> Explained<'e> {
    /// Query and document, with what each of their rows adds to the score.
    fn sides(&self) -> [(&'static str, &Placed<'e>, Vec<f32>); 2] {
        [
            ("query", &self.query, self.query_weights()),
            ("document", &self.document, self.explanation.document_weights.clone()),
        ]
    }

    /// The most that a word of either adds.
    fn most(&self) -> f32 {
        let words = self.sides().into_iter().flat_map(|(_, side, weights)| side.parts(&weights));
        words.map(|part| part.weight).fold(f32::MIN_POSITIVE, f32::max)
    }

    /// The rows of a text that it does not say, where they are shown, with what they add.
    fn special(&self, side: &Placed<'_>, weights: &[f32]) -> impl Iterator<Item = (usize, String, f32)> {
        let are_shown = self.shows_all && !side.is_unplaced();
        let rows: Vec<_> = side.special().filter(|_| are_shown).collect();
        let weight = |row: usize| weights.get(row).copied().unwrap_or_default();
        rows.into_iter().map(|(row, name)| (row, name, weight(row))).collect::<Vec<_>>().into_iter()
    }

    /// What each of the query's rows adds to the score.
    fn query_weights(&self) -> Vec<f32> {
        let mut weights = vec![0.0; self.query.len()];
        for found in &self.explanation.matches {
            if let Some(weight) = weights.get_mut(found.query_row) {
                *weight += found.weight;
            }
        }
        weights
    }

    /// The matches that are shown: those of words, or all.
    fn shown(&self) -> impl Iterator<Item = &Match> {
        self.explanation.matches.iter().filter(|found| self.shows_all || self.is_of_words(found))
    }

    /// What the other matches add.
    fn folded(&self) -> Folded {
        let others = self.explanation.matches.iter().filter(|found| !self.shows_all && !self.is_of_words(found));
        others.fold(Folded::default(), |sum, found| Folded {
            count: sum.count + 1,
            weight: sum.weight + found.weight,
            share: sum.share + found.share,
        })
    }

    /// Whether both texts say what matched. Where nothing is known of places, everything counts as said.
    fn is_of_words(&self, found: &Match) -> bool {
        let is_said = |text: &Placed<'_>, row: usize| text.is_unplaced() || text.place(row).is_some();
        is_said(&self.query, found.query_row) && is_said(&self.document, found.document_row)
    }

    /// A match as cells of a table: the query's word, the document's, weight, share.
    fn cells(&self, found: &Match) -> [String; 4] {
        [
            self.query.name(found.query_row, found.query_label.as_ref()),
            self.document.name(found.document_row, found.document_label.as_ref()),
            format!("{:.4}", found.weight),
            format!("{:.1}%", found.share * 100.0),
        ]
    }
}

impl Folded {
    /// What is left out, in words; nothing where nothing is.
    fn words(&self) -> Option<String> {
        let matches = if self.count == 1 { "1 match".to_owned() } else { format!("{} matches", self.count) };
        let Self { weight, share, .. } = self;
        (self.count > 0).then(|| format!("{matches} of special tokens: {weight:.4}, {:.1}%", share * 100.0))
    }
}

/// What a row stands for, or its number.
fn name(label: Option<&RowLabel>, row: usize) -> String {
    match label {
        Some(label) => printable(&label.to_string()),
        None => format!("row {row}"),
    }
}

/// Text with which a document cannot command a terminal.
fn printable(text: &str) -> String {
    crate::printable::line(text).into_owned()
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use embedkit::multivector::{MaxSim, MultiVector};

    use super::placed::tests::words;
    use super::*;

    const TEXT: &str = "Paris is in France.";
    const ROWS: [(&str, Option<Range<usize>>); 5] =
        [("[CLS]", None), ("paris", Some(0..5)), ("is", Some(6..8)), ("in", Some(9..11)), ("france", Some(12..18))];

    /// A query of a marker and a word, of which the one matches a marker and the other the first word.
    fn explained(check: impl Fn(Explained<'_>)) {
        let document = MultiVector::from_rows([[1.0, 0.0], [0.0, 3.0], [0.1, 0.1], [0.0, 0.1], [0.2, 1.0]]).unwrap();
        let query = MultiVector::from_rows([[1.0, 0.0], [0.0, 1.0]]).unwrap();
        let explanation = MaxSim::new(&query).unwrap().explain(&document).unwrap();
        let query = words("Where?", &[("[Q]", None), ("where", Some(0..5))]);
        let document = words(TEXT, &ROWS);
        check(Explained { explanation: &explanation, query, document, shows_all: false });
    }

    #[test]
    fn texts_are_shown_as_they_are_written_and_markers_are_folded_away() {
        explained(|explained| {
            let text = to_terminal(&explained, true, None);
            let paris = "\x1b[30;48;5;208mParis\x1b[0m";
            assert!(text.starts_with("score 4.0000\n\nquery     \x1b[30;48;5;208mWhere\x1b[0m?\n"), "{text}");
            assert!(text.contains(&format!("document  {paris} is in France.\n")), "{text}");
            assert!(text.contains(" \u{2264} 0.60 ") && text.contains(" \u{2264} 3.00 "), "{text}");
            assert!(text.contains("Where  Paris       3.0000   75.0%\n"), "{text}");
            assert!(text.ends_with("and 1 match of special tokens: 1.0000, 25.0% (--all shows them)\n"), "{text}");
            assert!(!text.contains("[CLS]"), "{text}");
            let plain = to_terminal(&explained, false, None);
            assert!(plain.contains("document  Paris is in France.\n") && !plain.contains('\x1b'), "{plain}");
            let all = to_terminal(&Explained { shows_all: true, ..explained }, false, None);
            assert!(all.contains("          and [CLS] 1.0000\n") && all.contains("[Q]    [CLS]"), "{all}");
            assert!(!all.contains("--all"), "{all}");
        });
    }

    #[test]
    fn a_web_page_has_the_query_a_legend_and_links_to_words() {
        explained(|explained| {
            let html = to_html(&explained);
            let word =
                "<mark id=\"document-1\" style=\"--heat:1.000\" title=\"3.0000\">Paris</mark> <mark id=\"document-2\"";
            assert!(html.contains(word), "{html}");
            assert!(html.contains("<h2>query</h2>\n<p class=\"text\"><mark id=\"query-1\""), "{html}");
            assert!(html.contains("class=\"ramp\"") && html.contains("<span>3.0000</span>"), "{html}");
            assert!(html.contains("<td>Where</td><td><a href=\"#document-1\">Paris</a>"), "{html}");
            assert!(html.contains("<details><summary>1 match of special tokens"), "{html}");
            assert!(to_html(&Explained { shows_all: true, ..explained }).contains("<details open>"));
        });
    }

    #[test]
    fn a_document_can_do_no_harm() {
        let document = MultiVector::from_rows([[1.0, 0.0]]).unwrap();
        let explanation = MaxSim::new(&document).unwrap().explain(&document).unwrap();
        let evil = "\x1b[2J <script>alert('1')</script>";
        let side = || words(evil, &[("x", Some(0..evil.len()))]);
        let explained = Explained { explanation: &explanation, query: side(), document: side(), shows_all: false };
        assert!(!to_terminal(&explained, true, None).contains("\x1b[2J"));
        let html = to_html(&explained);
        assert!(
            html.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;") && !html.contains("<script"),
            "{html}"
        );
    }

    #[test]
    fn pages_are_listed_by_their_scores() {
        let report = PageReport::new("a <query>", [("a.pdf, page 1", 1.0), ("a.pdf, page 2", 2.0)], (0.1, 0.9));
        let head = report.head();
        assert!(head.contains("<h1>a &lt;query&gt;</h1>"), "{head}");
        assert!(head.find("#page-1").unwrap() < head.find("#page-0").unwrap(), "{head}");
        assert!(head.contains("<span>0.100</span>") && head.contains("<span>0.900</span>"), "{head}");
        let page = report.page(1, b"png");
        assert!(page.contains("a.pdf, page 2") && page.contains("base64,cG5n\""), "{page}");
    }
}
