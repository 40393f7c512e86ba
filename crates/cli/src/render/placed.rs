//! A text, and where in it the rows of its multi-vector stand.

use std::ops::Range;

use embedkit::multivector::RowLabel;

/// A text with the place of each row; none of rows that the text does not say: markers, masks, a prompt's.
#[derive(Debug)]
pub(crate) struct Placed<'t> {
    text: &'t str,
    labels: Vec<RowLabel>,
    places: Vec<Option<Range<usize>>>,
}

/// A part of a text.
#[derive(Debug, PartialEq)]
pub(super) struct Part<'t> {
    pub(super) text: &'t str,
    /// Rows whose token it is; none of what lies between tokens.
    pub(super) rows: Vec<usize>,
    /// What they weigh together.
    pub(super) weight: f32,
}

impl<'t> Placed<'t> {
    /// A text with its rows' labels and places.
    pub(crate) fn new(text: &'t str, labels: &[RowLabel], places: Vec<Option<Range<usize>>>) -> Self {
        Self { text, labels: labels.to_vec(), places }
    }

    /// Its rows.
    pub(super) fn len(&self) -> usize {
        self.labels.len()
    }

    pub(super) fn text(&self) -> &'t str {
        self.text
    }

    /// Whether nothing is known of places.
    pub(super) fn is_unplaced(&self) -> bool {
        self.places.iter().all(Option::is_none)
    }

    pub(super) fn place(&self, row: usize) -> Option<&Range<usize>> {
        self.places.get(row)?.as_ref()
    }

    /// What a row stands for: the text's own letters, or what its label says.
    pub(super) fn name(&self, row: usize, label: Option<&RowLabel>) -> String {
        match self.place(row) {
            Some(place) => super::printable(&self.text[place.clone()]),
            None => super::name(label.or(self.labels.get(row)), row),
        }
    }

    /// The text in parts, each with what its rows weigh.
    pub(super) fn parts(&self, weights: &[f32]) -> Vec<Part<'t>> {
        let mut parts: Vec<Part<'t>> = Vec::new();
        let mut at = 0;
        for (row, place) in self.places.iter().enumerate() {
            let Some(place) = place else { continue };
            let weight = weights.get(row).copied().unwrap_or_default();
            if place.start < at {
                // Bytes of one letter may be several tokens.
                if let Some(last) = parts.last_mut() {
                    last.rows.push(row);
                    last.weight += weight;
                }
                continue;
            }
            if place.start > at {
                parts.push(Part { text: &self.text[at..place.start], rows: Vec::new(), weight: 0.0 });
            }
            parts.push(Part { text: &self.text[place.clone()], rows: vec![row], weight });
            at = place.end;
        }
        if at < self.text.len() {
            parts.push(Part { text: &self.text[at..], rows: Vec::new(), weight: 0.0 });
        }
        parts
    }

    /// The rows that the text does not say, by their labels.
    pub(super) fn special(&self) -> impl Iterator<Item = (usize, String)> {
        let rows = self.places.iter().enumerate().filter(|(_, place)| place.is_none());
        rows.map(|(row, _)| (row, super::name(self.labels.get(row), row)))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A text with its rows by their names and places.
    pub(in crate::render) fn words<'t>(text: &'t str, rows: &[(&str, Option<Range<usize>>)]) -> Placed<'t> {
        let labels: Vec<RowLabel> = rows.iter().map(|(name, _)| RowLabel::Token((*name).into())).collect();
        Placed::new(text, &labels, rows.iter().map(|(_, place)| place.clone()).collect())
    }

    #[test]
    fn rows_stand_where_their_tokens_do() {
        let text = "The Aero-elastic CAT";
        let rows = [
            ("[CLS]", None),
            ("[D]", None),
            ("the", Some(0..3)),
            ("aero", Some(4..8)),
            ("elastic", Some(9..16)),
            ("cat", Some(17..20)),
            ("[SEP]", None),
        ];
        let placed = words(text, &rows);
        let parts = placed.parts(&[9.0, 9.0, 0.0, 1.0, 2.0, 3.0, 9.0]);
        let told: Vec<(&str, f32)> = parts.iter().map(|part| (part.text, part.weight)).collect();
        let expected =
            [("The", 0.0), (" ", 0.0), ("Aero", 1.0), ("-", 0.0), ("elastic", 2.0), (" ", 0.0), ("CAT", 3.0)];
        assert_eq!(told, expected);
        assert_eq!(placed.special().map(|(_, name)| name).collect::<Vec<_>>(), ["[CLS]", "[D]", "[SEP]"]);
        assert_eq!((placed.name(3, None), placed.name(1, None)), ("Aero".to_owned(), "[D]".to_owned()));
    }
}
