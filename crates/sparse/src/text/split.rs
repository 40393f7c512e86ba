//! How a text is split into words.

use embedkit_core::Result;

use super::category::{Runs, is_word_char, is_word_or_mark};

/// Splits a text into lower-case words.
pub trait WordSplitter: Send + Sync {
    /// Calls `word` with each word of the text, in order.
    ///
    /// # Errors
    /// A text that cannot be split.
    fn split(&self, text: &str, word: &mut dyn FnMut(&str)) -> Result<()>;
}

/// Words are runs of letters, numbers and underscores; everything else stands between words.
///
/// By default combining marks do too, which is the reference's rule and that of the indices made with
/// it: it tears words of Hindi, Tamil or vowelled Arabic. With
/// [`keeping_marks`](Self::keeping_marks) they are part of words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnicodeWords {
    marks: bool,
}

impl UnicodeWords {
    /// Words that combining marks are part of.
    pub fn keeping_marks() -> Self {
        Self { marks: true }
    }

    fn is_part(self) -> fn(char) -> bool {
        match self.marks {
            true => is_word_or_mark,
            false => is_word_char,
        }
    }
}

impl WordSplitter for UnicodeWords {
    fn split(&self, text: &str, word: &mut dyn FnMut(&str)) -> Result<()> {
        let is_part = self.is_part();
        let mut lower = String::new();
        // Lower-casing run by run equals lower-casing the text: whether a sigma is final depends on its
        // run alone, as what ends a run is a space to the reference.
        for run in Runs::new(text, is_part) {
            if run.is_lower_ascii() {
                word(run.text);
            } else if run.is_ascii() {
                lower.clear();
                lower.push_str(run.text);
                lower.make_ascii_lowercase();
                word(&lower);
            } else {
                // İ becomes i with a combining dot above, which may end the word.
                Runs::new(&run.text.to_lowercase(), is_part).for_each(|run| word(run.text));
            }
        }
        Ok(())
    }
}

/// For Chinese, Japanese and Korean, which do not put spaces between words: every two neighbouring
/// characters are a word, as in search engines' CJK analysers. A character without neighbour is a word
/// by itself. Text in other scripts is split as by [`UnicodeWords::keeping_marks`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CjkBigrams;

impl CjkBigrams {
    /// The splitter.
    pub fn new() -> Self {
        Self
    }
}

impl WordSplitter for CjkBigrams {
    fn split(&self, text: &str, word: &mut dyn FnMut(&str)) -> Result<()> {
        UnicodeWords::keeping_marks().split(text, &mut |mut rest| {
            while let Some(first) = rest.chars().next() {
                let is_cjk = is_cjk_char(first);
                let end = rest.find(|c| is_cjk_char(c) != is_cjk).unwrap_or(rest.len());
                let (run, after) = rest.split_at(end);
                match is_cjk {
                    true => bigrams(run, word),
                    false => word(run),
                }
                rest = after;
            }
        })
    }
}

fn bigrams(run: &str, word: &mut dyn FnMut(&str)) {
    let mut ends = run.char_indices().map(|(start, c)| start + c.len_utf8()).skip(1).peekable();
    if ends.peek().is_none() {
        word(run);
    }
    for ((start, _), end) in run.char_indices().zip(ends) {
        word(&run[start..end]);
    }
}

/// Unicode's blocks of Han, Hiragana, Katakana and Hangul.
fn is_cjk_char(c: char) -> bool {
    matches!(c,
        '\u{1100}'..='\u{11ff}'
        | '\u{3005}'..='\u{3007}'
        | '\u{3021}'..='\u{303b}'
        | '\u{3041}'..='\u{30ff}'
        | '\u{3131}'..='\u{318e}'
        | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7ff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ffdc}'
        | '\u{1b000}'..='\u{1b16f}'
        | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(splitter: &dyn WordSplitter, text: &str) -> Vec<String> {
        let mut words = Vec::new();
        splitter.split(text, &mut |word| words.push(word.to_owned())).unwrap();
        words
    }

    #[test]
    fn words_are_the_references() {
        for (text, expected) in [
            (
                "İstanbul ΟΔΥΣΣΕΥΣ naïve x²½ Ⅷ Ⓐ foo_bar _ __ a‿b co-op don't",
                "i stanbul οδυσσευς naïve x²½ ⅷ foo_bar _ __ a b co op don t",
            ),
            ("தமிழ் மொழி, हिन्दी भाषा! ذَهَبَ", "தம ழ ம ழ ह न द भ ष ذ ه ب"),
            ("ΣΑΣ'Σ ΑΣ.", "σας σ ας"),
            ("Hello, World! the _ x", "hello world the _ x"),
            ("", ""),
            (" \u{2003}\n", ""),
        ] {
            assert_eq!(words(&UnicodeWords::default(), text).join(" "), expected);
        }
    }

    #[test]
    fn marks_may_stay_inside_words() {
        let text = "தமிழ் மொழி, हिन्दी भाषा! ذَهَبَ İ a-b";
        let expected = ["தமிழ்", "மொழி", "हिन्दी", "भाषा", "ذَهَبَ", "i\u{307}", "a", "b"];
        assert_eq!(words(&UnicodeWords::keeping_marks(), text), expected);
    }

    #[test]
    fn neighbouring_characters_are_cjk_words() {
        for (text, expected) in [
            ("東京都に住む", "東京 京都 都に に住 住む"),
            ("我 abc中文Def", "我 abc 中文 def"),
            ("한국어!", "한국 국어"),
        ] {
            assert_eq!(words(&CjkBigrams::new(), text).join(" "), expected);
        }
    }
}
