//! Long texts, of which only one end counts.

use crate::Side;

/// Ends of a very long text, each cut where it has white space, so that a text of megabytes costs what fits the window
/// and not what was given.
pub(crate) struct Excerpts<'t> {
    text: &'t str,
    /// The end that is cut off.
    cut: Side,
    bytes: usize,
}

impl<'t> Excerpts<'t> {
    /// Far more than tokens have on average; when it is not enough, the next excerpt is four times as long.
    const BYTES_PER_TOKEN: usize = 32;
    /// How many tokens an excerpt must give beyond the window, to be sure of those inside it.
    pub(crate) const MARGIN_TOKENS: usize = 64;

    /// Excerpts that may have so many tokens.
    pub(crate) fn of(text: &'t str, tokens: usize, cut: Side) -> Self {
        let bytes = tokens.saturating_add(Self::MARGIN_TOKENS).saturating_mul(Self::BYTES_PER_TOKEN);
        Self { text, cut, bytes }
    }
}

impl<'t> Iterator for Excerpts<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        // An excerpt that is most of the text saves nothing.
        while self.bytes < self.text.len() / 2 {
            let bytes = self.bytes;
            self.bytes = bytes.saturating_mul(4);
            let excerpt = match self.cut {
                Side::Right => start(self.text, bytes),
                Side::Left => end(self.text, bytes),
            };
            if excerpt.is_some() {
                return excerpt;
            }
        }
        None
    }
}

/// The start of a text that ends before white space: at most so many bytes, and at least half as many.
fn start(text: &str, bytes: usize) -> Option<&str> {
    let start = &text[..text.floor_char_boundary(bytes)];
    let space = start.rfind(char::is_whitespace).filter(|space| *space > start.len() / 2)?;
    Some(&start[..space])
}

/// The end of a text that starts with white space: at most so many bytes, and at least half as many.
fn end(text: &str, bytes: usize) -> Option<&str> {
    let end = &text[text.ceil_char_boundary(text.len() - bytes)..];
    let space = end.find(char::is_whitespace).filter(|space| *space < end.len() / 2)?;
    Some(&end[space..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_is_cut_at_white_space() {
        let words = "naïve ".repeat(3000);
        for cut in [Side::Left, Side::Right] {
            let excerpts: Vec<_> = Excerpts::of(&words, 0, cut).collect();
            assert_eq!(excerpts.len(), 2);
            for (excerpt, bytes) in excerpts.into_iter().zip([2048, 8192]) {
                assert!((bytes - 8..=bytes).contains(&excerpt.len()), "{}", excerpt.len());
                match cut {
                    Side::Right => assert!(words.starts_with(excerpt) && excerpt.ends_with("naïve")),
                    Side::Left => assert!(words.ends_with(excerpt) && excerpt.starts_with(" naïve")),
                }
            }
        }
        // White space that is far from one excerpt's end is near another's.
        let late = format!("{}{words}", "x".repeat(5000));
        assert_eq!(Excerpts::of(&late, 0, Side::Right).count(), 1);
        assert_eq!(Excerpts::of(&"x".repeat(9000), 0, Side::Right).count(), 0);
        assert_eq!(Excerpts::of(&words, usize::MAX, Side::Left).count(), 0);
    }
}
