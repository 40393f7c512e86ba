//! A multi-vector that lies elsewhere.

use super::element::Element;
use crate::{Error, Result};

/// Rows of a multi-vector that another owns: a mapped file, or a larger array. They are scored where they lie.
///
/// ```
/// use embedkit_vector::multivector::{MaxSim, MultiVector, MultiVectorView};
///
/// let query = MultiVector::from_rows([[1.0, 0.0], [0.0, 1.0]])?;
/// let rows = [1.0, 0.0, 0.6, 0.8, 0.0, 1.0]; // of two documents
/// let maxsim = MaxSim::new(&query)?;
/// assert_eq!(maxsim.score(MultiVectorView::<f32>::new(2, &rows[..4], &[])?)?, 1.8);
/// assert_eq!(maxsim.score(MultiVectorView::<f32>::new(2, &rows[4..], &[])?)?, 1.0);
/// # Ok::<(), embedkit_vector::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MultiVectorView<'a, E: Element = f32> {
    dim: usize,
    units: &'a [E::Unit],
    scales: &'a [f32],
}

impl<'a, E: Element> MultiVectorView<'a, E> {
    /// Rows in their storage: [`Element::units_per_row`] units a row, and a scale a row if the
    /// element is [`SCALED`](Element::SCALED) (else none).
    ///
    /// # Errors
    /// [`Error::Empty`] if `dim` is 0; [`Error::PartialRow`]; [`Error::Count`] if there are too few or too many
    /// scales; [`Error::NotFinite`] scales, or values that the rows decode to; [`Error::StrayBits`]. An [`Error::At`]
    /// says which row.
    pub fn new(dim: usize, units: &'a [E::Unit], scales: &'a [f32]) -> Result<Self> {
        if dim == 0 {
            return Err(Error::Empty { what: "the multi-vector", parts: "dimensions" });
        }
        let per_row = E::units_per_row(dim);
        if !units.len().is_multiple_of(per_row) {
            return Err(Error::PartialRow { values: units.len(), per_row });
        }
        let rows = units.len() / per_row;
        let expected = if E::SCALED { rows } else { 0 };
        if scales.len() != expected {
            return Err(Error::Count { what: "scales", found: scales.len(), each: "rows that are scaled", expected });
        }
        if let Some(at) = scales.iter().position(|scale| !scale.is_finite()) {
            return Err(Error::NotFinite { what: "the scale of row", at, value: scales[at] });
        }
        for (at, row) in units.chunks_exact(per_row).enumerate() {
            let scale = scales.get(at).copied().unwrap_or(1.0);
            E::check(dim, row, scale).map_err(|error| error.at("row", at))?;
        }
        Ok(Self { dim, units, scales })
    }

    /// Rows that were checked before.
    pub(super) fn of_checked(dim: usize, units: &'a [E::Unit], scales: &'a [f32]) -> Self {
        Self { dim, units, scales }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.units.len() / E::units_per_row(self.dim)
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// How many dimensions a row has.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The storage, row after row.
    pub fn units(&self) -> &'a [E::Unit] {
        self.units
    }

    /// The scale of each row, if the element is [`SCALED`](Element::SCALED).
    pub fn scales(&self) -> &'a [f32] {
        self.scales
    }

    /// The values of the rows `from..to` as `f32`.
    #[inline(always)]
    pub(super) fn decode<'b>(&self, from: usize, to: usize, buffer: &'b mut Vec<f32>) -> &'b [f32]
    where
        'a: 'b,
    {
        let per_row = E::units_per_row(self.dim);
        let scales = if E::SCALED { &self.scales[from..to] } else { &[] };
        E::decode(self.dim, &self.units[from * per_row..to * per_row], scales, buffer)
    }
}
