//! Where collections live when one folder of plain files no longer serves: in a vector database, by the same pipeline and
//! found by the same query, so that growing is a change of address.
//!
//! A version of a collection is made in a folder, where its vectors are computed and checked; a [`Publisher`] copies it to a
//! [`Database`], every record a [`Point`] with the vectors of the pipeline's stages. There versions stand side by side too,
//! one of them is searched, and [`rollback`] goes back to the one before.
//!
//! [`Query`] is what a pipeline asks of any of them, and the one place where pipelines become queries; a database
//! translates it, word by word. With the feature `qdrant-edge` there is `EdgeFolder`, Qdrant's engine in this process,
//! and with `qdrant` `QdrantServer`. A program adds others by implementing two traits.

mod about;
mod address;
#[cfg(feature = "qdrant-edge")]
mod edge;
mod point;
mod publish;
#[cfg(feature = "qdrant")]
mod qdrant;
mod query;
mod schema;
mod server_address;
mod traits;

pub use about::About;
pub use address::Address;
#[cfg(feature = "qdrant-edge")]
pub use edge::EdgeFolder;
pub use point::{Found, Point};
pub use publish::{Published, Publisher};
#[cfg(feature = "qdrant")]
pub use qdrant::QdrantServer;
pub use query::{Fetch, Order, Query};
pub use schema::{Schema, VectorKind, VectorSchema};
pub(crate) use traits::open_complete;
pub use traits::{Database, Points, complete_versions, rollback, switch};
