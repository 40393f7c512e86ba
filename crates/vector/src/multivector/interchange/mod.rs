//! Files that hold many multi-vectors: `.npz` for numpy, and safetensors.
//!
//! Both hold the same arrays:
//!
//! * `embeddings`, `[rows, dim]`, the rows of all documents one after the other, of the type that they are stored as: `f32`,
//!   `f16`, or `i8`. Bits go as `u8`, `[rows, 8 · ceil(dim / 64)]`, the first dimension in the lowest bit:
//!   `numpy.unpackbits(…, axis=1, bitorder="little")[:, :dim]`.
//! * `offsets`, `[documents + 1]` `i64`: document i is the rows `offsets[i]..offsets[i + 1]`.
//! * `scales`, `[rows]` `f32`, of `i8` alone: what each row's values are multiplied with.
//! * `dim`, `[1]` `i64`, of bits alone.
//!
//! Labels are not stored.

mod arrays;
mod npz;
mod stack;
mod tensors;
#[cfg(test)]
mod tests;

use std::path::Path;

use crate::Error;
use crate::file_error::FileError;

pub use npz::{read_npz, write_npz};
pub use tensors::{read_safetensors, write_safetensors};

fn unreadable(path: &Path) -> impl Fn(FileError) -> Error {
    move |source| Error::Unreadable { path: path.to_owned(), source }
}

fn unwritable(path: &Path) -> impl Fn(FileError) -> Error {
    move |source| Error::Unwritable { path: path.to_owned(), source }
}
