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

/// The lines of a message, none of them long: what it repeats of a stranger's file is not repeated at any length. A
/// line keeps its beginning, which says where, and its end, which says what is wrong.
pub(crate) fn shortened(text: &str) -> String {
    /// Letters of a line: more than any message of our own has.
    const LONGEST: usize = 2000;
    let short = |line: &str| {
        let count = line.chars().count();
        if count <= LONGEST {
            return line.to_owned();
        }
        let at = |letter: usize| line.char_indices().nth(letter).map_or(line.len(), |(at, _)| at);
        format!("{} … {}", &line[..at(LONGEST / 2)], &line[at(count - LONGEST / 2)..])
    };
    text.split('\n').map(short).collect::<Vec<_>>().join("\n")
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

/// Standard error, for whole lines of the log. One that cannot be written is lost, and nothing else with it: the reader of
/// a log may leave, and its disk be full, while there is work to do.
pub(crate) struct LogWriter;

impl Write for LogWriter {
    /// Writes an event, which the log gives in one piece.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let text = lines(&text);
        // What programs read is whole: a log in JSON.
        let text = if text.starts_with('{') { text.into_owned() } else { shortened(&text) };
        let _ = io::stderr().lock().write_all(text.as_bytes());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = io::stderr().flush();
        Ok(())
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

    #[test]
    fn messages_keep_both_ends_of_long_lines() {
        assert_eq!(shortened("a\nb\n"), "a\nb\n");
        let long = format!("models.toml: {} is no row\nremedy", "ü".repeat(100_000));
        let shown = shortened(&long);
        assert!(shown.starts_with("models.toml: ü") && shown.ends_with("ü is no row\nremedy"), "{shown}");
        assert_eq!(shown.chars().count(), 2003 + "\nremedy".len());
    }
}
