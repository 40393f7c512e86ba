//! Which documents answer which query.

use std::collections::BTreeMap;
use std::path::Path;

use embedkit_core::{Error, Result};

use super::lines::lines;

/// Grades of documents, by query: above 0 is relevant, and more is better.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgements(BTreeMap<String, BTreeMap<String, i64>>);

impl Judgements {
    /// Of a query, a document and a grade each; the last of the same pair counts.
    pub fn from_triples<T: Into<String>>(triples: impl IntoIterator<Item = (T, T, i64)>) -> Self {
        let mut judgements = Self::default();
        for (query, document, grade) in triples {
            judgements.0.entry(query.into()).or_default().insert(document.into(), grade);
        }
        judgements
    }

    /// Reads a file of judgements: BEIR's, three columns between tabs below a heading, or TREC's, four columns between
    /// blanks and tabs (`query 0 document grade`).
    ///
    /// # Errors
    /// A file that cannot be read, a line that is neither, or one that gives a pair another grade than a line before.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
        let mut judgements = Self::default();
        for (number, line) in lines(&text) {
            let parsed = judgement(line);
            let wrong = |message: String| Err(Error::file(path, format!("line {number} {message}")));
            match parsed {
                Some((query, document, grade)) => {
                    let before = judgements.0.entry(query.to_owned()).or_default().insert(document.to_owned(), grade);
                    if let Some(before) = before.filter(|before| *before != grade) {
                        return wrong(format!(
                            "grades the document {document:?} of the query {query:?} {grade}, and a line before it {before}"
                        ));
                    }
                }
                None if number == 1 && is_heading(line) => {}
                None => {
                    return wrong(
                        "is no judgement: `query document grade` or TREC's four, of a whole grade".to_owned(),
                    );
                }
            }
        }
        Ok(judgements)
    }

    /// The judged queries with their documents' grades, by the queries' ids.
    pub fn queries(&self) -> impl ExactSizeIterator<Item = (&str, &BTreeMap<String, i64>)> {
        self.0.iter().map(|(query, grades)| (query.as_str(), grades))
    }

    /// Whether no query is judged.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A query's grades; none if it is not judged.
    pub fn grades(&self, query: &str) -> Option<&BTreeMap<String, i64>> {
        self.0.get(query)
    }

    /// Those of the queries that are kept.
    #[must_use]
    pub fn filter(&self, mut keep: impl FnMut(&str) -> bool) -> Self {
        Self(
            self.0
                .iter()
                .filter(|(query, _)| keep(query))
                .map(|(query, grades)| (query.clone(), grades.clone()))
                .collect(),
        )
    }

    /// BEIR's file of them.
    pub fn to_tsv(&self) -> String {
        let rows = self.0.iter().flat_map(|(query, grades)| grades.iter().map(move |(id, grade)| (query, id, grade)));
        rows.fold("query-id\tcorpus-id\tscore\n".to_owned(), |text, (query, document, grade)| {
            text + &format!("{query}\t{document}\t{grade}\n")
        })
    }
}

/// The query, the document and the grade of a line of either layout.
fn judgement(line: &str) -> Option<(&str, &str, i64)> {
    // Between tabs an id may have blanks.
    let between_tabs: Vec<&str> = line.trim_end().split('\t').map(str::trim).collect();
    let between_blanks: Vec<&str> = line.split_whitespace().collect();
    let is_trec = matches!(between_blanks[..], [_, "0" | "Q0", _, _]);
    let columns = if is_trec || !matches!(between_tabs.len(), 3 | 4) { between_blanks } else { between_tabs };
    let ([query, document, grade] | [query, _, document, grade]) = columns[..] else { return None };
    Some((query, document, whole(grade)?))
}

/// Whether a line names BEIR's columns: it ends in a word.
fn is_heading(line: &str) -> bool {
    line.trim_end().rsplit_once('\t').is_some_and(|(_, last)| last.trim().parse::<f64>().is_err())
}

/// A whole number, also as tables of decimals write it: `1.0`.
fn whole(grade: &str) -> Option<i64> {
    let digits = grade.split_once('.').filter(|(_, rest)| rest.chars().all(|c| c == '0'));
    digits.map_or(grade, |(digits, _)| digits).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_layouts_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("qrels");
        let expected = Judgements::from_triples([("1", "a b", 1), ("1", "c", -1), ("2", "c", 2)]);
        std::fs::write(&path, expected.to_tsv()).unwrap();
        assert_eq!(Judgements::read(&path).unwrap(), expected);
        std::fs::write(&path, "1 0 d 1\n2  0 e 0\n").unwrap();
        assert_eq!(Judgements::read(&path).unwrap(), Judgements::from_triples([("1", "d", 1), ("2", "e", 0)]));
        // A mark before the text, grades from a table of decimals, a pair twice with one grade.
        std::fs::write(&path, "\u{feff}1\td\t1.0\r\n1\td\t1\r\n").unwrap();
        assert_eq!(Judgements::read(&path).unwrap(), Judgements::from_triples([("1", "d", 1)]));
        // Columns of TREC's between any white space, tabs at the end of BEIR's, and its ids with blanks.
        for (line, query, document) in [
            ("q1 0 d1\t2", "q1", "d1"),
            ("q1 0\td1\t2", "q1", "d1"),
            ("q1\t0 d1 2", "q1", "d1"),
            ("q1\tQ0\td1\t2\t", "q1", "d1"),
            ("  q1 \t 0  d1 2 ", "q1", "d1"),
            ("q1\td1\t2\t", "q1", "d1"),
            ("q1\td1\t2\t \t\r", "q1", "d1"),
            ("q1\ta d1\t2", "q1", "a d1"),
            ("a q1\t0\ta d1\t2", "a q1", "a d1"),
        ] {
            for text in [format!("{line}\n"), format!("query-id\tcorpus-id\tscore\t\n{line}\n")] {
                std::fs::write(&path, &text).unwrap();
                assert_eq!(
                    Judgements::read(&path).unwrap(),
                    Judgements::from_triples([(query, document, 2)]),
                    "{text:?}"
                );
            }
        }
        for (wrong, told) in [
            ("1 0 d 1\n1 0 d high\n", "line 2 is no judgement"),
            ("what is this", "line 1 is no judgement"),
            ("a\tb\tc\nd\te\tf\n", "line 2 is no judgement"),
            ("a\tb\t0.5\n", "line 1 is no judgement"),
            ("1 0 d 1\n\n1 0 d 2\n", "line 3 grades the document \"d\" of the query \"1\" 2, and a line before it 1"),
        ] {
            std::fs::write(&path, wrong).unwrap();
            let message = Judgements::read(&path).unwrap_err().to_string();
            assert!(message.contains(told), "{wrong}: {message}");
        }
    }
}
