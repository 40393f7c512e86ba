//! Tensors of the reference, as their hash and a few values.

use serde::Deserialize;

use crate::largest_difference;

/// A tensor of the reference: its shape, a hash of its bits, and every `step`-th value.
#[derive(Deserialize)]
pub struct TensorGolden {
    shape: Vec<usize>,
    hash: String,
    step: usize,
    sample: Vec<f32>,
}

impl TensorGolden {
    /// Whether the tensor is this one, bit by bit.
    pub fn compare(&self, shape: &[usize], values: &[f32]) -> Result<(), String> {
        self.compare_within(1e-6, shape, values)?;
        let hash = hash(values);
        if hash == self.hash { Ok(()) } else { Err(format!("samples agree, the hash is {hash} and not {}", self.hash)) }
    }

    /// Whether the sampled values are within `tolerance`.
    pub fn compare_within(&self, tolerance: f32, shape: &[usize], values: &[f32]) -> Result<(), String> {
        if shape != self.shape {
            return Err(format!("shape {shape:?}, expected {:?}", self.shape));
        }
        let sample: Vec<f32> = values.iter().step_by(self.step).copied().collect();
        let far = largest_difference(&sample, &self.sample);
        if far <= tolerance {
            return Ok(());
        }
        let shown = |values: &[f32]| format!("{:?}", &values[..values.len().min(8)]);
        Err(format!("off by {far}: {} and not {}", shown(&sample), shown(&self.sample)))
    }
}

/// 64-bit FNV-1a over the values' bits.
fn hash(values: &[f32]) -> String {
    let hash = values.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, value| {
        (hash ^ u64::from(value.to_bits())).wrapping_mul(0x100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// The synthetic image of `tests/fixtures/generate/image_processors.py`.
pub fn pattern(width: u32, height: u32) -> Vec<u8> {
    let pixel = |x: i64, y: i64| {
        let noise = (x * 2_654_435_761 + y * 40_503) >> 7;
        let blue = if (x / 8 + y / 8) % 2 == 0 { x * y } else { noise };
        [7 * x + 3 * y, x * x + 5 * y, blue].map(|value| value.rem_euclid(256) as u8)
    };
    let row = |y: u32| (0..width).flat_map(move |x| pixel(x.into(), y.into()));
    (0..height).flat_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tensor_of_other_values_is_another() {
        let golden =
            |sample: &[f32]| TensorGolden { shape: vec![2], hash: hash(sample), step: 1, sample: sample.to_vec() };
        let expected = golden(&[1.0, 0.5]);
        assert_eq!(expected.compare(&[2], &[1.0, 0.5]), Ok(()));
        for wrong in [[1.0, 0.6], [f32::NAN, 0.5], [1.0, f32::NAN], [f32::INFINITY, 0.5]] {
            assert!(expected.compare_within(0.01, &[2], &wrong).is_err(), "{wrong:?}");
            assert!(golden(&wrong).compare_within(0.01, &[2], &[1.0, 0.5]).is_err(), "{wrong:?}");
        }
    }
}
