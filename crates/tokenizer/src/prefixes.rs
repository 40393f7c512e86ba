//! Long texts, of which only the start counts.

/// Prefixes of a very long text, each ending before white space, so that a text of megabytes costs
/// what fits the window and not what was given.
pub(crate) struct Prefixes<'t> {
    text: &'t str,
    bytes: usize,
}

impl<'t> Prefixes<'t> {
    /// Far more than tokens have on average; when it is not enough, the next prefix is four times as long.
    const BYTES_PER_TOKEN: usize = 32;
    /// How many tokens a prefix must give beyond the window, to be sure of those inside it.
    pub(crate) const MARGIN_TOKENS: usize = 64;

    /// Prefixes that may have so many tokens.
    pub(crate) fn of(text: &'t str, tokens: usize) -> Self {
        Self { text, bytes: tokens.saturating_add(Self::MARGIN_TOKENS).saturating_mul(Self::BYTES_PER_TOKEN) }
    }
}

impl<'t> Iterator for Prefixes<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let bytes = self.bytes;
        self.bytes = bytes.saturating_mul(4);
        // A prefix that is most of the text saves nothing.
        if bytes >= self.text.len() / 2 {
            return None;
        }
        let end = self.text.floor_char_boundary(bytes);
        let end = self.text[..end].rfind(char::is_whitespace).filter(|space| *space > end / 2)?;
        Some(&self.text[..end])
    }
}
