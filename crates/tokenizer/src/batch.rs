//! Rows of token ids, padded to one length.

use crate::padding::PaddingRule;
use crate::{Encoding, Side};

/// Token rows as the `[rows, length]` matrices that graphs take.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenBatch {
    /// Number of rows.
    pub rows: usize,
    /// Length of every row.
    pub length: usize,
    /// Token ids, row by row.
    pub ids: Vec<i64>,
    /// 1 for tokens, 0 for padding.
    pub mask: Vec<i64>,
    /// Segment of each token.
    pub type_ids: Vec<i64>,
}

impl TokenBatch {
    pub(crate) fn new(encodings: &[&Encoding], length: usize, padding: &PaddingRule) -> Self {
        let cells = encodings.len() * length;
        let mut batch = Self {
            rows: encodings.len(),
            length,
            ids: vec![i64::from(padding.id); cells],
            mask: vec![0; cells],
            type_ids: vec![i64::from(padding.type_id); cells],
        };
        for (row, encoding) in encodings.iter().enumerate() {
            let tokens = encoding.ids.len();
            let start = row * length
                + match padding.side {
                    Side::Right => 0,
                    Side::Left => length - tokens,
                };
            let cells = start..start + tokens;
            batch.mask[cells.clone()].fill(1);
            widen(&encoding.ids, &mut batch.ids[cells.clone()]);
            widen(&encoding.type_ids, &mut batch.type_ids[cells]);
        }
        batch
    }

    /// Each token's position in its text, from 0; padding has its neighbour's.
    pub fn positions(&self) -> Vec<i64> {
        let mut positions = Vec::with_capacity(self.mask.len());
        for row in 0..self.rows {
            positions.extend(self.row_mask(row).iter().scan(0, |tokens, kept| {
                *tokens += kept;
                Some((*tokens - 1).max(0))
            }));
        }
        positions
    }

    /// The attention mask of a row.
    pub fn row_mask(&self, row: usize) -> &[i64] {
        &self.mask[row * self.length..][..self.length]
    }

    /// The token ids of a row.
    pub fn row_ids(&self, row: usize) -> &[i64] {
        &self.ids[row * self.length..][..self.length]
    }
}

fn widen(from: &[u32], to: &mut [i64]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = i64::from(*from);
    }
}
