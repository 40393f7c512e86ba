//! What BERT's normaliser and pre-tokenizer make of each character.

use once_cell::race::OnceBox;
use tokenizers::normalizers::BertNormalizer;
use unicode_categories::UnicodeCategories;
use unicode_normalization_alignments::char::{canonical_combining_class, decompose_canonical};

/// What a character, or a part of it, is to a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Belongs to a word.
    Letter(char),
    /// Is a word of its own.
    Punctuation(char),
    /// Ends a word.
    Space,
    /// A mark that stays, and whose place depends on marks around it.
    Movable,
}

/// The parts of all characters under a normaliser's rules, read a page at a time when first met. Without a lock: a child
/// forked while another thread reads a page would wait for it for ever.
#[derive(Debug)]
pub(crate) struct Characters {
    rules: BertNormalizer,
    pages: Box<[OnceBox<Page>]>,
}

/// The parts of 256 characters.
#[derive(Debug)]
struct Page {
    parts: Vec<Part>,
    /// Where each character's parts end.
    ends: [u16; PAGE],
}

const PAGE: usize = 256;
const PAGES: usize = (char::MAX as usize + 1) / PAGE;

impl Characters {
    pub(crate) fn new(rules: BertNormalizer) -> Self {
        Self { rules, pages: std::iter::repeat_with(OnceBox::new).take(PAGES).collect() }
    }

    /// What becomes of a character: no part, one, or some.
    #[inline]
    pub(crate) fn parts(&self, character: char) -> &[Part] {
        let (page, place) = (character as usize / PAGE, character as usize % PAGE);
        let page_of = || Box::new(self.page(page));
        let Page { parts, ends } = self.pages[page].get_or_init(page_of);
        let start = if place == 0 { 0 } else { usize::from(ends[place - 1]) };
        &parts[start..usize::from(ends[place])]
    }

    fn page(&self, page: usize) -> Page {
        let mut parts = Vec::with_capacity(PAGE);
        let ends = std::array::from_fn(|place| {
            if let Some(character) = char::from_u32((page * PAGE + place) as u32) {
                self.read(character, &mut parts);
            }
            parts.len() as u16
        });
        Page { parts, ends }
    }

    /// The library's rules: its order, its Unicode tables.
    fn read(&self, character: char, parts: &mut Vec<Part>) {
        let BertNormalizer { clean_text, handle_chinese_chars, strip_accents, lowercase, .. } = self.rules;
        let character = match character {
            _ if !clean_text => character,
            '\t' | '\n' | '\r' => ' ',
            '\0' | '\u{fffd}' => return,
            _ if character.is_other() => return,
            _ if character.is_whitespace() => ' ',
            _ => character,
        };
        let alone = handle_chinese_chars && is_ideograph(character);
        parts.extend(alone.then_some(Part::Space));
        let mut push = |character: char| {
            if lowercase {
                parts.extend(character.to_lowercase().map(part));
            } else {
                parts.push(part(character));
            }
        };
        if strip_accents.unwrap_or(lowercase) {
            let mut movable = false;
            decompose_canonical(character, |character| {
                if !character.is_mark_nonspacing() {
                    movable |= canonical_combining_class(character) != 0;
                    push(character);
                }
            });
            parts.extend(movable.then_some(Part::Movable));
        } else {
            push(character);
        }
        parts.extend(alone.then_some(Part::Space));
    }
}

fn part(character: char) -> Part {
    if character.is_whitespace() {
        Part::Space
    } else if character.is_ascii_punctuation() || character.is_punctuation() {
        Part::Punctuation(character)
    } else {
        Part::Letter(character)
    }
}

/// The blocks of ideographs that BERT splits into words of one character each.
fn is_ideograph(character: char) -> bool {
    matches!(
        character,
        '\u{4E00}'..='\u{9FFF}'
            | '\u{3400}'..='\u{4DBF}'
            | '\u{20000}'..='\u{2A6DF}'
            | '\u{2A700}'..='\u{2B73F}'
            | '\u{2B740}'..='\u{2B81F}'
            | '\u{2B920}'..='\u{2CEAF}'
            | '\u{F900}'..='\u{FAFF}'
            | '\u{2F800}'..='\u{2FA1F}'
    )
}

#[cfg(test)]
mod tests {
    use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
    use tokenizers::{NormalizedString, Normalizer, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

    use super::*;

    #[test]
    fn every_character_is_read_as_the_library_reads_it() {
        for rules in [
            BertNormalizer::default(),
            BertNormalizer::new(false, false, Some(false), false),
            BertNormalizer::new(false, true, Some(true), false),
            BertNormalizer::new(true, false, Some(false), true),
        ] {
            let characters = Characters::new(rules);
            for page in 0..0x300u32 {
                let movable = |character: &char| characters.parts(*character).contains(&Part::Movable);
                let page = (page * 256..).take(256).filter_map(char::from_u32).filter(|character| !movable(character));
                let text: String = page.flat_map(|character| ['q', character, 'q']).collect();
                assert_eq!(words(&characters, &text), library(&rules, &text), "{rules:?}");
            }
        }
    }

    fn words(characters: &Characters, text: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        for part in text.chars().flat_map(|character| characters.parts(character)) {
            match part {
                Part::Letter(letter) => words.last_mut().unwrap().push(*letter),
                Part::Punctuation(mark) => words.extend([mark.to_string(), String::new()]),
                Part::Space | Part::Movable => words.push(String::new()),
            }
        }
        words.retain(|word| !word.is_empty());
        words
    }

    fn library(rules: &BertNormalizer, text: &str) -> Vec<String> {
        let mut text = NormalizedString::from(text);
        rules.normalize(&mut text).unwrap();
        let mut words = PreTokenizedString::from(text);
        BertPreTokenizer.pre_tokenize(&mut words).unwrap();
        let words = words.get_splits(OffsetReferential::Normalized, OffsetType::Byte);
        words.into_iter().map(|(word, _, _)| word.to_owned()).collect()
    }
}
