//! Which records have no vector of a stage: a file that is there only where some have none.

use std::path::Path;

use embedkit_core::{Error, Result};
use embedkit_vector::npy;
use embedkit_vector::number::{Number, NumberType};

use super::array::Array;

fn file_of(stage: &str) -> String {
    format!("{stage}.missing.npy")
}

/// Names records, in order.
pub(super) fn write(folder: &Path, stage: &str, records: &[usize]) -> Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    let path = folder.join(file_of(stage));
    let mut bytes = npy::header(NumberType::I64, &[records.len() as u64]);
    records.iter().for_each(|record| bytes.extend_from_slice(&(*record as i64).to_cell()));
    std::fs::write(&path, bytes).map_err(Error::io(&path))
}

/// The records that are named, in order, of so many.
pub(super) fn read(folder: &Path, stage: &str, rows: usize) -> Result<Vec<usize>> {
    let name = file_of(stage);
    let path = folder.join(&name);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let numbers = Array::open(folder, &name)?.values::<i64>(&path)?.into_iter().map(usize::try_from);
    let numbers: Vec<usize> =
        numbers.collect::<Result<_, _>>().map_err(|_| Error::file(&path, "has numbers below 0"))?;
    match numbers.windows(2).all(|pair| pair[0] < pair[1]) && numbers.last().is_none_or(|last| *last < rows) {
        true => Ok(numbers),
        false => Err(Error::file(path, format!("does not name records of {rows}, each once and in order"))),
    }
}
