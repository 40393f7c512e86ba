//! Folders that sentence-transformers wrote.

use embedkit_core::model::join;
use embedkit_core::sentence_transformers::{
    Folder, Module, Router, SpladeActivation, SpladePooling, SpladeStrategy, Transformer,
};
use embedkit_core::tokenizer::TokenizerFiles;
use embedkit_core::{Error, GraphSearch, ModelDescription, ModelFiles, Result};

use super::TASK;
use crate::FAMILY;

/// The row that a folder amounts to; none where sentence-transformers did not write it.
pub(super) fn describe(files: &ModelFiles) -> Result<Option<ModelDescription>> {
    let Some(folder) = Folder::read(files)? else { return Ok(None) };
    let settings = &folder.settings;
    let mut model = ModelDescription::new(files.name(), FAMILY, "splade");
    match folder.modules.as_slice() {
        [Module::Transformer(transformer), Module::SpladePooling(pooling)] => {
            set_splade(files, &mut model, transformer, pooling)?;
        }
        [Module::Router(router)] => set_router(files, &mut model, router)?,
        modules => {
            let is_splades = |module: &Module| matches!(module, Module::Transformer(_) | Module::SpladePooling(_));
            let other = modules.iter().find(|module| !is_splades(module)).or(modules.first());
            return Err(other.map_or_else(
                || Error::file(files.label(Folder::MODULES), "has no module"),
                |other| Folder::unexpected(files, other, "and a sparse model is a Transformer with SpladePooling"),
            ));
        }
    }
    if let Some(terms) = settings.max_active_dims {
        model.parameters.insert("max-terms".to_owned(), i64::try_from(terms).unwrap_or(i64::MAX).into());
    }
    settings.set_prompts(&mut model);
    Ok(Some(model))
}

fn set_splade(
    files: &ModelFiles,
    model: &mut ModelDescription,
    transformer: &Transformer,
    pooling: &SpladePooling,
) -> Result<()> {
    if transformer.task != TASK {
        let message = format!("has a Transformer for the task {}, which gives no logits of tokens", transformer.task);
        return Err(Error::file(files.label(Folder::MODULES), message));
    }
    transformer.set_graph(files, GraphSearch::new(TASK), model)?;
    model.vocab_size = pooling.dim;
    if pooling.strategy == SpladeStrategy::Sum {
        model.parameters.insert("strategy".to_owned(), "sum".into());
    }
    if pooling.activation == SpladeActivation::Log1pRelu {
        model.parameters.insert("activation".to_owned(), "log1p-relu".into());
    }
    Ok(())
}

/// Documents through the graph, queries from a table.
fn set_router(files: &ModelFiles, model: &mut ModelDescription, router: &Router<Module>) -> Result<()> {
    let [Module::SparseStaticEmbedding(table)] = router.query.as_slice() else {
        let message = "has a module Router whose way for queries is not one SparseStaticEmbedding";
        return Err(Error::file(files.label(Folder::MODULES), message));
    };
    let [Module::Transformer(transformer), Module::SpladePooling(pooling)] = router.document.as_slice() else {
        let message = "has a module Router whose way for documents is not a Transformer with SpladePooling";
        return Err(Error::file(files.label(Folder::MODULES), message));
    };
    set_splade(files, model, transformer, pooling)?;
    for name in ["model.safetensors", TokenizerFiles::TOKENIZER] {
        let name = join(table, name);
        if !files.has(&name) {
            return Err(Error::MissingFile {
                path: files.label(&name),
                needed_for: "the module Router answers queries from this SparseStaticEmbedding".to_owned(),
            });
        }
    }
    model.parameters.insert("query-table".to_owned(), table.as_str().into());
    if router.queries_by_default {
        model.parameters.insert("queries-by-default".to_owned(), true.into());
    }
    Ok(())
}
