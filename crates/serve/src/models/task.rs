//! What a route asks of a model, and which models can do it.

use embedkit_core::{ContentKind, EmbeddingKind, Family};

/// What a route asks of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Vectors of whatever kind.
    Embed,
    /// One vector an input.
    Dense,
    /// Weights of some dimensions.
    Sparse,
    /// A vector a token or patch.
    Multi,
    /// Documents by their relevance to a query.
    Rank,
    /// Scores of pairs.
    Pairs,
    /// Nothing but its tokenizer.
    Tokens,
}

impl Task {
    /// Whether the family's models can do it.
    pub(crate) fn suits(self, family: &dyn Family) -> bool {
        use EmbeddingKind::{Dense, Multi, Score, Several, Sparse};
        let output = family.output();
        match self {
            Self::Embed => output != Score,
            Self::Dense => matches!(output, Dense | Several),
            Self::Sparse => matches!(output, Sparse | Several),
            Self::Multi => matches!(output, Multi | Several),
            Self::Rank => output == Score || (matches!(output, Multi | Several) && takes(family, ContentKind::Text)),
            Self::Pairs => output == Score,
            Self::Tokens => true,
        }
    }

    /// What it is called in errors.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Embed => "embeddings",
            Self::Dense => "dense embeddings",
            Self::Sparse => "sparse embeddings",
            Self::Multi => "multi-vector embeddings",
            Self::Rank => "reranking",
            Self::Pairs => "scores of pairs",
            Self::Tokens => "tokens",
        }
    }
}

/// Whether the family's models take such content.
pub(crate) fn takes(family: &dyn Family, kind: ContentKind) -> bool {
    family.inputs().contains(&kind)
}

/// The routes that a family's models serve, for errors.
pub(crate) fn routes_of(family: &dyn Family) -> String {
    let all = [
        (Task::Embed, "/v1/embeddings"),
        (Task::Dense, "/embed, /similarity, /v2/embed"),
        (Task::Sparse, "/embed_sparse"),
        (Task::Multi, "/embed_all, /v1/multi-vector"),
        (Task::Rank, "/rerank"),
        (Task::Pairs, "/predict"),
    ];
    let served: Vec<&str> = all.iter().filter(|(task, _)| task.suits(family)).map(|(_, routes)| *routes).collect();
    served.join(", ")
}
