//! One vector a record.

use std::path::Path;

use embedkit_core::{Error, Result};
use embedkit_vector::dots;
use embedkit_vector::number::{Number, NumberTask};
use rayon::prelude::*;

use super::array::Array;
use super::best::{Best, best_of};
use super::first_pass::FirstIndex;
use super::{Allowed, Scores, missing};
use crate::pipeline::{Stage, StoredAs};

/// Rows that one thread scores at a time.
const BLOCK: usize = 4096;

/// Vectors that are mapped.
pub(crate) struct DenseIndex {
    array: Array,
    scales: Option<Vec<f32>>,
    first: Option<FirstIndex>,
    oversampling: usize,
    /// The records that have no vector, in order.
    missing: Vec<usize>,
    rows: usize,
    dim: usize,
}

impl DenseIndex {
    pub(crate) fn open(folder: &Path, stage: &Stage) -> Result<Self> {
        let name = &stage.name;
        let array = Array::open(folder, &format!("{name}.npy"))?;
        let scales = match stage.stored_as {
            StoredAs::Int8 => {
                let name = format!("{name}.scales.npy");
                Some(Array::open(folder, &name)?.values::<f32>(&folder.join(name))?)
            }
            _ => None,
        };
        let (rows, dim) = array.shape();
        if scales.as_ref().is_some_and(|scales| scales.len() != rows) {
            return Err(Error::file(folder.join(format!("{name}.scales.npy")), format!("has no {rows} scales")));
        }
        let first = stage.first_pass.map(|kind| FirstIndex::open(folder, name, kind, rows, dim)).transpose()?;
        let missing = missing::read(folder, name, rows)?;
        Ok(Self { array, scales, first, oversampling: stage.oversampling, missing, rows, dim })
    }

    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// Values of a vector.
    pub(crate) fn dim(&self) -> usize {
        self.dim
    }

    /// How many records have no vector.
    pub(crate) fn missing(&self) -> usize {
        self.missing.len()
    }

    /// Whether a record has no vector.
    pub(crate) fn is_missing(&self, record: usize) -> bool {
        self.missing.binary_search(&record).is_ok()
    }

    /// A record's values, as they are stored.
    pub(super) fn row(&self, record: usize) -> &[u8] {
        let size = self.dim * self.array.number_type().size();
        &self.array.bytes()[record * size..(record + 1) * size]
    }

    /// What a record's values are multiples of, where they are of something.
    pub(super) fn scale(&self, record: usize) -> Option<f32> {
        self.scales.as_ref().map(|scales| scales[record])
    }

    /// A record's vector.
    pub(crate) fn vector(&self, record: usize) -> Vec<f32> {
        let scale = self.scale(record).unwrap_or(1.0);
        let values = self.array.number_type().to_f32s(self.row(record));
        values.into_iter().map(|value| value * scale).collect()
    }

    /// Scores for a query, by the dot product.
    pub(crate) fn scores(&self, query: Vec<f32>) -> Result<DenseScores<'_>> {
        if self.rows > self.missing.len() && query.len() != self.dim {
            let message = format!("the query's vector has {} values and the collection's {}", query.len(), self.dim);
            return Err(Error::input(message));
        }
        Ok(DenseScores { index: self, query })
    }

    fn score_rows(&self, query: &[f32], first: usize, scores: &mut [f32]) {
        let size = self.dim * self.array.number_type().size();
        let bytes = &self.array.bytes()[first * size..(first + scores.len()) * size];
        self.array.number_type().dispatch(Dots { query, bytes, scores });
        if let Some(scales) = &self.scales {
            scores.iter_mut().zip(&scales[first..]).for_each(|(score, scale)| *score *= scale);
        }
    }

    /// The best of all records by what scores rows that follow one another.
    fn best_by(
        &self,
        wanted: usize,
        allowed: Allowed<'_>,
        score: impl Fn(usize, &mut [f32]) + Sync,
    ) -> Vec<(usize, f32)> {
        let best_of_block = |block: usize| {
            let first = block * BLOCK;
            let mut scores = vec![0.0; BLOCK.min(self.rows - first)];
            score(first, &mut scores);
            let mut best = Best::new(wanted);
            for (record, score) in (first..).zip(scores) {
                if allowed.is_none_or(|allowed| allowed[record]) && !self.is_missing(record) {
                    best.add(record, score);
                }
            }
            best.finish()
        };
        let blocks = self.rows.div_ceil(BLOCK);
        best_of((0..blocks).into_par_iter().flat_map_iter(best_of_block).collect(), wanted)
    }
}

/// A query over one vector a record.
pub(crate) struct DenseScores<'i> {
    index: &'i DenseIndex,
    query: Vec<f32>,
}

impl Scores for DenseScores<'_> {
    fn top(&self, depth: usize, allowed: Allowed<'_>) -> Result<Vec<(usize, f32)>> {
        if self.index.rows == self.index.missing.len() {
            return Ok(Vec::new());
        }
        let Some(first) = &self.index.first else {
            let exact = |at: usize, scores: &mut [f32]| self.index.score_rows(&self.query, at, scores);
            return Ok(self.index.best_by(depth, allowed, exact));
        };
        let query = first.query(&self.query);
        let wanted = depth.saturating_mul(self.index.oversampling);
        let found = self.index.best_by(wanted, allowed, |at, scores| first.score(&query, at, scores));
        let records: Vec<usize> = found.into_iter().map(|(record, _)| record).collect();
        let exact = self.of(&records)?;
        Ok(best_of(records.into_iter().zip(exact).collect(), depth))
    }

    fn of(&self, records: &[usize]) -> Result<Vec<f32>> {
        let score = |record: &usize| {
            let mut score = [0.0];
            if !self.index.is_missing(*record) {
                self.index.score_rows(&self.query, *record, &mut score);
            }
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
    use embedkit_vector::{normalize, top_k};
    use proptest::prelude::*;

    use super::super::DenseWriter;
    use super::*;
    use crate::pipeline::FirstPass;

    fn stage(stored_as: StoredAs, first_pass: Option<FirstPass>) -> Stage {
        Stage { stored_as, first_pass, ..Stage::new("s", "m") }
    }

    /// Vectors, some of them missing, in files.
    fn index(vectors: &[Option<Vec<f32>>], stage: &Stage) -> (tempfile::TempDir, DenseIndex) {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = DenseWriter::create(folder.path(), "s", stage.stored_as, stage.first_pass).unwrap();
        for vector in vectors {
            match vector {
                Some(vector) => writer.write(vector.clone()).unwrap(),
                None => writer.write_missing().unwrap(),
            }
        }
        writer.finish().unwrap();
        let index = DenseIndex::open(folder.path(), stage).unwrap();
        (folder, index)
    }

    fn unit(vector: &[f32]) -> Vec<f32> {
        let mut unit = vector.to_vec();
        normalize(&mut unit);
        unit
    }

    fn vectors_and_query() -> impl Strategy<Value = (Vec<Option<Vec<f32>>>, Vec<f32>)> {
        (1usize..40).prop_flat_map(|dim| {
            let vector = move || prop::collection::vec(-1.0f32..1.0, dim);
            (prop::collection::vec(prop::option::weighted(0.8, vector()), 1..40), vector())
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn the_best_are_the_head_of_all_cosines((vectors, query) in vectors_and_query(), depth in 1usize..12) {
            for (stored_as, error) in [(StoredAs::F32, 1e-5), (StoredAs::F16, 4e-3), (StoredAs::Int8, 4e-2)] {
                let (_folder, index) = index(&vectors, &stage(stored_as, None));
                let query = unit(&query);
                let scores = index.scores(query.clone()).unwrap();
                let all = scores.of(&(0..vectors.len()).collect::<Vec<_>>()).unwrap();
                for (vector, score) in vectors.iter().zip(&all) {
                    let cosine = vector.as_ref().map_or(0.0, |vector| embedkit_vector::dot(&unit(vector), &query));
                    prop_assert!((cosine - score).abs() < error);
                }
                for allowed in [None, Some((0..vectors.len()).map(|at| at % 3 > 0).collect::<Vec<_>>())] {
                    let may = |at: usize| vectors[at].is_some() && allowed.as_ref().is_none_or(|allowed| allowed[at]);
                    let records: Vec<usize> = (0..vectors.len()).filter(|at| may(*at)).collect();
                    let expected = top_k(records.iter().map(|at| all[*at]), depth);
                    let expected: Vec<_> = expected.iter().map(|best| (records[best.index], best.score)).collect();
                    prop_assert_eq!(scores.top(depth, allowed.as_deref()).unwrap(), expected);
                }
            }
        }

        #[test]
        fn a_first_pass_over_enough_finds_what_none_finds((vectors, query) in vectors_and_query(), depth in 1usize..12) {
            let query = unit(&query);
            for stored_as in [StoredAs::F32, StoredAs::F16] {
                let (_folder, exact) = index(&vectors, &stage(stored_as, None));
                let expected = exact.scores(query.clone()).unwrap().top(depth, None).unwrap();
                for kind in [FirstPass::Int8, FirstPass::Binary] {
                    let stage = Stage { oversampling: 40, ..stage(stored_as, Some(kind)) };
                    let (_folder, index) = index(&vectors, &stage);
                    prop_assert_eq!(&index.scores(query.clone()).unwrap().top(depth, None).unwrap(), &expected);
                }
            }
        }
    }

    #[test]
    fn a_first_pass_alone_decides_what_is_scored() {
        // By their signs the first two are the nearest, exactly they are not.
        let vectors = [[0.9, 0.1, 0.1], [0.1, 0.9, 0.1], [0.6, -0.1, 0.7], [-1.0, 0.0, 0.0]];
        let vectors: Vec<Option<Vec<f32>>> = vectors.iter().map(|vector| Some(vector.to_vec())).collect();
        let found = |oversampling: usize| {
            let stage = Stage { oversampling, ..stage(StoredAs::F32, Some(FirstPass::Binary)) };
            let (_folder, index) = index(&vectors, &stage);
            let best = index.scores(unit(&[0.5, 0.01, 0.8])).unwrap().top(1, None).unwrap();
            best[0].0
        };
        assert_eq!((found(2), found(3)), (0, 2));
    }

    #[test]
    fn other_widths_are_refused() {
        let (_folder, index) = index(&[Some(vec![1.0, 0.0])], &stage(StoredAs::F32, None));
        assert!(index.scores(vec![1.0]).err().unwrap().to_string().contains("1 values"));
    }

    #[test]
    fn where_nothing_has_a_vector_nothing_is_found() {
        let (_folder, index) = index(&[None, None], &stage(StoredAs::F32, Some(FirstPass::Binary)));
        assert_eq!(index.len(), 2);
        let scores = index.scores(vec![1.0, 0.0]).unwrap();
        assert_eq!((scores.top(3, None).unwrap(), scores.of(&[1]).unwrap()), (vec![], vec![0.0]));
    }

    #[test]
    fn copies_are_the_same_bytes() {
        let vectors =
            vec![None, Some(vec![0.3, -0.7, 0.11]), Some(vec![0.0, 0.0, 0.0]), None, Some(vec![1.0, 2.0, 3.0])];
        for (stored_as, first_pass) in [
            (StoredAs::F32, None),
            (StoredAs::F32, Some(FirstPass::Int8)),
            (StoredAs::F16, Some(FirstPass::Binary)),
            (StoredAs::Int8, Some(FirstPass::Binary)),
        ] {
            let (folder, index) = index(&vectors, &stage(stored_as, first_pass));
            let other = tempfile::tempdir().unwrap();
            let mut writer = DenseWriter::create(other.path(), "s", stored_as, first_pass).unwrap();
            (0..vectors.len()).for_each(|record| writer.copy(&index, record).unwrap());
            writer.finish().unwrap();
            for file in std::fs::read_dir(folder.path()).unwrap() {
                let path = file.unwrap().path();
                let copy = other.path().join(path.file_name().unwrap());
                assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(copy).unwrap(), "{}", path.display());
            }
        }
    }
}
