//! Rerankers: relevance scores for query and document pairs.
