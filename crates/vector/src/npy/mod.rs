//! NumPy's `.npy` files of one array.
//!
//! Format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

mod header;
mod writer;

#[cfg(feature = "interchange")]
pub(crate) use header::header;
pub use header::{Header, HeaderError};
pub use writer::Writer;
