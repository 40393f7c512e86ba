//! Against numpy and the reference; the goldens are written by `tests/fixtures/muvera.py`.

use proptest::prelude::*;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::*;

#[derive(Deserialize)]
struct Goldens {
    random: Vec<RandomCase>,
    muvera: Vec<MuveraCase>,
}

#[derive(Deserialize)]
struct RandomCase {
    seed: u64,
    normals: usize,
    first: Vec<f64>,
    largest: f64,
    sha256: String,
    signs: Vec<f64>,
}

#[derive(Deserialize)]
struct MuveraCase {
    rows: usize,
    dim: usize,
    k_sim: u32,
    dim_proj: usize,
    r_reps: usize,
    seed: u64,
    clusters: Vec<Vec<usize>>,
    document: Encoding,
    query: Encoding,
}

#[derive(Deserialize)]
struct Encoding {
    some: Vec<f64>,
    sha256: String,
}

fn goldens() -> Goldens {
    serde_json::from_str(include_str!("../../../tests/fixtures/muvera.json")).unwrap()
}

fn digest(values: &[f64]) -> String {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * b.abs().max(1.0)
}

/// The script's `vectors`.
fn vectors(rows: usize, dim: usize) -> MultiVector {
    let value = |i: usize| ((i as u32).wrapping_mul(2_654_435_761) >> 8) as f64 / (1 << 23) as f64 - 1.0;
    MultiVector::new(dim, (0..rows * dim).map(|i| value(i) as f32).collect()).unwrap()
}

#[test]
fn the_generator_is_numpys() {
    for case in goldens().random {
        let mut generator = Generator::new(case.seed);
        let drawn: Vec<f64> = (0..case.normals).map(|_| generator.normal()).collect();
        for (value, golden) in drawn.iter().zip(&case.first) {
            assert!(close(*value, *golden), "seed {}: {value} is not {golden}", case.seed);
        }
        assert!(close(drawn.iter().fold(0.0, |most: f64, value| most.max(value.abs())), case.largest));
        assert_eq!(digest(&drawn), case.sha256, "seed {}", case.seed);
        assert!(case.signs.iter().all(|&sign| sign == generator.sign()), "seed {}", case.seed);
    }
}

#[test]
fn encodings_are_the_references() {
    for case in goldens().muvera {
        let MuveraCase { rows, dim, k_sim, dim_proj, r_reps, seed, .. } = case;
        let name = format!("{rows} rows, dim {dim}, k_sim {k_sim}, dim_proj {dim_proj}, seed {seed}");
        let muvera = Muvera::builder(dim).k_sim(k_sim).dim_proj(dim_proj).r_reps(r_reps).random_seed(seed);
        let muvera = muvera.build().unwrap();
        let input = vectors(rows, dim);

        for (repetition, golden) in case.clusters.iter().enumerate() {
            let planes = &muvera.hyperplanes[repetition * dim * k_sim as usize..];
            let ids: Vec<usize> = input
                .rows()
                .map(|row| row.iter().copied().map(f64::from).collect::<Vec<_>>())
                .map(|row| cluster(&row, &planes[..dim * k_sim as usize], k_sim as usize))
                .collect();
            assert_eq!(ids, *golden, "{name}, repetition {repetition}");
        }
        let (document, query) = (muvera.document(&input).unwrap(), muvera.query(&input).unwrap());
        for (what, encoding, golden) in [("document", document, case.document), ("query", query, case.query)] {
            assert_eq!(encoding.len(), muvera.embedding_size());
            for (value, golden) in encoding.iter().step_by((encoding.len() / 24).max(1)).zip(&golden.some) {
                assert!(close(*value, *golden), "{name}, {what}: {value} is not {golden}");
            }
            assert_eq!(digest(&encoding), golden.sha256, "{name}, {what}");
        }
    }
}

#[test]
fn bad_options_and_inputs_are_errors() {
    let cases = [
        Muvera::builder(0),
        Muvera::builder(4).dim_proj(0),
        Muvera::builder(4).dim_proj(5),
        Muvera::builder(4).dim_proj(4).r_reps(0),
        Muvera::builder(4).dim_proj(4).k_sim(64),
        Muvera::builder(4).dim_proj(4).k_sim(u32::MAX),
        Muvera::builder(usize::MAX).dim_proj(4),
    ];
    for builder in cases {
        assert!(matches!(builder.clone().build(), Err(Error::InvalidOption { .. })), "{builder:?}");
    }
    let muvera = Muvera::builder(4).dim_proj(2).build().unwrap();
    for input in [vectors(0, 4), vectors(2, 3)] {
        assert!(matches!(muvera.document(&input), Err(Error::Empty { .. } | Error::Width { .. })));
        assert!(matches!(muvera.query(&input), Err(Error::Empty { .. } | Error::Width { .. })));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn encodings_grow_with_their_rows(
        document in crate::multivector::tests::rows(5, 30), k_sim in 0_u32..5, dim_proj in 1_usize..6, power in -60_i32..120
    ) {
        let muvera = Muvera::builder(5).k_sim(k_sim).dim_proj(dim_proj).r_reps(3).build().unwrap();
        let scale = 2_f32.powi(power);
        let scaled = MultiVector::new(5, document.as_slice().iter().map(|value| value * scale).collect()).unwrap();
        for (plain, scaled) in [
            (muvera.document(&document).unwrap(), muvera.document(&scaled).unwrap()),
            (muvera.query(&document).unwrap(), muvera.query(&scaled).unwrap()),
        ] {
            prop_assert_eq!(plain.len(), muvera.embedding_size());
            for (plain, scaled) in plain.iter().zip(scaled) {
                prop_assert_eq!(plain * f64::from(scale), scaled);
            }
        }
    }

    #[test]
    fn a_querys_encoding_is_the_sum_of_its_rows(query in crate::multivector::tests::rows(5, 30), k_sim in 0_u32..5) {
        let muvera = Muvera::builder(5).k_sim(k_sim).dim_proj(3).r_reps(3).build().unwrap();
        let mut sum = vec![0.0; muvera.embedding_size()];
        for row in query.rows() {
            let row = muvera.query(&MultiVector::new(5, row.to_vec()).unwrap()).unwrap();
            sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        for (value, sum) in muvera.query(&query).unwrap().iter().zip(sum) {
            prop_assert!((value - sum).abs() < 1e-9);
        }
    }

    #[test]
    fn extremes_have_finite_encodings(rows in prop::collection::vec(prop::array::uniform3(-1_f32..=1.0), 1..20), loud in any::<bool>()) {
        let scale = if loud { f32::MAX } else { 1e-44 };
        let vector = MultiVector::from_rows(rows.iter().map(|row| row.map(|value| value * scale))).unwrap();
        let muvera = Muvera::builder(3).k_sim(3).dim_proj(2).r_reps(2).build().unwrap();
        for encoding in [muvera.document(&vector).unwrap(), muvera.query(&vector).unwrap()] {
            prop_assert!(encoding.iter().all(|value| value.is_finite()));
        }
    }
}
