//! Texts to rows of tokens, with the marker and the expansion.

use std::collections::HashSet;

use embedkit_core::tokenizer::{Encoding, Tokenizer, TokenizerOptions};
use embedkit_core::{Error, LoadContext, Result, Role, Usage};

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
    /// The queries' own tokenizer, where their window is not the documents'.
    query_tokenizer: Option<Tokenizer>,
    mask_id: Option<u32>,
    skipped: HashSet<u32>,
}

impl Tokens {
    /// `options` are those that the documents' tokenizer was loaded with.
    pub(super) fn load(
        context: &LoadContext,
        parameters: &Parameters,
        documents: &Tokenizer,
        mut options: TokenizerOptions,
    ) -> Result<Self> {
        let marker = usize::from(parameters.query_marker_id.is_some());
        let query_tokenizer = match parameters.query_max_length {
            Some(length) if length < documents.max_length() + marker => {
                options.max_length = Some(length);
                options.reserved = marker;
                Some(Tokenizer::load(&context.files.tokenizer_files()?, &options)?)
            }
            _ => None,
        };
        let mask_id = parameters.mask_token.as_ref().map(|token| {
            let message = || format!("the mask token {token:?} is not in the vocabulary");
            documents.id(token).ok_or_else(|| Error::file(context.files.label("tokenizer.json"), message()))
        });
        let skipped = skipped(parameters, documents)?;
        Ok(Self { query_tokenizer, mask_id: mask_id.transpose()?, skipped })
    }

    /// The tokens of a text: the marker is put in after the first, and a query is filled up.
    pub(super) fn encode(
        &self,
        text: &str,
        role: Role,
        parameters: &Parameters,
        documents: &Tokenizer,
    ) -> Result<(TokenRow, Usage)> {
        let mut encoding = self.tokenizer(role, documents).encode(text)?;
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
        Ok((TokenRow { encoding, text }, usage))
    }

    pub(super) fn usage(&self, text: &str, role: Role, documents: &Tokenizer) -> Result<Usage> {
        Ok(Usage::from(&self.tokenizer(role, documents).encode(text)?))
    }

    /// Whether a document has no row for the token.
    pub(super) fn is_skipped(&self, id: u32) -> bool {
        self.skipped.contains(&id)
    }

    fn tokenizer<'t>(&'t self, role: Role, documents: &'t Tokenizer) -> &'t Tokenizer {
        self.query_tokenizer.as_ref().filter(|_| role == Role::Query).unwrap_or(documents)
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
    // A word that the vocabulary lacks stands for unknown tokens, as in PyLate.
    let of_word = |word: &String| tokenizer.id(word).or_else(|| tokenizer.unknown_id());
    skipped.extend(parameters.skip_words.iter().filter_map(of_word));
    Ok(skipped)
}
