//! Which family a folder says that it is of.

use serde_json::Value;

use crate::{Error, Family, ModelFiles, Registry, Result};

/// Where sentence-transformers says which of its models a folder is.
const SETTINGS: &str = "config_sentence_transformers.json";

/// Refuses a folder that states a model of another family than the one that is to describe it. Each family says what is
/// its own; which family a stated model is of is looked up among those that are linked.
pub(super) fn check(family: &dyn Family, files: &ModelFiles) -> Result<()> {
    let own = family.model_types();
    if own.is_empty() {
        return Ok(());
    }
    let settings: Option<Value> = files.optional_json(SETTINGS)?;
    // What is no text is the reader's to refuse.
    let stated = settings.as_ref().and_then(|settings| settings.get("model_type")?.as_str());
    let Some(stated) = stated.filter(|stated| !own.contains(stated)) else { return Ok(()) };
    let families = Registry::global().families();
    let means = match families.iter().find(|family| family.model_types().contains(&stated)) {
        Some(family) => format!("which is of the family {}", family.name()),
        None => "which is of no family here".to_owned(),
    };
    Err(Error::file(files.label(SETTINGS), format!("`model_type` is {stated}, {means}")))
}
