//! Smaller elements for the same rows.

use half::f16;

use super::element::{Bit, Element};
use super::value::MultiVector;
use crate::{Error, Result};

impl MultiVector {
    /// Half precision: each value rounded to the nearest `f16`, ties to even. Half the size; the
    /// ranking of the `compression` bench's sets does not change.
    ///
    /// # Errors
    /// [`Error::BeyondF16`] if a value's magnitude is above 65504, in an [`Error::At`] that says which row.
    pub fn to_f16(&self) -> Result<MultiVector<f16>> {
        let units: Vec<f16> = self.as_slice().iter().copied().map(f16::from_f32).collect();
        match units.iter().position(|value| value.is_infinite()) {
            Some(at) => Err(Error::BeyondF16 { value: self.as_slice()[at] }.at("row", at / self.dim())),
            None => Ok(self.recoded(units, Vec::new())),
        }
    }

    /// Eight bits: a row's scale is its largest magnitude / 127, and each value becomes
    /// round(value / scale), ties to even; it decodes to that times the scale, off by at most half
    /// a scale. A quarter of the size; of a query's ten best documents 99.8% stay (`compression`
    /// bench, generated set and MiniLM tokens of real texts). This is the symmetric, zero-point-free scheme of Jacob et
    /// al. 2018 (arXiv:1712.05877), one scale a row.
    pub fn to_int8(&self) -> MultiVector<i8> {
        let mut units = Vec::with_capacity(self.as_slice().len());
        let mut scales = Vec::with_capacity(self.len());
        for row in self.rows() {
            // 127 / largest would overflow for the smallest subnormal numbers; dividing does not.
            let scale = scale_for(largest(row));
            units.extend(row.iter().map(|&value| match scale {
                0.0 => 0,
                scale => (value / scale).round_ties_even().clamp(-127.0, 127.0) as i8,
            }));
            scales.push(scale);
        }
        self.recoded(units, scales)
    }

    /// One bit: 1 where the value is above 0. It decodes to ±1, so a dot product of two such rows
    /// is dim − 2 · their Hamming distance. A thirty-second of the size; of a query's ten best
    /// documents 90% stay (as above), 85% if the query is binary, too. This is the sign
    /// quantisation of Charikar 2002 (similarity estimation from rounding) without the rotation.
    pub fn to_binary(&self) -> MultiVector<Bit> {
        let mut units = Vec::with_capacity(self.len() * Bit::units_per_row(self.dim()));
        for row in self.rows() {
            units.extend(
                row.chunks(64)
                    .map(|chunk| chunk.iter().rev().fold(0_u64, |word, &value| word << 1 | u64::from(value > 0.0))),
            );
        }
        self.recoded(units, Vec::new())
    }
}

/// The largest magnitude of a row.
pub(super) fn largest(row: &[f32]) -> f32 {
    row.iter().fold(0.0, |largest, value| largest.max(value.abs()))
}

/// A row's scale: its largest magnitude / 127. Rounded down where 127 scales would be infinite, and up where a subnormal
/// scale would leave the largest value out.
fn scale_for(largest: f32) -> f32 {
    let scale = largest / 127.0;
    if (scale * 127.0).is_infinite() {
        scale.next_down()
    } else if scale < f32::MIN_POSITIVE && scale * 127.0 < largest {
        scale.next_up()
    } else {
        scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_values() {
        let vector = MultiVector::new(3, vec![1.0, -0.5, 0.0, 0.0, 0.0, 0.0]).unwrap();
        let int8 = vector.to_int8();
        // −63.5 is a tie; the even neighbour is −64.
        assert_eq!(int8.units(), [127, -64, 0, 0, 0, 0]);
        assert_eq!(int8.scales(), [1.0 / 127.0, 0.0]);
        assert_eq!(vector.to_binary().units(), [0b001, 0]);
        assert_eq!(vector.to_binary().to_f32().as_slice(), [1.0, -1.0, -1.0, -1.0, -1.0, -1.0]);
        assert_eq!(vector.to_f16().unwrap().to_f32(), vector);
    }

    #[test]
    fn f16_overflow_is_an_error() {
        let error = MultiVector::new(2, vec![0.0, 1.0, 65520.0, 0.0]).unwrap().to_f16().unwrap_err();
        assert!(error.to_string().contains("row 1"), "{error}");
    }

    proptest! {
        #[test]
        fn every_encoding_of_every_magnitude_is_finite_and_json(
            rows in prop::collection::vec(prop::array::uniform3(-1_f32..=1.0), 1..20),
            scale in prop::sample::select(vec![f32::MAX, 1e38, 65504.0, 1.0, 1e-30, 1e-38, 1e-42, 1e-44, 0.0]),
        ) {
            let vector = MultiVector::from_rows(rows.iter().map(|row| row.map(|value| value * scale))).unwrap();
            let int8 = vector.to_int8();
            for ((decoded, row), scale) in int8.to_f32().rows().zip(vector.rows()).zip(int8.scales()) {
                for (decoded, value) in decoded.iter().zip(row) {
                    let bound = f64::from(*scale) * 0.5001 + 1e-6 * f64::from(value.abs());
                    prop_assert!((f64::from(*decoded) - f64::from(*value)).abs() <= bound, "{value} became {decoded}");
                }
            }
            let parts = MultiVector::<i8>::from_parts(3, int8.units().to_vec(), int8.scales().to_vec()).unwrap();
            prop_assert_eq!(&parts, &int8);
            let mut decoded = vec![int8.to_f32(), vector.to_binary().to_f32()];
            match vector.to_f16() {
                Ok(half) => decoded.push(half.to_f32()),
                Err(error) => prop_assert!(error.to_string().contains("beyond what f16 holds"), "{error}"),
            }
            for vector in decoded {
                let json = serde_json::to_string(&vector).unwrap();
                prop_assert_eq!(serde_json::from_str::<MultiVector>(&json).unwrap(), vector);
            }
        }

        #[test]
        fn rows_that_decode_to_infinity_are_refused(units in prop::collection::vec(any::<i8>(), 1..20), scale in 1e36_f32..=f32::MAX) {
            let decoded: Vec<f32> = units.iter().map(|&unit| f32::from(unit) * scale).collect();
            let infinite = decoded.iter().position(|value| value.is_infinite());
            match MultiVector::<i8>::from_parts(units.len(), units, vec![scale]) {
                Ok(vector) => prop_assert!(infinite.is_none() && vector.to_f32().into_vec() == decoded),
                Err(error) => {
                    let expected = format!("row 0: dimension {} is", infinite.unwrap());
                    prop_assert!(error.to_string().starts_with(&expected), "{error}");
                }
            }
        }

        #[test]
        fn int8_is_off_by_half_a_scale(row in prop::collection::vec(-1e6_f32..1e6, 1..200)) {
            let vector = MultiVector::new(row.len(), row.clone()).unwrap();
            let int8 = vector.to_int8();
            for (decoded, value) in int8.to_f32().as_slice().iter().zip(&row) {
                prop_assert!((decoded - value).abs() <= int8.scales()[0] * 0.5001);
            }
        }

        #[test]
        fn bits_are_signs(row in prop::collection::vec(-1.0_f32..1.0, 1..200)) {
            let vector = MultiVector::new(row.len(), row.clone()).unwrap();
            let signs: Vec<f32> = row.iter().map(|&value| if value > 0.0 { 1.0 } else { -1.0 }).collect();
            prop_assert_eq!(vector.to_binary().to_f32().into_vec(), signs);
        }
    }
}
