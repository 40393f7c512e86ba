//! Words out of word pieces.

/// A word and the positions of its pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// The word.
    pub text: String,
    /// Positions of its pieces among the tokens, ascending.
    pub positions: Vec<usize>,
}

/// Glues pieces that start with `prefix` (`##`) to the word before them. `tokens` are positions and texts;
/// leaving out a position does not end a word.
pub fn join_pieces<'t>(tokens: impl IntoIterator<Item = (usize, &'t str)>, prefix: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word = Word::default();
    for (position, token) in tokens {
        match token.strip_prefix(prefix) {
            Some(piece) => word.text.push_str(piece),
            None => {
                // Positions of pieces without text go to the next word, as in the reference.
                if !word.text.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                word.text.push_str(token);
            }
        }
        word.positions.push(position);
    }
    words.extend((!word.text.is_empty()).then_some(word));
    words
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The tokens of the fixtures that were computed with the reference.
    pub(in crate::scoring) const TOKENS: [&str; 17] = [
        "[CLS]", "the", "bat", "##s", "scr", "##eech", "##ed", "9", "##°", "swim", "##ming", "bat", ".", "scr",
        "##eech", "9", "[SEP]",
    ];

    #[test]
    fn pieces_are_glued() {
        let words = join_pieces(TOKENS.into_iter().enumerate().skip(1).filter(|(at, _)| *at != 3), "##");
        let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(texts, ["the", "bat", "screeched", "9°", "swimming", "bat", ".", "screech", "9", "[SEP]"]);
        assert_eq!(words[2].positions, [4, 5, 6]);

        let odd = join_pieces([(0, "##a"), (1, "##"), (2, "b"), (4, "##c")], "##");
        assert_eq!(odd, [word("a", &[0, 1]), word("bc", &[2, 4])]);
        assert_eq!(join_pieces([(0, "##"), (1, "b"), (2, "")], "##"), [word("b", &[0, 1])]);
        assert_eq!(join_pieces([], "##"), []);
    }

    fn word(text: &str, positions: &[usize]) -> Word {
        Word { text: text.to_owned(), positions: positions.to_vec() }
    }
}
