//! The lines of a file, as Python's `str.splitlines` parts them.

/// The lines; between the two characters of a Windows line's end there is an empty one.
///
/// Source of the set: the table at `str.splitlines` in Python's documentation of built-in types.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c| matches!(c, '\n'..='\r' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'))
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn lines_end_where_pythons_do() {
        for end in
            ["\n", "\r\n", "\r", "\u{b}", "\u{c}", "\u{1c}", "\u{1d}", "\u{1e}", "\u{85}", "\u{2028}", "\u{2029}"]
        {
            let text = ["the", "a b", "was"].join(end);
            let found: Vec<_> = lines(&text).filter(|line| !line.is_empty()).collect();
            assert_eq!(found, ["the", "a b", "was"], "{end:?}");
        }
        assert_eq!(lines("a\u{1f}b\tc\u{a0}d").collect::<Vec<_>>(), ["a\u{1f}b\tc\u{a0}d"]);
    }
}
