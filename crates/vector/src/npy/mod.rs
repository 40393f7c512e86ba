//! NumPy's `.npy` files of one array.
//!
//! Format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

mod header;
mod writer;

pub use header::{Header, HeaderError, header, text_file};
pub use writer::Writer;
