//! Where on a page a query finds what it asks for.

use std::collections::BTreeMap;

use embedkit_core::{Error, Result};
use embedkit_vector::Error as VectorError;
use embedkit_vector::multivector::{MultiVector, RowLabel};
use embedkit_vector::{dot, top_k};

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
    /// As [`of_query`](Self::of_query), and [`Error::InvalidOption`] when the query has no such row.
    pub fn of_token(query: &MultiVector, row: usize, page: &MultiVector) -> Result<Self> {
        let rows = query.len();
        let token =
            query.row(row).ok_or_else(|| Error::option("row", format!("{row} is none of the query's {rows}")))?;
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
    /// is labelled as a patch; [`Error::InvalidInput`] when labels name more patches than a page can have.
    pub fn of_query(query: &MultiVector, page: &MultiVector) -> Result<Self> {
        Self::new(&query.rows().collect::<Vec<_>>(), page)
    }

    fn new(query: &[&[f32]], page: &MultiVector) -> Result<Self> {
        let Some(width) = query.first().map(|row| row.len()) else {
            return Err(VectorError::Empty { what: "the query", parts: "rows" }.into());
        };
        if width != page.dim() {
            let found = page.dim();
            return Err(VectorError::Width { what: "the page", found, other: "the query", expected: width }.into());
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
            return Err(VectorError::Empty { what: "the page", parts: "rows that are labelled as patches" }.into());
        };
        if rows.saturating_mul(columns) > MAX_PATCHES {
            return Err(Error::input(format!("{rows} x {columns} patches are more than a page can have")));
        }
        let all = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        Ok(Self { rows, columns, similarities: all.map(|place| cells.get(&place).copied()).collect() })
    }

    /// Rows and columns of patches.
    pub fn shape(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }

    /// The least and the most similarity on the map: what heat goes between unless it is given a
    /// [scale](crate::HeatMap::scale), such as the least and the most of all maps of a query.
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
        // Patches without a similarity come behind all others, and are left out.
        let known = self.similarities.iter().flatten().count();
        let scores = self.similarities.iter().map(|similarity| similarity.unwrap_or(f32::NEG_INFINITY));
        let best = top_k(scores, count.min(known));
        best.into_iter().map(|patch| self.patch_box(patch.index, patch.score)).collect()
    }

    fn patch_box(&self, at: usize, similarity: f32) -> PatchBox {
        let (row, column) = (at / self.columns, at % self.columns);
        let (height, width) = (1.0 / self.rows as f32, 1.0 / self.columns as f32);
        PatchBox { row, column, similarity, left: column as f32 * width, top: row as f32 * height, width, height }
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
