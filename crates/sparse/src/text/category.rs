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
                BREAK => (1, BREAK),
                OTHER => match self.look(at) {
                    (size, true) => (size, OTHER),
                    (size, false) => (size, BREAK),
                },
                // Most runs are short: one look at eight bytes finds their end.
                class => bytes[at..].first_chunk().map_or((1, class), |eight| ascii_run(*eight)),
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

/// How many bytes from the first on, which is one, are ASCII word characters, and their classes.
#[inline]
fn ascii_run(bytes: [u8; 8]) -> (usize, u8) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    // Eight bytes at once, an answer in the high bit of each; sums stay within a byte, as all are below 128.
    let all = u64::from_le_bytes(bytes);
    let low = all & !HIGH;
    let from = |bytes: u64, first: u8| bytes + (0x80 - u64::from(first)) * ONES;
    let within = |bytes: u64, first: u8, last: u8| from(bytes, first) & !from(bytes, last + 1);
    let letters = within(low | (0x20 * ONES), b'a', b'z');
    let part = (letters | within(low, b'0', b'9') | within(low, b'_', b'_')) & !all & HIGH;
    let bits = (part ^ HIGH).trailing_zeros();
    let run = 1_u64.checked_shl(bits & !7).map_or(u64::MAX, |end| end - 1);
    let upper = within(low, b'A', b'Z') & run & HIGH != 0;
    let class = if upper { LOWER | UPPER } else { LOWER };
    ((bits / 8) as usize, class)
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

    proptest::proptest! {
        #[test]
        fn runs_are_those_of_characters(text in "([a-z]{0,12}|[A-Z0-9_@`{/:\\[^]{0,3}|\\PC{0,2}){0,9}") {
            let expected: Vec<&str> = text.split(|c| !is_word_char(c)).filter(|run| !run.is_empty()).collect();
            let runs: Vec<Run<'_>> = Runs::new(&text, is_word_char).collect();
            proptest::prop_assert_eq!(runs.iter().map(|run| run.text).collect::<Vec<_>>(), expected);
            for run in runs {
                proptest::prop_assert_eq!(run.is_ascii(), run.text.is_ascii());
                let is_lower = run.is_ascii() && !run.text.bytes().any(|byte| byte.is_ascii_uppercase());
                proptest::prop_assert_eq!(run.is_lower_ascii(), is_lower);
            }
        }
    }

    #[test]
    fn punctuation_is_one_character() {
        for (word, expected) in [("_", true), ("‿", true), ("。", true), ("__", false), ("$", false), ("", false)] {
            assert_eq!(is_punctuation_word(word), expected, "{word}");
        }
    }
}
