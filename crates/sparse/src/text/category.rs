//! What a word character is, by Unicode general category.

use unicode_general_category::GeneralCategory::{self, *};
use unicode_general_category::get_general_category;

/// Whether Python's `\w` matches the character: letters, numbers and the underscore; no combining
/// marks, no other connecting punctuation.
pub(crate) fn is_word_char(c: char) -> bool {
    match c.is_ascii() {
        true => c.is_ascii_alphanumeric() || c == '_',
        false => matches!(
            get_general_category(c),
            UppercaseLetter
                | LowercaseLetter
                | TitlecaseLetter
                | ModifierLetter
                | OtherLetter
                | DecimalNumber
                | LetterNumber
                | OtherNumber
        ),
    }
}

/// As [`is_word_char`], and combining marks.
pub(crate) fn is_word_or_mark(c: char) -> bool {
    is_word_char(c) || matches!(get_general_category(c), NonspacingMark | SpacingMark | EnclosingMark)
}

/// Whether the character is punctuation: any of the categories P*.
pub(crate) fn is_punctuation_char(c: char) -> bool {
    let is_punctuation = |category: GeneralCategory| {
        matches!(
            category,
            ConnectorPunctuation
                | DashPunctuation
                | OpenPunctuation
                | ClosePunctuation
                | InitialPunctuation
                | FinalPunctuation
                | OtherPunctuation
        )
    };
    is_punctuation(get_general_category(c))
}

/// Whether the word is exactly one punctuation character.
pub(crate) fn is_punctuation_word(word: &str) -> bool {
    let mut chars = word.chars();
    matches!((chars.next(), chars.next()), (Some(c), None) if is_punctuation_char(c))
}

/// The longest runs of word characters.
pub(crate) fn word_runs(text: &str) -> impl Iterator<Item = &str> {
    Runs::new(text, is_word_char).map(|run| run.text)
}

/// The longest runs of characters of a kind. Of ASCII characters, those are of the kind that `\w` matches.
pub(crate) struct Runs<'t> {
    text: &'t str,
    at: usize,
    is_part: fn(char) -> bool,
}

/// A run, and what is in it.
pub(crate) struct Run<'t> {
    pub(crate) text: &'t str,
    classes: u8,
}

impl Run<'_> {
    /// Whether lower-casing it, and looking for words again, would change nothing.
    pub(crate) fn is_lower_ascii(&self) -> bool {
        self.classes == LOWER
    }

    /// Whether all of it is ASCII.
    pub(crate) fn is_ascii(&self) -> bool {
        self.classes & OTHER == 0
    }
}

/// Of a byte: ASCII that is no word character, an upper-case letter, another word character; not ASCII.
const BREAK: u8 = 0;
const LOWER: u8 = 1;
const UPPER: u8 = 2;
const OTHER: u8 = 4;

static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [BREAK; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' | b'0'..=b'9' | b'_' => LOWER,
            b'A'..=b'Z' => UPPER,
            128.. => OTHER,
            _ => BREAK,
        };
        byte += 1;
    }
    classes
}

impl<'t> Runs<'t> {
    pub(crate) fn new(text: &'t str, is_part: fn(char) -> bool) -> Self {
        Self { text, at: 0, is_part }
    }

    /// The size of the character at a position, and whether it is part of a run.
    fn look(&self, at: usize) -> (usize, bool) {
        self.text[at..].chars().next().map_or((1, false), |c| (c.len_utf8(), (self.is_part)(c)))
    }
}

impl<'t> Iterator for Runs<'t> {
    type Item = Run<'t>;

    #[inline]
    fn next(&mut self) -> Option<Run<'t>> {
        let bytes = self.text.as_bytes();
        let (mut start, mut at, mut classes) = (self.at, self.at, BREAK);
        while let Some(&byte) = bytes.get(at) {
            let (size, class) = match CLASSES[usize::from(byte)] {
                OTHER => match self.look(at) {
                    (size, true) => (size, OTHER),
                    (size, false) => (size, BREAK),
                },
                class => (1, class),
            };
            match (class, classes) {
                (BREAK, BREAK) => start = at + size,
                (BREAK, _) => break,
                _ => classes |= class,
            }
            at += size;
        }
        self.at = at;
        (classes != BREAK).then(|| Run { text: &self.text[start..at], classes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn word_characters_are_pythons() {
        for (text, expected) in [
            ("a‿b co-op x²½ⅧⒶ", vec!["a", "b", "co", "op", "x²½Ⅷ"]),
            ("__ naïve\u{301}x ँ", vec!["__", "naïve", "x"]),
            ("", vec![]),
        ] {
            assert_eq!(word_runs(text).collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn punctuation_is_one_character() {
        for (word, expected) in [("_", true), ("‿", true), ("。", true), ("__", false), ("$", false), ("", false)] {
            assert_eq!(is_punctuation_word(word), expected, "{word}");
        }
    }
}
