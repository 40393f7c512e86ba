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
//! | `image-prompt` | `colmodernvbert`, `colqwen2`: the text that goes with a page, `{image}` where its patches' tokens stand |
//! | `pad-patches` | `colqwen2`: whether the graph takes pixels as `[pages, patches, values]`, padded to the page with most patches, and not as `[patches, values]` |
//! | `max-pixels`, `apply-orientation`, `decode-memory` | how pages' pictures are decoded: see [`DecodeOptions`](embedkit_image::DecodeOptions); the last is the bytes of a [`MemoryBudget`](embedkit_image::MemoryBudget) of the model's own |
//!
//! No public export of ColQwen2 is known. A row for one that was made from
//! [the model card](https://huggingface.co/vidore/colqwen2-v1.0) is
//!
//! ```toml
//! id = "my/colqwen2"
//! family = "colpali"
//! architecture = "colqwen2"
//! dim = 128
//! model-file = "model.onnx"
//! parameters.query-prefix = "Query: "
//! parameters.query-suffix = "<|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|>\n"
//! parameters.image-prompt = "<|im_start|>user\n<|vision_start|>{image}<|vision_end|>Describe the image.<|im_end|><|endoftext|>"
//! ```
//!
//! Its graph takes `input_ids` and `attention_mask`, `pixel_values`, `image_grid_thw` and, if it
//! declares them, `position_ids` (`[3, rows, tokens]`: time, height, width). With a text goes a
//! blank page of one merged patch.

mod colmodernvbert;
mod colpali;
mod colqwen2;
mod page_reader;
mod parameters;
mod patches;
mod patchify;
mod rows;

pub use colmodernvbert::COLMODERNVBERT;
pub use colpali::COLPALI;
pub use colqwen2::COLQWEN2;
pub use page_reader::PageReader;
