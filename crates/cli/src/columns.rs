//! Text that fits a terminal: how wide it is, and what goes on its lines.

use std::io::IsTerminal as _;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// The least room in which breaking lines helps.
const LEAST: usize = 24;

/// The columns of the terminal that results go to; none where they go elsewhere.
pub(crate) fn of_terminal() -> Option<usize> {
    let stdout = std::io::stdout();
    let size = stdout.is_terminal().then(|| terminal_size::terminal_size_of(stdout))?;
    size.map(|(width, _)| usize::from(width.0))
}

/// The columns that a text takes; colours take none.
pub(crate) fn width(text: &str) -> usize {
    let mut parts = text.split('\x1b');
    let first = parts.next().unwrap_or_default().width();
    let rest = parts.map(|part| part.split_once('m').map_or(part, |(_, shown)| shown).width());
    first + rest.sum::<usize>()
}

/// The text with blanks after it, to so many columns.
pub(crate) fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// The beginning of a text that fits.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut used = 0;
    let fits = |character: &char| {
        used += character.width().unwrap_or(0);
        used < columns
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// The text over as many lines as it needs, all but the first with `indent` blanks before them, as the first has before it
/// is written. Lines end between words, or where a word is longer than a line. Without columns it is one line.
pub(crate) fn wrapped(text: &str, indent: usize, columns: Option<usize>) -> String {
    let Some(room) = columns.and_then(|columns| columns.checked_sub(indent)).filter(|room| *room >= LEAST) else {
        return text.to_owned();
    };
    let mut lines = Lines { text: String::with_capacity(text.len() + 64), used: 0, room, indent };
    for (at, word) in text.split(' ').enumerate() {
        let wide = width(word);
        if at > 0 && lines.used + 1 + wide > room && wide <= room {
            lines.end();
        } else if at > 0 {
            lines.push(' ', 1);
        }
        let mut is_escape = false;
        for character in word.chars() {
            is_escape |= character == '\x1b';
            let wide = if is_escape { 0 } else { character.width().unwrap_or(0) };
            is_escape &= character != 'm';
            lines.push(character, wide);
        }
    }
    lines.text
}

struct Lines {
    text: String,
    used: usize,
    room: usize,
    indent: usize,
}

impl Lines {
    fn push(&mut self, character: char, wide: usize) {
        if self.used + wide > self.room {
            self.end();
        }
        self.text.push(character);
        self.used += wide;
    }

    fn end(&mut self) {
        self.text.truncate(self.text.trim_end_matches(' ').len());
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n(' ', self.indent));
        self.used = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_letters_and_colours_are_counted_as_they_are_shown() {
        assert_eq!(width("猫 a"), 4);
        assert_eq!(width("\x1b[1;33mcat\x1b[0m s"), 5);
        assert_eq!(padded("猫", 4), "猫  ");
        assert_eq!(cut("猫猫猫", 5), "猫猫…");
        assert_eq!(cut("猫猫", 4), "猫猫");
    }

    #[test]
    fn lines_end_between_words_or_where_a_word_does_not_fit() {
        let text = "one two \x1b[1;33mthree\x1b[0m four five six seven eight";
        let shown = wrapped(text, 2, Some(26));
        assert_eq!(shown, "one two \x1b[1;33mthree\x1b[0m four five\n  six seven eight");
        assert!(shown.lines().all(|line| width(line) <= 26));
        let wide = "猫".repeat(30);
        let shown = wrapped(&wide, 4, Some(28));
        assert_eq!(shown, format!("{}\n    {}\n    {}", "猫".repeat(12), "猫".repeat(12), "猫".repeat(6)));
        assert_eq!(wrapped(text, 2, None), text);
        assert_eq!(wrapped(text, 2, Some(9)), text, "there is no room to break lines in");
    }
}
