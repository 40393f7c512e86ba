//! What a repository says of its model without a run, beside what the row says.

use embedkit_core::model::join;
use embedkit_core::sentence_transformers::Folder;
use embedkit_core::tokenizer::{Tokenizer, TokenizerFiles, TokenizerOptions, WindowRule};
use embedkit_core::{ModelDescription, Pooling, Registry};
use serde_json::Value;

use super::differences::OfRow;
use super::repository::Repository;
use crate::failure::with_causes;

/// The configuration that says what a processor of pictures does.
const PREPROCESSOR: &str = "preprocessor_config.json";
/// How far `size-gb`, which people round, may be from the files' size: this many times as much or as little.
const SIZE_TOLERANCE: f64 = 1.5;

/// Compares a row with a repository.
pub(super) fn compare(row: &ModelDescription, repository: &Repository, differences: &mut OfRow<'_>) {
    files(row, repository, differences);
    size(row, repository, differences);
    config(row, repository, differences);
    window(row, repository, differences);
    description(row, repository, differences);
    if let Some(main) = repository.main.as_ref().filter(|main| **main != repository.listing.commit) {
        differences.note("revision", format!("pinned to {}", repository.listing.commit), format!("main is {main}"));
    }
}

/// Files that a model needs are there, and the row names all of its weights.
fn files(row: &ModelDescription, repository: &Repository, differences: &mut OfRow<'_>) {
    let listing = &repository.listing;
    // Other configuration files are taken where there are any.
    let is_needed = |name: &&String| [TokenizerFiles::TOKENIZER, PREPROCESSOR].contains(&name.as_str());
    let needed = row.required_files().chain(row.config_files.iter().filter(is_needed).map(String::as_str));
    for name in needed.filter(|name| listing.file(name).is_none()) {
        differences.wrong("files", name, "has no such file");
    }
    let is_external = |name: &str| {
        let rest = name.strip_prefix(&row.model_file).filter(|_| row.model_file.ends_with(".onnx"));
        rest.is_some_and(|rest| rest.starts_with("_data") || rest.starts_with(".data"))
    };
    for file in listing.files.iter().filter(|file| is_external(&file.name) && !row.files.contains(&file.name)) {
        differences.wrong("files", "external data that `files` lacks", &file.name);
    }
    for (name, digest) in &row.digests {
        let Some(listed) = listing.file(name) else {
            differences.wrong("digests", name, "has no such file");
            continue;
        };
        if let Some(size) = digest.size.filter(|size| *size != listed.size) {
            differences.wrong("digests", format!("{name} has {size} bytes"), format!("{} bytes", listed.size));
        }
        let found = super::pins::sha256_of(repository, listed);
        if let (Some(stated), Some(found)) = (&digest.sha256, found)
            && !stated.eq_ignore_ascii_case(&found)
        {
            differences.wrong("digests", format!("{name} is {stated}"), found);
        }
    }
}

/// `size-gb` is about what is downloaded.
fn size(row: &ModelDescription, repository: &Repository, differences: &mut OfRow<'_>) {
    let sizes = super::repository::files_of(row).filter_map(|name| Some(repository.listing.file(name)?.size));
    let found = sizes.sum::<u64>() as f64 / 1e9;
    if found > 0.0 && !(found / SIZE_TOLERANCE..=found * SIZE_TOLERANCE).contains(&row.size_gb) {
        differences.wrong("size-gb", row.size_gb.to_string(), format!("{found:.3}"));
    }
}

/// Widths and vocabularies of `config.json`.
fn config(row: &ModelDescription, repository: &Repository, differences: &mut OfRow<'_>) {
    let Some(content) = repository.content(TokenizerFiles::CONFIG) else { return };
    let config: Value = match embedkit_core::tokenizer::json::parse(content) {
        Ok(config) => config,
        Err(error) => return differences.wrong("config.json", "JSON", with_causes(&error)),
    };
    if let (Some(stated), Some(found)) = (row.dim, width(row, &config))
        && stated != found
    {
        differences.wrong("dim", stated.to_string(), format!("config.json: {found}"));
    }
    // miniCOIL's own vocabulary is in a file beside.
    let found = config.get("vocab_size").and_then(Value::as_u64).filter(|_| row.architecture != "minicoil");
    if let (Some(stated), Some(found)) = (row.vocab_size, found)
        && stated as u64 != found
    {
        differences.wrong("vocab-size", stated.to_string(), format!("config.json: {found}"));
    }
}

/// The width of an architecture's vectors by `config.json`; none of architectures that project the model's states to
/// widths that it does not tell.
fn width(row: &ModelDescription, config: &Value) -> Option<usize> {
    let tower = if row.family == "image" { "vision_config" } else { "text_config" };
    let number = |value: &Value| value.as_u64().and_then(|number| usize::try_from(number).ok());
    let of = |config: &Value, keys: &[&str]| keys.iter().find_map(|key| number(config.get(key)?));
    let last = |config: &Value| number(config.get("hidden_sizes")?.as_array()?.last()?);
    const STATES: [&str; 4] = ["hidden_size", "d_model", "n_embd", "dim"];
    match row.architecture.as_str() {
        "transformer" | "image-encoder" => of(config, &["projection_dim"])
            .or_else(|| of(config, &STATES))
            .or_else(|| of(config.get(tower)?, &STATES))
            .or_else(|| last(config)),
        "token-embeddings" | "bge-m3" => of(config, &STATES),
        "static" => of(config, &["hidden_dim"]),
        _ => None,
    }
}

/// The tokenizer loads, and its window is one that the model has positions for.
fn window(row: &ModelDescription, repository: &Repository, differences: &mut OfRow<'_>) {
    let folder = repository.as_folder(row);
    // A tokenizer that is missing is told among the files.
    let tokenizer = join(&row.tokenizer_folder, TokenizerFiles::TOKENIZER);
    if !row.config_files.contains(&tokenizer) || !folder.has(&tokenizer) {
        return;
    }
    let Ok(files) = folder.tokenizer_files(&row.tokenizer_folder) else { return };
    let mut options = TokenizerOptions::default();
    // Static models read texts of any length.
    options.max_length = row.max_length.or((row.architecture == "static").then_some(usize::MAX));
    let loaded = Tokenizer::load(&files, &options).map(|tokenizer| tokenizer.max_length());
    let window = match loaded {
        Ok(window) => window,
        Err(error) => return differences.wrong("tokenizer", "loads", with_causes(&error)),
    };
    if row.architecture == "static" {
        return;
    }
    match WindowRule::SentenceTransformers.longest_row(&files) {
        Ok(Some(positions)) if window > positions => {
            let stated = if row.max_length.is_some() { "max-length" } else { "tokenizer's window" };
            differences.wrong("window", format!("{stated} {window}"), format!("positions for {positions}"));
        }
        Ok(_) => {}
        Err(error) => differences.wrong("window", window.to_string(), with_causes(&error)),
    }
    let said = tokens_in(&row.description);
    if let Some(said) = said.filter(|said| *said != window) {
        differences.note("window", format!("the description says {said}"), format!("texts are cut at {window}"));
    }
}

/// The number before the word `tokens`.
fn tokens_in(description: &str) -> Option<usize> {
    let before = description.split(" tokens").next().filter(|before| before.len() < description.len())?;
    before.rsplit(' ').next()?.replace([',', '(', '_'], "").parse().ok()
}

/// What a folder of sentence-transformers says about itself, as the row's family reads it.
fn description(row: &ModelDescription, repository: &Repository, differences: &mut OfRow<'_>) {
    if repository.content(Folder::MODULES).is_none() {
        return;
    }
    let family = match Registry::global().family(&row.family) {
        Ok(family) => family,
        Err(error) => return differences.wrong("family", &row.family, with_causes(&error)),
    };
    let described = match family.describe(&repository.as_folder(row)) {
        Ok(described) => described,
        Err(error) => return differences.note("modules", "the row's", with_causes(&error)),
    };
    if let (Some(stated), Some(found)) = (row.dim, described.dim)
        && stated != found
    {
        differences.wrong("dim", stated.to_string(), format!("its modules: {found}"));
    }
    // A graph that pools is not pooled again.
    if row.pooling != Pooling::None && described.pooling != row.pooling {
        let [stated, found] = [&row.pooling, &described.pooling].map(|pooling| format!("{pooling:?}"));
        differences.wrong("pooling", stated, format!("its modules: {found}"));
    }
    if described.normalize != row.normalize {
        // Rows follow the reference, which goes its own way with some models; a graph may do it as well.
        differences.note("normalize", row.normalize.to_string(), format!("its modules: {}", described.normalize));
    }
    for (role, found) in described.prompts.iter().filter(|(_, prompt)| !prompt.is_empty()) {
        match row.prompts.get(role) {
            Some(stated) if stated != found => differences.wrong(&format!("prompts.{role}"), stated, found),
            None if ["query", "passage"].contains(&role.as_str()) => {
                differences.note(&format!("prompts.{role}"), "none", found);
            }
            _ => {}
        }
    }
    if let (Some(stated), Some(found)) = (row.max_length, described.max_length)
        && stated != found
    {
        differences.wrong("window", format!("max-length {stated}"), format!("its modules: {found}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_says_how_many_tokens() {
        for (description, expected) in [
            ("General English retrieval, 512 tokens, small.", Some(512)),
            ("Long texts, 8,192 tokens; no prompts.", Some(8192)),
            ("Code (2048 tokens).", Some(2048)),
            ("Token vectors.", None),
            ("Many tokens.", None),
        ] {
            assert_eq!(tokens_in(description), expected, "{description}");
        }
    }
}
