//! Smaller encodings of dense vectors: half precision, calibrated bytes, packed bits.

use half::f16;

use crate::similarity::check_finite;
use crate::{Error, Result};

/// The vector in half precision: each value rounded to the nearest `f16`, ties to even.
///
/// # Errors
/// [`Error::NotFinite`]; [`Error::BeyondF16`] if a value's magnitude is above 65504, in an [`Error::At`] that says
/// which dimension.
pub fn to_f16(vector: &[f32]) -> Result<Vec<f16>> {
    let halves: Vec<f16> = vector.iter().copied().map(f16::from_f32).collect();
    match halves.iter().position(|half| !half.is_finite()) {
        Some(at) => {
            check_finite(vector)?;
            Err(Error::BeyondF16 { value: vector[at] }.at("dimension", at))
        }
        None => Ok(halves),
    }
}

/// One bit a value, set where it is above zero, eight to a byte, first value in the highest bit (as
/// numpy's `packbits` and sentence-transformers' `ubinary`). A last partial byte is filled with zeros.
pub fn pack_binary(vector: &[f32]) -> Vec<u8> {
    let byte = |values: &[f32]| {
        values.iter().enumerate().fold(0u8, |byte, (bit, value)| byte | (u8::from(*value > 0.0) << (7 - bit)))
    };
    vector.chunks(8).map(byte).collect()
}

/// Most that a value of a normalised vector may be beyond 1 by rounding.
const ROUNDING: f32 = 1e-5;

/// A normalised vector as signed bytes: -1 is -128 and 1 is 127, whatever else there is, so that bytes of different runs can be
/// compared. [`Int8Calibration`] is for other vectors.
///
/// # Errors
/// [`Error::NotFinite`]; [`Error::BeyondInt8`] if a value is not in -1..=1, in an [`Error::At`] that says which dimension.
pub fn unit_to_int8(vector: &[f32]) -> Result<Vec<i8>> {
    let bytes = Int8Calibration::uniform(vector.len(), -1.0, 1.0)?.encode(vector)?;
    match vector.iter().position(|value| value.abs() > 1.0 + ROUNDING) {
        Some(at) => Err(Error::BeyondInt8 { value: vector[at] }.at("dimension", at)),
        None => Ok(bytes),
    }
}

/// How values are mapped to signed bytes: each dimension's range in a calibration set becomes
/// -128..=127. The ranges are those of sentence-transformers' `quantize_embeddings`, which then cuts off what is behind the
/// point; here a value becomes the nearest byte, so that about half of all bytes differ by one.
#[derive(Clone, Debug, PartialEq)]
pub struct Int8Calibration {
    lowest: Vec<f32>,
    steps: Vec<f32>,
}

impl Int8Calibration {
    /// Ranges taken from vectors; about a thousand typical ones are enough.
    ///
    /// # Errors
    /// [`Error::Empty`] when there are none; [`Error::Width`] when their widths differ, and [`Error::NotFinite`], in an
    /// [`Error::At`] that says which vector.
    pub fn from_vectors<V: AsRef<[f32]>>(vectors: impl IntoIterator<Item = V>) -> Result<Self> {
        let (mut lowest, mut highest): (Vec<f32>, Vec<f32>) = (Vec::new(), Vec::new());
        for (at, vector) in vectors.into_iter().enumerate() {
            let vector = vector.as_ref();
            check_finite(vector).map_err(|error| error.at("vector", at))?;
            if at == 0 {
                (lowest, highest) = (vector.to_vec(), vector.to_vec());
            }
            check_width(lowest.len(), vector).map_err(|error| error.at("vector", at))?;
            for ((value, lowest), highest) in vector.iter().zip(&mut lowest).zip(&mut highest) {
                *lowest = lowest.min(*value);
                *highest = highest.max(*value);
            }
        }
        if lowest.is_empty() {
            return Err(Error::Empty { what: "the calibration set", parts: "values" });
        }
        Ok(Self::from_bounds(lowest, &highest))
    }

    /// The same range for every dimension: normalised vectors' values lie in -1..=1.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] when the range is empty or not finite.
    pub fn uniform(dim: usize, lowest: f32, highest: f32) -> Result<Self> {
        if !(lowest.is_finite() && highest.is_finite() && lowest < highest) {
            let range = format!("{lowest} to {highest}");
            return Err(Error::option("lowest, highest", range, "finite, and the lowest below the highest"));
        }
        Ok(Self::from_bounds(vec![lowest; dim], &vec![highest; dim]))
    }

    fn from_bounds(lowest: Vec<f32>, highest: &[f32]) -> Self {
        let step = |(lowest, highest): (&f32, &f32)| {
            let range = highest - lowest;
            // The widest ranges are beyond f32, their steps are not.
            let step = if range.is_finite() { range / 255.0 } else { highest / 255.0 - lowest / 255.0 };
            step.max(f32::MIN_POSITIVE)
        };
        let steps = lowest.iter().zip(highest).map(step).collect();
        Self { lowest, steps }
    }

    /// The vector as bytes; values outside the calibrated range become the nearest byte.
    ///
    /// # Errors
    /// [`Error::Width`] when the width is not the calibration's; [`Error::NotFinite`].
    pub fn encode(&self, vector: &[f32]) -> Result<Vec<i8>> {
        check_width(self.lowest.len(), vector)?;
        check_finite(vector)?;
        let byte = |((&value, &lowest), &step): ((&f32, &f32), &f32)| {
            let above = value - lowest;
            let level = if above.is_finite() { above / step } else { value / step - lowest / step };
            (level - 128.0).round_ties_even().clamp(-128.0, 127.0) as i8
        };
        Ok(vector.iter().zip(&self.lowest).zip(&self.steps).map(byte).collect())
    }

    /// The values that bytes stand for, each within half a step of the original.
    ///
    /// # Errors
    /// [`Error::Width`] when the width is not the calibration's.
    pub fn decode(&self, bytes: &[i8]) -> Result<Vec<f32>> {
        check_width(self.lowest.len(), bytes)?;
        // In f64, so that neither the products nor the sums of the widest ranges are beyond it.
        let value = |((&byte, &lowest), &step): ((&i8, &f32), &f32)| {
            let value = (f64::from(byte) + 128.0) * f64::from(step) + f64::from(lowest);
            (value as f32).clamp(f32::MIN, f32::MAX)
        };
        Ok(bytes.iter().zip(&self.lowest).zip(&self.steps).map(value).collect())
    }
}

fn check_width<T>(expected: usize, vector: &[T]) -> Result<()> {
    let found = vector.len();
    if found == expected {
        Ok(())
    } else {
        Err(Error::Width { what: "the vector", found, other: "the calibration", expected })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bits_are_packed_from_the_highest() {
        assert_eq!(pack_binary(&[1.0, -1.0, 0.0, 0.5, 0.0, 0.0, 0.0, 2.0, 3.0]), [0b1001_0001, 0b1000_0000]);
        assert_eq!(pack_binary(&[]), Vec::<u8>::new());
    }

    #[test]
    fn calibrations_that_cannot_be_are_refused() {
        assert!(Int8Calibration::from_vectors(Vec::<Vec<f32>>::new()).is_err());
        assert!(Int8Calibration::from_vectors([vec![1.0], vec![1.0, 2.0]]).is_err());
        assert!(Int8Calibration::uniform(4, 1.0, 1.0).is_err());
        assert!(Int8Calibration::uniform(4, f32::NAN, 1.0).is_err());
        assert!(Int8Calibration::uniform(4, -1.0, 1.0).unwrap().encode(&[0.0]).is_err());
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let named = |error: Error, expected: &str| {
                assert_eq!(error.to_string(), format!("{expected} is {bad}, and must be finite"))
            };
            named(Int8Calibration::from_vectors([[0.0, 1.0], [1.0, bad]]).unwrap_err(), "vector 1: dimension 1");
            named(Int8Calibration::uniform(2, -1.0, 1.0).unwrap().encode(&[bad, 0.0]).unwrap_err(), "dimension 0");
            named(to_f16(&[0.0, 0.0, bad]).unwrap_err(), "dimension 2");
        }
        assert!(to_f16(&[1.0, 65520.0]).unwrap_err().to_string().starts_with("dimension 1: 65520 is beyond"));
    }

    #[test]
    fn normalised_vectors_have_one_range() {
        assert_eq!(unit_to_int8(&[1.0, -1.0, 0.5, -0.25, 0.0, 1.000_001]).unwrap(), [127, -128, 63, -32, -1, 127]);
        assert!(unit_to_int8(&[]).unwrap().is_empty());
        for (vector, message) in [
            ([0.0, 1.001], "dimension 1: 1.001 is beyond what int8 covers, -1 to 1"),
            ([-7.0, 0.0], "dimension 0: -7 is beyond what int8 covers, -1 to 1"),
            ([2.0, f32::NAN], "dimension 1 is NaN, and must be finite"),
        ] {
            assert_eq!(unit_to_int8(&vector).unwrap_err().to_string(), message);
        }
    }

    proptest! {
        #[test]
        fn bytes_of_any_range_stand_for_nearly_the_same_values(
            vectors in prop::collection::vec(prop::collection::vec(-1f32..=1.0, 6), 2..20),
            scale in prop::sample::select(vec![f32::MAX, 1e38, 1.0, 1e-30, 1e-38, 1e-44, 0.0]),
        ) {
            let scaled = |vector: &Vec<f32>| vector.iter().map(|value| value * scale).collect::<Vec<f32>>();
            let vectors: Vec<Vec<f32>> = vectors.iter().map(scaled).collect();
            let calibration = Int8Calibration::from_vectors(&vectors).unwrap();
            for vector in &vectors {
                let back = calibration.decode(&calibration.encode(vector).unwrap()).unwrap();
                for ((a, b), step) in vector.iter().zip(&back).zip(&calibration.steps) {
                    prop_assert!(b.is_finite() && (a - b).abs() <= step * 0.51 + scale * 1e-6, "{a} became {b}");
                }
            }
        }

        #[test]
        fn halves_are_finite_and_near(vector in prop::collection::vec(-65504f32..=65504.0, 0..50)) {
            for (half, value) in to_f16(&vector).unwrap().iter().zip(&vector) {
                prop_assert!((half.to_f32() - value).abs() <= value.abs() / 2048.0 + 3e-8);
            }
        }

        #[test]
        fn bytes_stand_for_nearly_the_same_values(
            vectors in prop::collection::vec(prop::collection::vec(-1f32..1.0, 6), 2..20)
        ) {
            let calibration = Int8Calibration::from_vectors(&vectors).unwrap();
            for vector in &vectors {
                let back = calibration.decode(&calibration.encode(vector).unwrap()).unwrap();
                for ((a, b), step) in vector.iter().zip(&back).zip(&calibration.steps) {
                    prop_assert!((a - b).abs() <= step * 0.51 + 1e-6);
                }
            }
        }
    }
}
