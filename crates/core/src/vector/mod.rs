//! Dense vectors: normalisation, similarity, Matryoshka cuts, smaller encodings.

mod encoding;
mod normalize;
mod npy;
mod similarity;

pub use encoding::{Int8Calibration, pack_binary, to_f16};
pub use normalize::{cut, normalize};
pub use npy::{NpyElement, NpyWriter};
pub use similarity::{Scored, cosine, dot, euclidean, hamming, top_k};
