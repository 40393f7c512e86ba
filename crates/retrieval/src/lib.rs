//! From a folder to explained answers, and which model is best on one's own data.
//!
//! * [`document`] reads files, [`chunking`] cuts them where a model's window ends;
//! * [`Pipeline`] says what is searched with what: any models that are registered, how their rankings become one
//!   ([`fusion`]), and rerankers;
//! * [`Indexer`] makes a collection of plain files ([`collection`]), [`Searcher`] searches it, and explains;
//! * [`database`] has collections where one folder no longer serves: in Qdrant, in this process or on servers;
//! * [`evaluation`] says how good it is, and whether another pipeline is better.
//!
//! ```
//! use embedkit_retrieval::collection::CollectionFolder;
//! use embedkit_retrieval::document::Inputs;
//! use embedkit_retrieval::{Indexer, Pipeline, Searcher};
//! # use {embedkit_colbert as _, embedkit_sparse as _, embedkit_static_en as _};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let notes = folder.path().join("notes.md");
//! std::fs::write(&notes, "# Cats\n\nA kitten sleeps on the sofa.\n\n# Taxes\n\nThe return is due in May.\n")?;
//! let collection = CollectionFolder::new(folder.path().join("collection"));
//! let indexer = Indexer::new(Pipeline::default(), &|builder| builder)?;
//! assert_eq!(indexer.index(&collection, &Inputs::new([notes]))?.records, 2);
//!
//! let searcher = Searcher::open(&collection, &|builder| builder)?;
//! let hits = searcher.search("where do cats rest?", 1)?;
//! assert_eq!(hits[0].record.section, "Cats");
//! # Ok(())
//! # }
//! ```

pub mod chunking;
pub mod collection;
pub mod database;
mod disk;
pub mod document;
pub mod evaluation;
mod filter;
pub mod fusion;
mod indexing;
mod model;
mod muvera;
pub mod pipeline;
mod record;
pub mod search;
mod vectors;
mod versions;

pub use filter::{Filter, Match};
pub use indexing::{Indexer, Report};
pub use model::{Configure, Model, ModelIdentity};
pub use pipeline::Pipeline;
pub use record::Record;
pub use search::{Hit, Searcher};
