//! The multi-vector itself.

use super::element::Element;
use super::label::RowLabel;
use super::view::MultiVectorView;
use crate::{Error, Result};

/// One vector a token or patch: contiguous rows, `[rows, dim]` row-major, and what each stands for.
///
/// Values are finite. There may be no rows at all; such a value can be stored, not scored.
#[derive(Clone, Debug, PartialEq)]
pub struct MultiVector<E: Element = f32> {
    dim: usize,
    units: Vec<E::Unit>,
    scales: Vec<f32>,
    labels: Vec<RowLabel>,
}

impl MultiVector {
    /// Rows of `dim` values each, one after the other.
    ///
    /// # Errors
    /// [`Error::Empty`] if `dim` is 0; [`Error::PartialRow`]; [`Error::NotFinite`], in an [`Error::At`] that says
    /// which row.
    pub fn new(dim: usize, data: Vec<f32>) -> Result<Self> {
        Self::from_parts(dim, data, Vec::new())
    }

    /// Rows given one by one.
    ///
    /// # Errors
    /// As [`new`](Self::new); also if the rows differ in length or there are none, for then the
    /// width is not known.
    pub fn from_rows<R: AsRef<[f32]>>(rows: impl IntoIterator<Item = R>) -> Result<Self> {
        let mut rows = rows.into_iter();
        let first =
            rows.next().ok_or(Error::Empty { what: "the multi-vector", parts: "rows, so its width is not known" })?;
        let dim = first.as_ref().len();
        let mut data = first.as_ref().to_vec();
        for (at, row) in rows.enumerate() {
            let row = row.as_ref();
            if row.len() != dim {
                let width = Error::Width { what: "it", found: row.len(), other: "row 0", expected: dim };
                return Err(width.at("row", at + 1));
            }
            data.extend_from_slice(row);
        }
        Self::new(dim, data)
    }

    /// The rows, in order.
    pub fn rows(&self) -> std::slice::ChunksExact<'_, f32> {
        self.units.chunks_exact(self.dim)
    }

    /// One row.
    pub fn row(&self, at: usize) -> Option<&[f32]> {
        self.rows().nth(at)
    }

    /// Every value, row after row.
    pub fn as_slice(&self) -> &[f32] {
        &self.units
    }

    /// Other rows of the same width: finite values, and a label a row or none.
    pub(super) fn replaced(&self, units: Vec<f32>, labels: Vec<RowLabel>) -> Self {
        Self { dim: self.dim, units, scales: Vec::new(), labels }
    }

    /// Every value, row after row, without a copy.
    pub fn into_vec(self) -> Vec<f32> {
        self.units
    }
}

impl<E: Element> MultiVector<E> {
    /// Rows from their storage: [`Element::units_per_row`] units a row, and a scale a row if the
    /// element is [`SCALED`](Element::SCALED) (else none).
    ///
    /// # Errors
    /// As [`MultiVectorView::new`].
    pub fn from_parts(dim: usize, units: Vec<E::Unit>, scales: Vec<f32>) -> Result<Self> {
        MultiVectorView::<E>::new(dim, &units, &scales)?;
        Ok(Self { dim, units, scales, labels: Vec::new() })
    }

    /// Says what the rows stand for, one label a row.
    ///
    /// # Errors
    /// [`Error::Count`] if there is not one label a row.
    pub fn with_labels(mut self, labels: Vec<RowLabel>) -> Result<Self> {
        if labels.len() != self.len() {
            return Err(Error::Count { what: "labels", found: labels.len(), each: "rows", expected: self.len() });
        }
        self.labels = labels;
        Ok(self)
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.view().len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// How many dimensions a row has.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// What the rows stand for: one label a row, or none at all if [none were given](Self::with_labels).
    pub fn labels(&self) -> &[RowLabel] {
        &self.labels
    }

    /// The storage, row after row.
    pub fn units(&self) -> &[E::Unit] {
        &self.units
    }

    /// The scale of each row, if the element is [`SCALED`](Element::SCALED).
    pub fn scales(&self) -> &[f32] {
        &self.scales
    }

    /// The rows, without their labels.
    pub fn view(&self) -> MultiVectorView<'_, E> {
        MultiVectorView::of_checked(self.dim, &self.units, &self.scales)
    }

    /// How many bytes the rows take.
    pub fn size_in_bytes(&self) -> usize {
        size_of_val(self.units.as_slice()) + size_of_val(self.scales.as_slice())
    }

    /// The values as `f32`, labels kept.
    pub fn to_f32(&self) -> MultiVector {
        let mut buffer = Vec::new();
        let units = E::decode(self.dim, &self.units, &self.scales, &mut buffer).to_vec();
        self.recoded(units, Vec::new())
    }

    /// The same rows in another storage, labels kept.
    pub(super) fn recoded<T: Element>(&self, units: Vec<T::Unit>, scales: Vec<f32>) -> MultiVector<T> {
        MultiVector { dim: self.dim, units, scales, labels: self.labels.clone() }
    }
}

impl<'a, E: Element> From<&'a MultiVector<E>> for MultiVectorView<'a, E> {
    fn from(vectors: &'a MultiVector<E>) -> Self {
        vectors.view()
    }
}
