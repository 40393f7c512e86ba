//! `models …`.

#[cfg(feature = "hub")]
mod cached;
mod list;
mod row;

use std::sync::Arc;

use embedkit::{Error, ModelDescription, Registry};

use crate::args::ModelsCommand;
use crate::failure::Result;

pub(super) fn run(command: &ModelsCommand) -> Result<()> {
    match command {
        ModelsCommand::List(args) => list::list(args),
        ModelsCommand::Show { id, json } => list::show(id, *json),
        #[cfg(feature = "hub")]
        ModelsCommand::Pull(args) => cached::pull(args),
        #[cfg(feature = "hub")]
        ModelsCommand::Verify(args) => cached::verify(args),
        #[cfg(feature = "hub")]
        ModelsCommand::Repair(args) => cached::repair(args),
        #[cfg(not(feature = "hub"))]
        _ => Err(crate::failure::Failure::Usage("this needs a build with the feature `hub`".to_owned())),
    }
}

/// The models of this name, of any family.
fn find(id: &str) -> Result<Vec<Arc<ModelDescription>>> {
    let registry = Registry::global();
    let found = registry.find_all(id);
    if !found.is_empty() {
        return Ok(found);
    }
    let mut families: Vec<String> = registry.list(&Default::default()).iter().map(|m| m.family.clone()).collect();
    families.sort();
    families.dedup();
    let near = families.iter().filter_map(|family| match registry.find(family, id) {
        Err(Error::UnknownModel { near, .. }) => Some(near),
        _ => None,
    });
    let near = near.flatten().take(5).collect();
    Err(Error::UnknownModel { id: id.to_owned(), family: "registered".to_owned(), near, families: families.clone() }
        .into())
}
