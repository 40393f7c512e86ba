//! `config_sentence_transformers.json`: what holds of the whole model.

use std::collections::BTreeMap;

use super::config::Config;
use crate::{ModelDescription, ModelFiles, Result, Role};

/// `config_sentence_transformers.json`.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Settings {
    /// Which of the library's models it is: [`Family::model_types`](crate::Family::model_types) says whose. Absent in
    /// older folders.
    pub model_type: Option<String>,
    /// What is put before texts, by the prompts' names.
    pub prompts: BTreeMap<String, String>,
    /// The prompt of texts for which none is named.
    pub default_prompt: Option<String>,
    /// The heaviest terms of a sparse vector that are kept.
    pub max_active_dims: Option<usize>,
    /// What a reranker applies to its logits, as Python names it.
    pub activation_fn: Option<String>,
}

impl Settings {
    /// The file's name.
    pub const FILE: &'static str = "config_sentence_transformers.json";

    pub(super) fn read(files: &ModelFiles) -> Result<Self> {
        let mut config = Config::read(files, Self::FILE)?;
        let model_type: Option<String> = config.take("model_type")?;
        let prompts: BTreeMap<String, Option<String>> = config.take("prompts")?.unwrap_or_default();
        let prompts: BTreeMap<_, _> =
            prompts.into_iter().map(|(name, text)| (name, text.unwrap_or_default())).collect();
        let default: Option<String> = config.take("default_prompt_name")?;
        let default_prompt = match default {
            None => None,
            Some(name) => match prompts.get(&name) {
                Some(prompt) => Some(prompt.clone()),
                // sentence-transformers has these two, empty, where a folder does not.
                None if ["query", "document"].contains(&name.as_str()) => Some(String::new()),
                None => {
                    let message = format!("is {name:?}, which `prompts` lacks");
                    return Err(config.wrong("default_prompt_name", message));
                }
            },
        };
        let settings = Self {
            model_type,
            prompts,
            default_prompt,
            max_active_dims: config.take("max_active_dims")?,
            activation_fn: config.take("activation_fn")?,
        };
        config.refuse("truncate_dim", "vectors are cut where the caller says so: leave it out, and set `dim`")?;
        // Versions, how vectors are compared, and how weights are loaded change no vector.
        config.pass_over(&["__version__", "similarity_fn_name", "keep_in_fp32_modules"]);
        config.finish()?;
        Ok(settings)
    }

    /// Sets a row's prompts. Each is a task of its name. Queries take `query`; passages `document`; texts of no role the
    /// default one.
    ///
    /// sentence-transformers has `document`, empty, where a folder does not, and looks for `passage` only after it: such a
    /// prompt goes before no passage, which the row's notice says.
    pub fn set_prompts(&self, row: &mut ModelDescription) {
        const PASSAGE: &str = Role::Passage.key();
        row.prompts.clone_from(&self.prompts);
        // A prompt of this name would be that of texts of no role.
        row.prompts.remove(Role::Plain.key());
        // And one of this name that of passages.
        let unused = row.prompts.remove(PASSAGE);
        if let Some(prompt) = self.prompts.get("document") {
            row.prompts.insert(PASSAGE.to_owned(), prompt.clone());
        } else if let Some(prompt) = unused.filter(|prompt| !prompt.is_empty()) {
            row.notice = Some(format!(
                "`prompts` has {PASSAGE}: {prompt:?} and no `document`, so sentence-transformers puts nothing before a \
                 passage: call the prompt `document` in {} if it should go there",
                Self::FILE
            ));
        }
        if let Some(prompt) = self.default_prompt.as_ref().filter(|prompt| !prompt.is_empty()) {
            row.prompts.insert(Role::Plain.key().to_owned(), prompt.clone());
        }
    }
}
