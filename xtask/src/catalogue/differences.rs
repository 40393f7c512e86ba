//! What differs between rows and repositories, and how it is shown.

use embedkit_core::ModelDescription;

use crate::failure::{Outcome, failed};

/// The longest text in a column of the table, in characters.
const MAX_CELL: usize = 60;

/// What was found of all rows.
#[derive(Debug, Default)]
pub(super) struct Differences(Vec<Difference>);

/// One field on which a row and its repository do not agree.
#[derive(Clone, Debug)]
pub(super) struct Difference {
    row: String,
    pub(super) is_wrong: bool,
    pub(super) what: String,
    catalogue: String,
    repository: String,
}

/// The part of [`Differences`] that is of one row.
pub(super) struct OfRow<'d> {
    row: String,
    all: &'d mut Differences,
}

impl Differences {
    /// Those of a row, to add to.
    pub(super) fn of(&mut self, row: &ModelDescription) -> OfRow<'_> {
        OfRow { row: format!("{} {}", row.family, row.id), all: self }
    }

    /// All of them as a table; nothing if there are none.
    pub(super) fn table(&self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        let head = ["", "row", "what", "catalogue", "repository"].map(str::to_owned);
        let cells = |found: &Difference| {
            let verdict = if found.is_wrong { "wrong" } else { "note" };
            [verdict, &found.row, &found.what, &found.catalogue, &found.repository].map(shortened)
        };
        let lines: Vec<[String; 5]> = std::iter::once(head).chain(self.0.iter().map(cells)).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; 5] = std::array::from_fn(width);
        let padded = |line: &[String; 5]| {
            let cells = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
            format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
        };
        lines.iter().map(padded).collect()
    }

    /// Whether nothing is wrong. Notes are for people to look at.
    pub(super) fn outcome(&self) -> Outcome {
        let wrong: Vec<String> = self.0.iter().filter(|found| found.is_wrong).map(Difference::line).collect();
        if wrong.is_empty() {
            return Ok(());
        }
        Err(failed(format!(
            "{} differences between catalogue and repositories:\n  {}",
            wrong.len(),
            wrong.join("\n  ")
        )))
    }

    #[cfg(test)]
    pub(super) fn all(&self) -> &[Difference] {
        &self.0
    }
}

impl Difference {
    fn line(&self) -> String {
        let Self { row, what, catalogue, repository, .. } = self;
        format!("{row}: {what}: {catalogue}; {repository}")
    }
}

impl OfRow<'_> {
    /// Adds what one of the two has wrong.
    pub(super) fn wrong(&mut self, what: &str, catalogue: impl Into<String>, repository: impl Into<String>) {
        self.add(true, what, catalogue.into(), repository.into());
    }

    /// Adds what a person should look at.
    pub(super) fn note(&mut self, what: &str, catalogue: impl Into<String>, repository: impl Into<String>) {
        self.add(false, what, catalogue.into(), repository.into());
    }

    /// Makes what was found wrong of a field a note: something that knows better agrees with the catalogue.
    pub(super) fn settle(&mut self, what: &str) {
        let row = &self.row;
        self.all.0.iter_mut().filter(|found| found.row == *row && found.what == what).for_each(|found| {
            found.is_wrong = false;
        });
    }

    /// Whether nothing of the row is wrong.
    pub(super) fn are_none(&self) -> bool {
        !self.all.0.iter().any(|found| found.row == self.row && found.is_wrong)
    }

    fn add(&mut self, is_wrong: bool, what: &str, catalogue: String, repository: String) {
        self.all.0.push(Difference { row: self.row.clone(), is_wrong, what: what.to_owned(), catalogue, repository });
    }
}

/// A text on one line that fits into the table.
fn shortened(text: &str) -> String {
    let text = text.escape_debug().to_string();
    if text.chars().count() <= MAX_CELL {
        return text;
    }
    text.chars().take(MAX_CELL - 1).chain(['…']).collect()
}
