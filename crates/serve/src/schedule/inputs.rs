//! What a request gives to a model: contents of which it makes tokens or pixels itself, or token ids.

use embedkit_core::{Content, ContentKind};

/// What a request gives to a model.
#[derive(Clone, Debug)]
pub(crate) enum JobInputs {
    Contents(Vec<Content>),
    /// Rows of ids of the model's own tokenizer.
    Ids(Vec<Vec<u32>>),
}

impl From<Vec<Content>> for JobInputs {
    fn from(contents: Vec<Content>) -> Self {
        Self::Contents(contents)
    }
}

impl JobInputs {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Contents(contents) => contents.len(),
            Self::Ids(rows) => rows.len(),
        }
    }

    /// A content, where they are such.
    pub(super) fn content(&self, index: usize) -> Option<&Content> {
        match self {
            Self::Contents(contents) => contents.get(index),
            Self::Ids(_) => None,
        }
    }

    /// A row of ids, where they are such.
    pub(super) fn ids(&self, index: usize) -> Option<&[u32]> {
        match self {
            Self::Contents(_) => None,
            Self::Ids(rows) => rows.get(index).map(Vec::as_slice),
        }
    }

    /// Whether these and others can run together.
    pub(super) fn go_with(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// What each about costs, in tokens.
    pub(super) fn costs(&self) -> Vec<u32> {
        let saturated = |tokens: usize| u32::try_from(tokens).unwrap_or(u32::MAX);
        match self {
            Self::Contents(contents) => contents.iter().map(|content| saturated(cost(content))).collect(),
            Self::Ids(rows) => rows.iter().map(|row| saturated(row.len())).collect(),
        }
    }

    /// Characters of a text.
    pub(super) fn characters(&self, index: usize) -> usize {
        match self {
            Self::Contents(contents) => characters(&contents[index]),
            Self::Ids(_) => 0,
        }
    }
}

/// Bytes of text that make about a token.
const BYTES_A_TOKEN: usize = 4;
/// Tokens around a text.
const AROUND: usize = 2;
/// What an image about costs beside a text's tokens.
const IMAGE: usize = 512;

/// What a content about costs, in tokens: before it is read by the tokenizer, its bytes tell.
fn cost(content: &Content) -> usize {
    let bytes = match content {
        Content::Text(text) => text.len(),
        Content::Pair(pair) => pair.query.len() + pair.document.len(),
        other if other.kind() == ContentKind::Image => return IMAGE,
        _ => 0,
    };
    bytes / BYTES_A_TOKEN + AROUND
}

fn characters(content: &Content) -> usize {
    match content {
        Content::Text(text) => text.chars().count(),
        Content::Pair(pair) => pair.query.chars().count() + pair.document.chars().count(),
        _ => 0,
    }
}
