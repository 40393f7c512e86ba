//! Writing one vector a record.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use embedkit_core::{Error, Result};
use embedkit_vector::normalize;
use embedkit_vector::npy::Writer;
use embedkit_vector::number::Number;
use half::f16;

use super::array_file::{create, end, to_int8};
use super::dense::DenseIndex;
use super::first_pass::FirstWriter;
use super::missing;
use crate::pipeline::{FirstPass, StoredAs};

/// Writes vectors, each brought to length 1 unless told otherwise, so that the dot product is the cosine.
pub(crate) struct DenseWriter {
    path: PathBuf,
    array: Writer<BufWriter<File>>,
    stored_as: StoredAs,
    scales: Option<(PathBuf, Writer<BufWriter<File>>)>,
    first: Option<FirstWriter>,
    normalizes: bool,
    dim: Option<usize>,
    rows: usize,
    /// The records that have no vector.
    missing: Vec<usize>,
    folder: PathBuf,
    stage: String,
    /// Those of them whose rows are not written yet, since no width is known.
    leading: usize,
}

impl DenseWriter {
    pub(crate) fn create(
        folder: &Path,
        stage: &str,
        stored_as: StoredAs,
        first_pass: Option<FirstPass>,
    ) -> Result<Self> {
        let (path, array) = create(folder, &format!("{stage}.npy"))?;
        let scales =
            (stored_as == StoredAs::Int8).then(|| create(folder, &format!("{stage}.scales.npy"))).transpose()?;
        Ok(Self {
            path,
            array,
            stored_as,
            scales,
            first: first_pass.map(|kind| FirstWriter::create(folder, stage, kind)).transpose()?,
            normalizes: true,
            dim: None,
            rows: 0,
            missing: Vec::new(),
            folder: folder.to_owned(),
            stage: stage.to_owned(),
            leading: 0,
        })
    }

    /// The same, of vectors whose lengths stay.
    pub(crate) fn keeping_lengths(self) -> Self {
        Self { normalizes: false, ..self }
    }

    pub(crate) fn write(&mut self, mut vector: Vec<f32>) -> Result<()> {
        if self.normalizes {
            normalize(&mut vector);
        }
        self.write_as_it_is(&vector)
    }

    /// A record that has no vector: its row is of zeros, and it is never found.
    pub(crate) fn write_missing(&mut self) -> Result<()> {
        self.missing.push(self.rows);
        match self.dim {
            Some(dim) => self.write_as_it_is(&vec![0.0; dim]),
            None => {
                self.leading += 1;
                self.rows += 1;
                Ok(())
            }
        }
    }

    /// Writes a vector as another file has it, bit by bit.
    pub(crate) fn copy(&mut self, index: &DenseIndex, record: usize) -> Result<()> {
        if index.is_missing(record) {
            return self.write_missing();
        }
        self.widen(index.dim())?;
        let row = index.row(record);
        let written = match (self.stored_as, &mut self.scales, index.scale(record)) {
            (StoredAs::F16, ..) => self.array.write_row(&values::<f16>(row)),
            (StoredAs::Int8, Some((_, scales)), Some(scale)) => {
                self.array.write_row(&values::<i8>(row)).and_then(|()| scales.write_row(&[scale]))
            }
            _ => self.array.write_row(&values::<f32>(row)),
        };
        written.map_err(Error::io(&self.path))?;
        self.rows += 1;
        self.first.as_mut().map_or(Ok(()), |first| first.write(&index.vector(record)))
    }

    fn write_as_it_is(&mut self, vector: &[f32]) -> Result<()> {
        self.widen(vector.len())?;
        // The first pass is made of what is stored, so that a copy's is the same.
        let (written, stored) = match (self.stored_as, &mut self.scales) {
            (StoredAs::F16, _) => {
                let values: Vec<f16> = vector.iter().copied().map(f16::from_f32).collect();
                (self.array.write_row(&values), values.into_iter().map(f16::to_f32).collect::<Vec<_>>())
            }
            (StoredAs::Int8, Some((_, scales))) => {
                let (values, scale) = to_int8(vector);
                let written = self.array.write_row(&values).and_then(|()| scales.write_row(&[scale]));
                (written, values.into_iter().map(|value| f32::from(value) * scale).collect())
            }
            _ => (self.array.write_row(vector), vector.to_vec()),
        };
        written.map_err(Error::io(&self.path))?;
        self.rows += 1;
        self.first.as_mut().map_or(Ok(()), |first| first.write(&stored))
    }

    /// Takes a width, or refuses one that is another than before.
    fn widen(&mut self, dim: usize) -> Result<()> {
        if *self.dim.get_or_insert(dim) != dim {
            return Err(Error::file(&self.path, format!("would hold vectors of {dim} values and others")));
        }
        let leading = std::mem::take(&mut self.leading);
        self.rows -= leading;
        (0..leading).try_for_each(|_| self.write_as_it_is(&vec![0.0; dim]))
    }

    pub(crate) fn finish(mut self) -> Result<()> {
        if self.leading > 0 {
            // Nothing has a vector; the file has rows all the same.
            self.widen(1)?;
        }
        end(self.path, self.array)?;
        if let Some((path, scales)) = self.scales {
            end(path, scales)?;
        }
        if let Some(first) = self.first {
            first.finish()?;
        }
        missing::write(&self.folder, &self.stage, &self.missing)
    }
}

fn values<N: Number>(row: &[u8]) -> Vec<N> {
    N::cells(row).iter().map(|cell| N::from_cell(*cell)).collect()
}
