//! Weights of terms, by term: an inverted list, in SciPy's format of a matrix by column.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use embedkit_core::{Error, Result};
use embedkit_vector::SparseVector;
use embedkit_vector::number::Number;
use rayon::prelude::*;

use super::archive::{Archive, ArchiveWriter};
use super::best::{Best, best_of};
use super::{Allowed, Scores};

const ARRAYS: [&str; 4] = ["indices", "indptr", "data", "terms"];
/// Records whose scores one thread adds up at a time: few enough to stay close at hand.
const BLOCK: usize = 4096;

/// Collects vectors, and writes them by term.
pub(crate) struct SparseWriter {
    path: PathBuf,
    /// Where each record's entries end.
    ends: Vec<usize>,
    entries: Vec<(u32, f32)>,
}

impl SparseWriter {
    pub(crate) fn create(folder: &Path, stage: &str) -> Self {
        Self { path: folder.join(format!("{stage}.npz")), ends: Vec::new(), entries: Vec::new() }
    }

    pub(crate) fn write(&mut self, vector: &SparseVector) {
        self.entries.extend(vector.iter());
        self.ends.push(self.entries.len());
    }

    pub(crate) fn finish(self) -> Result<()> {
        let mut terms: Vec<u32> = self.entries.iter().map(|(term, _)| *term).collect();
        terms.sort_unstable();
        terms.dedup();
        let column = |term: &u32| terms.binary_search(term).unwrap_or_default();
        let mut starts = vec![0_usize; terms.len() + 1];
        self.entries.iter().for_each(|(term, _)| starts[column(term) + 1] += 1);
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let (mut records, mut weights) = (vec![0_i32; self.entries.len()], vec![0.0_f32; self.entries.len()]);
        let mut next = starts.clone();
        let mut start = 0;
        for (record, end) in self.ends.iter().enumerate() {
            for (term, weight) in &self.entries[start..*end] {
                let place = &mut next[column(term)];
                (records[*place], weights[*place]) = (record as i32, *weight);
                *place += 1;
            }
            start = *end;
        }
        let (rows, count) = (self.ends.len() as u64, self.entries.len() as u64);
        let mut archive = ArchiveWriter::create(self.path)?;
        archive.array("indices", &[count], records)?;
        archive.array("indptr", &[starts.len() as u64], starts.iter().map(|start| *start as i64))?;
        archive.array("data", &[count], weights)?;
        archive.array("shape", &[2], [rows as i64, terms.len() as i64])?;
        archive.text("format", "csc")?;
        archive.array("terms", &[terms.len() as u64], terms.iter().map(|term| i64::from(*term)))?;
        archive.finish()
    }
}

/// Weights of terms that are mapped.
pub(crate) struct SparseIndex {
    archive: Archive,
    terms: Vec<u32>,
    /// Where each term's records begin, and where the last one's end.
    starts: Vec<usize>,
    records: usize,
    /// The other way round, once it is asked for.
    by_record: OnceLock<Vec<Vec<(u32, f32)>>>,
}

impl SparseIndex {
    pub(crate) fn open(folder: &Path, stage: &str, records: usize) -> Result<Self> {
        let archive = Archive::open(folder, &format!("{stage}.npz"), &ARRAYS)?;
        let path = &archive.path;
        let wrong = |what: &str| Error::file(path, format!("has {what}"));
        let terms = archive.array("terms")?.values::<i64>(path)?.into_iter().map(u32::try_from);
        let terms: Vec<u32> = terms.collect::<Result<_, _>>().map_err(|_| wrong("terms beyond 32 bits"))?;
        let starts = archive.array("indptr")?.values::<i64>(path)?.into_iter().map(usize::try_from);
        let starts: Vec<usize> = starts.collect::<Result<_, _>>().map_err(|_| wrong("places below 0"))?;
        let count = archive.array("data")?.cells::<f32>(path)?.len();
        let rising = starts.windows(2).all(|pair| pair[0] <= pair[1]) && terms.windows(2).all(|pair| pair[0] < pair[1]);
        if starts.len() != terms.len() + 1 || starts.last() != Some(&count) || !rising {
            return Err(wrong("lists that do not follow one another"));
        }
        if archive.array("indices")?.cells::<i32>(path)?.len() != count {
            return Err(wrong("not as many records as weights"));
        }
        Ok(Self { terms, starts, records, archive, by_record: OnceLock::new() })
    }

    /// A term's records, in order, and their weights.
    fn list(&self, term: u32) -> Result<List<'_>> {
        let place = match self.terms.binary_search(&term) {
            Ok(at) => self.starts[at]..self.starts[at + 1],
            Err(_) => 0..0,
        };
        let path = &self.archive.path;
        let records = &self.archive.array("indices")?.cells::<i32>(path)?[place.clone()];
        let weights = &self.archive.array("data")?.cells::<f32>(path)?[place];
        Ok(List { records, weights })
    }

    /// The inverse document frequency of a term, `ln(1 + (n - d + 0.5) / (d + 0.5))`, as Lucene and Qdrant have it.
    pub(crate) fn idf(&self, term: u32) -> Result<f32> {
        let (all, having) = (self.records as f64, self.list(term)?.records.len() as f64);
        Ok((1.0 + (all - having + 0.5) / (having + 0.5)).ln() as f32)
    }

    /// A record's vector.
    pub(crate) fn vector(&self, record: usize) -> Result<SparseVector> {
        let vectors = match self.by_record.get() {
            Some(vectors) => vectors,
            None => {
                let vectors = self.vectors()?;
                self.by_record.get_or_init(|| vectors)
            }
        };
        Ok(SparseVector::from_entries(vectors[record].iter().copied())?)
    }

    /// Each record's entries, in their order.
    fn vectors(&self) -> Result<Vec<Vec<(u32, f32)>>> {
        let mut vectors = vec![Vec::new(); self.records];
        for term in &self.terms {
            for (record, weight) in self.list(*term)?.entries() {
                let vector: &mut Vec<_> = vectors.get_mut(record).ok_or_else(|| self.beyond(record))?;
                vector.push((*term, weight));
            }
        }
        Ok(vectors)
    }

    fn beyond(&self, record: usize) -> Error {
        Error::file(&self.archive.path, format!("names record {record} of {}", self.records))
    }

    /// Scores for a query, whose weights are multiplied by document frequencies where the model asks for it.
    pub(crate) fn scores(&self, query: &SparseVector, with_idf: bool) -> Result<SparseScores<'_>> {
        let list = |(term, weight): (u32, f32)| {
            let weight = if with_idf { weight * self.idf(term)? } else { weight };
            Ok((weight, self.list(term)?))
        };
        Ok(SparseScores { index: self, lists: query.iter().map(list).collect::<Result<_>>()? })
    }
}

/// A term's records, in order, and their weights.
#[derive(Clone, Copy)]
struct List<'i> {
    records: &'i [<i32 as Number>::Bytes],
    weights: &'i [<f32 as Number>::Bytes],
}

impl<'i> List<'i> {
    fn entries(self) -> impl Iterator<Item = (usize, f32)> + 'i {
        self.records.iter().map(record_of).zip(self.weights.iter().map(|weight| f32::from_cell(*weight)))
    }

    /// The part of it that is of these records.
    fn part(self, records: &Range<usize>) -> Self {
        let before = |end: usize| self.records.partition_point(|record| record_of(record) < end);
        let start = before(records.start);
        let end = before(records.end).max(start);
        Self { records: &self.records[start..end], weights: &self.weights[start..end] }
    }

    /// A record's weight; none of one that it has not.
    fn weight(self, record: usize) -> Option<f32> {
        let at = self.records.binary_search_by_key(&record, record_of).ok()?;
        Some(f32::from_cell(self.weights[at]))
    }
}

fn record_of(cell: &<i32 as Number>::Bytes) -> usize {
    i32::from_cell(*cell) as usize
}

/// A query over weights of terms: the lists of its terms, each with the term's weight.
pub(crate) struct SparseScores<'i> {
    index: &'i SparseIndex,
    lists: Vec<(f32, List<'i>)>,
}

impl SparseScores<'_> {
    /// The best of these records.
    fn best_of_block(&self, records: Range<usize>, depth: usize, allowed: Allowed<'_>) -> Result<Vec<(usize, f32)>> {
        let mut scores = vec![0.0; records.len()];
        for (weight, list) in &self.lists {
            for (record, value) in list.part(&records).entries() {
                let score = scores.get_mut(record.wrapping_sub(records.start));
                *score.ok_or_else(|| self.index.beyond(record))? += weight * value;
            }
        }
        let mut best = Best::new(depth);
        for (record, score) in records.zip(scores) {
            // Records without a term of the query are not found.
            if score != 0.0 && allowed.is_none_or(|allowed| allowed[record]) {
                best.add(record, score);
            }
        }
        Ok(best.finish())
    }
}

impl Scores for SparseScores<'_> {
    fn top(&self, depth: usize, allowed: Allowed<'_>) -> Result<Vec<(usize, f32)>> {
        let all = self.index.records;
        if let Some(record) = self.lists.iter().filter_map(|(_, list)| list.records.last()).map(record_of).max()
            && record >= all
        {
            return Err(self.index.beyond(record));
        }
        let block = |at: usize| self.best_of_block(at * BLOCK..((at + 1) * BLOCK).min(all), depth, allowed);
        let best: Vec<_> = (0..all.div_ceil(BLOCK)).into_par_iter().map(block).collect::<Result<_>>()?;
        Ok(best_of(best.into_iter().flatten().collect(), depth))
    }

    fn of(&self, records: &[usize]) -> Result<Vec<f32>> {
        let score = |record: &usize| {
            let of_term = |(weight, list): &(f32, List<'_>)| list.weight(*record).map(|value| weight * value);
            self.lists.iter().filter_map(of_term).fold(0.0, |sum, part| sum + part)
        };
        Ok(records.iter().map(score).collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn vectors() -> impl Strategy<Value = Vec<SparseVector>> {
        let entries =
            prop::collection::btree_map(prop::sample::select(&[0u32, 3, 7, 1 << 31, u32::MAX][..]), 0.1f32..4.0, 0..4);
        prop::collection::vec(entries.prop_map(|map| SparseVector::from_entries(map).unwrap()), 1..30)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn scores_are_dot_products_and_vectors_come_back(vectors in vectors(), query in vectors()) {
            let folder = tempfile::tempdir().unwrap();
            let mut writer = SparseWriter::create(folder.path(), "s");
            vectors.iter().for_each(|vector| writer.write(vector));
            writer.finish().unwrap();
            let index = SparseIndex::open(folder.path(), "s", vectors.len()).unwrap();
            let back: Vec<SparseVector> = (0..vectors.len()).map(|record| index.vector(record).unwrap()).collect();
            prop_assert_eq!(&back, &vectors);
            let scores = index.scores(&query[0], false).unwrap();
            let all = scores.of(&(0..vectors.len()).collect::<Vec<_>>()).unwrap();
            for (vector, score) in vectors.iter().zip(&all) {
                prop_assert!((vector.dot(&query[0]) - score).abs() < 1e-3);
            }
            let having: Vec<(usize, f32)> = all.iter().copied().enumerate().filter(|(_, score)| *score != 0.0).collect();
            prop_assert_eq!(scores.top(5, None).unwrap(), best_of(having.clone(), 5));
            let odd: Vec<bool> = (0..vectors.len()).map(|record| record % 2 > 0).collect();
            let having = having.into_iter().filter(|(record, _)| odd[*record]).collect();
            prop_assert_eq!(scores.top(5, Some(&odd)).unwrap(), best_of(having, 5));
            let having = vectors.iter().filter(|vector| vector.get(7) != 0.0).count() as f32;
            let expected = (1.0 + (vectors.len() as f32 - having + 0.5) / (having + 0.5)).ln();
            prop_assert!((index.idf(7).unwrap() - expected).abs() < 1e-5);
        }
    }

    #[test]
    fn blocks_are_one_list() {
        let vector = |record: usize| {
            let entries = [(1, 1.0), (2 + (record % 3) as u32, 0.5 + (record % 97) as f32)];
            SparseVector::from_entries(entries).unwrap()
        };
        let (folder, count) = (tempfile::tempdir().unwrap(), 2 * BLOCK + 7);
        let mut writer = SparseWriter::create(folder.path(), "s");
        (0..count).for_each(|record| writer.write(&vector(record)));
        writer.finish().unwrap();
        let index = SparseIndex::open(folder.path(), "s", count).unwrap();
        let query = SparseVector::from_entries([(1, 0.25), (3, 2.0)]).unwrap();
        let expected = (0..count).map(|record| (record, vector(record).dot(&query))).collect();
        assert_eq!(index.scores(&query, false).unwrap().top(40, None).unwrap(), best_of(expected, 40));
        // A list that names a record that is not there is told, not followed.
        let short = SparseIndex::open(folder.path(), "s", count - 1).unwrap();
        let error = short.scores(&query, false).unwrap().top(1, None).unwrap_err().to_string();
        assert!(error.contains(&format!("record {} of {}", count - 1, count - 1)), "{error}");
    }
}
