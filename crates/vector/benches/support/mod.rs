//! What the benches share.

use embedkit_vector::normalize;

/// Random numbers that are the same everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// Between 0 and 1.
    pub(crate) fn uniform(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 24) as f32
    }

    /// A direction in `dim` dimensions.
    pub(crate) fn unit_row(&mut self, dim: usize) -> Vec<f32> {
        unit((0..dim).map(|_| self.uniform() * 2.0 - 1.0).collect())
    }
}

/// The row, scaled to unit length.
pub(crate) fn unit(mut row: Vec<f32>) -> Vec<f32> {
    normalize(&mut row);
    row
}
