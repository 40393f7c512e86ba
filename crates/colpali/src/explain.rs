//! Where on a page a query finds what it asks for.

use std::collections::BTreeMap;

use embedkit_core::multivector::{MultiVector, RowLabel};
use embedkit_core::{Error, Result};
use embedkit_image::ImageInput;

use crate::heat_map::HeatMap;

/// How similar each patch of a page is to a query, or to one of its tokens: the dot products of
/// which MaxSim takes the best (section 5.3 of ColPali, <https://arxiv.org/abs/2407.01449>).
///
/// ```
/// use embedkit_colpali::explain::SimilarityMap;
/// use embedkit_colpali::{MultiVector, RowLabel};
///
/// let query = MultiVector::from_rows([[1.0, 0.0]])?;
/// let patch = |row, column| RowLabel::Patch { tile: None, row, column };
/// let page = MultiVector::from_rows([[0.0, 1.0], [1.0, 0.0]])?.with_labels(vec![patch(0, 0), patch(0, 1)])?;
/// let map = SimilarityMap::of_query(&query, &page)?;
/// assert_eq!(map.at(0, 1), Some(1.0));
/// assert_eq!(map.top(1)[0].column, 1);
/// # Ok::<(), embedkit_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SimilarityMap {
    rows: usize,
    columns: usize,
    /// Row by row; none for patches that the page has no vector of.
    similarities: Vec<Option<f32>>,
}

/// A patch, and where on the page it is: its box in shares of the page's width and height, from the
/// upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct PatchBox {
    /// The patch's row, from the top.
    pub row: usize,
    /// The patch's column, from the left.
    pub column: usize,
    /// How similar it is.
    pub similarity: f32,
    /// The box's left side.
    pub left: f32,
    /// The box's upper side.
    pub top: f32,
    /// The box's width.
    pub width: f32,
    /// The box's height.
    pub height: f32,
}

impl SimilarityMap {
    /// The map of one row of a query: of one token, which the query's labels name.
    ///
    /// # Errors
    /// As [`of_query`](Self::of_query), and when the query has no such row.
    pub fn of_token(query: &MultiVector, row: usize, page: &MultiVector) -> Result<Self> {
        let rows = query.len();
        let token = query.row(row).ok_or_else(|| Error::Vector(format!("the query has no row {row}, but {rows}")))?;
        Self::new(&[token], page)
    }

    /// The map of each row of a query, in their order.
    ///
    /// # Errors
    /// As [`of_query`](Self::of_query).
    pub fn of_tokens(query: &MultiVector, page: &MultiVector) -> Result<Vec<Self>> {
        query.rows().map(|row| Self::new(&[row], page)).collect()
    }

    /// The map of a whole query: the mean over its rows.
    ///
    /// # Errors
    /// [`Error::Vector`] when the query has no rows, when widths differ, or when no row of the page
    /// is labelled as a patch.
    pub fn of_query(query: &MultiVector, page: &MultiVector) -> Result<Self> {
        Self::new(&query.rows().collect::<Vec<_>>(), page)
    }

    fn new(query: &[&[f32]], page: &MultiVector) -> Result<Self> {
        let Some(width) = query.first().map(|row| row.len()) else {
            return Err(Error::Vector("the query has no rows, so nothing is similar to it".into()));
        };
        if width != page.dim() {
            return Err(Error::Vector(format!("the page has {} dimensions, the query {width}", page.dim())));
        }
        let mut cells: BTreeMap<(usize, usize), f32> = BTreeMap::new();
        for (vector, label) in page.rows().zip(page.labels()) {
            let mut places = Vec::new();
            collect_places(label, &mut places);
            if places.is_empty() {
                continue;
            }
            let similarity = query.iter().map(|row| dot(row, vector)).sum::<f32>() / query.len() as f32;
            for place in places {
                let cell = cells.entry(place).or_insert(f32::NEG_INFINITY);
                *cell = cell.max(similarity);
            }
        }
        let side = |of: fn(&(usize, usize)) -> usize| cells.keys().map(of).max().map(|last| last + 1);
        let (Some(rows), Some(columns)) = (side(|place| place.0), side(|place| place.1)) else {
            return Err(Error::Vector("no row of the page is labelled as a patch".into()));
        };
        if rows.saturating_mul(columns) > MAX_PATCHES {
            return Err(Error::Vector(format!("{rows} x {columns} patches are more than a page can have")));
        }
        let all = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        Ok(Self { rows, columns, similarities: all.map(|place| cells.get(&place).copied()).collect() })
    }

    /// Rows and columns of patches.
    pub fn shape(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }

    /// The least and the most similarity on the map: what heat goes between unless it is given a
    /// [scale](HeatMap::scale), such as the least and the most of all maps of a query.
    pub fn range(&self) -> (f32, f32) {
        let known = || self.similarities.iter().copied().flatten();
        (known().fold(f32::INFINITY, f32::min), known().fold(f32::NEG_INFINITY, f32::max))
    }

    /// A patch's similarity; none for a patch that is not on the page, or that was pruned from it.
    pub fn at(&self, row: usize, column: usize) -> Option<f32> {
        if column >= self.columns {
            return None;
        }
        self.similarities.get(row.checked_mul(self.columns)?.checked_add(column)?).copied().flatten()
    }

    /// The most similar patches, best first.
    pub fn top(&self, count: usize) -> Vec<PatchBox> {
        let known = self.similarities.iter().enumerate().filter_map(|(at, value)| value.map(|value| (at, value)));
        let mut best: Vec<(usize, f32)> = known.collect();
        best.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        best.into_iter().take(count).map(|(at, similarity)| self.patch_box(at, similarity)).collect()
    }

    fn patch_box(&self, at: usize, similarity: f32) -> PatchBox {
        let (row, column) = (at / self.columns, at % self.columns);
        let (height, width) = (1.0 / self.rows as f32, 1.0 / self.columns as f32);
        PatchBox { row, column, similarity, left: column as f32 * width, top: row as f32 * height, width, height }
    }

    /// The map as heat over the picture of the page.
    ///
    /// # Errors
    /// As [`ImageInput::to_rgb`].
    pub fn over(&self, page: impl Into<ImageInput>) -> Result<HeatMap> {
        HeatMap::new(self.clone(), &page.into())
    }
}

/// More than any model makes of a page; labels that claim more are wrong.
const MAX_PATCHES: usize = 1 << 24;

/// The places on the page that a row stands for. Patches of a view of the whole page that comes beside
/// its tiles are left out: they are the same places, more coarsely.
fn collect_places(label: &RowLabel, places: &mut Vec<(usize, usize)>) {
    match label {
        RowLabel::Patch { tile: None, row, column } => places.push((*row as usize, *column as usize)),
        RowLabel::Group(labels) => labels.iter().for_each(|label| collect_places(label, places)),
        _ => {}
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
