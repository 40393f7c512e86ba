//! numpy's format of one array (NEP 1).

use std::fmt::Write as _;

use crate::BoxError;

const MAGIC: &[u8] = b"\x93NUMPY";
/// The data starts at a multiple of this.
const ALIGNMENT: usize = 64;

/// What comes before the data of a row-major array, in version 1.0.
pub(super) fn header(dtype: &str, shape: &[usize]) -> Vec<u8> {
    let mut sizes = String::new();
    for size in shape {
        // Python's tuple of one has a comma, too.
        let _ = write!(sizes, "{size}, ");
    }
    let mut text = format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': ({}), }}", sizes.trim_end());
    let before = MAGIC.len() + 4;
    let length = (before + text.len() + 1).next_multiple_of(ALIGNMENT) - before;
    text += &" ".repeat(length - text.len() - 1);
    text.push('\n');
    [MAGIC, &[1, 0], &(length as u16).to_le_bytes(), text.as_bytes()].concat()
}

/// The shape and data of an array of this type.
pub(super) fn parse<'a>(dtype: &str, width: usize, bytes: &'a [u8]) -> Result<(Vec<usize>, &'a [u8]), BoxError> {
    let (text, data) = split(bytes).ok_or("it is no numpy array")?;
    let text = std::str::from_utf8(text)?;
    let found = after(text, "'descr':").and_then(|rest| rest.split('\'').nth(1)).ok_or("its type is not plain")?;
    if found != dtype {
        return Err(format!("its type is {found:?}; it must be {dtype:?}").into());
    }
    if !after(text, "'fortran_order':").is_some_and(|rest| rest.starts_with("False")) {
        return Err("it is stored column after column; store it with np.ascontiguousarray".into());
    }
    let shape = after(text, "'shape':").and_then(|rest| rest.strip_prefix('(')).and_then(|rest| rest.split(')').next());
    let sizes = shape.ok_or("it has no shape")?.split(',').map(str::trim).filter(|size| !size.is_empty());
    let shape: Vec<usize> = sizes.map(str::parse).collect::<Result<_, _>>()?;
    let wanted = shape.iter().try_fold(width, |product, &size| product.checked_mul(size));
    if wanted != Some(data.len()) {
        return Err(format!("it has {} bytes of data, which is not its shape {shape:?}", data.len()).into());
    }
    Ok((shape, data))
}

/// The header's text and the data.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (version, rest) = bytes.strip_prefix(MAGIC)?.split_at_checked(2)?;
    let (length, rest) = match version[0] {
        1 => rest.split_first_chunk::<2>().map(|(length, rest)| (u16::from_le_bytes(*length).into(), rest))?,
        _ => rest.split_first_chunk::<4>().map(|(length, rest)| (u32::from_le_bytes(*length), rest))?,
    };
    rest.split_at_checked(length as usize)
}

fn after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.split_once(key).map(|(_, rest)| rest.trim_start())
}
