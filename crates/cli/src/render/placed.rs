//! A text, and where in it the rows of its multi-vector stand.

use std::ops::Range;

use embedkit::multivector::RowLabel;

/// A token of a text.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) id: u32,
    /// As the vocabulary spells it.
    pub(crate) name: String,
    /// The bytes of the text that it was made of; none for one that was put around the text.
    pub(crate) bytes: Option<Range<usize>>,
}

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
    /// The places of rows with these labels, where `tokens` are those of the text behind a prompt of so many bytes. Rows
    /// stand in the tokens' order, and some tokens have none.
    pub(crate) fn new(
        text: &'t str,
        labels: &[RowLabel],
        tokens: impl IntoIterator<Item = Token>,
        prompt: usize,
    ) -> Self {
        let tokens: Vec<Token> = tokens.into_iter().collect();
        let mut next = 0;
        let places = labels.iter().map(|label| {
            let RowLabel::Token(name) = label else { return None };
            let is_it = |token: &Token| token.name == *name || format!("#{}", token.id) == *name;
            let found = next + tokens[next..].iter().position(is_it)?;
            next = found + 1;
            let bytes = tokens[found].bytes.clone()?;
            trimmed(text, bytes.start.checked_sub(prompt)?..bytes.end.checked_sub(prompt)?)
        });
        Self { text, places: places.collect(), labels: labels.to_vec() }
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

/// The range without the white space at its ends; none of an empty one, or one that is not the text's.
fn trimmed(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let part = text.get(range.clone())?;
    let start = range.start + part.len() - part.trim_start().len();
    let end = range.start + part.trim_end().len();
    (start < end).then_some(start..end)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Words with a marker before them, as `[CLS]` is.
    pub(in crate::render) fn words<'t>(
        text: &'t str,
        rows: &[&str],
        tokens: &[(&str, Option<Range<usize>>)],
    ) -> Placed<'t> {
        let labels: Vec<RowLabel> = rows.iter().map(|row| RowLabel::Token((*row).into())).collect();
        let tokens = tokens.iter().map(|(name, bytes)| token(name, bytes.clone()));
        Placed::new(text, &labels, tokens, 0)
    }

    fn token(name: &str, bytes: Option<Range<usize>>) -> Token {
        Token { id: 0, name: name.to_owned(), bytes }
    }

    #[test]
    fn rows_stand_where_their_tokens_do() {
        let text = "The Aero-elastic CAT";
        let tokens = [
            ("[CLS]", None),
            ("the", Some(0..3)),
            ("aero", Some(4..8)),
            ("-", Some(8..9)),
            ("elastic", Some(9..16)),
            ("cat", Some(16..20)),
            ("[SEP]", None),
        ];
        let placed = words(text, &["[CLS]", "[D]", "the", "aero", "elastic", "cat", "[SEP]"], &tokens);
        let parts = placed.parts(&[9.0, 9.0, 0.0, 1.0, 2.0, 3.0, 9.0]);
        let told: Vec<(&str, f32)> = parts.iter().map(|part| (part.text, part.weight)).collect();
        let expected =
            [("The", 0.0), (" ", 0.0), ("Aero", 1.0), ("-", 0.0), ("elastic", 2.0), (" ", 0.0), ("CAT", 3.0)];
        assert_eq!(told, expected);
        assert_eq!(placed.special().map(|(_, name)| name).collect::<Vec<_>>(), ["[CLS]", "[D]", "[SEP]"]);
        assert_eq!((placed.name(3, None), placed.name(1, None)), ("Aero".to_owned(), "[D]".to_owned()));
    }

    #[test]
    fn a_prompt_is_not_the_text() {
        let labels = ["read", "cat"].map(|name| RowLabel::Token(name.into()));
        let tokens = [token("read", Some(0..4)), token("cat", Some(6..9))];
        let placed = Placed::new("cat", &labels, tokens, 6);
        assert_eq!((placed.place(0), placed.place(1)), (None, Some(&(0..3))));
        assert!(Placed::new("cat", &labels, [], 0).is_unplaced());
    }
}
