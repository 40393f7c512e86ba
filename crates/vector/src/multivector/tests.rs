//! What holds of every score, and what cannot be scored.

use super::*;
use crate::{Error, top_k};
use half::f16;
use proptest::prelude::*;

/// The definition, one pair of rows at a time.
fn naive(query: &MultiVector, document: &MultiVector) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
    query.rows().map(|q| document.rows().map(|d| dot(q, d)).fold(f64::MIN, f64::max)).sum()
}

/// Between 1 and `most` rows.
pub(super) fn rows(dim: usize, most: usize) -> impl Strategy<Value = MultiVector> {
    (1..=most)
        .prop_flat_map(move |rows| prop::collection::vec(-1.0_f32..1.0, rows * dim))
        .prop_map(move |data| MultiVector::new(dim, data).unwrap())
}

/// Widths and lengths around the sizes of words, panels, tiles and blocks.
fn pair() -> impl Strategy<Value = (MultiVector, MultiVector)> {
    (1_usize..150).prop_flat_map(|dim| (rows(dim, 70), rows(dim, 110)))
}

fn agrees<Q: Element, D: Element>(query: &MultiVector<Q>, document: &MultiVector<D>) -> Result<(), TestCaseError> {
    let score = f64::from(maxsim(query, document).unwrap());
    let naive = naive(&query.to_f32(), &document.to_f32());
    prop_assert!((score - naive).abs() <= 1e-5 * (query.len() * query.dim()) as f64, "{score} is not {naive}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn agrees_with_the_definition_for_every_element((query, document) in pair()) {
        agrees(&query, &document)?;
        agrees(&query, &document.to_f16().unwrap())?;
        agrees(&query, &document.to_int8())?;
        agrees(&query, &document.to_binary())?;
        agrees(&query.to_int8(), &document.to_int8())?;
        agrees(&query.to_f16().unwrap(), &document.to_int8())?;
        agrees(&query.to_binary(), &document.to_int8())?;
        agrees(&query.to_binary(), &document.to_binary())?;
        agrees(&query.to_binary(), &document)?;
    }

    #[test]
    fn bits_score_as_their_values((query, document) in pair()) {
        let (query, document) = (query.to_binary(), document.to_binary());
        prop_assert_eq!(maxsim(&query, &document).unwrap(), maxsim(&query.to_f32(), &document.to_f32()).unwrap());
    }

    #[test]
    fn the_order_of_document_rows_does_not_matter((query, document) in pair(), seed in any::<u64>()) {
        let mut order: Vec<usize> = (0..document.len()).collect();
        order.sort_by_key(|&at| (at as u64 ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let shuffled = MultiVector::from_rows(order.iter().map(|&at| document.row(at).unwrap())).unwrap();
        prop_assert_eq!(maxsim(&query, &document).unwrap(), maxsim(&query, &shuffled).unwrap());
    }

    #[test]
    fn rows_that_lie_elsewhere_have_the_same_score((query, document) in pair(), before in 0_usize..3) {
        fn check<E: Element>(query: &MaxSim, document: &MultiVector<E>, before: usize) {
            let mut units = document.units()[..before.min(document.units().len())].to_vec();
            let first = units.len();
            units.extend_from_slice(document.units());
            let view = MultiVectorView::<E>::new(document.dim(), &units[first..], document.scales()).unwrap();
            assert_eq!((view.len(), view), (document.len(), document.view()));
            assert_eq!(query.score(view).unwrap(), query.score(document).unwrap());
        }
        let query = MaxSim::new(&query).unwrap();
        check(&query, &document, before);
        check(&query, &document.to_f16().unwrap(), before);
        check(&query, &document.to_int8(), before);
        check(&query, &document.to_binary(), before);
    }

    #[test]
    fn where_a_row_stands_does_not_change_a_bit((query, document) in pair()) {
        let maxsim = MaxSim::new(&query).unwrap();
        let by_row = (0..document.len()).map(|row| maxsim.weights_of_row(document.view(), row));
        let best = by_row.reduce(|a, b| a.iter().zip(&b).map(|(a, b)| a.max(*b)).collect()).unwrap();
        prop_assert_eq!(maxsim.weights(&document).unwrap(), best);
    }

    #[test]
    fn another_row_never_lowers_a_score((query, document) in pair(), keep in 1_usize..110) {
        let fewer = MultiVector::from_rows(document.rows().take(keep)).unwrap();
        prop_assert!(maxsim(&query, &fewer).unwrap() <= maxsim(&query, &document).unwrap());
    }
}

#[test]
fn batches_are_single_scores() {
    let of = |seed: u32, rows: usize| {
        let value =
            |at: u32| ((at.wrapping_mul(2_654_435_761) ^ seed.wrapping_mul(40_503)) % 1000) as f32 / 500.0 - 1.0;
        MultiVector::new(24, (0..rows as u32 * 24).map(value).collect()).unwrap()
    };
    let queries: Vec<_> = (0..5).map(|at| of(at, 1 + at as usize * 9)).collect();
    let documents: Vec<_> = (0..40).map(|at| of(100 + at, 1 + at as usize * 3)).collect();
    let batch = maxsim_batch(&queries, &documents).unwrap();
    let tops = top_k_batch(&queries, &documents, 3).unwrap();
    for (query, (scores, top)) in queries.iter().zip(batch.iter().zip(&tops)) {
        let maxsim = MaxSim::new(query).unwrap();
        let single: Vec<f32> = documents.iter().map(|document| maxsim.score(document).unwrap()).collect();
        assert_eq!(*scores, single);
        assert_eq!(*top, top_k(single.iter().copied(), 3));
        let mean = maxsim.mean().score(&documents[0]).unwrap();
        assert!((mean - single[0] / query.len() as f32).abs() < 1e-5);
    }
}

/// Long enough to be split among threads; the same bits as the best of its rows.
#[test]
#[cfg_attr(miri, ignore = "takes too long")]
fn long_documents_are_split() {
    let value = |at: u32| (at.wrapping_mul(2_654_435_761) >> 16) as f32 / 65536.0 - 0.5;
    let query = MultiVector::new(16, (0..45 * 16).map(value).collect()).unwrap();
    let long = MultiVector::new(16, (0..1_003 * 16).map(|at| value(at + 7)).collect()).unwrap();
    let short: Vec<_> =
        long.as_slice().chunks(16 * 97).map(|rows| MultiVector::new(16, rows.to_vec()).unwrap()).collect();
    fn check<E: Element>(query: &MaxSim, long: &MultiVector<E>, short: &[MultiVector<E>]) {
        let best = |at: usize| {
            let weights = short.iter().map(|document| query.weights(document).unwrap()[at]);
            weights.fold(f32::NEG_INFINITY, f32::max)
        };
        let expected: Vec<f32> = (0..query.query().len()).map(best).collect();
        assert_eq!(query.weights(long).unwrap(), expected);
        let single: Vec<f32> = short.iter().map(|document| query.score(document).unwrap()).collect();
        assert_eq!(query.scores(short).unwrap(), single);
    }
    let maxsim = MaxSim::new(&query).unwrap();
    check(&maxsim, &long, &short);
    let int8 = |document: &MultiVector| document.to_int8();
    check(&maxsim, &int8(&long), &short.iter().map(int8).collect::<Vec<_>>());
    let half = |document: &MultiVector| document.to_f16().unwrap();
    check(&maxsim, &half(&long), &short.iter().map(half).collect::<Vec<_>>());
    let bits = |document: &MultiVector| document.to_binary();
    check(&MaxSim::new(&bits(&query)).unwrap(), &bits(&long), &short.iter().map(bits).collect::<Vec<_>>());

    let mut values = long.into_vec();
    values[900 * 16..][..2].copy_from_slice(&[f32::MAX, f32::MAX]);
    let beyond = MultiVector::new(16, values).unwrap();
    let loud = MultiVector::new(16, vec![f32::MAX; 45 * 16]).unwrap();
    assert!(matches!(MaxSim::new(&loud).unwrap().score(&beyond), Err(Error::ScoreOverflow)));
}

#[test]
fn what_cannot_be_scored_is_an_error() {
    let row = MultiVector::new(2, vec![1.0, 0.0]).unwrap();
    let none = MultiVector::new(2, vec![]).unwrap();
    let huge = MultiVector::new(2, vec![f32::MAX, f32::MAX]).unwrap();
    let message = |result: crate::Result<f32>| result.unwrap_err().to_string();
    assert!(message(maxsim(&none, &row)).contains("query has no rows"));
    assert!(message(maxsim(&row, &none)).contains("document has no rows"));
    assert!(message(maxsim(&row, &MultiVector::new(3, vec![0.0; 3]).unwrap())).contains("3 dimensions"));
    assert!(message(maxsim(&huge, &huge)).contains("too large"));
    // The first row's dot product is 0, but the sum on the way to it is beyond f32: the second must not pass for the best.
    let cancelled = MultiVector::from_rows([[2.0, -2.0], [-0.1, 0.0]]).unwrap();
    assert!(message(maxsim(&huge, &cancelled)).contains("too large"));
    let scores = MaxSim::new(&row).unwrap().scores(&[row.clone(), none]).map(|_| 0.0);
    assert!(message(scores).starts_with("document 1: "));
}

#[test]
fn values_that_cannot_be_used_are_errors() {
    let label = RowLabel::Token("a".to_owned());
    let f32s = |dim, data| MultiVector::new(dim, data).map(drop);
    for (result, expected) in [
        (f32s(0, vec![]), "the multi-vector has no dimensions"),
        (f32s(3, vec![0.0; 4]), "4 values are not whole rows of 3"),
        (f32s(1, vec![f32::NAN]), "row 0: dimension 0 is NaN, and must be finite"),
        (f32s(1, vec![0.0, f32::INFINITY]), "row 1: dimension 0 is inf, and must be finite"),
        (MultiVector::<f32>::from_parts(1, vec![1.0], vec![1.0]).map(drop), "1 scales for 0 rows that are scaled"),
        (MultiVector::<i8>::from_parts(1, vec![1], vec![]).map(drop), "0 scales for 1 rows that are scaled"),
        (MultiVector::<i8>::from_parts(1, vec![1], vec![f32::NAN]).map(drop), "the scale of row 0 is NaN"),
        (MultiVector::<f16>::from_parts(1, vec![f16::NAN], vec![]).map(drop), "row 0: dimension 0 is NaN"),
        (MultiVector::<Bit>::from_parts(3, vec![0b1000], vec![]).map(drop), "row 0: bits are set past dimension 3"),
        (MultiVector::from_rows([vec![1.0], vec![1.0, 2.0]]).map(drop), "row 1: it has 2 dimensions, row 0 has 1"),
        (MultiVector::from_rows(Vec::<Vec<f32>>::new()).map(drop), "has no rows, so its width is not known"),
        (MultiVector::new(1, vec![1.0]).unwrap().with_labels(vec![label; 2]).map(drop), "2 labels for 1 rows"),
    ] {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
