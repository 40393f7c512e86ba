//! Numbers as files store them: little-endian, of a type that only the file names.

use std::fmt;
use std::marker::PhantomData;

use half::{bf16, f16};
use zerocopy::FromBytes;

use crate::dispatch::{Kernel, dispatch};

/// The types of numbers that files of vectors and weights hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NumberType {
    /// Double precision.
    F64,
    /// Single precision.
    F32,
    /// Half precision.
    F16,
    /// Half the bits of single precision, with its range.
    Bf16,
    /// Eight bytes, signed.
    I64,
    /// Four bytes, signed.
    I32,
    /// Two bytes, signed.
    I16,
    /// A byte, signed.
    I8,
    /// A byte.
    U8,
}

/// A number that files can hold.
pub trait Number: sealed::Sealed + Copy + Send + Sync + 'static {
    /// Which type it is.
    const TYPE: NumberType;

    /// Its bytes: an array of its size.
    type Bytes: Copy + AsRef<[u8]>;

    /// The cells of an array's bytes; what is left at their end is not a whole one.
    fn cells(bytes: &[u8]) -> &[Self::Bytes];

    /// The numbers of an array's bytes, where they lie; what is left at the end is not a whole one. None if they begin
    /// where no such number may, or if this machine has the bytes of a number in another order than files do.
    fn in_place(bytes: &[u8]) -> Option<&[Self]>;

    /// The number that a cell holds.
    fn from_cell(cell: Self::Bytes) -> Self;

    /// The cell that holds the number.
    fn to_cell(self) -> Self::Bytes;

    /// The nearest `f32`. Loops over it can be vectorised.
    fn to_f32(self) -> f32;

    /// The nearest `f64`.
    fn to_f64(self) -> f64;
}

/// A computation that is written once for all types of numbers; [`NumberType::dispatch`] chooses the type.
pub trait NumberTask {
    /// What is computed.
    type Output;

    /// Computes with numbers of type `N`. An implementation that is `#[inline(always)]` is compiled for the widest vectors
    /// of the machine that it runs on.
    fn run<N: Number>(self) -> Self::Output;
}

impl NumberType {
    const ALL: [Self; 9] =
        [Self::F64, Self::F32, Self::F16, Self::Bf16, Self::I64, Self::I32, Self::I16, Self::I8, Self::U8];

    /// The type of a name as safetensors files spell it, such as `BF16`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|number| number.name() == name)
    }

    /// The name that safetensors files have for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::F64 => "F64",
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
            Self::I64 => "I64",
            Self::I32 => "I32",
            Self::I16 => "I16",
            Self::I8 => "I8",
            Self::U8 => "U8",
        }
    }

    /// The type that NumPy describes so, such as `<f4`, if it is one of these.
    pub(crate) fn from_descr(descr: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|number| number.descr() == Some(descr))
    }

    /// How NumPy describes it; it has no `bf16`.
    pub(crate) fn descr(self) -> Option<&'static str> {
        match self {
            Self::F64 => Some("<f8"),
            Self::F32 => Some("<f4"),
            Self::F16 => Some("<f2"),
            Self::Bf16 => None,
            Self::I64 => Some("<i8"),
            Self::I32 => Some("<i4"),
            Self::I16 => Some("<i2"),
            Self::I8 => Some("|i1"),
            Self::U8 => Some("|u1"),
        }
    }

    /// How many bytes a number takes.
    pub fn size(self) -> usize {
        match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::Bf16 | Self::I16 => 2,
            Self::I8 | Self::U8 => 1,
        }
    }

    /// The numbers that bytes hold, each as the nearest `f32`.
    ///
    /// ```
    /// use embedkit_vector::number::NumberType;
    ///
    /// let bytes = [0x00, 0x3c, 0x00, 0xc0];
    /// assert_eq!(NumberType::F16.to_f32s(&bytes), [1.0, -2.0]);
    /// ```
    pub fn to_f32s(self, bytes: &[u8]) -> Vec<f32> {
        struct Read<'a>(&'a [u8]);
        impl NumberTask for Read<'_> {
            type Output = Vec<f32>;

            fn run<N: Number>(self) -> Vec<f32> {
                N::cells(self.0).iter().map(|&cell| N::from_cell(cell).to_f32()).collect()
            }
        }
        self.dispatch(Read(bytes))
    }

    /// The numbers that bytes hold, each as the nearest `f64`.
    pub fn to_f64s(self, bytes: &[u8]) -> Vec<f64> {
        struct Read<'a>(&'a [u8]);
        impl NumberTask for Read<'_> {
            type Output = Vec<f64>;

            fn run<N: Number>(self) -> Vec<f64> {
                N::cells(self.0).iter().map(|&cell| N::from_cell(cell).to_f64()).collect()
            }
        }
        self.dispatch(Read(bytes))
    }

    /// Runs a task with the Rust type of these numbers.
    pub fn dispatch<T: NumberTask>(self, task: T) -> T::Output {
        match self {
            Self::F64 => dispatch(Typed::<f64, T>(task, PhantomData)),
            Self::F32 => dispatch(Typed::<f32, T>(task, PhantomData)),
            Self::F16 => dispatch(Typed::<f16, T>(task, PhantomData)),
            Self::Bf16 => dispatch(Typed::<bf16, T>(task, PhantomData)),
            Self::I64 => dispatch(Typed::<i64, T>(task, PhantomData)),
            Self::I32 => dispatch(Typed::<i32, T>(task, PhantomData)),
            Self::I16 => dispatch(Typed::<i16, T>(task, PhantomData)),
            Self::I8 => dispatch(Typed::<i8, T>(task, PhantomData)),
            Self::U8 => dispatch(Typed::<u8, T>(task, PhantomData)),
        }
    }
}

/// A task with its type of numbers.
struct Typed<N, T>(T, PhantomData<N>);

impl<N: Number, T: NumberTask> Kernel for Typed<N, T> {
    type Output = T::Output;

    #[inline(always)]
    fn run<const FMA: bool, const TILE: usize>(self) -> T::Output {
        self.0.run::<N>()
    }
}

impl fmt::Display for NumberType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

macro_rules! numbers {
    ($($number:ty, $type:ident, |$value:ident| $to_f32:expr, $to_f64:expr;)*) => {$(
        impl sealed::Sealed for $number {}
        impl Number for $number {
            const TYPE: NumberType = NumberType::$type;
            type Bytes = [u8; size_of::<$number>()];

            #[inline]
            fn cells(bytes: &[u8]) -> &[Self::Bytes] {
                bytes.as_chunks().0
            }

            #[inline]
            fn in_place(bytes: &[u8]) -> Option<&[Self]> {
                let whole = Self::cells(bytes).as_flattened();
                if cfg!(target_endian = "little") { <[Self]>::ref_from_bytes(whole).ok() } else { None }
            }

            #[inline(always)]
            fn from_cell(cell: Self::Bytes) -> Self {
                Self::from_le_bytes(cell)
            }

            #[inline]
            fn to_cell(self) -> Self::Bytes {
                self.to_le_bytes()
            }

            #[inline(always)]
            fn to_f32(self) -> f32 {
                let $value = self;
                $to_f32
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                let $value = self;
                $to_f64
            }
        }
    )*};
}

numbers! {
    f64, F64, |value| value as f32, value;
    f32, F32, |value| value, f64::from(value);
    f16, F16, |value| f16_to_f32(value), f64::from(f16_to_f32(value));
    bf16, Bf16, |value| value.to_f32(), f64::from(value.to_f32());
    i64, I64, |value| value as f32, value as f64;
    i32, I32, |value| value as f32, f64::from(value);
    i16, I16, |value| f32::from(value), f64::from(value);
    i8, I8, |value| f32::from(value), f64::from(value);
    u8, U8, |value| f32::from(value), f64::from(value);
}

/// The value of an `f16`, without a branch: `half`'s conversion asks for the processor's features, which keeps loops
/// from being vectorised.
#[inline(always)]
fn f16_to_f32(value: f16) -> f32 {
    let half = u32::from(value.to_bits());
    let infinite_or_nan = half & 0x7c00 == 0x7c00;
    let same_bits = (half & 0x8000) << 16 | 0x7f80_0000 | (half & 0x7fff) << 13;
    if infinite_or_nan { f32::from_bits(same_bits) } else { finite_f16_to_f32(value) }
}

/// The value of an `f16` that is known to be finite.
#[inline(always)]
pub(crate) fn finite_f16_to_f32(value: f16) -> f32 {
    // The exponent of an f16 is biased by 112 less than that of an f32. Multiplying makes up for it, and makes
    // subnormal numbers normal ones.
    const TWO_TO_112: f32 = f32::from_bits((127 + 112) << 23);
    // Widened as a signed number, the sign lands where an f32 has it, and its copies below are cleared: four
    // instructions for as many values as a register holds.
    let widened = i32::from(value.to_bits() as i16) << 13;
    f32::from_bits(widened as u32 & 0x8fff_ffff) * TWO_TO_112
}

mod sealed {
    /// Keeps [`Number`](super::Number) to the types that [`NumberType`](super::NumberType) lists.
    pub trait Sealed {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_the_librarys() {
        for half in (0..=u16::MAX).map(f16::from_bits) {
            let (ours, expected) = (Number::to_f32(half), f16::to_f32(half));
            assert!(ours.to_bits() == expected.to_bits() || ours.is_nan() && expected.is_nan(), "{half}");
        }
    }

    #[test]
    fn every_type_has_its_names_and_its_size() {
        struct Size;
        impl NumberTask for Size {
            type Output = (NumberType, usize);

            fn run<N: Number>(self) -> (NumberType, usize) {
                (N::TYPE, size_of::<N::Bytes>())
            }
        }
        for number in NumberType::ALL {
            assert_eq!(number.dispatch(Size), (number, number.size()));
            assert_eq!(NumberType::from_name(&number.to_string()), Some(number));
            assert_eq!(number.descr().and_then(NumberType::from_descr), number.descr().map(|_| number));
        }
        assert_eq!(NumberType::from_name("F8_E4M3"), None);
        assert_eq!(NumberType::from_descr(">f4"), None);
    }

    /// Numbers are read where they lie wherever they may lie, and from nowhere else.
    fn in_place<N: Number>(values: &[N], bytes: &[u8]) {
        let size = size_of::<N>();
        let mut shifted = vec![0_u8; bytes.len() + 2 * size];
        let first = shifted.as_ptr().align_offset(align_of::<N>());
        for shift in 0..size {
            shifted[first + shift..][..bytes.len()].copy_from_slice(bytes);
            let found = N::in_place(&shifted[first + shift..][..bytes.len() + size - 1 - shift]);
            let may = shift % align_of::<N>() == 0 && cfg!(target_endian = "little");
            assert_eq!(found.is_some(), may, "{:?} {shift}", N::TYPE);
            for (found, value) in found.into_iter().flat_map(|found| found.iter().zip(values)) {
                assert_eq!(found.to_cell().as_ref(), value.to_cell().as_ref());
            }
            assert!(found.is_none_or(|found| found.len() == values.len()));
        }
    }

    #[test]
    fn numbers_are_read_and_written() {
        fn read<N: Number>(values: &[N]) -> (Vec<f32>, Vec<f64>) {
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_cell().as_ref().to_vec()).collect();
            in_place(values, &bytes);
            (N::TYPE.to_f32s(&bytes), N::TYPE.to_f64s(&bytes))
        }
        assert_eq!(read(&[0.1_f64, -2.0]), (vec![0.1, -2.0], vec![0.1, -2.0]));
        assert_eq!(read(&[0.5_f32, -2.0]), (vec![0.5, -2.0], vec![0.5, -2.0]));
        assert_eq!(read(&[0.5, -2.0].map(f16::from_f32)), (vec![0.5, -2.0], vec![0.5, -2.0]));
        assert_eq!(read(&[0.5, -2.0].map(bf16::from_f32)), (vec![0.5, -2.0], vec![0.5, -2.0]));
        assert_eq!(read(&[1_i64 << 40, -2]), (vec![2_f32.powi(40), -2.0], vec![2_f64.powi(40), -2.0]));
        assert_eq!(read(&[1_i32 << 30, -2]), (vec![2_f32.powi(30), -2.0], vec![2_f64.powi(30), -2.0]));
        assert_eq!(read(&[300_i16, -2]), (vec![300.0, -2.0], vec![300.0, -2.0]));
        assert_eq!(read(&[100_i8, -2]), (vec![100.0, -2.0], vec![100.0, -2.0]));
        assert_eq!(read(&[200_u8, 2]), (vec![200.0, 2.0], vec![200.0, 2.0]));
    }
}
