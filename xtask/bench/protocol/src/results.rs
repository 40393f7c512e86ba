//! Files of results: what a side computed, every value of it, so that another program can compare sides.
//!
//! Rows follow each other, in little-endian numbers of four bytes: how many indices and how many values there are, then
//! the indices, then the values.

use std::fs::File;
use std::io::{BufReader, BufWriter, Error, ErrorKind, Read, Result, Write};
use std::path::Path;

/// One result.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Of a sparse vector, its indices; else empty.
    pub indices: Vec<u32>,
    /// Its values: a vector's, all vectors' of a multi-vector one after another, or a score.
    pub values: Vec<f32>,
}

impl From<Vec<f32>> for Row {
    fn from(values: Vec<f32>) -> Self {
        Self { indices: Vec::new(), values }
    }
}

/// Writes rows to a file.
///
/// # Errors
/// Those of writing.
pub fn write(path: &Path, rows: impl Iterator<Item = Row>) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for Row { indices, values } in rows {
        for count in [indices.len(), values.len()] {
            let count = u32::try_from(count).map_err(|e| Error::new(ErrorKind::InvalidInput, e))?;
            file.write_all(&count.to_le_bytes())?;
        }
        indices.iter().try_for_each(|index| file.write_all(&index.to_le_bytes()))?;
        values.iter().try_for_each(|value| file.write_all(&value.to_le_bytes()))?;
    }
    file.flush()
}

/// Opens a file of rows.
///
/// # Errors
/// Those of opening. The rows have those of reading, and of a file that ends within a row.
pub fn read(path: &Path) -> Result<impl Iterator<Item = Result<Row>> + use<>> {
    let mut file = BufReader::new(File::open(path)?);
    Ok(std::iter::from_fn(move || next(&mut file).transpose()))
}

fn next(file: &mut impl Read) -> Result<Option<Row>> {
    let mut indices = [0; 4];
    // The end of the file is the end of the rows.
    if file.read(&mut indices[..1])? == 0 {
        return Ok(None);
    }
    file.read_exact(&mut indices[1..])?;
    let mut values = [0; 4];
    file.read_exact(&mut values)?;
    let indices = numbers(file, u32::from_le_bytes(indices))?.map(u32::from_le_bytes).collect();
    let values = numbers(file, u32::from_le_bytes(values))?.map(f32::from_le_bytes).collect();
    Ok(Some(Row { indices, values }))
}

fn numbers(file: &mut impl Read, count: u32) -> Result<impl Iterator<Item = [u8; 4]>> {
    let mut bytes = vec![0; 4 * count as usize];
    file.read_exact(&mut bytes)?;
    Ok((0..count as usize).map(move |at| std::array::from_fn(|byte| bytes[4 * at + byte])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back() {
        let path = std::env::temp_dir().join(format!("bench-protocol-{}", std::process::id()));
        let rows = [
            Row::from(vec![1.5, -2.0]),
            Row::default(),
            Row { indices: vec![7, u32::MAX], values: vec![0.5, f32::MIN] },
        ];
        write(&path, rows.iter().cloned()).unwrap();
        assert_eq!(read(&path).unwrap().collect::<Result<Vec<_>>>().unwrap(), rows);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert!(read(&path).unwrap().collect::<Result<Vec<_>>>().is_err());
        std::fs::remove_file(&path).unwrap();
    }
}
