//! Arrays that are written row by row.

use std::io::{self, Seek, SeekFrom, Write};

use super::header::padded_header;
use crate::number::{Number, NumberType};

/// The header's length: enough for any shape of two axes.
const HEADER: usize = 128;

/// Writes a two-dimensional array, row by row; the number of rows need not be known before.
///
/// ```
/// use embedkit_vector::npy::Writer;
///
/// # fn main() -> std::io::Result<()> {
/// let mut npy = Writer::new(std::io::Cursor::new(Vec::new()))?;
/// npy.write_row(&[1f32, 2.0, 3.0])?;
/// npy.write_row(&[4f32, 5.0, 6.0])?;
/// let file = npy.finish()?.into_inner();
/// assert_eq!(file.len(), 128 + 2 * 3 * 4);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Writer<W: Write + Seek> {
    writer: W,
    /// Type and width, which the first row fixes.
    layout: Option<(NumberType, usize)>,
    /// The same of an array whose first row never comes.
    expected: (NumberType, usize),
    rows: u64,
    bytes: Vec<u8>,
}

impl<W: Write + Seek> Writer<W> {
    /// Begins an array at the start of `writer`.
    ///
    /// # Errors
    /// The writer's.
    pub fn new(mut writer: W) -> io::Result<Self> {
        writer.write_all(&[0; HEADER])?;
        Ok(Self { writer, layout: None, expected: (NumberType::F32, 0), rows: 0, bytes: Vec::new() })
    }

    /// Sets the type and width of an array that turns out to have no rows; else they are `f32` and 0. A type that NumPy does
    /// not have is left out.
    #[must_use]
    pub fn expecting(mut self, number_type: NumberType, width: usize) -> Self {
        if number_type.descr().is_some() {
            self.expected = (number_type, width);
        }
        self
    }

    /// Writes a row. The first one fixes the array's type and width.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] when the row has another type or width, or a type that NumPy does not have
    /// (`bf16`); the writer's.
    pub fn write_row<T: Number>(&mut self, row: &[T]) -> io::Result<()> {
        let refused = |message| io::Error::new(io::ErrorKind::InvalidInput, message);
        if T::TYPE.descr().is_none() {
            return Err(refused(format!("a .npy file cannot hold {}", T::TYPE)));
        }
        let (number_type, width) = *self.layout.get_or_insert((T::TYPE, row.len()));
        if (number_type, width) != (T::TYPE, row.len()) {
            let (values, given) = (row.len(), T::TYPE);
            return Err(refused(format!("a row of {values} {given} in an array whose rows are {width} {number_type}")));
        }
        self.bytes.clear();
        row.iter().for_each(|value| self.bytes.extend_from_slice(value.to_cell().as_ref()));
        self.writer.write_all(&self.bytes)?;
        self.rows += 1;
        Ok(())
    }

    /// Writes the header, which has the number of rows, and gives the writer back. An array without rows is as
    /// [expected](Self::expecting).
    ///
    /// # Errors
    /// The writer's.
    pub fn finish(self) -> io::Result<W> {
        let shape = [self.rows, self.layout().1 as u64];
        self.finish_as(&shape)
    }

    /// As [`finish`](Self::finish), for an array of one axis: the rows' values one after the other.
    ///
    /// # Errors
    /// The writer's.
    pub fn finish_flat(self) -> io::Result<W> {
        let values = self.rows * self.layout().1 as u64;
        self.finish_as(&[values])
    }

    fn layout(&self) -> (NumberType, usize) {
        self.layout.unwrap_or(self.expected)
    }

    fn finish_as(mut self, shape: &[u64]) -> io::Result<W> {
        let header = padded_header(self.layout().0, shape, HEADER);
        self.writer.seek(SeekFrom::Start(0))?;
        self.writer.write_all(&header)?;
        self.writer.seek(SeekFrom::End(0))?;
        self.writer.flush()?;
        Ok(self.writer)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use half::{bf16, f16};

    use super::super::Header;
    use super::*;

    /// Magic, version and the length of the text.
    const PREFIX: usize = 10;

    fn file<T: Number>(rows: &[&[T]]) -> (String, Vec<u8>) {
        let mut npy = Writer::new(Cursor::new(Vec::new())).unwrap();
        rows.iter().for_each(|row| npy.write_row(row).unwrap());
        let bytes = npy.finish().unwrap().into_inner();
        assert_eq!(&bytes[..10], b"\x93NUMPY\x01\x00\x76\x00");
        (String::from_utf8(bytes[10..HEADER].to_vec()).unwrap(), bytes[HEADER..].to_vec())
    }

    #[test]
    fn headers_and_values_are_as_numpy_reads_them() {
        let (header, values) = file::<f32>(&[&[1.0, -2.0], &[0.5, 0.0], &[3.0, 4.0]]);
        assert_eq!(header.trim_end(), "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }");
        assert!(header.ends_with(" \n") && header.len() == HEADER - PREFIX);
        assert_eq!(&values[..8], [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
        assert_eq!(values.len(), 24);

        let (header, values) = file::<f16>(&[&[f16::ONE]]);
        assert!(header.contains("'<f2'") && header.contains("(1, 1)"));
        assert_eq!(values, [0, 0x3c]);
        assert_eq!(file::<i8>(&[&[-1, 1]]).1, [0xff, 1]);
        assert!(file::<u8>(&[&[7]]).0.contains("'|u1'"));
        assert!(file::<f32>(&[]).0.contains("(0, 0)"));
    }

    #[test]
    fn arrays_without_rows_are_as_expected() {
        let writer = || Writer::new(Cursor::new(Vec::new())).unwrap();
        let header = |written: io::Result<Cursor<Vec<u8>>>| Header::parse(&written.unwrap().into_inner()).unwrap();
        for number_type in [NumberType::F32, NumberType::F16, NumberType::I8, NumberType::U8, NumberType::I64] {
            let none = header(writer().expecting(number_type, 3).finish());
            assert_eq!((none.number_type(), none.shape()), (number_type, &[0, 3][..]));
            let flat = header(writer().expecting(number_type, 1).finish_flat());
            assert_eq!((flat.number_type(), flat.shape()), (number_type, &[0][..]));
        }
        assert_eq!(header(writer().expecting(NumberType::Bf16, 3).finish()).number_type(), NumberType::F32);
        // What comes is what counts.
        let mut npy = writer().expecting(NumberType::F16, 9);
        npy.write_row(&[7i64]).unwrap();
        npy.write_row(&[8i64]).unwrap();
        let some = header(npy.finish_flat());
        assert_eq!((some.number_type(), some.shape()), (NumberType::I64, &[2][..]));
    }

    #[test]
    fn rows_that_do_not_fit_are_refused() {
        let mut npy = Writer::new(Cursor::new(Vec::new())).unwrap();
        npy.write_row(&[1f32, 2.0]).unwrap();
        assert!(npy.write_row(&[1f32]).is_err());
        assert!(npy.write_row(&[1u8, 2]).is_err());
        let mut npy = Writer::new(Cursor::new(Vec::new())).unwrap();
        assert!(npy.write_row(&[bf16::ONE]).unwrap_err().to_string().contains("BF16"));
    }
}
