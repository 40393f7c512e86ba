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
    Runs { text, at: 0, is_part: is_word_char }
}

/// The longest runs of characters of a kind. ASCII characters are of the kind if `\w` matches them.
pub(crate) struct Runs<'t> {
    pub(crate) text: &'t str,
    pub(crate) at: usize,
    pub(crate) is_part: fn(char) -> bool,
}

impl Runs<'_> {
    /// The first position from `at` whose character is, or is not, part of a run.
    fn seek(&self, mut at: usize, part: bool) -> Option<usize> {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(at) {
            let (is_part, size) = match byte.is_ascii() {
                true => (byte.is_ascii_alphanumeric() || byte == b'_', 1),
                false => self.text[at..].chars().next().map_or((false, 1), |c| ((self.is_part)(c), c.len_utf8())),
            };
            if is_part == part {
                return Some(at);
            }
            at += size;
        }
        None
    }
}

impl<'t> Iterator for Runs<'t> {
    type Item = &'t str;

    #[inline]
    fn next(&mut self) -> Option<&'t str> {
        let start = self.seek(self.at, true)?;
        self.at = self.seek(start, false).unwrap_or(self.text.len());
        Some(&self.text[start..self.at])
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
