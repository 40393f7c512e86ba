//! What a system found.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use embedkit_core::{Error, Result};

use super::lines::lines;

/// The documents that were found for each query, with their scores, best first. As in `trec_eval`, the scores alone say
/// the order, in 32 bits, and of equal ones the document whose id is greater goes first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run(BTreeMap<String, Vec<(String, f64)>>);

impl Run {
    /// Adds what was found for a query, in any order. A document that is found several times is found once, with the
    /// best of its scores.
    pub fn add<D: Into<String>>(&mut self, query: impl Into<String>, found: impl IntoIterator<Item = (D, f64)>) {
        let ranking = self.0.entry(query.into()).or_default();
        ranking.extend(found.into_iter().map(|(document, score)| (document.into(), score)));
        // 0 added to a zero of either sign is 0.
        let compared = |score: &f64| *score as f32 + 0.0;
        ranking.sort_by(|(a, a_score), (b, b_score)| {
            compared(b_score).total_cmp(&compared(a_score)).then_with(|| b.cmp(a))
        });
        let mut seen = HashSet::with_capacity(ranking.len());
        ranking.retain(|(document, _)| seen.insert(document.clone()));
    }

    /// What was found for a query, best first; nothing for one that is not there.
    pub fn ranking(&self, query: &str) -> impl ExactSizeIterator<Item = (&str, f64)> {
        let found = self.0.get(query).map(Vec::as_slice).unwrap_or_default();
        found.iter().map(|(document, score)| (document.as_str(), *score))
    }

    /// The queries' ids.
    pub fn queries(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Reads a run in TREC's format: `query Q0 document rank score name` a line. The rank is not looked at.
    ///
    /// # Errors
    /// A file that cannot be read, a line that is none of a run, or one with a document that its query has already.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
        let mut found: BTreeMap<&str, BTreeMap<&str, f64>> = BTreeMap::new();
        for (number, line) in lines(&text) {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let score = columns.get(4).and_then(|score| score.parse::<f64>().ok()).filter(|score| !score.is_nan());
            let ([query, _, document, _, _, _], Some(score)) = (&columns[..], score) else {
                let message = format!("line {number} is not `query Q0 document rank score name`");
                return Err(Error::file(path, message));
            };
            if found.entry(query).or_default().insert(document, score).is_some() {
                let message =
                    format!("line {number} has the document {document:?} of the query {query:?} a second time");
                return Err(Error::file(path, message));
            }
        }
        let mut run = Self::default();
        found.into_iter().for_each(|(query, ranking)| run.add(query, ranking));
        Ok(run)
    }

    /// The run in TREC's format, under a name.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for an id or a name with white space in it, or without characters, which the format
    /// cannot hold.
    pub fn to_trec(&self, name: &str) -> Result<String> {
        let mut text = String::new();
        for (query, ranking) in &self.0 {
            for (at, (document, score)) in ranking.iter().enumerate() {
                for word in [query.as_str(), document, name] {
                    if word.is_empty() || word.contains(char::is_whitespace) {
                        return Err(Error::input(format!("TREC's format cannot hold the id or name {word:?}")));
                    }
                }
                text += &format!("{query} Q0 {document} {} {score} {name}\n", at + 1);
            }
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trecs_format_comes_back() {
        let mut run = Run::default();
        run.add("q2", [("a", 0.1 + 0.2), ("b", 7.0)]);
        run.add("q1", [("a", 1.0), ("c", 1.0), ("b", 1.0)]);
        assert_eq!(run.ranking("q1").map(|(id, _)| id).collect::<Vec<_>>(), ["c", "b", "a"]);
        assert_eq!(run.ranking("q3").len(), 0);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run");
        std::fs::write(&path, run.to_trec("mine").unwrap()).unwrap();
        assert_eq!(Run::read(&path).unwrap(), run);
        run.add("q3", [("a b", 1.0)]);
        assert!(run.to_trec("mine").unwrap_err().to_string().contains("a b"));
        for wrong in ["q Q0 d 1 x name", "q Q0 d 1 0.5", "q Q0 d 1 NaN name"] {
            std::fs::write(&path, wrong).unwrap();
            assert!(Run::read(&path).unwrap_err().to_string().contains("line 1"), "{wrong}");
        }
        std::fs::write(&path, "\u{feff}q Q0 d 1 1 name\nr Q0 d 1 1 name\nq Q0 d 2 0.5 name\n").unwrap();
        let message = Run::read(&path).unwrap_err().to_string();
        assert!(message.contains("line 3 has the document \"d\" of the query \"q\" a second time"), "{message}");
    }

    #[test]
    fn scores_are_compared_in_32_bits() {
        let mut run = Run::default();
        run.add("q", [("a", 0.300_000_01), ("b", 0.3), ("c", 0.300_000_1), ("d", -0.0), ("e", 0.0)]);
        assert_eq!(run.ranking("q").map(|(id, _)| id).collect::<Vec<_>>(), ["c", "b", "a", "e", "d"]);
    }

    #[test]
    fn a_document_is_found_once() {
        let mut run = Run::default();
        run.add("q", [("a", 1.0), ("b", 2.0), ("a", 3.0)]);
        run.add("q", [("b", 2.5)]);
        assert_eq!(run.ranking("q").collect::<Vec<_>>(), [("a", 3.0), ("b", 2.5)]);
    }
}
