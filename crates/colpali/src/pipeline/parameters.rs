//! The row's `parameters`.

use embedkit_core::{Error, ModelDescription, Result};
use embedkit_image::DecodeOptions;
use serde::Deserialize;

/// What sets page models apart; see the module's table.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Parameters {
    pub(super) query_prefix: String,
    pub(super) query_suffix: String,
    pub(super) query_first_ids: Vec<u32>,
    pub(super) padding_rows: bool,
    pub(super) image_size: Option<usize>,
    pub(super) image_token_id: Option<u32>,
    pub(super) image_tokens: Option<usize>,
    pub(super) image_prompt_ids: Vec<u32>,
    pub(super) image_prompt: Option<String>,
    pub(super) pad_patches: bool,
    max_pixels: Option<u64>,
    apply_orientation: bool,
    decode_memory: Option<u64>,
}

/// Where the patches' tokens stand in `image-prompt`.
const IMAGE: &str = "{image}";

impl Parameters {
    /// What `image-prompt` has before and after the patches' tokens.
    pub(super) fn image_prompt(&self, model: &ModelDescription) -> Result<(String, String)> {
        let prompt = required(self.image_prompt.as_deref(), "image-prompt", model)?;
        let (before, after) = prompt.split_once(IMAGE).ok_or_else(|| {
            Error::manifest(&model.id, format!("`image-prompt` has no {IMAGE}, where a page's patches go"))
        })?;
        Ok((before.to_owned(), after.to_owned()))
    }

    /// How pages' images are decoded.
    pub(super) fn decode_options(&self) -> DecodeOptions {
        DecodeOptions::from_parameters(self.max_pixels, self.apply_orientation, self.decode_memory)
    }

    /// A query as the model was trained on it.
    pub(super) fn decorated(&self, query: &str) -> String {
        format!("{}{query}{}", self.query_prefix, self.query_suffix)
    }
}

/// A parameter that an architecture cannot do without.
pub(super) fn required<T>(value: Option<T>, name: &str, model: &ModelDescription) -> Result<T> {
    value.ok_or_else(|| {
        let message = format!("the architecture {:?} needs the parameter `{name}`", model.architecture);
        Error::manifest(&model.id, message)
    })
}
