//! What whole multi-vectors take besides scoring: token pooling, pruning, MUVERA, few and long documents.
//!
//! `cargo bench -p embedkit-vector --bench rows`; the shortest of several runs, in milliseconds.
#![allow(clippy::print_stdout, missing_docs)]

mod support;

use std::hint::black_box;
use std::time::Instant;

use embedkit_vector::multivector::{MaxSim, MultiVector, Muvera, TokenPooling};
use support::Random;

fn main() {
    for rows in [100, 300, 1000, 2000] {
        let (document, pooling) = (unit_rows(1, rows, 128), TokenPooling::new(3).expect("a factor"));
        report(&format!("pool {rows} rows by 3"), || pooling.pool(&document).len());
    }
    let document = unit_rows(2, 1000, 128);
    report("prune 1000 rows", || document.prune(0.9).expect("a cosine").len());
    for k_sim in [5, 8, 10] {
        let muvera = Muvera::builder(128).k_sim(k_sim).build().expect("options");
        let query = unit_rows(3, 32, 128);
        report(&format!("MUVERA query, 2^{k_sim} clusters"), || muvera.query(&query).expect("one width").len());
        report(&format!("MUVERA document, 2^{k_sim} clusters"), || {
            muvera.document(&document).expect("one width").len()
        });
    }
    let query = MaxSim::new(&unit_rows(4, 32, 128)).expect("rows");
    let few: Vec<_> = (0..8).map(|seed| unit_rows(seed, 1030, 128)).collect();
    report("score 8 pages", || query.scores(&few).expect("one width").len());
    let long = unit_rows(5, 50_000, 128);
    report("score a document of 50,000 rows", || query.score(&long).expect("one width") as usize);
}

fn report(name: &str, mut run: impl FnMut() -> usize) {
    let timed = |_| {
        let start = Instant::now();
        black_box(run());
        start.elapsed().as_secs_f64() * 1e3
    };
    let fastest = (0..12).map(timed).fold(f64::INFINITY, f64::min);
    println!("{name:<36}{fastest:>10.3} ms");
}

fn unit_rows(seed: u64, rows: usize, dim: usize) -> MultiVector {
    let mut random = Random(seed);
    MultiVector::from_rows((0..rows).map(|_| random.unit_row(dim)).collect::<Vec<_>>()).expect("rows of one width")
}
