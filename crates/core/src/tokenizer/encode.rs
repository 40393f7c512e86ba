//! Texts to token ids.

use std::collections::HashSet;
use std::sync::Arc;

use tokenizers::Tokenizer as Inner;

use super::charsmap;
use super::config::{PaddingRule, TokenizerConfig, TokenizerOptions, special_tokens};
use super::frame::{Frame, cut, longest_first};
use super::guard::guarded;
use super::word_pieces::WordPieces;
use super::{Side, TokenBatch};
use crate::{Error, ModelFiles, Result, Usage};

const NAME: &str = "tokenizer.json";

/// A loaded tokenizer with its window and padding rule.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    inner: Inner,
    /// The same, where the pipeline is one that is read faster.
    word_pieces: Option<Arc<WordPieces>>,
    single: Frame,
    pair: Frame,
    max_length: usize,
    truncation_side: Side,
    padding: Option<PaddingRule>,
    special_ids: HashSet<u32>,
    name: std::path::PathBuf,
}

/// A text's token ids, cut to the window, not padded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Encoding {
    /// Token ids, special tokens included.
    pub ids: Vec<u32>,
    /// Segment of each token: 1 for the second text of a pair, else 0.
    pub type_ids: Vec<u32>,
    /// Whether the text did not fit the window.
    pub truncated: bool,
}

impl Encoding {
    /// The row's use of the window.
    pub fn usage(&self) -> Usage {
        Usage { tokens: self.ids.len(), truncated: self.truncated }
    }
}

impl Tokenizer {
    /// Loads a model's tokenizer.
    ///
    /// # Errors
    /// [`Error::MissingFile`] and [`Error::InvalidFile`] for files that are absent or wrong,
    /// [`Error::InvalidOption`] for a window with no room for a token.
    pub fn load(files: &ModelFiles, options: &TokenizerOptions) -> Result<Self> {
        guarded(
            || Self::read(files, options),
            |panic| Error::file_because(files.label(NAME), "is not a tokenizer", panic),
        )
    }

    fn read(files: &ModelFiles, options: &TokenizerOptions) -> Result<Self> {
        let name = files.label(NAME);
        let invalid = |e: tokenizers::Error| Error::file_because(&name, "is not a tokenizer", e);
        let bytes = files.read(NAME)?;
        charsmap::check(&bytes).map_err(|message| Error::file(&name, message))?;
        let mut inner = Inner::from_bytes(bytes).map_err(invalid)?;
        let config = TokenizerConfig::load(files)?;
        let stored_side = inner.get_truncation().map(|stored| match stored.direction {
            tokenizers::TruncationDirection::Left => Side::Left,
            tokenizers::TruncationDirection::Right => Side::Right,
        });
        let (configured_side, padding) = if options.without_special_tokens {
            (Some(Side::Right), None)
        } else {
            inner.add_special_tokens(special_tokens(files)?).map_err(invalid)?;
            (config.truncation_side()?, config.padding(&inner)?)
        };
        let truncation_side = options.truncation_side.or(configured_side).or(stored_side).unwrap_or_default();
        let max_length = options.max_length.map_or_else(|| config.max_length(), Ok)?;
        // Cutting is done here: the library would stop reading a text at the window's end, and then
        // neither its length nor which text of a pair is the longer could be told.
        inner.with_truncation(None).map_err(invalid)?;
        inner.with_padding(None);
        let special_ids =
            inner.get_added_tokens_decoder().iter().filter(|(_, token)| token.special).map(|(id, _)| *id).collect();
        let frame = |pair| Frame::of(&inner, pair, !options.without_special_tokens).map_err(invalid);
        let (single, pair) = (frame(false)?, frame(true)?);
        let max_length = window(single.special().max(pair.special()), max_length, options)?;
        Ok(Self {
            word_pieces: WordPieces::of(&inner).map(Arc::new),
            single,
            pair,
            inner,
            max_length,
            truncation_side,
            padding,
            special_ids,
            name,
        })
    }

    /// The ids of a text.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] when the tokenizer refuses the text.
    pub fn encode(&self, text: &str) -> Result<Encoding> {
        let room = self.room(&self.single);
        let mut ids = self.ids(text, room)?;
        let truncated = ids.len() > room;
        cut(&mut ids, room, self.truncation_side);
        Ok(self.single.fill(&ids, &[], truncated))
    }

    /// The ids of two texts in one row, cut longest first.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] when the tokenizer refuses a text.
    pub fn encode_pair(&self, first: &str, second: &str) -> Result<Encoding> {
        let room = self.room(&self.pair);
        let both = |wanted| Ok::<_, Error>((self.ids(first, wanted)?, self.ids(second, wanted)?));
        let (mut first, mut second) = both(room)?;
        // Where neither fits, which of the two is the longer counts, and so do their whole lengths.
        if first.len() > room && second.len() > room {
            (first, second) = both(usize::MAX)?;
        }
        let truncated = first.len() + second.len() > room;
        let (firsts, seconds) = longest_first(first.len(), second.len(), room);
        cut(&mut first, firsts, self.truncation_side);
        cut(&mut second, seconds, self.truncation_side);
        Ok(self.pair.fill(&first, &second, truncated))
    }

    /// Tokens of the window beside the special ones.
    fn room(&self, frame: &Frame) -> usize {
        self.max_length.saturating_sub(frame.special())
    }

    /// A text's tokens without special ones: all, or at least one more than `wanted`.
    fn ids(&self, text: &str, wanted: usize) -> Result<Vec<u32>> {
        let wanted = match self.truncation_side {
            Side::Right => wanted,
            Side::Left => usize::MAX,
        };
        if let Some(ids) = self.word_pieces.as_ref().and_then(|pieces| pieces.ids(text, wanted)) {
            return Ok(ids);
        }
        let encode = |text| Ok(self.inner.encode_fast(text, false).map_err(refused)?.get_ids().to_vec());
        let ids = |text| guarded(|| encode(text), refused);
        for prefix in Prefixes::of(text, wanted) {
            let ids = ids(prefix)?;
            // Tokens near a prefix's end could differ from the whole text's; these are cut off.
            if ids.len() >= wanted.saturating_add(Prefixes::MARGIN_TOKENS) {
                return Ok(ids);
            }
        }
        ids(text)
    }

    /// Rows as one batch, padded to the longest, or to `length` where given.
    ///
    /// # Errors
    /// [`Error::InvalidFile`] when padding is needed and no padding token is known.
    pub fn pad(&self, rows: &[&Encoding], length: Option<usize>) -> Result<TokenBatch> {
        // A text without any token still needs a row that a graph can take.
        let longest = rows.iter().map(|row| row.ids.len()).max().unwrap_or(0).max(1);
        let multiple_of = self.padding.as_ref().map_or(1, |rule| rule.multiple_of);
        let length = length.unwrap_or_else(|| longest.next_multiple_of(multiple_of)).max(longest);
        let needs_padding = rows.iter().any(|row| row.ids.len() < length);
        let unpadded = PaddingRule { id: 0, type_id: 0, side: Side::Right, multiple_of: 1 };
        let rule = match &self.padding {
            Some(rule) => rule,
            None if !needs_padding => &unpadded,
            None => {
                return Err(Error::file(&self.name, "names no padding token, and neither does tokenizer_config.json"));
            }
        };
        Ok(TokenBatch::new(rows, length, rule))
    }

    /// Fails unless a padding token is known, so that a model that needs one fails when it is loaded.
    ///
    /// # Errors
    /// [`Error::InvalidFile`].
    pub fn require_padding(&self) -> Result<()> {
        let short = Encoding::default();
        self.pad(&[&short], Some(1)).map(drop)
    }

    /// Longest row, in tokens.
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// The id that rows are padded with.
    pub fn pad_id(&self) -> Option<u32> {
        self.padding.as_ref().map(|rule| rule.id)
    }

    /// The id of a token's text.
    pub fn id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// The text of a token's id.
    pub fn token(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// Whether the id is a special token's.
    pub fn is_special(&self, id: u32) -> bool {
        self.special_ids.contains(&id)
    }

    /// The ids of all special tokens.
    pub fn special_ids(&self) -> impl Iterator<Item = u32> + '_ {
        self.special_ids.iter().copied()
    }

    /// Number of tokens, added ones included.
    pub fn vocab_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// The ids of a text without special tokens, not cut.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] when the tokenizer refuses the text.
    pub fn encode_bare(&self, text: &str) -> Result<Vec<u32>> {
        self.ids(text, usize::MAX)
    }

    /// The id that stands for unknown tokens, where the vocabulary has one.
    pub fn unknown_id(&self) -> Option<u32> {
        let model = serde_json::to_value(self.inner.get_model()).ok()?;
        let by_id = model.get("unk_id").and_then(serde_json::Value::as_u64).and_then(|id| u32::try_from(id).ok());
        by_id.or_else(|| self.id(model.get("unk_token")?.as_str()?))
    }

    /// What a piece that continues a word starts with (`##`), for vocabularies of word pieces.
    pub fn continuing_prefix(&self) -> Option<String> {
        let model = serde_json::to_value(self.inner.get_model()).ok()?;
        Some(model.get("continuing_subword_prefix")?.as_str()?.to_owned())
    }
}

/// Checks that the window has room for special tokens and one more.
fn window(special: usize, max_length: usize, options: &TokenizerOptions) -> Result<usize> {
    match max_length.checked_sub(options.reserved) {
        Some(window) if window > special => Ok(window),
        _ => Err(Error::option(
            "max_length",
            format!("{max_length} leaves no room for a token beside {} special ones", special + options.reserved),
        )),
    }
}

fn refused(source: tokenizers::Error) -> Error {
    Error::InvalidInput { message: format!("the tokenizer refuses the text: {source}"), source: Some(source) }
}

/// Prefixes of a very long text, each ending before white space, so that a text of megabytes costs
/// what fits the window and not what was given.
struct Prefixes<'t> {
    text: &'t str,
    bytes: usize,
}

impl<'t> Prefixes<'t> {
    /// Far more than tokens have on average; when it is not enough, the next prefix is four times as long.
    const BYTES_PER_TOKEN: usize = 32;
    /// How many tokens a prefix must give beyond the window, to be sure of those inside it.
    const MARGIN_TOKENS: usize = 64;

    fn of(text: &'t str, tokens: usize) -> Self {
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
