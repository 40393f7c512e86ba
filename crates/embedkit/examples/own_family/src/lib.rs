//! A family of models as a third party would write it: a public type with an output of its own, an architecture, and
//! rows. A program that depends on this crate and names it has the family like any other.
//!
//! ```
//! use embedkit::{Embedder, Role, TextEmbedder};
//! use own_family::LetterEmbedding;
//!
//! let model = LetterEmbedding::builder("example/letters").build()?;
//! assert_eq!(model.embed_one("banana", Role::Plain)?.count('a'), 3);
//! # Ok::<(), embedkit::Error>(())
//! ```

mod alphabet;
mod letters;

use embedkit::Result;
use embedkit::plugin::{Embedder, Engine, FamilyOf, ModelDescription, ModelFiles, Plugin};

pub use letters::Letters;

/// This crate's rows, family and architecture.
pub static PLUGIN: Plugin = Plugin::new(env!("CARGO_PKG_NAME"))
    .manifest(include_str!("../models.toml"))
    .families(&[FamilyOf::<LetterEmbedding>::FAMILY])
    .architectures(&[&alphabet::Alphabet]);
embedkit::register!(PLUGIN);

/// A model that counts letters. All methods that users call come from [`embedkit::TextEmbedder`].
pub struct LetterEmbedding {
    engine: Engine<str, Letters>,
}

impl Embedder for LetterEmbedding {
    const FAMILY: &'static str = "letters";
    type Input = str;
    type Output = Letters;

    fn describe(files: &ModelFiles) -> Result<ModelDescription> {
        alphabet::describe(files)
    }

    fn from_engine(engine: Engine<str, Letters>) -> Self {
        Self { engine }
    }

    fn engine(&self) -> &Engine<str, Letters> {
        &self.engine
    }
}
