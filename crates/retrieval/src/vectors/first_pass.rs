//! Small values beside vectors, which are looked through first: the best by them are scored exactly.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use embedkit_core::{Error, Result};
use embedkit_vector::npy::Writer;
use embedkit_vector::{dots, pack_binary};

use super::array::Array;
use super::array_file::{create, end, to_int8};
use crate::pipeline::FirstPass;

type ArrayFile = (PathBuf, Writer<BufWriter<File>>);

/// Writes the small values.
pub(super) enum FirstWriter {
    Int8 { rows: ArrayFile, scales: ArrayFile },
    Binary { rows: ArrayFile },
}

impl FirstWriter {
    pub(super) fn create(folder: &Path, stage: &str, kind: FirstPass) -> Result<Self> {
        let rows = create(folder, &rows_of(stage))?;
        Ok(match kind {
            FirstPass::Int8 => Self::Int8 { rows, scales: create(folder, &scales_of(stage))? },
            FirstPass::Binary => Self::Binary { rows },
        })
    }

    pub(super) fn write(&mut self, vector: &[f32]) -> Result<()> {
        match self {
            Self::Int8 { rows: (path, rows), scales: (_, scales) } => {
                let (values, scale) = to_int8(vector);
                rows.write_row(&values).and_then(|()| scales.write_row(&[scale])).map_err(Error::io(path))
            }
            Self::Binary { rows: (path, rows) } => rows.write_row(&pack_binary(vector)).map_err(Error::io(path)),
        }
    }

    pub(super) fn finish(self) -> Result<()> {
        match self {
            Self::Int8 { rows, scales } => end(rows.0, rows.1).and_then(|()| end(scales.0, scales.1)),
            Self::Binary { rows } => end(rows.0, rows.1),
        }
    }
}

fn rows_of(stage: &str) -> String {
    format!("{stage}.first.npy")
}

fn scales_of(stage: &str) -> String {
    format!("{stage}.first-scales.npy")
}

/// The small values, mapped.
pub(super) struct FirstIndex {
    rows: Array,
    scales: Option<Vec<f32>>,
    /// Bytes of a row.
    width: usize,
}

/// A query as it is compared with them.
pub(super) enum FirstQuery {
    Values(Vec<f32>),
    Signs(Vec<u8>),
}

impl FirstIndex {
    /// Opens those of a stage with so many records, whose vectors have so many values.
    pub(super) fn open(folder: &Path, stage: &str, kind: FirstPass, records: usize, dim: usize) -> Result<Self> {
        let rows = Array::open(folder, &rows_of(stage))?;
        let scales = match kind {
            FirstPass::Int8 => {
                let name = scales_of(stage);
                Some(Array::open(folder, &name)?.values::<f32>(&folder.join(name))?)
            }
            FirstPass::Binary => None,
        };
        let path = folder.join(rows_of(stage));
        let width = match kind {
            FirstPass::Int8 => rows.cells::<i8>(&path).map(|_| dim)?,
            FirstPass::Binary => rows.cells::<u8>(&path).map(|_| dim.div_ceil(8))?,
        };
        let fits = rows.shape() == (records, width) && scales.as_ref().is_none_or(|scales| scales.len() == records);
        if records > 0 && !fits {
            return Err(Error::file(path, format!("does not have {records} rows of {width} bytes")));
        }
        Ok(Self { rows, scales, width })
    }

    pub(super) fn query(&self, vector: &[f32]) -> FirstQuery {
        match self.scales {
            Some(_) => FirstQuery::Values(vector.to_vec()),
            None => FirstQuery::Signs(pack_binary(vector)),
        }
    }

    /// Scores of rows one behind the other: higher is better, and no more can be said.
    pub(super) fn score(&self, query: &FirstQuery, first: usize, scores: &mut [f32]) {
        let bytes = &self.rows.bytes()[first * self.width..(first + scores.len()) * self.width];
        match query {
            FirstQuery::Values(vector) => {
                dots::<i8>(vector, bytes, scores);
                let scales = self.scales.iter().flat_map(|scales| &scales[first..]);
                scores.iter_mut().zip(scales).for_each(|(score, scale)| *score *= scale);
            }
            FirstQuery::Signs(signs) => {
                let rows = bytes.chunks_exact(self.width.max(1));
                scores.iter_mut().zip(rows).for_each(|(score, row)| *score = -(differing(signs, row) as f32));
            }
        }
    }
}

/// The bits in which two rows of the same length differ.
fn differing(a: &[u8], b: &[u8]) -> u32 {
    let (a_words, a_rest) = a.as_chunks::<8>();
    let (b_words, b_rest) = b.as_chunks::<8>();
    let words =
        a_words.iter().zip(b_words).map(|(a, b)| (u64::from_ne_bytes(*a) ^ u64::from_ne_bytes(*b)).count_ones());
    let rest = a_rest.iter().zip(b_rest).map(|(a, b)| (a ^ b).count_ones());
    words.sum::<u32>() + rest.sum::<u32>()
}
