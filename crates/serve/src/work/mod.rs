//! What routes of all dialects have in common: texts and pictures become vectors, documents become scores.

mod contents;
mod embed;
mod purpose;
mod rank;
mod run;
mod tokens;
mod window;

pub(crate) use embed::{Ask, Embedded, dense_of, embed, embedding_width};
pub(crate) use rank::{Ranked, Scoring, rank, score_pairs};
pub(crate) use tokens::{decode, tokenize};
