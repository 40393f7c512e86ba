//! Folders as sentence-transformers writes them: what `modules.json`, each module's configuration and
//! `config_sentence_transformers.json` say, for families to describe their models by.
//!
//! Every key that sentence-transformers 6.2 writes is obeyed, passed over where it cannot change a result, or refused by
//! name; so is every key that is not known, since what it would change is not known either.
//!
//! ```
//! use embedkit_core::sentence_transformers::{Folder, Module};
//! use embedkit_core::{ModelFiles, Pooling};
//!
//! # fn main() -> embedkit_core::Result<()> {
//! let modules = br#"[{"path": "", "type": "sentence_transformers.models.Transformer"},
//!                    {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]"#;
//! let pooling = br#"{"embedding_dimension": 384, "pooling_mode": "max"}"#;
//! let files = ModelFiles::memory([("modules.json", &modules[..]), ("1_Pooling/config.json", pooling)]);
//! let folder = Folder::read(&files)?.expect("the folder has a modules.json");
//! let Module::Pooling(pooling) = &folder.modules[1] else { unreachable!() };
//! assert_eq!((&pooling.pooling, pooling.dim), (&Pooling::Max, Some(384)));
//! # Ok(())
//! # }
//! ```

mod config;
mod dense;
#[cfg(test)]
mod keys;
mod module;
mod multi_vector;
mod pooling;
mod router;
mod settings;
mod splade;
mod steps;
mod stored;
mod tensors;
mod torch_file;
mod transformer;

pub use dense::DenseConfig;
pub use module::Module;
pub use multi_vector::{MultiVectorMask, TokenPooling};
pub use pooling::PoolingModule;
pub use router::Router;
pub use settings::Settings;
pub use splade::{SpladeActivation, SpladePooling, SpladeStrategy};
pub use steps::{Step, Steps};
pub use tensors::{has_weights, read_tensor};
pub use transformer::{ByRole, QueryExpansion, Transformer};

use crate::{Error, ModelFiles, Result};

/// What a folder that sentence-transformers wrote says of itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Folder {
    /// The modules that a text goes through, in this order.
    pub modules: Vec<Module>,
    /// `config_sentence_transformers.json`.
    pub settings: Settings,
}

impl Folder {
    /// The file with the modules.
    pub const MODULES: &'static str = "modules.json";

    /// Reads a folder; none where it has no `modules.json`.
    ///
    /// # Errors
    /// [`Error::InvalidFile`] for a module that nothing here runs, and for a setting that is not obeyed, by its name;
    /// [`Error::MissingFile`] for a module whose configuration is absent.
    pub fn read(files: &ModelFiles) -> Result<Option<Self>> {
        if !files.has(Self::MODULES) {
            return Ok(None);
        }
        let settings = Settings::read(files)?;
        Ok(Some(Self { modules: module::read_all(files)?, settings }))
    }

    /// The error that a module has no place among the others.
    pub fn unexpected(files: &ModelFiles, module: &Module, why: &str) -> Error {
        Error::file(files.label(Self::MODULES), format!("has the module {}, {why}", module.name()))
    }
}
