//! The architectures, which share one pipeline: what they see of a page is their own.
//!
//! A row's `parameters`; what an architecture has no use for may be left out:
//!
//! | name | meaning |
//! |---|---|
//! | `query-prefix`, `query-suffix` | put around a query before it is encoded |
//! | `query-first-ids` | what replaces the first ids of an encoded query |
//! | `padding-rows` | whether texts keep the rows of their batch's padding, as the reference does for ColPali; off by default, so that no text depends on its neighbours |
//! | `image-size` | `colpali`: width and height, in pixels, of what a page is resized to |
//! | `image-token-id`, `image-tokens` | `colpali`: the token that stands for a patch, and how many patches a page has |
//! | `image-prompt-ids` | `colpali`: what follows the image tokens in the text that goes with a page |
//! | `image-prompt` | `colmodernvbert`: the text that goes with a page, `{image}` where its patches' tokens stand |

mod colmodernvbert;
mod colpali;
mod page_reader;
mod parameters;
mod patches;
mod rows;

pub use colmodernvbert::COLMODERNVBERT;
pub use colpali::COLPALI;
pub use page_reader::PageReader;
