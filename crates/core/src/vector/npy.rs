//! Writes arrays in NumPy's `.npy` format.
//!
//! Format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>, version 1.0.

use std::io::{self, Seek, SeekFrom, Write};

use half::f16;

/// The header's length: enough for any shape, and a multiple of 64, as the format asks.
const HEADER: usize = 128;
/// What comes before the header's text: magic, version, length of the text.
const PREFIX: usize = 10;

/// A value that `.npy` files can hold.
pub trait NpyElement: sealed::Sealed + Copy {
    /// The name of its type in the header, as `<f4`.
    const DESCR: &'static str;

    /// The value's bytes in little-endian order, at the end of `bytes`.
    #[doc(hidden)]
    fn append(self, bytes: &mut Vec<u8>);
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! elements {
    ($($element:ty, $descr:literal;)*) => {$(
        impl sealed::Sealed for $element {}
        impl NpyElement for $element {
            const DESCR: &'static str = $descr;

            fn append(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
        }
    )*};
}

elements! {
    f32, "<f4";
    f16, "<f2";
    i8, "|i1";
    u8, "|u1";
}

/// Writes a two-dimensional array, row by row; the number of rows need not be known before.
///
/// ```
/// use embedkit_core::vector::NpyWriter;
///
/// # fn main() -> std::io::Result<()> {
/// let mut npy = NpyWriter::new(std::io::Cursor::new(Vec::new()))?;
/// npy.write_row(&[1f32, 2.0, 3.0])?;
/// npy.write_row(&[4f32, 5.0, 6.0])?;
/// let file = npy.finish()?.into_inner();
/// assert_eq!(file.len(), 128 + 2 * 3 * 4);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct NpyWriter<W: Write + Seek> {
    writer: W,
    /// Type and width, which the first row fixes.
    layout: Option<(&'static str, usize)>,
    rows: u64,
    bytes: Vec<u8>,
}

impl<W: Write + Seek> NpyWriter<W> {
    /// Begins an array at the start of `writer`.
    ///
    /// # Errors
    /// The writer's.
    pub fn new(mut writer: W) -> io::Result<Self> {
        writer.write_all(&[0; HEADER])?;
        Ok(Self { writer, layout: None, rows: 0, bytes: Vec::new() })
    }

    /// Writes a row. The first one fixes the array's type and width.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] when the row has another type or width; the writer's.
    pub fn write_row<T: NpyElement>(&mut self, row: &[T]) -> io::Result<()> {
        let (descr, width) = *self.layout.get_or_insert((T::DESCR, row.len()));
        if (descr, width) != (T::DESCR, row.len()) {
            let message =
                format!("a row of {} values of type {} in an array of {width} of {descr}", row.len(), T::DESCR);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        self.bytes.clear();
        row.iter().for_each(|value| value.append(&mut self.bytes));
        self.writer.write_all(&self.bytes)?;
        self.rows += 1;
        Ok(())
    }

    /// Writes the header, which has the number of rows, and gives the writer back. An array without
    /// rows has the shape (0, 0) and the type `f32`.
    ///
    /// # Errors
    /// The writer's.
    pub fn finish(mut self) -> io::Result<W> {
        let (descr, width) = self.layout.unwrap_or((f32::DESCR, 0));
        let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}, {width}), }}", self.rows);
        let mut header = Vec::with_capacity(HEADER);
        header.extend_from_slice(b"\x93NUMPY\x01\x00");
        header.extend_from_slice(&((HEADER - PREFIX) as u16).to_le_bytes());
        header.extend_from_slice(text.as_bytes());
        header.resize(HEADER - 1, b' ');
        header.push(b'\n');
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

    use super::*;

    fn file<T: NpyElement>(rows: &[&[T]]) -> (String, Vec<u8>) {
        let mut npy = NpyWriter::new(Cursor::new(Vec::new())).unwrap();
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
    fn rows_that_do_not_fit_are_refused() {
        let mut npy = NpyWriter::new(Cursor::new(Vec::new())).unwrap();
        npy.write_row(&[1f32, 2.0]).unwrap();
        assert!(npy.write_row(&[1f32]).is_err());
        assert!(npy.write_row(&[1u8, 2]).is_err());
    }
}
