//! An HTTP server for embedkit's models: dense, sparse, multi-vector and image embeddings, and rerank scores, from one
//! process, for the clients that people already have: those of OpenAI, text-embeddings-inference, Cohere, Jina and
//! rerankers.
//!
//! ```no_run
//! use embedkit_serve::{ModelConfig, Server};
//!
//! # fn main() -> Result<(), embedkit_serve::Error> {
//! let server = Server::builder()
//!     .model(ModelConfig::id("BAAI/bge-small-en-v1.5"))
//!     .model(ModelConfig::id("rr=Xenova/ms-marco-MiniLM-L-6-v2"))
//!     .build()?;
//! server.run()?;
//! # Ok(())
//! # }
//! ```
//!
//! No family is named in it: models come through the registry, so it serves a third party's too.

mod admission;
mod app;
mod auth;
mod blocking;
mod config;
mod cors;
mod error;
mod failure;
mod http;
mod images;
mod listen;
mod metrics;
mod models;
mod reply;
mod routes;
mod schedule;
mod server;
mod shapes;
mod signals;
mod traces;
mod work;

pub use config::{
    Config, DocumentForm, Load, LogFormat, ModelConfig, Quantize, Settings, Size, Time, TokenIds, UnitError,
};
pub use failure::Error;
pub use server::{Bound, Server, ServerBuilder};
pub use signals::{Ended, Handle};
