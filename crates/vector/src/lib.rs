//! Dense, sparse and multi-vectors, and what can be done with them once a model has made them.
//!
//! * Dense vectors are slices of `f32`: [`dot`], [`cosine`], [`euclidean`], [`top_k`], [`normalize`], Matryoshka
//!   [cuts](cut()), and smaller encodings ([`to_f16`], [`unit_to_int8`], [`Int8Calibration`], [`pack_binary`] with [`hamming`]).
//! * [`SparseVector`] holds few weights among very many dimensions.
//! * [`multivector`] has one vector a token or patch: MaxSim, explanations, compression, token pooling, MUVERA, and
//!   with the feature `interchange` files.
//! * [`mod@file`] writes files whole or not at all.
//! * [`PerProcess`] keeps threads and locks from children that are made by a fork.
//! * [`npy`] reads and writes NumPy's `.npy` files; [`number`] reads numbers of types that only a file names.
//!
//! ```
//! use embedkit_vector::multivector::{MaxSim, MultiVector, Muvera};
//! use embedkit_vector::{dot, top_k};
//!
//! let query = MultiVector::from_rows([[1.0, 0.0], [0.0, 1.0]])?;
//! let documents = [
//!     MultiVector::from_rows([[0.0, 1.0], [0.0, 0.5]])?,
//!     MultiVector::from_rows([[1.0, 0.0], [0.6, 0.8]])?,
//! ];
//! // Late interaction: the best document row for each query row, summed.
//! assert_eq!(MaxSim::new(&query)?.top_k(&documents, 1)?[0].index, 1);
//!
//! // One vector a document, for an ordinary index, whose dot product approximates that score.
//! let muvera = Muvera::builder(2).k_sim(2).dim_proj(2).build()?;
//! let encoded = documents.iter().map(|document| muvera.document(document)).collect::<Result<Vec<_>, _>>()?;
//! let encoded_query = muvera.query(&query)?;
//! let score = |document: &Vec<f64>| document.iter().zip(&encoded_query).map(|(a, b)| (a * b) as f32).sum();
//! assert_eq!(top_k(encoded.iter().map(score), 1)[0].index, 1);
//! assert_eq!(dot(documents[1].as_slice(), &[1.0, 0.0, 0.6, 0.8]), 2.0);
//! # Ok::<(), embedkit_vector::Error>(())
//! ```

mod dispatch;
mod encoding;
mod error;
pub mod file;
#[cfg(feature = "interchange")]
mod file_error;
pub mod multivector;
mod normalize;
pub mod npy;
pub mod number;
mod per_process;
mod scan;
mod similarity;
mod sparse_vector;

pub use encoding::{Int8Calibration, pack_binary, to_f16, unit_to_int8};
pub use error::{Error, Result};
pub use normalize::{cut, normalize};
pub use per_process::PerProcess;
pub use scan::dots;
pub use similarity::{Scored, check_finite, cosine, dot, euclidean, hamming, top_k};
pub use sparse_vector::SparseVector;
