//! Models by the names that people type.

use std::path::Path;
use std::sync::Arc;

use embedkit::{Error, ModelDescription, Registry};

use crate::failure::{Failure, Result};

/// Near ids that are shown.
const SHOWN: usize = 5;

/// The id or alias as the registry knows it: itself, or the one that ends in it (`bm25` for `Qdrant/bm25`).
pub(crate) fn known(name: &str) -> Result<String> {
    let registry = Registry::global();
    if !registry.find_all(name).is_empty() {
        return Ok(name.to_owned());
    }
    let end = format!("/{}", name.to_lowercase());
    let models = registry.list(&Default::default());
    let ends_so = |model: &&Arc<ModelDescription>| model.names().any(|name| name.to_lowercase().ends_with(&end));
    let mut ids: Vec<&str> = models.iter().filter(ends_so).map(|model| model.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    match &ids[..] {
        [id] => Ok((*id).to_owned()),
        [] if Path::new(name).is_dir() => {
            Err(Failure::Usage(format!("{name} is a folder, and no model's id: name a folder with --model-dir")))
        }
        [] => Err(unknown(name).into()),
        several => Err(Failure::Usage(format!("{name} is several models: say which of {}", several.join(", ")))),
    }
}

/// The models of this name, of any family.
pub(crate) fn find(name: &str) -> Result<Vec<Arc<ModelDescription>>> {
    Ok(Registry::global().find_all(&known(name)?))
}

/// The complaint that there is no such model, with those of all families whose names are near.
fn unknown(name: &str) -> Error {
    let registry = Registry::global();
    let mut families: Vec<String> = registry.list(&Default::default()).iter().map(|m| m.family.clone()).collect();
    families.sort();
    families.dedup();
    let near = families.iter().filter_map(|family| match registry.find(family, name) {
        Err(Error::UnknownModel { near, .. }) => Some(near),
        _ => None,
    });
    let mut near: Vec<String> = near.flatten().collect();
    near.sort();
    let word = name.to_lowercase();
    let mut with_word: Vec<String> = registry
        .list(&Default::default())
        .iter()
        .filter(|model| word.len() > 2 && model.names().any(|name| name.to_lowercase().contains(&word)))
        .map(|model| model.id.clone())
        .collect();
    let own_name = |id: &String| id.rsplit('/').next().map_or(0, str::len);
    with_word.sort_by_key(|id| (own_name(id), id.clone()));
    near.splice(0..0, with_word);
    near = near.into_iter().fold(Vec::new(), |mut ids, id| {
        if !ids.contains(&id) {
            ids.push(id);
        }
        ids
    });
    near.truncate(SHOWN);
    Error::UnknownModel { id: name.to_owned(), family: "registered".to_owned(), near, families: families.clone() }
}
