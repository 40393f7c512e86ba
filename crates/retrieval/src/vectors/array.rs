//! Arrays in mapped files.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use embedkit_core::{Error, FileBytes, ModelFiles, Result};
use embedkit_vector::npy::Header;
use embedkit_vector::number::{Number, NumberType};

/// An array somewhere in a mapped file.
#[derive(Clone, Debug)]
pub(super) struct Array {
    bytes: Arc<FileBytes>,
    values: Range<usize>,
    number_type: NumberType,
    shape: Vec<usize>,
}

impl Array {
    /// A `.npy` file of a folder.
    pub(super) fn open(folder: &Path, name: &str) -> Result<Self> {
        let bytes = Arc::new(map(folder, name)?);
        let all = 0..bytes.len();
        Self::inside(bytes, all, &folder.join(name))
    }

    /// The array at a place in a file.
    pub(super) fn inside(bytes: Arc<FileBytes>, place: Range<usize>, path: &Path) -> Result<Self> {
        let part = bytes.get(place.clone()).ok_or_else(|| Error::file(path, "is cut"))?;
        let header = Header::parse(part).map_err(|error| Error::file_because(path, "holds no array", error))?;
        let values = header.values();
        let values = place.start + values.start..place.start + values.end;
        Ok(Self { number_type: header.number_type(), shape: header.shape().to_vec(), bytes, values })
    }

    pub(super) fn number_type(&self) -> NumberType {
        self.number_type
    }

    /// Rows and columns; an array of one axis has one column.
    pub(super) fn shape(&self) -> (usize, usize) {
        match *self.shape {
            [] => (1, 1),
            [rows] => (rows, 1),
            [rows, ref rest @ ..] => (rows, rest.iter().product()),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.values.clone()]
    }

    /// The values as they lie in the file.
    ///
    /// # Errors
    /// Values of another type.
    pub(super) fn cells<N: Number>(&self, path: &Path) -> Result<&[N::Bytes]> {
        if self.number_type != N::TYPE {
            let message = format!("holds an array of {}, and should hold {}", self.number_type, N::TYPE);
            return Err(Error::file(path, message));
        }
        Ok(N::cells(self.bytes()))
    }

    /// The values where they lie; none where they are of another type, or lie where such values may not.
    pub(super) fn in_place<N: Number>(&self) -> Option<&[N]> {
        if self.number_type == N::TYPE { N::in_place(self.bytes()) } else { None }
    }

    /// All values, copied.
    pub(super) fn values<N: Number>(&self, path: &Path) -> Result<Vec<N>> {
        Ok(self.cells::<N>(path)?.iter().map(|cell| N::from_cell(*cell)).collect())
    }
}

/// Maps a file of a folder, which nobody writes to once it is there.
pub(super) fn map(folder: &Path, name: &str) -> Result<FileBytes> {
    ModelFiles::folder(folder)?.open(name, true)
}
