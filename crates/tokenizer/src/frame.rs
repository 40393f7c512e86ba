//! What a post-processor puts around texts.

use tokenizers::{Token, Tokenizer as Library};

use crate::{BoxError, Encoding, Side};

/// A post-processor repeats a text.
#[derive(Debug, thiserror::Error)]
#[error("its post-processor repeats a text, and rows would outgrow the window")]
struct RepeatsText;

/// A row's layout: special tokens, and where the texts go.
#[derive(Clone, Debug)]
pub(crate) struct Frame(Vec<Slot>);

#[derive(Clone, Debug)]
struct Slot {
    content: Content,
    type_id: u32,
}

#[derive(Clone, Debug)]
enum Content {
    Special(u32),
    First,
    Second,
}

impl Frame {
    /// Ids that stand for the texts while the post-processor is asked.
    const TEXTS: [u32; 2] = [u32::MAX, u32::MAX - 1];

    /// Asks a tokenizer's post-processor for its layout of one text, or of two.
    pub(crate) fn of(tokenizer: &Library, pair: bool, add_special_tokens: bool) -> Result<Self, BoxError> {
        let text = |number: usize| {
            let token = Token::new(Self::TEXTS[number], String::new(), (0, 0));
            tokenizers::Encoding::from_tokens(vec![token], number as u32)
        };
        let row = tokenizer.post_process(text(0), pair.then(|| text(1)), add_special_tokens)?;
        let slot = |(id, type_id): (&u32, &u32)| Slot {
            content: match Self::TEXTS.iter().position(|text| text == id) {
                None => Content::Special(*id),
                Some(0) => Content::First,
                Some(_) => Content::Second,
            },
            type_id: *type_id,
        };
        let slots: Vec<Slot> = row.get_ids().iter().zip(row.get_type_ids()).map(slot).collect();
        for text in Self::TEXTS {
            if row.get_ids().iter().filter(|id| **id == text).count() > 1 {
                return Err(RepeatsText.into());
            }
        }
        Ok(Self(slots))
    }

    /// Number of special tokens.
    pub(crate) fn special(&self) -> usize {
        self.0.iter().filter(|slot| matches!(slot.content, Content::Special(_))).count()
    }

    /// The special tokens before a text, and those behind it.
    pub(crate) fn ends(&self) -> (Vec<u32>, Vec<u32>) {
        let special = |slots: &[Slot]| {
            let ids = slots.iter().filter_map(|slot| match slot.content {
                Content::Special(id) => Some(id),
                Content::First | Content::Second => None,
            });
            ids.collect()
        };
        let text = self.0.iter().position(|slot| matches!(slot.content, Content::First)).unwrap_or(self.0.len());
        (special(&self.0[..text]), special(&self.0[text..]))
    }

    /// A row of one text.
    pub(crate) fn fill_one(&self, ids: Vec<u32>, truncated: bool) -> Encoding {
        match self.0.as_slice() {
            [Slot { content: Content::First, type_id }] => {
                Encoding { type_ids: vec![*type_id; ids.len()], ids, truncated }
            }
            _ => self.fill(&ids, &[], truncated),
        }
    }

    /// A row with the texts in their places.
    pub(crate) fn fill(&self, first: &[u32], second: &[u32], truncated: bool) -> Encoding {
        let length = first.len() + second.len() + self.0.len();
        let (mut ids, mut type_ids) = (Vec::with_capacity(length), Vec::with_capacity(length));
        for Slot { content, type_id } in &self.0 {
            match content {
                Content::Special(id) => ids.push(*id),
                Content::First => ids.extend(first),
                Content::Second => ids.extend(second),
            }
            type_ids.resize(ids.len(), *type_id);
        }
        Encoding { ids, type_ids, truncated }
    }
}

/// Cuts tokens off at a side until at most `length` are left.
pub(crate) fn cut<T>(tokens: &mut Vec<T>, length: usize, side: Side) {
    match side {
        Side::Right => tokens.truncate(length),
        Side::Left => drop(tokens.drain(..tokens.len().saturating_sub(length))),
    }
}

/// Lengths to which two texts are cut so that together they have at most `room` tokens: the longer
/// one is cut, and when that is not enough, both to halves, of which it has the larger.
pub(crate) fn longest_first(first: usize, second: usize, room: usize) -> (usize, usize) {
    if first + second <= room {
        return (first, second);
    }
    let shorter = first.min(second).min(room / 2);
    if first > second { (room - shorter, shorter) } else { (shorter, room - shorter) }
}
