//! Text that commands nothing: whatever goes to a terminal goes through here.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Whether a terminal obeys a character instead of showing it: control characters, and those that turn the direction of
/// writing, so that what is read is not what is there.
fn is_command(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{206f}')
}

/// The text on one line, with every character that a terminal would obey as its escape.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    escaped(text, is_command)
}

/// As [`line`], for text of several lines.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c != '\n' && is_command(c))
}

fn escaped(text: &str, is_bad: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_bad) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().fold(String::with_capacity(text.len() + 8), |mut escaped, c| {
        match c {
            '\n' if is_bad(c) => escaped.push_str("\\n"),
            '\t' => escaped.push(' '),
            c if is_bad(c) => drop(write!(escaped, "{}", c.escape_unicode())),
            c => escaped.push(c),
        }
        escaped
    }))
}

/// Standard error, for whole lines of the log.
pub(crate) struct LogWriter;

impl Write for LogWriter {
    /// Writes an event, which the log gives in one piece.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        io::stderr().lock().write_all(lines(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_shown_instead_of_obeyed() {
        for (text, on_one_line) in [
            ("plain, ünïcödé, 日本 and emoji 👩‍👩‍👧", "plain, ünïcödé, 日本 and emoji 👩‍👩‍👧"),
            ("\x1b]0;title\x07", "\\u{1b}]0;title\\u{7}"),
            ("C1 \u{9b}2J, delete \x7f", "C1 \\u{9b}2J, delete \\u{7f}"),
            ("invoice\u{202e}fdp.exe", "invoice\\u{202e}fdp.exe"),
            ("\u{2066}a\u{2069}\u{200f}", "\\u{2066}a\\u{2069}\\u{200f}"),
            ("a\tb\r\nc", "a b\\u{d}\\nc"),
        ] {
            assert_eq!(line(text), on_one_line);
            assert_eq!(lines(text).replace('\n', "\\n"), on_one_line);
            assert!(!line(text).contains(is_command));
        }
    }
}
