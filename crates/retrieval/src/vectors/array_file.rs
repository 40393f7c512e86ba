//! Files of one array, as they are written.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use embedkit_core::{Error, Result};
use embedkit_vector::npy::Writer;

/// A file of a folder, for an array.
pub(super) fn create(folder: &Path, name: &str) -> Result<(PathBuf, Writer<BufWriter<File>>)> {
    let path = folder.join(name);
    let file = File::create_new(&path).map_err(Error::io(&path))?;
    let array = Writer::new(BufWriter::new(file)).map_err(Error::io(&path))?;
    Ok((path, array))
}

pub(super) fn end(path: PathBuf, array: Writer<BufWriter<File>>) -> Result<()> {
    array.finish().and_then(|mut file| file.flush()).map_err(Error::io(path))
}

/// Values as multiples of a scale, the largest 127 of them.
pub(super) fn to_int8(row: &[f32]) -> (Vec<i8>, f32) {
    let largest = row.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
    (row.iter().map(|value| (value / scale).round() as i8).collect(), scale)
}
