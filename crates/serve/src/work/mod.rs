//! What routes of all dialects have in common: texts and images become vectors, documents become scores.

mod contents;
mod embed;
mod purpose;
mod rank;
mod run;
mod tokens;
mod window;

pub(crate) use embed::{Ask, Embedded, Length, Width, dense_of, embed};
pub(crate) use rank::{Ranked, Scoring, rank, score_pairs};
pub(crate) use tokens::{decode, tokenize};
