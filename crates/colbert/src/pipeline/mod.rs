//! The architectures, which are one pipeline: from texts to a vector a token.
//!
//! A row's `parameters`, all of which may be left out:
//!
//! | name | meaning |
//! |---|---|
//! | `strip` | whether texts, prompts included, lose the white space at their ends |
//! | `lowercase` | whether texts, prompts included, are brought to lower case, special tokens in them left out |
//! | `lowercase-all` | the same, with special tokens that are written in texts |
//! | `cut-start` | whether long texts lose their start, not their end |
//! | `query-marker-id`, `document-marker-id` | the token put at position 1 of every text, after its first token |
//! | `mask-token` | what queries are filled up with |
//! | `query-length` | tokens of a query at least, marker included |
//! | `query-max-length`, `document-max-length` | tokens of a query or document at most, marker included, where they are fewer than the model's window |
//! | `attend-to-expansion` | whether the attention mask is 1 on the mask tokens that fill a query up |
//! | `filter-query-padding` | whether the rows of those mask tokens are left out |
//! | `normalize-queries` | whether a query's rows are brought to length 1 (`normalize` says it of documents) |
//! | `skip-punctuation` | whether a document loses rows whose token begins the encoding of an ASCII punctuation mark |
//! | `skip-words` | words whose token, as the vocabulary has it, costs a document its row |
//! | `pass-over-unknown-words` | whether a word to skip that the vocabulary lacks is passed over; else it stands for unknown tokens |
//! | `skip-padding-token` | whether a document loses rows of the padding token, even where the text spells it |
//! | `reserved` | tokens that the maximum length does not yet leave room for (the marker) |
//! | `projection` | folders of linear modules, applied in turn unless the graph gives `dim` values a token; modules that keep the width are applied to an output called `last_hidden_state` or `token_embeddings` |
//! | `labels` | whether rows are labelled with their tokens |

mod late_interaction;
mod parameters;
mod projection;
mod rows;
mod seen;
mod tokens;

pub use late_interaction::{COLBERT, LateInteraction, TOKEN_EMBEDDINGS};
pub(crate) use parameters::Parameters;
