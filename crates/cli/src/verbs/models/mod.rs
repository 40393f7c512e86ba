//! `models …`.

#[cfg(feature = "hub")]
mod cached;
mod downloaded;
mod list;
#[cfg(feature = "onnx")]
mod quantize;
mod row;

use crate::args::ModelsCommand;
use crate::failure::Result;

/// The ids of the models that are downloaded.
pub(super) fn downloaded_ids() -> Result<Vec<String>> {
    downloaded::ids()
}

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
        #[cfg(feature = "hub")]
        ModelsCommand::Rm(args) => cached::remove(args),
        #[cfg(feature = "onnx")]
        ModelsCommand::Quantize(args) => quantize::quantize(args),
        #[cfg(not(feature = "hub"))]
        _ => Err(crate::failure::Failure::Usage("this needs a build with the feature `hub`".to_owned())),
    }
}
