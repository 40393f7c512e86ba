//! Models by the names that people type.

use std::path::Path;
use std::sync::Arc;

use embedkit::{ModelDescription, Registry};

use crate::failure::{Failure, Result};

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
        [] => Err(registry.unknown(name, None).into()),
        several => Err(Failure::Usage(format!("{name} is several models: say which of {}", several.join(", ")))),
    }
}

/// The models of this name, of any family.
pub(crate) fn find(name: &str) -> Result<Vec<Arc<ModelDescription>>> {
    Ok(Registry::global().find_all(&known(name)?))
}
