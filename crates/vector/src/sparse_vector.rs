//! Sparse vectors: few weights among very many dimensions.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A sparse vector: unique indices in ascending order, each with a finite weight.
///
/// Its JSON is what Qdrant takes: `{"indices": [..], "values": [..]}`. For Elasticsearch and
/// OpenSearch, see [`to_weights`](Self::to_weights).
///
/// ```
/// use embedkit_vector::SparseVector;
///
/// let document = SparseVector::new(vec![7, 2], vec![0.5, 2.0])?;
/// let query = SparseVector::new(vec![2, 9], vec![1.0, 1.0])?;
/// assert_eq!(document.indices(), [2, 7]);
/// assert_eq!(document.dot(&query), 2.0);
/// # Ok::<(), embedkit_vector::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Arrays", into = "Arrays")]
pub struct SparseVector {
    indices: Vec<u32>,
    values: Vec<f32>,
}

/// The JSON form.
#[derive(Serialize, Deserialize)]
struct Arrays {
    indices: Vec<u32>,
    values: Vec<f32>,
}

impl SparseVector {
    /// A vector of these indices, in any order, with the value at the same position.
    ///
    /// # Errors
    /// [`Error::Count`] when the lengths differ, [`Error::RepeatedIndex`], and [`Error::NotFinite`].
    pub fn new(indices: Vec<u32>, values: Vec<f32>) -> Result<Self> {
        if indices.len() != values.len() {
            let (found, expected) = (values.len(), indices.len());
            return Err(Error::Count { what: "values", found, each: "indices", expected });
        }
        let vector = Self::from_entries(indices.iter().copied().zip(values))?;
        if vector.len() < indices.len() {
            let mut seen = HashSet::with_capacity(indices.len());
            if let Some(index) = indices.into_iter().find(|index| !seen.insert(*index)) {
                return Err(Error::RepeatedIndex { index });
            }
        }
        Ok(vector)
    }

    /// A vector of these entries, in any order. As in a map, an index's last value counts.
    ///
    /// # Errors
    /// [`Error::NotFinite`].
    pub fn from_entries(entries: impl IntoIterator<Item = (u32, f32)>) -> Result<Self> {
        let mut entries: Vec<(u32, f32)> = entries.into_iter().collect();
        if let Some(&(index, value)) = entries.iter().find(|(_, value)| !value.is_finite()) {
            return Err(Error::NotFinite { what: "the weight of index", at: index as usize, value });
        }
        // The sort is stable, so of equal indices the last given is the last of its run.
        entries.sort_by_key(|(index, _)| *index);
        let mut vector = Self { indices: Vec::with_capacity(entries.len()), values: Vec::with_capacity(entries.len()) };
        for (at, (index, value)) in entries.iter().enumerate() {
            if entries.get(at + 1).is_none_or(|next| next.0 != *index) {
                vector.indices.push(*index);
                vector.values.push(*value);
            }
        }
        Ok(vector)
    }

    /// The indices, ascending.
    pub fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// The weights, in the order of the indices.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Indices and weights.
    pub fn into_parts(self) -> (Vec<u32>, Vec<f32>) {
        (self.indices, self.values)
    }

    /// Entries by ascending index.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (u32, f32)> + '_ {
        self.indices.iter().copied().zip(self.values.iter().copied())
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// The weight at an index; 0 where there is no entry.
    pub fn get(&self, index: u32) -> f32 {
        self.indices.binary_search(&index).map_or(0.0, |at| self.values[at])
    }

    /// The dot product, summed in f64.
    pub fn dot(&self, other: &Self) -> f32 {
        let (mut a, mut b, mut sum) = (0, 0, 0.0);
        while let (Some(left), Some(right)) = (self.indices.get(a), other.indices.get(b)) {
            if left == right {
                sum += f64::from(self.values[a]) * f64::from(other.values[b]);
            }
            (a, b) = (a + usize::from(left <= right), b + usize::from(right <= left));
        }
        sum as f32
    }

    /// Entries by descending magnitude; of equal ones the lower index first.
    pub fn heaviest(&self) -> Vec<(u32, f32)> {
        let mut entries: Vec<(u32, f32)> = self.iter().collect();
        entries.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        entries
    }

    /// Keeps the `k` entries of greatest magnitude; of equal ones those of lower index.
    #[must_use]
    pub fn top_k(&self, k: usize) -> Self {
        if k >= self.len() {
            return self.clone();
        }
        let mut entries = self.heaviest();
        entries.truncate(k);
        entries.sort_by_key(|(index, _)| *index);
        let (indices, values) = entries.into_iter().unzip();
        Self { indices, values }
    }

    /// Keeps the entries of at least this magnitude.
    #[must_use]
    pub fn at_least(&self, weight: f32) -> Self {
        let (indices, values) = self.iter().filter(|(_, value)| value.abs() >= weight).unzip();
        Self { indices, values }
    }

    /// Weights by index.
    pub fn to_map(&self) -> BTreeMap<u32, f32> {
        self.iter().collect()
    }

    /// Weights by name, as Elasticsearch's `sparse_vector` and OpenSearch's `rank_features` fields take
    /// them: `{"2": 2.0, "7": 0.5}`. `name` names an index, by its token or otherwise; those it does not
    /// name are named by their number. These fields refuse weights that are not above 0.
    pub fn to_weights(&self, name: impl Fn(u32) -> Option<String>) -> BTreeMap<String, f32> {
        self.iter().map(|(index, value)| (name(index).unwrap_or_else(|| index.to_string()), value)).collect()
    }

    /// The vector of weights by name; `index` finds the index of a name that is not a number.
    ///
    /// # Errors
    /// [`Error::UnknownName`], [`Error::RepeatedIndex`] for two names of one index, and [`Error::NotFinite`].
    pub fn from_weights<'n>(
        weights: impl IntoIterator<Item = (&'n str, f32)>,
        index: impl Fn(&str) -> Option<u32>,
    ) -> Result<Self> {
        let (mut indices, mut values) = (Vec::new(), Vec::new());
        for (name, value) in weights {
            let found = index(name).or_else(|| name.parse().ok());
            indices.push(found.ok_or_else(|| Error::UnknownName { name: name.to_owned() })?);
            values.push(value);
        }
        Self::new(indices, values)
    }
}

impl TryFrom<BTreeMap<u32, f32>> for SparseVector {
    type Error = Error;

    fn try_from(weights: BTreeMap<u32, f32>) -> Result<Self> {
        Self::from_entries(weights)
    }
}

impl TryFrom<HashMap<u32, f32>> for SparseVector {
    type Error = Error;

    fn try_from(weights: HashMap<u32, f32>) -> Result<Self> {
        Self::from_entries(weights)
    }
}

impl TryFrom<Arrays> for SparseVector {
    type Error = Error;

    fn try_from(arrays: Arrays) -> Result<Self> {
        Self::new(arrays.indices, arrays.values)
    }
}

impl From<SparseVector> for Arrays {
    fn from(vector: SparseVector) -> Self {
        Self { indices: vector.indices, values: vector.values }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entries() -> impl Strategy<Value = BTreeMap<u32, f32>> {
        proptest::collection::btree_map(0u32..40, -9.0f32..9.0, 0..20)
    }

    #[test]
    fn what_is_no_vector_is_refused() {
        for (indices, values, expected) in [
            (vec![1], vec![], "0 values for 1 indices"),
            (vec![3, 1, 3], vec![1.0; 3], "index 3 stands twice"),
            (vec![1, 2], vec![1.0, f32::NAN], "index 2 is NaN"),
            (vec![1], vec![f32::INFINITY], "must be finite"),
        ] {
            let error = SparseVector::new(indices, values).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn json_is_qdrants_and_is_checked() {
        let vector = SparseVector::new(vec![1 << 31, 5], vec![0.5, 1.5]).unwrap();
        let json = r#"{"indices":[5,2147483648],"values":[1.5,0.5]}"#;
        assert_eq!(serde_json::to_string(&vector).unwrap(), json);
        assert_eq!(serde_json::from_str::<SparseVector>(json).unwrap(), vector);
        assert!(serde_json::from_str::<SparseVector>(r#"{"indices":[5,5],"values":[1,2]}"#).is_err());
    }

    #[test]
    fn weights_are_named() {
        let vector = SparseVector::new(vec![3, 4], vec![1.0, 2.0]).unwrap();
        let weights = vector.to_weights(|index| (index == 3).then(|| "three".to_owned()));
        assert_eq!(weights, BTreeMap::from([("three".to_owned(), 1.0), ("4".to_owned(), 2.0)]));
        let index = |name: &str| (name == "three").then_some(3);
        let pairs = || weights.iter().map(|(name, value)| (name.as_str(), *value));
        assert_eq!(SparseVector::from_weights(pairs(), index).unwrap(), vector);
        assert!(SparseVector::from_weights(pairs(), |_| None).unwrap_err().to_string().contains("three"));
    }

    proptest! {
        #[test]
        fn maps_come_back(map in entries()) {
            prop_assert_eq!(SparseVector::try_from(map.clone()).unwrap().to_map(), map);
        }

        #[test]
        fn the_last_value_of_an_index_counts(pairs in proptest::collection::vec((0u32..9, -9.0f32..9.0), 0..30)) {
            let map: BTreeMap<u32, f32> = pairs.iter().copied().collect();
            prop_assert_eq!(SparseVector::from_entries(pairs).unwrap().to_map(), map);
        }

        #[test]
        fn dot_is_the_sum_over_common_indices(a in entries(), b in entries()) {
            let expected: f64 = a.iter().map(|(i, v)| f64::from(*v) * f64::from(*b.get(i).unwrap_or(&0.0))).sum();
            let dot = SparseVector::try_from(a).unwrap().dot(&SparseVector::try_from(b).unwrap());
            prop_assert!((f64::from(dot) - expected).abs() < 1e-3);
        }

        #[test]
        fn pruning_keeps_the_heaviest(map in entries(), k in 0usize..25, least in 0.0f32..9.0) {
            let vector = SparseVector::try_from(map).unwrap();
            let kept = vector.top_k(k);
            prop_assert_eq!(kept.len(), k.min(vector.len()));
            let lightest_kept = kept.values().iter().map(|v| v.abs()).fold(f32::INFINITY, f32::min);
            let dropped = vector.iter().filter(|(index, _)| kept.indices().binary_search(index).is_err());
            prop_assert!(dropped.into_iter().all(|(_, value)| value.abs() <= lightest_kept));
            prop_assert!(kept.iter().all(|(index, value)| vector.get(index) == value));

            let heavy = vector.at_least(least);
            prop_assert!(vector.iter().all(|(i, v)| heavy.indices().contains(&i) == (v.abs() >= least)));
        }
    }
}
