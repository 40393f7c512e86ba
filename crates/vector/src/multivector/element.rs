//! How the values of a row are stored: `f32`, `f16`, `i8` with a scale a row, or bits.

use half::f16;

use crate::number::{Number, NumberType, finite_f16_to_f32};
use crate::similarity::check_finite;
use crate::{Error, Result};

/// One dimension in one bit: 1 stands for +1, 0 for −1. 64 dimensions a word, the first in the
/// lowest bit; the bits past the last dimension are 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bit;

/// How a [`MultiVector`](super::MultiVector) stores its rows: `f32`, [`f16`](half::f16), `i8` or [`Bit`].
///
/// Whatever the storage, a row *means* the `f32` values that it decodes to, and scores are the
/// scores of those.
pub trait Element: sealed::Sealed + Copy + std::fmt::Debug + PartialEq + Send + Sync + 'static {
    /// What the storage is an array of.
    type Unit: Copy + std::fmt::Debug + PartialEq + Send + Sync + 'static;

    /// Whether each row has a scale that its units are multiplied with.
    const SCALED: bool = false;

    /// The type of the numbers that files hold units as: one number a unit, but of bits, whose words go as their bytes.
    #[doc(hidden)]
    const NUMBER_TYPE: NumberType;

    /// How many units a row of `dim` dimensions takes.
    fn units_per_row(dim: usize) -> usize {
        dim
    }

    /// The values of whole rows: the units themselves if they are `f32`, else decoded into `buffer`.
    #[doc(hidden)]
    fn decode<'a>(dim: usize, units: &'a [Self::Unit], scales: &[f32], buffer: &'a mut Vec<f32>) -> &'a [f32];

    /// Whether a row can be used: it must decode to finite values. `scale` counts if the element is scaled.
    #[doc(hidden)]
    fn check(dim: usize, row: &[Self::Unit], scale: f32) -> Result<()>;

    /// Adds the units' bytes, as files hold them.
    #[doc(hidden)]
    fn to_bytes(units: &[Self::Unit], bytes: &mut Vec<u8>);

    /// Adds the units that bytes hold.
    #[doc(hidden)]
    fn from_bytes(bytes: &[u8], units: &mut Vec<Self::Unit>);

    /// The words of the rows, if they are bits.
    #[doc(hidden)]
    fn words(_units: &[Self::Unit]) -> Option<&[u64]> {
        None
    }

    /// The bytes of the rows, if they are of 8 bits.
    #[doc(hidden)]
    fn bytes(_units: &[Self::Unit]) -> Option<&[i8]> {
        None
    }
}

impl Element for f32 {
    type Unit = f32;
    const NUMBER_TYPE: NumberType = <f32 as Number>::TYPE;

    fn to_bytes(units: &[f32], bytes: &mut Vec<u8>) {
        numbers_to_bytes(units, bytes);
    }

    fn from_bytes(bytes: &[u8], units: &mut Vec<f32>) {
        numbers_from_bytes(bytes, units);
    }

    #[inline(always)]
    fn decode<'a>(_dim: usize, units: &'a [f32], _scales: &[f32], _buffer: &'a mut Vec<f32>) -> &'a [f32] {
        units
    }

    fn check(_dim: usize, row: &[f32], _scale: f32) -> Result<()> {
        check_finite(row)
    }
}

impl Element for f16 {
    type Unit = f16;
    const NUMBER_TYPE: NumberType = <f16 as Number>::TYPE;

    fn to_bytes(units: &[f16], bytes: &mut Vec<u8>) {
        numbers_to_bytes(units, bytes);
    }

    fn from_bytes(bytes: &[u8], units: &mut Vec<f16>) {
        numbers_from_bytes(bytes, units);
    }

    #[inline(always)]
    fn decode<'a>(_dim: usize, units: &'a [f16], _scales: &[f32], buffer: &'a mut Vec<f32>) -> &'a [f32] {
        buffer.resize(units.len(), 0.0);
        for (value, unit) in buffer.iter_mut().zip(units) {
            *value = finite_f16_to_f32(*unit);
        }
        buffer
    }

    fn check(_dim: usize, row: &[f16], _scale: f32) -> Result<()> {
        if row.iter().fold(true, |finite, value| finite & value.is_finite()) {
            return Ok(());
        }
        match row.iter().position(|value| !value.is_finite()) {
            Some(at) => Err(Error::NotFinite { what: "dimension", at, value: row[at].to_f32() }),
            None => Ok(()),
        }
    }
}

impl Element for i8 {
    type Unit = i8;
    const SCALED: bool = true;
    const NUMBER_TYPE: NumberType = <i8 as Number>::TYPE;

    fn to_bytes(units: &[i8], bytes: &mut Vec<u8>) {
        numbers_to_bytes(units, bytes);
    }

    fn from_bytes(bytes: &[u8], units: &mut Vec<i8>) {
        numbers_from_bytes(bytes, units);
    }

    #[inline(always)]
    fn decode<'a>(dim: usize, units: &'a [i8], scales: &[f32], buffer: &'a mut Vec<f32>) -> &'a [f32] {
        buffer.resize(units.len(), 0.0);
        for ((row, decoded), &scale) in units.chunks_exact(dim).zip(buffer.chunks_exact_mut(dim)).zip(scales) {
            for (value, &unit) in decoded.iter_mut().zip(row) {
                *value = f32::from(unit) * scale;
            }
        }
        buffer
    }

    fn check(_dim: usize, row: &[i8], scale: f32) -> Result<()> {
        let value = |unit: i8| f32::from(unit) * scale;
        // Few scales are so large that the rows need a look.
        if value(i8::MIN).is_finite() {
            return Ok(());
        }
        match row.iter().position(|&unit| !value(unit).is_finite()) {
            Some(at) => Err(Error::NotFinite { what: "dimension", at, value: value(row[at]) }),
            None => Ok(()),
        }
    }

    fn bytes(units: &[i8]) -> Option<&[i8]> {
        Some(units)
    }
}

impl Element for Bit {
    type Unit = u64;
    const NUMBER_TYPE: NumberType = NumberType::U8;

    fn to_bytes(units: &[u64], bytes: &mut Vec<u8>) {
        bytes.extend(units.iter().flat_map(|word| word.to_le_bytes()));
    }

    fn from_bytes(bytes: &[u8], units: &mut Vec<u64>) {
        units.extend(bytes.as_chunks().0.iter().map(|&bytes| u64::from_le_bytes(bytes)));
    }

    fn units_per_row(dim: usize) -> usize {
        dim.div_ceil(64)
    }

    #[inline(always)]
    fn decode<'a>(dim: usize, units: &'a [u64], _scales: &[f32], buffer: &'a mut Vec<f32>) -> &'a [f32] {
        buffer.clear();
        for row in units.chunks_exact(Self::units_per_row(dim)) {
            for (at, &word) in row.iter().enumerate() {
                let dimensions = (dim - at * 64).min(64);
                // A clear bit becomes the sign bit of 1.0.
                let value = |bit| f32::from_bits(1.0_f32.to_bits() | ((!word >> bit & 1) as u32) << 31);
                buffer.extend((0..dimensions as u32).map(value));
            }
        }
        buffer
    }

    fn check(dim: usize, row: &[u64], _scale: f32) -> Result<()> {
        match row.last() {
            Some(last) if !dim.is_multiple_of(64) && last >> (dim % 64) != 0 => Err(Error::StrayBits { dim }),
            _ => Ok(()),
        }
    }

    fn words(units: &[u64]) -> Option<&[u64]> {
        Some(units)
    }
}

fn numbers_to_bytes<N: Number>(units: &[N], bytes: &mut Vec<u8>) {
    for unit in units {
        bytes.extend_from_slice(unit.to_cell().as_ref());
    }
}

fn numbers_from_bytes<N: Number>(bytes: &[u8], units: &mut Vec<N>) {
    units.extend(N::cells(bytes).iter().map(|&cell| N::from_cell(cell)));
}

mod sealed {
    /// Keeps others from implementing [`Element`](super::Element): the kernels are written for these four.
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for half::f16 {}
    impl Sealed for i8 {}
    impl Sealed for super::Bit {}
}
