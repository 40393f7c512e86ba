//! Token pooling against PyLate's; the goldens are collected by `tests/fixtures/pooling.py`.

use std::collections::BTreeMap;

use embedkit_vector::multivector::{MultiVector, TokenPooling};
use serde::Deserialize;

#[derive(Deserialize)]
struct Goldens {
    reference: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    document: MultiVector,
    pooled: BTreeMap<usize, MultiVector>,
}

#[test]
fn pooled_rows_are_pylates_in_another_order() {
    let goldens: Goldens = serde_json::from_str(include_str!("fixtures/pooling.json")).unwrap();
    assert!(goldens.reference.starts_with("PyLate") && goldens.cases.len() > 10);
    for (number, case) in goldens.cases.iter().enumerate() {
        for (&factor, expected) in &case.pooled {
            let pooling = TokenPooling::new(factor).unwrap().protected(1).plain_mean();
            let pooled = pooling.pool(&case.document);
            assert_eq!(pooled.len(), expected.len(), "case {number}, factor {factor}");
            assert_eq!(
                pooled.row(0),
                case.document.row(0),
                "case {number}, factor {factor}: the first row is protected"
            );
            let mut left: Vec<&[f32]> = expected.rows().collect();
            for row in pooled.rows() {
                let near = |other: &&[f32]| row.iter().zip(*other).all(|(a, b)| (a - b).abs() < 1e-5);
                let found = left.iter().position(near);
                let found = found.unwrap_or_else(|| panic!("case {number}, factor {factor}: {row:?} is not PyLate's"));
                left.swap_remove(found);
            }
        }
    }
}
