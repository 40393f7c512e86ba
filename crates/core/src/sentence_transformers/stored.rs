//! A tensor between its file and those who read it.

use safetensors::Dtype;

/// A tensor as its file has it.
pub(super) struct Stored {
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
    /// Little-endian, row by row.
    pub(super) bytes: Vec<u8>,
}
