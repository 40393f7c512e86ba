//! Texts to rows of tokens, with the marker and the expansion.

use std::collections::HashSet;

use embedkit_core::tokenizer::{Encoding, Tokenizer, TokenizerOptions};
use embedkit_core::{Error, LoadContext, Result, Role, RowPlaces, Usage};

use super::parameters::Parameters;

/// A text's tokens as the graph takes them.
#[derive(Debug)]
pub(super) struct TokenRow {
    /// The marked text, and a query's mask tokens after it.
    pub(super) encoding: Encoding,
    /// How many of them are the marked text's.
    pub(super) text: usize,
}

/// What the vocabulary makes of the parameters.
#[derive(Debug)]
pub(super) struct Tokens {
    /// The queries' own tokenizer, where their window is not the model's.
    query_tokenizer: Option<Tokenizer>,
    /// The documents' own tokenizer, where their window is not the model's.
    document_tokenizer: Option<Tokenizer>,
    mask_id: Option<u32>,
    skipped: HashSet<u32>,
}

impl Tokens {
    /// `model` is the tokenizer with the model's window, and `options` are those that it was loaded with.
    pub(super) fn load(
        context: &LoadContext,
        parameters: &Parameters,
        model: &Tokenizer,
        options: TokenizerOptions,
    ) -> Result<Self> {
        let own_tokenizer = |role: Role| {
            let marker = usize::from(parameters.marker(role).is_some());
            let window = model.max_length() + options.reserved;
            let length = parameters.max_length(role).map(|length| length.min(window));
            let Some(length) = length.filter(|length| length.checked_sub(marker) != Some(model.max_length())) else {
                return Ok(None);
            };
            let mut options = options.clone();
            options.max_length = Some(length);
            options.reserved = marker;
            Ok::<_, Error>(Some(Tokenizer::load(&context.tokenizer_files()?, &options)?))
        };
        let mask_id = parameters.mask_token.as_ref().map(|token| {
            let message = || format!("the mask token {token:?} is not in the vocabulary");
            model.id(token).ok_or_else(|| Error::file(model.path(), message()))
        });
        Ok(Self {
            query_tokenizer: own_tokenizer(Role::Query)?,
            document_tokenizer: own_tokenizer(Role::Passage)?,
            mask_id: mask_id.transpose()?,
            skipped: skipped(parameters, model)?,
        })
    }

    /// The tokens of a text: the marker is put in after the first, and a query is filled up.
    pub(super) fn encode(
        &self,
        text: &str,
        role: Role,
        parameters: &Parameters,
        model: &Tokenizer,
    ) -> Result<(TokenRow, Usage)> {
        Ok(self.marked(self.tokenizer(role, model).encode(text)?, role, parameters))
    }

    /// The same, with the bytes of the text that each is of.
    pub(super) fn encode_with_places(
        &self,
        text: &str,
        role: Role,
        parameters: &Parameters,
        model: &Tokenizer,
    ) -> Result<(TokenRow, RowPlaces)> {
        let (encoding, mut places) = self.tokenizer(role, model).encode_with_places(text)?;
        let (row, _) = self.marked(encoding, role, parameters);
        if parameters.marker(role).is_some() {
            places.insert(places.len().min(1), None);
        }
        places.resize(row.encoding.ids.len(), None);
        Ok((row, places))
    }

    fn marked(&self, mut encoding: Encoding, role: Role, parameters: &Parameters) -> (TokenRow, Usage) {
        let usage = Usage::from(&encoding);
        if let Some(marker) = parameters.marker(role) {
            let after_first = encoding.ids.len().min(1);
            encoding.ids.insert(after_first, marker);
            encoding.type_ids.insert(after_first, 0);
        }
        let text = encoding.ids.len();
        if let Some(mask_id) = self.mask_id {
            let length = parameters.extended(usage.tokens, role);
            encoding.ids.resize(length, mask_id);
            encoding.type_ids.resize(length, 0);
        }
        (TokenRow { encoding, text }, usage)
    }

    pub(super) fn usage(&self, text: &str, role: Role, model: &Tokenizer) -> Result<Usage> {
        Ok(Usage::from(&self.tokenizer(role, model).encode(text)?))
    }

    /// Whether a document has no row for the token.
    pub(super) fn is_skipped(&self, id: u32) -> bool {
        self.skipped.contains(&id)
    }

    fn tokenizer<'t>(&'t self, role: Role, model: &'t Tokenizer) -> &'t Tokenizer {
        let own = match role {
            Role::Query => &self.query_tokenizer,
            Role::Plain | Role::Passage => &self.document_tokenizer,
        };
        own.as_ref().unwrap_or(model)
    }
}

/// The tokens that documents have no rows for.
fn skipped(parameters: &Parameters, tokenizer: &Tokenizer) -> Result<HashSet<u32>> {
    let mut skipped = HashSet::new();
    if parameters.skip_punctuation {
        for mark in (0u8..128).filter(u8::is_ascii_punctuation) {
            // Only the first token, as the reference: a mark may be encoded as a blank and itself.
            skipped.extend(tokenizer.encode_bare(char::from(mark).encode_utf8(&mut [0; 4]))?.first());
        }
    }
    if parameters.skip_padding_token {
        skipped.extend(tokenizer.pad_id());
    }
    // A word that the vocabulary lacks stands for unknown tokens, as in PyLate; sentence-transformers passes over it.
    let unknown = tokenizer.unknown_id().filter(|_| !parameters.pass_over_unknown_words);
    let of_word = |word: &String| tokenizer.id(word).or(unknown);
    skipped.extend(parameters.skip_words.iter().filter_map(of_word));
    Ok(skipped)
}
