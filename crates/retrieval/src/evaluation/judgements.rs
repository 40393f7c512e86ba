//! Which documents answer which query.

use std::collections::BTreeMap;
use std::path::Path;

use embedkit_core::{Error, Result};

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
    /// blanks (`query 0 document grade`).
    ///
    /// # Errors
    /// A file that cannot be read, or a line that is neither.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
        let mut judgements = Self::default();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let columns: Vec<&str> = match line.contains('\t') {
                true => line.split('\t').map(str::trim).collect(),
                false => line.split_whitespace().collect(),
            };
            let parsed = match columns[..] {
                [query, document, grade] | [query, _, document, grade] => {
                    grade.parse().ok().map(|grade: i64| (query, document, grade))
                }
                _ => None,
            };
            match parsed {
                Some((query, document, grade)) => {
                    judgements.0.entry(query.to_owned()).or_default().insert(document.to_owned(), grade);
                }
                // The heading.
                None if number == 0 && line.contains('\t') => {}
                None => {
                    let message = format!("line {} is no judgement: `query document grade` or TREC's four", number + 1);
                    return Err(Error::file(path, message));
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
        for wrong in ["1 0 d 1\n1 0 d high\n", "what is this", "a\tb\tc\nd\te\tf\n"] {
            std::fs::write(&path, wrong).unwrap();
            assert!(Judgements::read(&path).unwrap_err().to_string().contains("line"), "{wrong}");
        }
    }
}
