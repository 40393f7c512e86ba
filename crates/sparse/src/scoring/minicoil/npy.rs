//! NumPy's `.npy` files, as far as encoders need them (NumPy Enhancement Proposal 1).

use half::f16;

/// Where the values of an array of floats stand in a file's bytes.
#[derive(Debug)]
pub(super) struct Array {
    pub(super) shape: Vec<usize>,
    start: usize,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    F16,
    F32,
}

impl Kind {
    fn size(self) -> usize {
        match self {
            Self::F16 => 2,
            Self::F32 => 4,
        }
    }
}

impl Array {
    /// Reads the header; the error says what is wrong.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let (header, start) = header(bytes).ok_or("is not a .npy file")?;
        let kind = match after(header, "'descr':").and_then(quoted) {
            Some("<f2") => Kind::F16,
            Some("<f4") => Kind::F32,
            other => return Err(format!("holds {}, not 16- or 32-bit floats", other.unwrap_or("records"))),
        };
        if !after(header, "'fortran_order':").is_some_and(|rest| rest.starts_with("False")) {
            return Err("is not in C order".to_owned());
        }
        let shape = after(header, "'shape':").and_then(tuple).ok_or("has no shape")?;
        let values = shape.iter().try_fold(1_usize, |size, axis| size.checked_mul(*axis));
        let size = values.and_then(|values| values.checked_mul(kind.size()));
        match size {
            Some(size) if bytes.len() - start == size => Ok(Self { shape, start, kind }),
            _ => Err(format!("holds {} bytes, which are not an array of shape {shape:?}", bytes.len() - start)),
        }
    }

    /// `count` values of the file's bytes from the one at `from`.
    pub(super) fn values<'b>(&self, bytes: &'b [u8], from: usize, count: usize) -> impl Iterator<Item = f32> + use<'b> {
        let (kind, size) = (self.kind, self.kind.size());
        bytes[self.start + from * size..][..count * size].chunks_exact(size).map(move |value| match kind {
            Kind::F16 => f16::from_le_bytes([value[0], value[1]]).to_f32(),
            Kind::F32 => f32::from_le_bytes([value[0], value[1], value[2], value[3]]),
        })
    }
}

/// The header's text and where the values start.
fn header(bytes: &[u8]) -> Option<(&str, usize)> {
    let rest = bytes.strip_prefix(b"\x93NUMPY")?;
    let (version, rest) = rest.split_first_chunk::<2>()?;
    let (length, rest) = match version[0] {
        1 => rest.split_first_chunk::<2>().map(|(length, rest)| (usize::from(u16::from_le_bytes(*length)), rest))?,
        _ => {
            let (length, rest) = rest.split_first_chunk::<4>()?;
            (usize::try_from(u32::from_le_bytes(*length)).ok()?, rest)
        }
    };
    let header = std::str::from_utf8(rest.get(..length)?).ok()?;
    Some((header, bytes.len() - rest.len() + length))
}

fn after<'h>(header: &'h str, key: &str) -> Option<&'h str> {
    header.split_once(key).map(|(_, rest)| rest.trim_start())
}

fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('\'')?.split('\'').next()
}

/// The numbers of a tuple: `(3, 4, 2)`.
fn tuple(text: &str) -> Option<Vec<usize>> {
    let (numbers, _) = text.strip_prefix('(')?.split_once(')')?;
    numbers.split(',').map(str::trim).filter(|number| !number.is_empty()).map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A file of 32-bit floats, as `numpy.save` writes it.
    pub(in super::super) fn file(shape: &str, values: &[f32]) -> Vec<u8> {
        with_header(
            &format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"),
            &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>(),
        )
    }

    fn with_header(header: &str, values: &[u8]) -> Vec<u8> {
        let length = (header.len() as u16).to_le_bytes();
        [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), values].concat()
    }

    #[test]
    fn values_are_read() {
        let bytes = file("(2, 3)", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let array = Array::parse(&bytes).unwrap();
        assert_eq!(array.shape, [2, 3]);
        assert_eq!(array.values(&bytes, 3, 2).collect::<Vec<_>>(), [4.0, 5.0]);

        let halves = [f16::from_f32(0.5), f16::from_f32(-2.0)].map(f16::to_le_bytes).concat();
        let bytes = with_header("{'descr': '<f2', 'fortran_order': False, 'shape': (2,), }", &halves);
        assert_eq!(Array::parse(&bytes).unwrap().values(&bytes, 0, 2).collect::<Vec<_>>(), [0.5, -2.0]);
    }

    #[test]
    fn wrong_files_are_refused() {
        for (bytes, expected) in [
            (b"{}".to_vec(), "not a .npy"),
            (b"\x93NUMPY\x01\x00\xff\xff{".to_vec(), "not a .npy"),
            (with_header("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", &[0; 8]), "holds <f8"),
            (with_header("{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }", &[0; 4]), "C order"),
            (file("(2, 2)", &[0.0; 3]), "holds 12 bytes"),
            (file("(18446744073709551615, 9)", &[]), "holds 0 bytes"),
            (file("none", &[]), "no shape"),
        ] {
            let error = Array::parse(&bytes).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
