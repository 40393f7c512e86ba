//! BERT's word pieces, straight to ids.

use tokenizers::models::ModelWrapper;
use tokenizers::normalizers::NormalizerWrapper;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::{Model, Tokenizer as Library};

use crate::characters::{Characters, Part};
use crate::trie::{Position, Trie};

/// The pipeline BertNormalizer, BertPreTokenizer, WordPiece. It gives the ids that the library gives
/// and nothing else, without its record of where every character came from.
#[derive(Debug)]
pub(crate) struct WordPieces {
    trie: Trie,
    /// Where pieces that continue a word start; none when the vocabulary has no such piece.
    continuation: Option<Position>,
    unknown: u32,
    /// Words of more characters are unknown.
    longest_word: usize,
    characters: Characters,
    bytes: [Byte; 256],
    /// The letter that a byte is to a word, or [`NO_LETTER`].
    letters: [u8; 256],
    /// Tokens that are found in a text before it is read.
    added: Vec<String>,
}

/// Stands where a byte is no letter. Where a tokenizer has this byte for one, it is not read as a plain word's.
const NO_LETTER: u8 = 0;

/// What a byte is to a word.
#[derive(Clone, Copy, Debug)]
enum Byte {
    Letter(u8),
    Punctuation(u8),
    Space,
    Nothing,
    /// Is only a part of a character, or may start an added token.
    Unclear,
}

impl WordPieces {
    /// The pipeline of a loaded tokenizer; none when it is another one.
    pub(crate) fn of(tokenizer: &Library) -> Option<Self> {
        let (
            ModelWrapper::WordPiece(model),
            Some(NormalizerWrapper::BertNormalizer(rules)),
            Some(PreTokenizerWrapper::BertPreTokenizer(_)),
        ) = (tokenizer.get_model(), tokenizer.get_normalizer(), tokenizer.get_pre_tokenizer())
        else {
            return None;
        };
        let characters = Characters::new(*rules);
        let mut bytes = std::array::from_fn(|byte| Byte::of(byte as u8, &characters));
        let mut added = Vec::new();
        let special_as_text = tokenizer.get_encode_special_tokens();
        for token in tokenizer.get_added_tokens_decoder().into_values() {
            if token.special && special_as_text {
                continue;
            }
            // These are looked for in the normalised text, which is never built here.
            if token.normalized {
                return None;
            }
            bytes[usize::from(*token.content.as_bytes().first()?)] = Byte::Unclear;
            added.push(token.content);
        }
        let vocabulary = model.get_vocab();
        let trie = Trie::new(vocabulary.iter().map(|(piece, id)| (piece.as_bytes(), *id)).collect())?;
        Some(Self {
            continuation: trie.descend(Trie::ROOT, model.continuing_subword_prefix.as_bytes()),
            unknown: model.token_to_id(&model.unk_token)?,
            longest_word: model.max_input_chars_per_word,
            trie,
            characters,
            letters: bytes.map(|byte| if let Byte::Letter(letter) = byte { letter } else { NO_LETTER }),
            bytes,
            added,
        })
    }

    /// A text's ids without special tokens: all, or at least one more than `wanted`. None for a text
    /// that must be left to the library: with an added token, or with marks that change places.
    pub(crate) fn ids(&self, text: &str, wanted: usize) -> Option<Vec<u32>> {
        let mut ids = Vec::with_capacity(text.len().min(wanted.saturating_mul(4)) / 4 + 8);
        let mut word = Vec::with_capacity(64);
        let mut at = 0;
        while at < text.len() && ids.len() <= wanted {
            let rest = &text.as_bytes()[at..];
            if word.is_empty()
                && let Some((id, length)) = self.whole(rest)
            {
                ids.push(id);
                at += length;
                continue;
            }
            at += 1;
            match self.bytes[usize::from(rest[0])] {
                Byte::Letter(letter) => word.push(letter),
                Byte::Nothing => {}
                Byte::Space => self.end(&mut word, &mut ids),
                Byte::Punctuation(mark) => {
                    self.end(&mut word, &mut ids);
                    self.split(&[mark], &mut ids);
                }
                Byte::Unclear if self.added.iter().any(|token| rest.starts_with(token.as_bytes())) => return None,
                Byte::Unclear => {
                    let character = text[at - 1..].chars().next()?;
                    self.read(character, &mut word, &mut ids)?;
                    at += character.len_utf8() - 1;
                }
            }
        }
        self.end(&mut word, &mut ids);
        Some(ids)
    }

    /// The id and length of the word that bytes start with, when it is plain and one piece.
    // Most of a text is such words: by itself, the loop has all that it needs in registers.
    #[inline(never)]
    fn whole(&self, bytes: &[u8]) -> Option<(u32, usize)> {
        let Self { trie, letters, .. } = self;
        let mut position = Trie::ROOT;
        let mut length = 0;
        for byte in bytes {
            let letter = letters[usize::from(*byte)];
            if letter == NO_LETTER {
                match self.bytes[usize::from(*byte)] {
                    Byte::Space | Byte::Punctuation(_) => break,
                    Byte::Letter(_) | Byte::Nothing | Byte::Unclear => return None,
                }
            }
            position = trie.step(position, letter)?;
            length += 1;
        }
        let id = trie.id(position)?;
        (length <= self.longest_word).then_some((id, length))
    }

    fn read(&self, character: char, word: &mut Vec<u8>, ids: &mut Vec<u32>) -> Option<()> {
        let mut utf8 = [0; 4];
        for part in self.characters.parts(character) {
            match part {
                Part::Letter(letter) => word.extend(letter.encode_utf8(&mut utf8).as_bytes()),
                Part::Space => self.end(word, ids),
                Part::Punctuation(mark) => {
                    self.end(word, ids);
                    self.split(mark.encode_utf8(&mut utf8).as_bytes(), ids);
                }
                Part::Movable => return None,
            }
        }
        Some(())
    }

    fn end(&self, word: &mut Vec<u8>, ids: &mut Vec<u32>) {
        self.split(word, ids);
        word.clear();
    }

    /// Splits a word, always taking the longest piece that fits; one that cannot be split is unknown.
    fn split(&self, word: &[u8], ids: &mut Vec<u32>) {
        let before = ids.len();
        let mut rest = word;
        let mut from = Some(Trie::ROOT);
        while !rest.is_empty() {
            let Some((id, length)) = from.and_then(|from| self.trie.longest(from, rest)) else {
                ids.truncate(before);
                ids.push(self.unknown);
                return;
            };
            ids.push(id);
            rest = &rest[length..];
            from = self.continuation;
        }
        if word.len() > self.longest_word && characters(word) > self.longest_word {
            ids.truncate(before);
            ids.push(self.unknown);
        }
    }
}

impl Byte {
    fn of(byte: u8, characters: &Characters) -> Self {
        if !byte.is_ascii() {
            return Self::Unclear;
        }
        match characters.parts(char::from(byte)) {
            [Part::Letter(letter)] => Self::Letter(*letter as u8),
            [Part::Punctuation(mark)] => Self::Punctuation(*mark as u8),
            [Part::Space] => Self::Space,
            _ => Self::Nothing,
        }
    }
}

/// Number of characters of UTF-8.
fn characters(utf8: &[u8]) -> usize {
    utf8.iter().filter(|byte| (**byte as i8) >= -0x40).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokenizer(pre_tokenizer: &str, normalized: bool) -> Library {
        let json = serde_json::json!({
            "version": "1.0", "truncation": null, "padding": null, "decoder": null, "post_processor": null,
            "added_tokens": [{"id": 0, "content": "[X]", "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": normalized, "special": true}],
            "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                "strip_accents": null, "lowercase": true},
            "pre_tokenizer": {"type": pre_tokenizer},
            "model": {"type": "WordPiece", "unk_token": "?", "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 9, "vocab": {"[X]": 0, "?": 1, "ab": 2, "##c": 3, "世": 4}},
        });
        json.to_string().parse().unwrap()
    }

    #[test]
    fn only_texts_that_need_it_are_left_to_the_library() {
        let pieces = WordPieces::of(&tokenizer("BertPreTokenizer", false)).unwrap();
        for (text, ids) in [
            ("", Some(vec![])),
            ("ab ABC\u{301}[X abccccccc abcccccccc", Some(vec![2, 2, 3, 1, 1, 2, 3, 3, 3, 3, 3, 3, 3, 1])),
            ("ab世ab", Some(vec![2, 4, 2])),
            ("ab [X]", None),
            ("ab\u{302e}", None),
        ] {
            assert_eq!(pieces.ids(text, usize::MAX), ids, "{text}");
        }
        assert_eq!(pieces.ids("ab abc abc [X]", 2), Some(vec![2, 2, 3]));
    }

    #[test]
    fn a_byte_of_zero_is_a_letter_where_the_tokenizer_has_it_for_one() {
        let json = serde_json::json!({
            "version": "1.0", "truncation": null, "padding": null, "decoder": null, "post_processor": null,
            "added_tokens": [], "pre_tokenizer": {"type": "BertPreTokenizer"},
            "normalizer": {"type": "BertNormalizer", "clean_text": false, "handle_chinese_chars": true,
                "strip_accents": null, "lowercase": true},
            "model": {"type": "WordPiece", "unk_token": "?", "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 9, "vocab": {"?": 0, "a": 1, "a\0b": 2, "\0": 3}},
        });
        let library: Library = json.to_string().parse().unwrap();
        for text in ["a\0B a \0 b", "\0", "a\0"] {
            let expected = library.encode_fast(text, false).unwrap().get_ids().to_vec();
            assert_eq!(WordPieces::of(&library).unwrap().ids(text, usize::MAX), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn other_pipelines_are_the_librarys() {
        assert!(WordPieces::of(&tokenizer("Whitespace", false)).is_none());
        assert!(WordPieces::of(&tokenizer("BertPreTokenizer", true)).is_none());
    }
}
