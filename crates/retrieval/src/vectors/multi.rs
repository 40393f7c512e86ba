//! A vector for every token.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use embedkit_core::{Error, Result};
use embedkit_vector::multivector::{Element, MaxSim, MultiVector, MultiVectorView};
use embedkit_vector::number::{Number, NumberType};
use half::f16;
use rayon::prelude::*;

use super::archive::{Archive, ArchiveWriter};
use super::array_file::to_int8;
use super::best::best_of;
use super::{Allowed, Scores};
use crate::pipeline::StoredAs;

/// Writes multi-vectors: their rows to a file of their own at first, as an archive's arrays follow one another.
pub(crate) struct MultiWriter {
    path: PathBuf,
    rows_path: PathBuf,
    rows: BufWriter<File>,
    stored_as: StoredAs,
    scales: Vec<f32>,
    offsets: Vec<i64>,
    dim: Option<usize>,
}

impl MultiWriter {
    pub(crate) fn create(folder: &Path, stage: &str, stored_as: StoredAs) -> Result<Self> {
        let rows_path = folder.join(format!("{stage}.rows"));
        let rows = BufWriter::new(File::create_new(&rows_path).map_err(Error::io(&rows_path))?);
        let path = folder.join(format!("{stage}.npz"));
        Ok(Self { path, rows_path, rows, stored_as, scales: Vec::new(), offsets: vec![0], dim: None })
    }

    pub(crate) fn write(&mut self, vectors: &MultiVector) -> Result<()> {
        if *self.dim.get_or_insert(vectors.dim()) != vectors.dim() {
            return Err(Error::file(&self.path, format!("would hold rows of {} values and others", vectors.dim())));
        }
        let mut bytes = Vec::with_capacity(vectors.as_slice().len() * 4);
        for row in vectors.rows() {
            match self.stored_as {
                StoredAs::F32 => row.iter().for_each(|value| bytes.extend_from_slice(&value.to_cell())),
                StoredAs::F16 => row.iter().for_each(|value| bytes.extend_from_slice(&f16::from_f32(*value).to_cell())),
                StoredAs::Int8 => {
                    let (values, scale) = to_int8(row);
                    values.iter().for_each(|value| bytes.extend_from_slice(&value.to_cell()));
                    self.scales.push(scale);
                }
            }
        }
        self.push(vectors.len(), &bytes)
    }

    /// A record that has no rows, and is never found.
    pub(crate) fn write_missing(&mut self) -> Result<()> {
        self.push(0, &[])
    }

    /// Writes a multi-vector as another file has it, bit by bit.
    pub(crate) fn copy(&mut self, index: &MultiIndex, record: usize) -> Result<()> {
        let rows = index.offsets[record]..index.offsets[record + 1];
        if !rows.is_empty() {
            self.dim.get_or_insert(index.dim);
        }
        self.scales.extend(index.scales(rows.clone())?);
        self.push(rows.len(), index.rows(rows)?)
    }

    fn push(&mut self, rows: usize, bytes: &[u8]) -> Result<()> {
        self.offsets.push(self.offsets.last().copied().unwrap_or_default() + rows as i64);
        self.rows.write_all(bytes).map_err(Error::io(&self.rows_path))
    }

    pub(crate) fn finish(mut self) -> Result<()> {
        self.rows.flush().map_err(Error::io(&self.rows_path))?;
        drop(self.rows);
        let rows = self.offsets.last().copied().unwrap_or_default() as u64;
        let shape = [rows, self.dim.unwrap_or(0) as u64];
        let mut archive = ArchiveWriter::create(self.path)?;
        match self.stored_as {
            StoredAs::F32 => archive.array_of_file::<f32>("embeddings", &shape, &self.rows_path),
            StoredAs::F16 => archive.array_of_file::<f16>("embeddings", &shape, &self.rows_path),
            StoredAs::Int8 => archive.array_of_file::<i8>("embeddings", &shape, &self.rows_path),
        }?;
        archive.array("offsets", &[self.offsets.len() as u64], self.offsets)?;
        archive.array("scales", &[self.scales.len() as u64], self.scales)?;
        archive.finish()?;
        std::fs::remove_file(&self.rows_path).map_err(Error::io(&self.rows_path))
    }
}

/// Multi-vectors that are mapped.
pub(crate) struct MultiIndex {
    archive: Archive,
    offsets: Vec<usize>,
    dim: usize,
}

impl MultiIndex {
    pub(crate) fn open(folder: &Path, stage: &str) -> Result<Self> {
        let archive = Archive::open(folder, &format!("{stage}.npz"), &["embeddings", "offsets", "scales"])?;
        let path = &archive.path;
        let (rows, dim) = archive.array("embeddings")?.shape();
        let offsets = archive.array("offsets")?.values::<i64>(path)?.into_iter().map(usize::try_from);
        let offsets: Vec<usize> =
            offsets.collect::<Result<_, _>>().map_err(|_| Error::file(path, "has places below 0"))?;
        let rising = offsets.windows(2).all(|pair| pair[0] <= pair[1]);
        let scales = archive.array("scales")?.cells::<f32>(path)?.len();
        let is_scaled = archive.array("embeddings")?.number_type() == NumberType::I8;
        if !rising
            || offsets.first() != Some(&0)
            || offsets.last() != Some(&rows)
            || scales != rows * usize::from(is_scaled)
        {
            return Err(Error::file(path, "has rows, offsets and scales that do not fit together"));
        }
        Ok(Self { archive, offsets, dim })
    }

    pub(crate) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Values of a row.
    pub(crate) fn dim(&self) -> usize {
        self.dim
    }

    /// Whether a record has no rows.
    fn is_missing(&self, record: usize) -> bool {
        self.offsets[record] == self.offsets[record + 1]
    }

    /// A record's multi-vector; none if it has no rows.
    pub(crate) fn vectors(&self, record: usize) -> Result<Option<MultiVector>> {
        let rows = self.offsets[record]..self.offsets[record + 1];
        if rows.is_empty() {
            return Ok(None);
        }
        let mut values = self.archive.array("embeddings")?.number_type().to_f32s(self.rows(rows.clone())?);
        for (row, scale) in values.chunks_exact_mut(self.dim).zip(self.scales(rows)?) {
            row.iter_mut().for_each(|value| *value *= scale);
        }
        Ok(Some(MultiVector::new(self.dim, values)?))
    }

    /// Rows as they are stored.
    fn rows(&self, rows: Range<usize>) -> Result<&[u8]> {
        let array = self.archive.array("embeddings")?;
        let size = self.dim * array.number_type().size();
        Ok(&array.bytes()[rows.start * size..rows.end * size])
    }

    /// The scales of rows; none of rows that have none.
    fn scales(&self, rows: Range<usize>) -> Result<Vec<f32>> {
        let all = self.archive.array("scales")?.cells::<f32>(&self.archive.path)?;
        let scales = if all.is_empty() { &[] } else { &all[rows] };
        Ok(scales.iter().map(|cell| f32::from_cell(*cell)).collect())
    }

    /// Scores for a query, by MaxSim.
    pub(crate) fn scores(&self, query: &MultiVector) -> Result<MultiScores<'_>> {
        Ok(MultiScores { index: self, query: MaxSim::new(query)? })
    }
}

/// A query over a vector for every token.
pub(crate) struct MultiScores<'i> {
    index: &'i MultiIndex,
    query: MaxSim,
}

impl MultiScores<'_> {
    fn score(&self, record: usize) -> Result<f32> {
        if self.index.is_missing(record) {
            return Ok(0.0);
        }
        let in_place = match self.index.archive.array("embeddings")?.number_type() {
            NumberType::F32 => self.in_place::<f32>(record),
            NumberType::F16 => self.in_place::<f16>(record),
            NumberType::I8 => self.in_place::<i8>(record),
            _ => None,
        };
        if let Some(score) = in_place {
            return score;
        }
        self.index.vectors(record)?.map_or(Ok(0.0), |vectors| Ok(self.query.score(&vectors)?))
    }

    /// The score of rows where they lie; none if they are of another type, or lie where they cannot be scored.
    fn in_place<E>(&self, record: usize) -> Option<Result<f32>>
    where
        E: Element<Unit = E> + Number,
    {
        let rows = self.index.offsets[record]..self.index.offsets[record + 1];
        let units = self.index.archive.array("embeddings").ok()?.in_place::<E>()?;
        let scales = if E::SCALED {
            self.index.archive.array("scales").ok()?.in_place::<f32>()?.get(rows.clone())?
        } else {
            &[]
        };
        let units = units.get(rows.start * self.index.dim..rows.end * self.index.dim)?;
        let score = MultiVectorView::<E>::new(self.index.dim, units, scales).and_then(|rows| self.query.score(rows));
        Some(score.map_err(Error::from))
    }
}

impl Scores for MultiScores<'_> {
    fn top(&self, depth: usize, allowed: Allowed<'_>) -> Result<Vec<(usize, f32)>> {
        let may = |record: &usize| allowed.is_none_or(|allowed| allowed[*record]) && !self.index.is_missing(*record);
        let records: Vec<usize> = (0..self.index.len()).filter(may).collect();
        let scores = self.of(&records)?;
        Ok(best_of(records.into_iter().zip(scores).collect(), depth))
    }

    fn of(&self, records: &[usize]) -> Result<Vec<f32>> {
        records.par_iter().map(|record| self.score(*record)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedkit_vector::multivector::maxsim;

    #[test]
    fn scores_are_maxsim_however_values_are_stored() {
        let document = |seed: usize, rows: usize| {
            let row =
                |at: usize| (0..8).map(move |column| ((seed * 31 + at * 7 + column * 3) % 17) as f32 / 17.0 - 0.4);
            MultiVector::new(8, (0..rows).flat_map(row).collect()).unwrap()
        };
        let documents: Vec<MultiVector> = (1..9).map(|seed| document(seed, seed % 4 + 1)).collect();
        let query = document(99, 3);
        for (stored_as, error) in [(StoredAs::F32, 1e-5), (StoredAs::F16, 1e-2), (StoredAs::Int8, 5e-2)] {
            let folder = tempfile::tempdir().unwrap();
            let mut writer = MultiWriter::create(folder.path(), "m", stored_as).unwrap();
            for (at, document) in documents.iter().enumerate() {
                if at == 5 {
                    writer.write_missing().unwrap();
                }
                writer.write(document).unwrap();
            }
            writer.finish().unwrap();
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
            let index = MultiIndex::open(folder.path(), "m").unwrap();
            let scores = index.scores(&query).unwrap().of(&[0, 3, 4]).unwrap();
            for (record, score) in [0, 3, 4].into_iter().zip(scores) {
                assert!((maxsim(&query, &documents[record]).unwrap() - score).abs() < error, "{stored_as:?} {record}");
            }
            assert_eq!(index.vectors(2).unwrap().unwrap().len(), documents[2].len());
            let in_place = index.scores(&query).unwrap();
            let in_place = match stored_as {
                StoredAs::F32 => in_place.in_place::<f32>(0),
                StoredAs::F16 => in_place.in_place::<f16>(0),
                StoredAs::Int8 => in_place.in_place::<i8>(0),
            };
            assert!(in_place.is_some(), "{stored_as:?} is copied");
            let best = index.scores(&query).unwrap().top(3, None).unwrap();
            assert!(best.len() == 3 && best.iter().all(|(record, _)| *record != 5));
            let odd: Vec<bool> = (0..9).map(|record| record % 2 > 0).collect();
            let odd = index.scores(&query).unwrap().top(9, Some(&odd)).unwrap();
            assert!(odd.len() == 3 && odd.iter().all(|(record, _)| record % 2 > 0), "{odd:?}");
        }
    }
}
