//! The row's `parameters`.

use embedkit_core::{Error, ModelDescription, Result, Role};
use serde::Deserialize;

/// What sets late-interaction models apart. All of it may be left out: then a text's rows are the
/// graph's, for every token.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Parameters {
    /// Whether texts, prompts included, lose the white space at their ends.
    pub(super) strip: bool,
    /// Whether texts, prompts included, are brought to lower case; special tokens in them are not.
    pub(super) lowercase: bool,
    /// Whether texts are brought to lower case with all that is in them.
    pub(super) lowercase_all: bool,
    /// Whether long texts lose their start, not their end.
    pub(super) cut_start: bool,
    /// The token put at position 1 of every query, after its first token.
    pub(super) query_marker_id: Option<u32>,
    /// The token put at position 1 of every document.
    pub(super) document_marker_id: Option<u32>,
    /// What queries are filled up with.
    pub(super) mask_token: Option<String>,
    /// Tokens of a query at least, marker included: shorter ones are filled up with mask tokens.
    pub(super) query_length: Option<usize>,
    /// Tokens of a query at most, marker included, where they are fewer than the model's window.
    pub(super) query_max_length: Option<usize>,
    /// Tokens of a document at most, marker included, where they are fewer than the model's window.
    pub(super) document_max_length: Option<usize>,
    /// Whether the attention mask is 1 on the mask tokens that fill a query up.
    pub(super) attend_to_expansion: bool,
    /// Whether the rows of those mask tokens are left out.
    pub(super) filter_query_padding: bool,
    /// Whether a query's rows are brought to length 1; the row's `normalize` says it of documents.
    pub(super) normalize_queries: bool,
    /// Whether a document loses rows whose token begins the encoding of an ASCII punctuation mark.
    pub(super) skip_punctuation: bool,
    /// Words whose token, as the vocabulary has it, costs a document its row.
    pub(super) skip_words: Vec<String>,
    /// Whether such a word that the vocabulary lacks is passed over; else it stands for unknown tokens.
    pub(super) pass_over_unknown_words: bool,
    /// Whether a document loses the rows of the padding token, even where the text spells it.
    pub(super) skip_padding_token: bool,
    /// Tokens that the tokenizer's maximum length does not yet leave room for (the marker).
    pub(super) reserved: usize,
    /// Folders of linear modules that are applied in turn to what the graph gives, unless it gives
    /// vectors of the row's `dim` already. Modules that keep the width follow a transformer's usual output.
    pub(super) projection: Vec<String>,
    /// Whether rows are labelled with their tokens.
    pub(super) labels: bool,
}

impl Parameters {
    pub(crate) fn of(model: &ModelDescription) -> Result<Self> {
        let parameters: Self = model.parameters()?;
        let wrong = |message: &str| Err(Error::manifest(&model.id, message));
        if parameters.query_length.is_some() && parameters.mask_token.is_none() {
            return wrong("`query-length` needs `mask-token`, which queries are filled up with");
        }
        if !parameters.projection.is_empty() && model.dim.is_none() {
            return wrong("`projection` needs `dim`, to know whether the graph has the projection already");
        }
        Ok(parameters)
    }

    /// The marker of a role's texts.
    pub(super) fn marker(&self, role: Role) -> Option<u32> {
        match role {
            Role::Query => self.query_marker_id,
            Role::Plain | Role::Passage => self.document_marker_id,
        }
    }

    /// Tokens of a role's texts at most, marker included.
    pub(super) fn max_length(&self, role: Role) -> Option<usize> {
        match role {
            Role::Query => self.query_max_length,
            Role::Plain | Role::Passage => self.document_max_length,
        }
    }

    /// Tokens of a text with what the model adds to it: the marker, and a query's mask tokens.
    pub(crate) fn extended(&self, tokens: usize, role: Role) -> usize {
        let marked = tokens + usize::from(self.marker(role).is_some());
        match (role, self.query_length) {
            (Role::Query, Some(length)) => marked.max(length),
            _ => marked,
        }
    }
}
