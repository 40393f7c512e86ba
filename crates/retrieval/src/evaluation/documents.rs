//! The documents of a set, as they were indexed.

use std::collections::HashMap;
use std::path::Path;

use embedkit_core::{Error, Result};

use super::Judgements;
use crate::collection::Version;

/// The documents of a version, by their ids.
pub(super) struct IndexedDocuments(HashMap<String, Place>);

/// Where a document is from: its file, and its row, page or moment.
type Place = (String, Option<usize>, Option<usize>, Option<u64>);

impl IndexedDocuments {
    /// # Errors
    /// A version without documents, and two documents of one id: which of them a judgement means cannot be told.
    pub(super) fn of(version: &Version) -> Result<Self> {
        let mut documents = HashMap::new();
        for number in 0..version.len() {
            let record = version.record(number)?;
            let place = (record.path, record.row, record.page, record.time.map(f64::to_bits));
            if let Some(other) =
                documents.insert(record.document.clone(), place.clone()).filter(|other| *other != place)
            {
                let message =
                    format!("has the document {:?} twice: {} and {}", record.document, told(&other), told(&place));
                return Err(Error::file(Path::new(&place.0), message));
            }
        }
        if documents.is_empty() {
            return Err(Error::input("the set has no documents"));
        }
        Ok(Self(documents))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Warns of relevant documents that are not there, which no pipeline can find.
    ///
    /// # Errors
    /// None of them is there: the judgements are of other documents, or of other ids.
    pub(super) fn check(&self, judgements: &Judgements) -> Result<()> {
        let relevant = judgements.queries().flat_map(|(query, grades)| {
            grades.iter().filter(|(_, grade)| **grade > 0).map(move |(document, _)| (query, document))
        });
        let (mut all, mut missing) = (0, Vec::new());
        for (query, document) in relevant {
            all += 1;
            if !self.0.contains_key(document) {
                missing.push((query, document));
            }
        }
        let Some((query, document)) = missing.first() else { return Ok(()) };
        let example = format!("{document:?} of the query {query:?}");
        if missing.len() == all {
            let known = self.0.keys().min().map(String::as_str).unwrap_or_default();
            return Err(Error::input(format!(
                "no document that is judged relevant is among the documents, as {example}: their ids are such as {known:?}"
            )));
        }
        let count = missing.len();
        tracing::warn!(
            "{count} of {all} documents that are judged relevant are not there, or have no text, as {example}"
        );
        Ok(())
    }
}

fn told((path, row, page, _): &Place) -> String {
    match (row, page) {
        (Some(row), _) => format!("row {row} of {path}"),
        (None, Some(page)) => format!("page {page} of {path}"),
        (None, None) => path.clone(),
    }
}
