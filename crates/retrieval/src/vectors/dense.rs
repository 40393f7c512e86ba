//! One vector a record.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use embedkit_core::{Error, Result};
use embedkit_vector::npy::Writer;
use embedkit_vector::number::{Number, NumberTask};
use embedkit_vector::{dots, normalize, top_k};
use half::f16;
use rayon::prelude::*;

use super::Scores;
use super::array::Array;
use crate::pipeline::StoredAs;

/// Rows that one thread scores at a time.
const BLOCK: usize = 4096;

/// Writes vectors, each brought to length 1 unless told otherwise, so that the dot product is the cosine.
pub(crate) struct DenseWriter {
    path: PathBuf,
    array: Writer<BufWriter<File>>,
    stored_as: StoredAs,
    scales: Option<(PathBuf, Writer<BufWriter<File>>)>,
    normalizes: bool,
    dim: Option<usize>,
}

impl DenseWriter {
    pub(crate) fn create(folder: &Path, stage: &str, stored_as: StoredAs, normalizes: bool) -> Result<Self> {
        let create = |name: String| {
            let path = folder.join(name);
            let file = File::create_new(&path).map_err(Error::io(&path))?;
            let array = Writer::new(BufWriter::new(file)).map_err(Error::io(&path))?;
            Ok::<_, Error>((path, array))
        };
        let (path, array) = create(format!("{stage}.npy"))?;
        let scales = (stored_as == StoredAs::Int8).then(|| create(format!("{stage}.scales.npy"))).transpose()?;
        Ok(Self { path, array, stored_as, scales, normalizes, dim: None })
    }

    pub(crate) fn write(&mut self, mut vector: Vec<f32>) -> Result<()> {
        if *self.dim.get_or_insert(vector.len()) != vector.len() {
            return Err(Error::file(&self.path, format!("would hold vectors of {} values and others", vector.len())));
        }
        if self.normalizes {
            normalize(&mut vector);
        }
        let written = match (self.stored_as, &mut self.scales) {
            (StoredAs::F16, _) => {
                let values: Vec<f16> = vector.iter().copied().map(f16::from_f32).collect();
                self.array.write_row(&values)
            }
            (StoredAs::Int8, Some((_, scales))) => {
                let (values, scale) = to_int8(&vector);
                self.array.write_row(&values).and_then(|()| scales.write_row(&[scale]))
            }
            _ => self.array.write_row(&vector),
        };
        written.map_err(Error::io(&self.path))
    }

    /// Writes a vector as another file has it, bit by bit.
    pub(crate) fn copy(&mut self, index: &DenseIndex, record: usize) -> Result<()> {
        self.dim.get_or_insert(index.dim);
        let row = index.row(record);
        let written = match (self.stored_as, &mut self.scales, &index.scales) {
            (StoredAs::F16, ..) => self.array.write_row(&values::<f16>(row)),
            (StoredAs::Int8, Some((_, scales)), Some(known)) => {
                self.array.write_row(&values::<i8>(row)).and_then(|()| scales.write_row(&[known[record]]))
            }
            _ => self.array.write_row(&values::<f32>(row)),
        };
        written.map_err(Error::io(&self.path))
    }

    pub(crate) fn finish(self) -> Result<()> {
        let end = |path: PathBuf, array: Writer<BufWriter<File>>| {
            array.finish().and_then(|mut file| file.flush()).map_err(Error::io(path))
        };
        end(self.path, self.array)?;
        self.scales.map_or(Ok(()), |(path, array)| end(path, array))
    }
}

fn values<N: Number>(row: &[u8]) -> Vec<N> {
    N::cells(row).iter().map(|cell| N::from_cell(*cell)).collect()
}

/// Values as multiples of a scale, the largest 127 of them.
pub(super) fn to_int8(row: &[f32]) -> (Vec<i8>, f32) {
    let largest = row.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
    (row.iter().map(|value| (value / scale).round() as i8).collect(), scale)
}

/// Vectors that are mapped.
pub(crate) struct DenseIndex {
    array: Array,
    scales: Option<Vec<f32>>,
    rows: usize,
    dim: usize,
}

impl DenseIndex {
    pub(crate) fn open(folder: &Path, stage: &str, stored_as: StoredAs) -> Result<Self> {
        let array = Array::open(folder, &format!("{stage}.npy"))?;
        let scales = match stored_as {
            StoredAs::Int8 => {
                let name = format!("{stage}.scales.npy");
                Some(Array::open(folder, &name)?.values::<f32>(&folder.join(name))?)
            }
            _ => None,
        };
        let (rows, dim) = array.shape();
        if scales.as_ref().is_some_and(|scales| scales.len() != rows) {
            return Err(Error::file(folder.join(format!("{stage}.scales.npy")), format!("has no {rows} scales")));
        }
        Ok(Self { array, scales, rows, dim })
    }

    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// A record's values, as they are stored.
    fn row(&self, record: usize) -> &[u8] {
        let size = self.dim * self.array.number_type().size();
        &self.array.bytes()[record * size..(record + 1) * size]
    }

    /// Scores for a query, by the dot product.
    pub(crate) fn scores(&self, query: Vec<f32>) -> Result<DenseScores<'_>> {
        if self.rows > 0 && query.len() != self.dim {
            let message = format!("the query's vector has {} values and the collection's {}", query.len(), self.dim);
            return Err(Error::input(message));
        }
        Ok(DenseScores { index: self, query })
    }

    fn score_rows(&self, query: &[f32], first: usize, count: usize, scores: &mut [f32]) {
        let size = self.dim * self.array.number_type().size();
        let bytes = &self.array.bytes()[first * size..(first + count) * size];
        self.array.number_type().dispatch(Dots { query, bytes, scores });
        if let Some(scales) = &self.scales {
            scores.iter_mut().zip(&scales[first..]).for_each(|(score, scale)| *score *= scale);
        }
    }
}

/// A query over one vector a record.
pub(crate) struct DenseScores<'i> {
    index: &'i DenseIndex,
    query: Vec<f32>,
}

impl Scores for DenseScores<'_> {
    fn top(&self, depth: usize) -> Result<Vec<(usize, f32)>> {
        let blocks = self.index.rows.div_ceil(BLOCK);
        let best_of = |block: usize| {
            let first = block * BLOCK;
            let mut scores = vec![0.0; BLOCK.min(self.index.rows - first)];
            self.index.score_rows(&self.query, first, scores.len(), &mut scores);
            let best = top_k(scores, depth).into_iter();
            best.map(|scored| (first + scored.index, scored.score)).collect::<Vec<_>>()
        };
        let candidates: Vec<(usize, f32)> = (0..blocks).into_par_iter().flat_map_iter(best_of).collect();
        let best = top_k(candidates.iter().map(|(_, score)| *score), depth).into_iter();
        Ok(best.map(|scored| candidates[scored.index]).collect())
    }

    fn of(&self, records: &[usize]) -> Result<Vec<f32>> {
        let score = |record: &usize| {
            let mut score = [0.0];
            self.index.score_rows(&self.query, *record, 1, &mut score);
            score[0]
        };
        Ok(records.iter().map(score).collect())
    }
}

/// The dot product of a query with each of some rows.
struct Dots<'a> {
    query: &'a [f32],
    bytes: &'a [u8],
    scores: &'a mut [f32],
}

impl NumberTask for Dots<'_> {
    type Output = ();

    fn run<N: Number>(self) {
        dots::<N>(self.query, self.bytes, self.scores);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn index(vectors: &[Vec<f32>], stored_as: StoredAs) -> (tempfile::TempDir, DenseIndex) {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = DenseWriter::create(folder.path(), "s", stored_as, true).unwrap();
        vectors.iter().for_each(|vector| writer.write(vector.clone()).unwrap());
        writer.finish().unwrap();
        let index = DenseIndex::open(folder.path(), "s", stored_as).unwrap();
        (folder, index)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn the_best_are_the_head_of_all_cosines(
            (vectors, query) in (1usize..40).prop_flat_map(|dim| {
                let vector = move || prop::collection::vec(-1.0f32..1.0, dim);
                (prop::collection::vec(vector(), 1..40), vector())
            }),
            depth in 1usize..12,
        ) {
            for (stored_as, error) in [(StoredAs::F32, 1e-5), (StoredAs::F16, 4e-3), (StoredAs::Int8, 4e-2)] {
                let (_folder, index) = index(&vectors, stored_as);
                let mut unit = query.clone();
                normalize(&mut unit);
                let scores = index.scores(unit.clone()).unwrap();
                let all = scores.of(&(0..vectors.len()).collect::<Vec<_>>()).unwrap();
                for (vector, score) in vectors.iter().zip(&all) {
                    let mut vector = vector.clone();
                    normalize(&mut vector);
                    prop_assert!((embedkit_vector::dot(&vector, &unit) - score).abs() < error);
                }
                let expected: Vec<_> = top_k(all, depth).iter().map(|scored| (scored.index, scored.score)).collect();
                prop_assert_eq!(scores.top(depth).unwrap(), expected);
            }
        }
    }

    #[test]
    fn other_widths_are_refused() {
        let (_folder, index) = index(&[vec![1.0, 0.0]], StoredAs::F32);
        assert!(index.scores(vec![1.0]).err().unwrap().to_string().contains("1 values"));
    }

    #[test]
    fn copies_are_the_same_bytes() {
        let vectors = vec![vec![0.3, -0.7, 0.11], vec![0.0, 0.0, 0.0], vec![1.0, 2.0, 3.0]];
        for stored_as in [StoredAs::F32, StoredAs::F16, StoredAs::Int8] {
            let (folder, index) = index(&vectors, stored_as);
            let other = tempfile::tempdir().unwrap();
            let mut writer = DenseWriter::create(other.path(), "s", stored_as, true).unwrap();
            (0..3).for_each(|record| writer.copy(&index, record).unwrap());
            writer.finish().unwrap();
            for file in std::fs::read_dir(folder.path()).unwrap() {
                let path = file.unwrap().path();
                let copy = other.path().join(path.file_name().unwrap());
                assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(copy).unwrap(), "{}", path.display());
            }
        }
    }
}
