//! Folders that sentence-transformers' `MultiVectorEncoder` wrote.

use embedkit_core::sentence_transformers::{ByRole, DenseConfig, Folder, Module, Step};
use embedkit_core::{Error, GraphSearch, ModelDescription, ModelFiles, Result};

use super::tokenizer::TokenizerSettings;
use super::{as_integer, set, set_projection};
use crate::FAMILY;

const TASK: &str = "feature-extraction";

pub(super) fn describe(files: &ModelFiles) -> Result<ModelDescription> {
    let mut folder = Folder::read(files)?.ok_or_else(|| Error::MissingFile {
        path: files.label(Folder::MODULES),
        needed_for: "it tells what follows the transformer".to_owned(),
    })?;
    let mut model = ModelDescription::new(files.name(), FAMILY, "colbert");
    let (first, rest) = folder.modules.split_first_mut().ok_or_else(|| no_transformer(files))?;
    let Module::Transformer(transformer) = first else { return Err(no_transformer(files)) };
    if transformer.task != TASK || transformer.gives_text_vectors {
        let message = "has a Transformer that gives no vectors of tokens";
        return Err(Error::file(files.label(Folder::MODULES), message));
    }
    let by_role = transformer.take_by_role();
    transformer.set_graph(files, GraphSearch::new(TASK), &mut model)?;
    let is_masked = set_modules(files, &mut model, rest)?;
    let tokenizer = TokenizerSettings::read(files, &model.tokenizer_folder)?;
    set_lengths(&tokenizer, &mut model, &by_role, is_masked)?;
    let fills_queries = by_role.query_expansion.as_ref().is_some_and(|expansion| expansion.is_fixed);
    tokenizer.set_sides(&mut model, fills_queries)?;
    folder.settings.set_prompts(&mut model);
    Ok(model)
}

fn no_transformer(files: &ModelFiles) -> Error {
    Error::file(files.label(Folder::MODULES), "starts with no Transformer, which gives tokens their vectors")
}

/// Sets what follows the transformer; tells whether a mask says which tokens have vectors.
fn set_modules(files: &ModelFiles, model: &mut ModelDescription, modules: &[Module]) -> Result<bool> {
    let mut projection = Vec::new();
    let mut is_masked = false;
    let mut normalizes_queries = false;
    for module in modules {
        match module {
            Module::TokenStep(Step::Dense(folder)) if !model.normalize && !is_masked => {
                model.dim = Some(DenseConfig::read(files, folder)?.output);
                projection.push(folder.clone());
            }
            Module::TokenStep(Step::Normalize) => (model.normalize, normalizes_queries) = (true, true),
            Module::MultiVectorMask(mask) => {
                is_masked = true;
                if !mask.skip_words.is_empty() {
                    set(model, "skip-words", mask.skip_words.clone());
                    set(model, "pass-over-unknown-words", true);
                }
            }
            Module::TokenPooling(pooling) => model.normalize |= pooling.normalize,
            other => {
                let why = "which has no place there in a late-interaction model";
                return Err(Folder::unexpected(files, other, why));
            }
        }
    }
    if normalizes_queries {
        set(model, "normalize-queries", true);
    }
    set_projection(files, model, projection)?;
    Ok(is_masked)
}

/// Windows by role, and what fills queries up.
fn set_lengths(
    tokenizer: &TokenizerSettings,
    model: &mut ModelDescription,
    by_role: &ByRole,
    is_masked: bool,
) -> Result<()> {
    if let Some(length) = by_role.document_length {
        set(model, "document-max-length", as_integer(length));
    }
    let mut query_length = by_role.query_length;
    if let Some(expansion) = &by_role.query_expansion {
        let token = expansion.token.clone().map_or_else(|| tokenizer.mask_token(), Ok)?;
        set(model, "mask-token", token);
        set(model, "query-length", as_integer(expansion.length));
        set(model, "attend-to-expansion", expansion.attend);
        // Without a mask, what is scored is what the network attends to.
        if !is_masked && !expansion.attend {
            set(model, "filter-query-padding", true);
        }
        query_length = match expansion.is_fixed {
            true => Some(expansion.length),
            false => query_length.map(|length| length.max(expansion.length)),
        };
    }
    if let Some(length) = query_length {
        set(model, "query-max-length", as_integer(length));
    }
    let window = model.max_length;
    model.max_length = window.max(query_length).max(by_role.document_length);
    // A longer window of the one role is not the other's.
    if let Some(window) = window.filter(|_| model.max_length > window) {
        for (length, parameter) in
            [(query_length, "query-max-length"), (by_role.document_length, "document-max-length")]
        {
            if length.is_none() {
                set(model, parameter, as_integer(window));
            }
        }
    }
    Ok(())
}
