//! The header of a `.npy` file: what is in the array, and where.

use std::ops::Range;

use crate::number::NumberType;

const MAGIC: &[u8] = b"\x93NUMPY";
/// Magic, version 1.0, and the length of the text that follows.
const PREFIX: usize = MAGIC.len() + 4;
/// The same of versions 2.0 and 3.0, whose length takes four bytes.
const LONGEST_PREFIX: usize = MAGIC.len() + 6;
/// The values start at a multiple of this.
const ALIGNMENT: usize = 64;

/// What the header of a `.npy` file says of its array: type, shape, and where the values stand, row after row.
///
/// ```
/// use embedkit_vector::npy::{Header, Writer};
///
/// let mut npy = Writer::new(std::io::Cursor::new(Vec::new()))?;
/// npy.write_row(&[1f32, 2.0])?;
/// npy.write_row(&[3f32, 4.0])?;
/// let bytes = npy.finish()?.into_inner();
///
/// let header = Header::parse(&bytes)?;
/// assert_eq!(header.shape(), [2, 2]);
/// assert_eq!(header.number_type().to_f32s(&bytes[header.values()]), [1.0, 2.0, 3.0, 4.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    number_type: NumberType,
    shape: Vec<usize>,
    values: Range<usize>,
}

/// Why bytes are no `.npy` file that can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// They do not start as one.
    #[error("it is not a .npy file")]
    NotNpy,
    /// The header lacks an entry, or has it in a form that NumPy does not write.
    #[error("its header has no plain `{entry}`")]
    Entry {
        /// The entry's key.
        entry: &'static str,
    },
    /// The array is of a type that is not read, such as records, or numbers in big-endian order.
    #[error("it holds {found:?}, which is not read; convert it with .astype(numpy.float32)")]
    Type {
        /// The type, as NumPy describes it.
        found: String,
    },
    /// The array is stored column after column.
    #[error("it is stored column after column; store it with numpy.ascontiguousarray")]
    ColumnMajor,
    /// There are not as many bytes as the shape needs.
    #[error(
        "it has {bytes} bytes of values, which is not an array of {:?} of shape {shape:?}",
        number_type.descr().unwrap_or_default()
    )]
    Length {
        /// How many bytes follow the header.
        bytes: usize,
        /// The type of the numbers.
        number_type: NumberType,
        /// The shape that the header states.
        shape: Vec<usize>,
    },
}

impl Header {
    /// Reads the header of a whole file and checks that the values that it promises are there.
    ///
    /// # Errors
    /// Bytes that are no `.npy` file, of a version, type or order that is not read, or of another length.
    pub fn parse(bytes: &[u8]) -> Result<Self, HeaderError> {
        Self::of_file(bytes, bytes.len())
    }

    /// Reads the header of a file of `length` bytes from the first of them, and leaves the values unread.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), within the reader's.
    #[cfg(feature = "interchange")]
    pub(crate) fn read(file: &mut impl std::io::Read, length: usize) -> std::io::Result<Result<Self, HeaderError>> {
        use std::io::Read as _;
        let mut bytes = Vec::new();
        file.by_ref().take(LONGEST_PREFIX as u64).read_to_end(&mut bytes)?;
        if let Some(text) = text_range(&bytes) {
            file.by_ref().take(text.end.saturating_sub(bytes.len()) as u64).read_to_end(&mut bytes)?;
        }
        Ok(Self::of_file(&bytes, length))
    }

    /// The header that these first bytes of a file of so many hold.
    fn of_file(bytes: &[u8], length: usize) -> Result<Self, HeaderError> {
        let (text, start) = text(bytes).ok_or(HeaderError::NotNpy)?;
        let missing = |entry| HeaderError::Entry { entry };
        let descr = after(text, "descr").and_then(quoted).ok_or(missing("descr"))?;
        let number_type = NumberType::from_descr(descr).ok_or(HeaderError::Type { found: descr.to_owned() })?;
        let order = after(text, "fortran_order").ok_or(missing("fortran_order"))?;
        if !order.starts_with("False") {
            return Err(HeaderError::ColumnMajor);
        }
        let shape = after(text, "shape").and_then(tuple).ok_or(missing("shape"))?;
        let size = shape.iter().try_fold(number_type.size(), |size, &axis| size.checked_mul(axis));
        let values = start..length.max(start);
        if size == Some(values.len()) {
            Ok(Self { number_type, shape, values })
        } else {
            Err(HeaderError::Length { bytes: values.len(), number_type, shape })
        }
    }

    /// The type of the array's numbers.
    pub fn number_type(&self) -> NumberType {
        self.number_type
    }

    /// The array's sizes along its axes.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Where in the file's bytes the numbers stand.
    pub fn values(&self) -> Range<usize> {
        self.values.clone()
    }
}

/// What comes before the values of an array that NumPy has the type of, row by row, in version 1.0.
pub fn header(number_type: NumberType, shape: &[u64]) -> Vec<u8> {
    padded_header(number_type, shape, 0)
}

/// A whole file of one text, as NumPy's array of no axes: `numpy.load(…).item()` is its bytes. ASCII alone.
pub fn text_file(text: &str) -> Vec<u8> {
    let mut file = described(&format!("|S{}", text.len()), &[], 0);
    file.extend_from_slice(text.as_bytes());
    file
}

/// What comes before the values of an array, padded to at least `least` bytes. NumPy must have the type.
pub(super) fn padded_header(number_type: NumberType, shape: &[u64], least: usize) -> Vec<u8> {
    described(number_type.descr().unwrap_or_default(), shape, least)
}

fn described(descr: &str, shape: &[u64], least: usize) -> Vec<u8> {
    // As Python writes tuples: `(3, 2)`, but `(3,)`.
    let sizes: Vec<String> = shape.iter().map(u64::to_string).collect();
    let comma = if shape.len() == 1 { "," } else { "" };
    let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}{comma}), }}", sizes.join(", "));
    let length = (PREFIX + text.len() + 1).max(least).next_multiple_of(ALIGNMENT);
    let mut header = Vec::with_capacity(length);
    header.extend_from_slice(MAGIC);
    header.extend_from_slice(&[1, 0]);
    header.extend_from_slice(&((length - PREFIX) as u16).to_le_bytes());
    header.extend_from_slice(text.as_bytes());
    header.resize(length - 1, b' ');
    header.push(b'\n');
    header
}

/// The header's text, and where the values start.
fn text(bytes: &[u8]) -> Option<(&str, usize)> {
    let range = text_range(bytes)?;
    let end = range.end;
    Some((std::str::from_utf8(bytes.get(range)?).ok()?, end))
}

/// Where the header's text stands.
fn text_range(bytes: &[u8]) -> Option<Range<usize>> {
    let (version, rest) = bytes.strip_prefix(MAGIC)?.split_first_chunk::<2>()?;
    let (length, start) = match version[0] {
        1 => (u32::from(u16::from_le_bytes(*rest.first_chunk()?)), PREFIX),
        2 | 3 => (u32::from_le_bytes(*rest.first_chunk()?), LONGEST_PREFIX),
        _ => return None,
    };
    Some(start..start.checked_add(usize::try_from(length).ok()?)?)
}

/// What follows a key.
fn after<'h>(text: &'h str, key: &str) -> Option<&'h str> {
    let (_, rest) = text.split_once(&format!("'{key}':"))?;
    Some(rest.trim_start())
}

fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('\'')?.split_once('\'').map(|(quoted, _)| quoted)
}

/// The numbers of a tuple: `(3, 4, 2)`.
fn tuple(text: &str) -> Option<Vec<usize>> {
    let (numbers, _) = text.strip_prefix('(')?.split_once(')')?;
    numbers.split(',').map(str::trim).filter(|number| !number.is_empty()).map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn with_text(text: &str, values: &[u8]) -> Vec<u8> {
        let length = (text.len() as u16).to_le_bytes();
        [MAGIC, &[1, 0], &length[..], text.as_bytes(), values].concat()
    }

    fn floats(shape: &str, values: &[f32]) -> Vec<u8> {
        let values: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        with_text(&format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"), &values)
    }

    #[test]
    fn arrays_are_read() {
        let bytes = floats("(2, 3)", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let header = Header::parse(&bytes).unwrap();
        assert_eq!((header.number_type(), header.shape()), (NumberType::F32, &[2, 3][..]));
        assert_eq!(header.number_type().to_f32s(&bytes[header.values()]), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(Header::parse(&floats("(2,)", &[1.0, 2.0])).unwrap().shape(), [2]);
        assert!(Header::parse(&floats("()", &[1.0])).unwrap().shape().is_empty());

        // The second version has more room for the header's length.
        let text = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }";
        let bytes = [MAGIC, &[2, 0], &(text.len() as u32).to_le_bytes(), text, &[7]].concat();
        let header = Header::parse(&bytes).unwrap();
        assert_eq!((header.number_type(), &bytes[header.values()]), (NumberType::U8, &[7][..]));
    }

    #[test]
    fn what_is_no_array_is_refused() {
        let sized = |descr: &str, order: &str, values: &[u8]| {
            with_text(&format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': (1,), }}"), values)
        };
        for (bytes, expected) in [
            (b"{}".to_vec(), "not a .npy"),
            (b"\x93NUMPY\x01\x00\xff\xff{".to_vec(), "not a .npy"),
            (b"\x93NUMPY\x09\x00\x02\x00{}".to_vec(), "not a .npy"),
            (with_text("{}", &[]), "`descr`"),
            (sized("[('a', '<f4')]", "False", &[0; 4]), "`descr`"),
            (sized("'>f4'", "False", &[0; 4]), "\">f4\""),
            (sized("'<f4'", "True", &[0; 4]), "column after column"),
            (sized("'<f4'", "False", &[0; 3]), "3 bytes of values"),
            (floats("(2, 2)", &[0.0; 3]), "12 bytes of values"),
            (floats("(18446744073709551615, 9)", &[]), "0 bytes of values"),
            (floats("none", &[]), "`shape`"),
            (floats("(-1,)", &[]), "`shape`"),
        ] {
            let error = Header::parse(&bytes).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(shape in prop::collection::vec(0_u64..9, 0..5), least in 0_usize..300) {
            let mut bytes = padded_header(NumberType::F16, &shape, least);
            prop_assert!(bytes.len() >= least && bytes.len().is_multiple_of(ALIGNMENT));
            bytes.extend((0..shape.iter().product::<u64>()).flat_map(|_| [0, 0]));
            let read = Header::parse(&bytes).unwrap();
            prop_assert_eq!(read.shape().iter().map(|&size| size as u64).collect::<Vec<_>>(), shape);
            prop_assert_eq!(read.number_type(), NumberType::F16);
        }

        #[test]
        fn damage_is_never_a_panic(at in 0_usize..140, byte in any::<u8>()) {
            let mut bytes = floats("(2, 3)", &[1.0; 6]);
            let at = at % bytes.len();
            bytes[at] = byte;
            let _ = Header::parse(&bytes);
            let _ = Header::parse(&bytes[..at]);
        }
    }
}
