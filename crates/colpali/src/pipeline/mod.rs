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
//! | `max-pixels`, `apply-orientation`, `decode-memory` | how pages' images are decoded: see [`DecodeOptions`](embedkit_image::DecodeOptions); the last is the bytes of a [`MemoryBudget`](embedkit_image::MemoryBudget) of the model's own |
//!
//! Rows for models whose exports are no part of the catalogue, with the prompts of colpali-engine 0.3.18. ColQwen2, and
//! ColQwen2.5 too:
//!
//! ```toml
//! id = "my/colqwen2"
//! family = "colpali"
//! architecture = "colqwen2"
//! dim = 128
//! model-file = "model.onnx"
//! parameters.query-suffix = "<|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|>"
//! parameters.image-prompt = "<|im_start|>user\n<|vision_start|>{image}<|vision_end|>Describe the image.<|im_end|><|endoftext|>"
//! ```
//!
//! Models that were trained with older versions have `parameters.query-prefix = "Query: "`. The graph takes
//! `input_ids` and `attention_mask`, `pixel_values`, `image_grid_thw` and, if it declares them, `position_ids`
//! (`[3, rows, tokens]`: time, height, width) and `mm_token_type_ids` (1 for a page's tokens). With a text goes a blank
//! page of one merged patch.
//!
//! ColQwen3, and other models on Qwen3-VL, differ from these in the graph and the image processor alone: vectors are 320
//! wide, and a patch has 16 pixels along its side, which `preprocessor_config.json` says.
//!
//! ```toml
//! id = "my/colqwen3"
//! family = "colpali"
//! architecture = "colqwen2"
//! dim = 320
//! model-file = "model.onnx"
//! parameters.query-suffix = "<|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|><|endoftext|>"
//! parameters.image-prompt = "<|im_start|>user\n<|vision_start|>{image}<|vision_end|>Describe the image.<|im_end|><|endoftext|>"
//! parameters.pad-patches = true
//! ```
//!
//! `pad-patches` is for graphs that were exported with the model's own forward, which takes pixels as its processor gives them.
//!
//! ColSmol, and other models of Idefics 3's kind, see pages as ColModernVBERT does:
//!
//! ```toml
//! id = "my/colsmol"
//! family = "colpali"
//! architecture = "colmodernvbert"
//! dim = 128
//! model-file = "model.onnx"
//! parameters.query-suffix = "<end_of_utterance><end_of_utterance><end_of_utterance><end_of_utterance><end_of_utterance><end_of_utterance><end_of_utterance><end_of_utterance><end_of_utterance><end_of_utterance>"
//! parameters.image-prompt = "<|im_start|>User:{image}Describe the image.<end_of_utterance>\nAssistant:"
//! ```
//!
//! Its graph takes `pixel_values` and, if it declares it, `pixel_attention_mask`, which is 0 on the blank tiles of pages
//! with fewer tiles than their batch's largest.
//!
//! A graph that declares no `pixel_values` is refused, and so is a text that spells the token of a patch.

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
