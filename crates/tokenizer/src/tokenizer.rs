//! Texts to token ids.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use tokenizers::Tokenizer as Library;
use tokenizers::models::ModelWrapper;
use tokenizers::normalizers::{Lowercase, NormalizerWrapper, Sequence};

use crate::config::TokenizerConfig;
use crate::excerpts::Excerpts;
use crate::frame::{Frame, cut};
use crate::padding::PaddingRule;
use crate::panic::catch_panic;
use crate::special_tokens::special_tokens;
use crate::word_pieces::WordPieces;
use crate::{BoxError, Encoding, Error, Result, Side, TokenBatch, TokenizerFiles, TokenizerOptions};
use crate::{charsmap, growth, memory, pieces};

const NOT_A_TOKENIZER: &str = "is not a tokenizer";

/// A loaded tokenizer with its window and padding rule.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    library: Library,
    /// The same, where the pipeline is one that is read faster.
    word_pieces: Option<Arc<WordPieces>>,
    pub(crate) single: Frame,
    pub(crate) pair: Frame,
    max_length: usize,
    max_text_bytes: usize,
    pub(crate) truncation_side: Side,
    padding: Option<PaddingRule>,
    /// By their ids, as the files spell them.
    special_tokens: BTreeMap<u32, String>,
    unknown_id: Option<u32>,
    path: PathBuf,
}

impl Tokenizer {
    /// Loads a model's tokenizer.
    ///
    /// # Errors
    /// [`Error::MissingFile`] and [`Error::InvalidFile`] for files that are absent or wrong,
    /// [`Error::InvalidOption`] for a window with no room for a token.
    pub fn load(files: &TokenizerFiles<'_>, options: &TokenizerOptions) -> Result<Self> {
        catch_panic(|| Self::read(files, options)).unwrap_or_else(|panic| {
            Err(Error::file_because(files.label(TokenizerFiles::TOKENIZER), NOT_A_TOKENIZER, panic))
        })
    }

    fn read(files: &TokenizerFiles<'_>, options: &TokenizerOptions) -> Result<Self> {
        let path = files.label(TokenizerFiles::TOKENIZER);
        let invalid = |source: BoxError| Error::file_because(&path, NOT_A_TOKENIZER, source);
        let mut library = library(files, options)?;
        if options.lowercase {
            lowercase(&mut library).map_err(invalid)?;
        }
        let config = TokenizerConfig::read(files)?;
        let stored_side = library.get_truncation().map(|stored| Side::of_truncation(stored.direction));
        let (configured_side, padding) = if options.without_special_tokens {
            (Some(Side::Right), None)
        } else {
            library.add_special_tokens(special_tokens(files)?).map_err(invalid)?;
            (config.side("truncation_side")?, PaddingRule::of(&config, &library)?)
        };
        let padding = padding.map(|rule| PaddingRule {
            side: options.padding_side.unwrap_or(rule.side),
            multiple_of: if options.pad_exactly { 1 } else { rule.multiple_of },
            ..rule
        });
        let truncation_side = options.truncation_side.or(configured_side).or(stored_side).unwrap_or_default();
        let max_length = options.max_length.map_or_else(|| options.window.required(&config), Ok)?;
        // Cutting is done here: the library would stop reading a text at the window's end, and then
        // neither its length nor which text of a pair is the longer could be told.
        library.with_truncation(None).map_err(invalid)?;
        library.with_padding(None);
        library.set_encode_special_tokens(options.special_tokens_as_text);
        let frame = |pair| Frame::of(&library, pair, !options.without_special_tokens).map_err(invalid);
        let (single, pair) = (frame(false)?, frame(true)?);
        let layout = if options.pairs { &pair } else { &single };
        let max_length = window(layout.special(), max_length, options, &config)?;
        Ok(Self {
            word_pieces: WordPieces::of(&library).map(Arc::new),
            single,
            pair,
            max_length,
            max_text_bytes: options.max_text_bytes,
            truncation_side,
            padding,
            special_tokens: special(&library),
            unknown_id: unknown_id(&library, &files.tokenizer),
            library,
            path,
        })
    }

    /// The ids of a text.
    ///
    /// # Errors
    /// [`Error::RefusedText`] when the tokenizer refuses the text.
    pub fn encode(&self, text: &str) -> Result<Encoding> {
        let room = self.room(&self.single);
        let mut ids = self.ids(text, room)?;
        let truncated = ids.len() > room;
        cut(&mut ids, room, self.truncation_side);
        Ok(self.single.fill_one(ids, truncated))
    }

    /// Tokens of the window beside the special ones.
    pub(crate) fn room(&self, frame: &Frame) -> usize {
        self.max_length.saturating_sub(frame.special())
    }

    /// A text's tokens without special ones: all, or at least one more than `wanted` from the end that is kept.
    pub(crate) fn ids(&self, text: &str, wanted: usize) -> Result<Vec<u32>> {
        let from_start = match self.truncation_side {
            Side::Right => wanted,
            Side::Left => usize::MAX,
        };
        if let Some(ids) = self.word_pieces.as_ref().and_then(|pieces| pieces.ids(text, from_start)) {
            return Ok(ids);
        }
        for excerpt in Excerpts::of(text, wanted, self.truncation_side) {
            let ids = self.library_ids(excerpt)?;
            // Tokens near where it was cut could differ from the whole text's; these are cut off.
            if ids.len() >= wanted.saturating_add(Excerpts::MARGIN_TOKENS) {
                return Ok(ids);
            }
        }
        self.library_ids(text)
    }

    /// The library's ids of a text, without special ones.
    fn library_ids(&self, text: &str) -> Result<Vec<u32>> {
        self.check_length(text)?;
        let encoding = catch_panic(|| self.library.encode_fast(text, false)).map_err(Error::refused)?;
        Ok(encoding.map_err(Error::refused)?.get_ids().to_vec())
    }

    /// Refuses texts that would take more memory than may be, or than there is.
    pub(crate) fn check_length(&self, text: &str) -> Result<()> {
        if text.len() > self.max_text_bytes {
            let reason = format!(
                "{} bytes must be read at once, and `max_text_bytes` allows {}; it has no white space where it could \
                 be cut, or both texts of a pair are too long",
                text.len(),
                self.max_text_bytes
            );
            return Err(Error::RefusedText { reason, source: None });
        }
        memory::probe(memory::of_a_text(text)).map_err(Error::refused)
    }

    /// The library's tokenizer.
    pub(crate) fn library(&self) -> &Library {
        &self.library
    }

    /// Whether rows have special tokens around their text.
    pub(crate) fn puts_special_tokens(&self) -> bool {
        self.single.special() > 0
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
                return Err(Error::file(&self.path, "names no padding token, and neither does tokenizer_config.json"));
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

    /// How errors name its `tokenizer.json`.
    pub fn path(&self) -> &Path {
        &self.path
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
        self.library.token_to_id(token)
    }

    /// The text of a token's id.
    pub fn token(&self, id: u32) -> Option<String> {
        self.library.id_to_token(id)
    }

    /// How a token is named to people: its text, or its number where the vocabulary lacks it, as some markers.
    pub fn name(&self, id: u32) -> String {
        self.token(id).unwrap_or_else(|| format!("#{id}"))
    }

    /// Whether the id is a special token's.
    pub fn is_special(&self, id: u32) -> bool {
        self.special_tokens.contains_key(&id)
    }

    /// The ids of all special tokens, in ascending order.
    pub fn special_ids(&self) -> impl Iterator<Item = u32> + '_ {
        self.special_tokens.keys().copied()
    }

    /// The first special token that is written in a text, as `<s>` is in `"no <s> here"`: a row would hold the token
    /// itself, unless [`special_tokens_as_text`](TokenizerOptions::special_tokens_as_text) is set.
    pub fn special_token_in(&self, text: &str) -> Option<&str> {
        let tokens = self.special_tokens.values().filter(|token| !token.is_empty());
        let places = tokens.filter_map(|token| Some((text.find(token)?, token)));
        places.min_by_key(|(at, token)| (*at, Reverse(token.len()))).map(|(_, token)| token.as_str())
    }

    /// Number of tokens, added ones included.
    pub fn vocab_size(&self) -> usize {
        self.library.get_vocab_size(true)
    }

    /// The ids of a text without special tokens, not cut.
    ///
    /// # Errors
    /// [`Error::RefusedText`] when the tokenizer refuses the text.
    pub fn encode_bare(&self, text: &str) -> Result<Vec<u32>> {
        self.ids(text, usize::MAX)
    }

    /// The id that stands for unknown tokens, where the vocabulary has one.
    pub fn unknown_id(&self) -> Option<u32> {
        self.unknown_id
    }

    /// What a piece that continues a word starts with (`##`), for vocabularies of word pieces.
    pub fn continuing_prefix(&self) -> Option<String> {
        match self.library.get_model() {
            ModelWrapper::WordPiece(model) => Some(model.continuing_subword_prefix.clone()),
            ModelWrapper::BPE(model) => model.continuing_subword_prefix.clone(),
            _ => None,
        }
    }
}

/// What the tokenizer library makes of `tokenizer.json`, if it is safe to let it.
fn library(files: &TokenizerFiles<'_>, options: &TokenizerOptions) -> Result<Library> {
    let path = files.label(TokenizerFiles::TOKENIZER);
    let bytes = &files.tokenizer;
    if bytes.len() > options.max_file_bytes {
        let limit = options.max_file_bytes;
        let message = format!("has {} bytes, and `max_file_bytes` allows {limit}", bytes.len());
        return Err(Error::file(path, message));
    }
    memory::probe(memory::of_a_file(bytes))
        .map_err(|e| Error::file_because(&path, "is too large for the memory there is", e))?;
    charsmap::check(bytes).map_err(|e| Error::file_because(&path, NOT_A_TOKENIZER, e))?;
    growth::check(bytes).map_err(|e| Error::file_because(&path, NOT_A_TOKENIZER, e))?;
    let library = Library::from_bytes(bytes).map_err(|e| Error::file_because(&path, NOT_A_TOKENIZER, e))?;
    pieces::check(library.get_model()).map_err(|e| Error::file_because(&path, NOT_A_TOKENIZER, e))?;
    Ok(library)
}

/// Puts lower case before what else is done to texts, unless the pipeline has it already, as sentence-transformers does.
fn lowercase(library: &mut Library) -> Result<(), BoxError> {
    let steps = match library.get_normalizer().cloned() {
        None => Vec::new(),
        Some(NormalizerWrapper::Sequence(steps)) => steps.as_ref().to_vec(),
        Some(step) => vec![step],
    };
    if steps.iter().any(|step| matches!(step, NormalizerWrapper::Lowercase(_))) {
        return Ok(());
    }
    let steps = std::iter::once(Lowercase.into()).chain(steps).collect();
    library.with_normalizer(Some(NormalizerWrapper::Sequence(Sequence::new(steps))))?;
    Ok(())
}

fn special(library: &Library) -> BTreeMap<u32, String> {
    let added = library.get_added_tokens_decoder().into_iter();
    added.filter(|(_, token)| token.special).map(|(id, token)| (id, token.content)).collect()
}

/// The id that stands for unknown tokens. The library keeps that of a Unigram model to itself: it is read from the file.
fn unknown_id(library: &Library, file: &[u8]) -> Option<u32> {
    #[derive(Deserialize)]
    struct File {
        model: Unigram,
    }
    #[derive(Deserialize)]
    struct Unigram {
        unk_id: Option<u32>,
    }

    let token = match library.get_model() {
        ModelWrapper::Unigram(_) => return serde_json::from_slice::<File>(file).ok()?.model.unk_id,
        ModelWrapper::BPE(model) => model.unk_token.as_ref()?,
        ModelWrapper::WordPiece(model) => &model.unk_token,
        ModelWrapper::WordLevel(model) => &model.unk_token,
    };
    library.token_to_id(token)
}

/// Checks that the window has room for special tokens and one more.
fn window(
    special: usize,
    max_length: usize,
    options: &TokenizerOptions,
    config: &TokenizerConfig<'_>,
) -> Result<usize> {
    if let Some(window) = max_length.checked_sub(options.reserved).filter(|window| *window > special) {
        return Ok(window);
    }
    let reason = format!("{max_length} leaves no room for a token beside {} special ones", special + options.reserved);
    Err(match options.max_length {
        Some(_) => Error::InvalidOption { option: "max_length", message: reason },
        None => config.invalid(format!("its window, `model_max_length` or `max_length`: {reason}")),
    })
}
