//! A text as the tokenizer sees it.

use std::borrow::Cow;
use std::ops::Range;

use super::parameters::Parameters;

/// What the parameters have the tokenizer see of a text.
pub(super) fn seen<'t>(text: Cow<'t, str>, parameters: &Parameters) -> Cow<'t, str> {
    let text = match text {
        text if !parameters.strip => text,
        Cow::Borrowed(text) => text.trim_matches(is_space).into(),
        Cow::Owned(text) => text.trim_matches(is_space).to_owned().into(),
    };
    if parameters.lowercase_all { text.to_lowercase().into() } else { text }
}

/// Where in a text the bytes of what is [`seen`] of it are from.
pub(super) struct Origins {
    /// Bytes that were left out before them.
    left_out: usize,
    /// The letter that each comes from, where letters were changed; none: the same.
    letters: Option<Vec<Range<usize>>>,
}

impl Origins {
    pub(super) fn of(text: &str, parameters: &Parameters) -> Self {
        let kept = if parameters.strip { text.trim_start_matches(is_space) } else { text };
        let letters = parameters.lowercase_all.then(|| {
            let letter = |(at, letter): (usize, char)| {
                vec![at..at + letter.len_utf8(); letter.to_lowercase().map(char::len_utf8).sum()]
            };
            kept.char_indices().flat_map(letter).collect()
        });
        Self { left_out: text.len() - kept.len(), letters }
    }

    /// Where a range of what is seen is from; of letters in part, the whole.
    pub(super) fn range(&self, range: Range<usize>) -> Range<usize> {
        let letters = self.letters.as_ref().and_then(|letters| letters.get(range.clone()));
        let origin = match letters {
            Some([first, .., last]) => first.start..last.end,
            Some([only]) => only.clone(),
            Some([]) | None => range,
        };
        origin.start + self.left_out..origin.end + self.left_out
    }
}

/// What counts as white space is Python's, for which the separators of files, groups, records and units do too.
fn is_space(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_is_found_in_the_text() {
        for (strip, lowercase_all) in [(false, false), (true, false), (false, true), (true, true)] {
            let parameters = Parameters { strip, lowercase_all, ..Parameters::default() };
            for text in ["", " \u{1c}", "plain", " İSTANBUL \u{1f}\n", "\tΟΔΟΣ ΟΔΟΣ.", "  ẞ\u{212a} ſ "] {
                let (seen, origins) = (seen(text.into(), &parameters), Origins::of(text, &parameters));
                for (at, letter) in seen.char_indices() {
                    let letters = &text[origins.range(at..at + letter.len_utf8())];
                    assert_eq!(letters.chars().count(), 1, "{text:?} {at}");
                    let same = if lowercase_all { letters.to_lowercase() } else { letters.to_owned() };
                    // The last sigma of a word is written otherwise.
                    assert!(same.replace('σ', "ς").contains(if letter == 'σ' { 'ς' } else { letter }), "{text:?} {at}");
                }
                let all = origins.range(0..seen.len());
                assert_eq!(text[all].trim_matches(is_space), text.trim_matches(is_space));
            }
        }
    }
}
