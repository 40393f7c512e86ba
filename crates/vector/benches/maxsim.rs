//! MaxSim throughput: documents scored a second, for the definition as three loops, a matrix
//! product (ndarray's; with `RUSTFLAGS="--cfg gemm"` also the gemm crate's), and ours.
//!
//! `cargo bench -p embedkit-vector --bench maxsim`. One thread unless it says otherwise. `GB/s` is
//! the rate at which documents are read, and `of memory` that rate over the rate of merely
//! summing their values: 100% would be the limit that memory sets.
#![allow(clippy::print_stdout, missing_docs)]

mod support;

use std::hint::black_box;
use std::time::Instant;

use embedkit_vector::multivector::{Element, MaxSim, MultiVector};
use ndarray::ArrayView2;
use support::Random;

fn main() {
    for (name, query_rows, rows, dim, documents) in [
        ("text, 32 query rows", 32, 180, 128, 100),
        ("pages, 20 query rows", 20, 1030, 128, 20),
        ("width 96, 32 query rows", 32, 180, 96, 100),
        ("a tile less a row, 32 query rows", 32, 11, 128, 1000),
        ("a tile, 32 query rows", 32, 12, 128, 1000),
    ] {
        println!("\n{name}; {documents} documents of {rows} rows, {dim} dimensions");
        bench(
            &unit_rows(0, query_rows, dim),
            &(1..=documents).map(|seed| unit_rows(seed, rows, dim)).collect::<Vec<_>>(),
        );
    }
}

fn bench(query: &MultiVector, documents: &[MultiVector]) {
    let bytes: usize = documents.iter().map(MultiVector::size_in_bytes).sum();
    let memory = fastest(|| documents.iter().map(sum).sum()).0;
    let report = |name: &str, bytes: usize, (seconds, score): (f64, f32)| {
        let (pairs, rate) = (documents.len() as f64 / seconds, bytes as f64 / seconds);
        let share = 100.0 * rate * memory / (documents.iter().map(MultiVector::size_in_bytes).sum::<usize>() as f64);
        println!("{name:<28}{pairs:>10.0} pairs/s {:>7.2} GB/s {share:>6.1}% of memory   total {score:.2}", rate / 1e9);
    };
    report("reading only", bytes, (memory, 0.0));
    report("three loops", bytes, fastest(|| documents.iter().map(|document| three_loops(query, document)).sum()));
    report("ndarray", bytes, fastest(|| documents.iter().map(|document| ndarray_product(query, document)).sum()));
    #[cfg(gemm)]
    report("gemm", bytes, fastest(|| documents.iter().map(|document| gemm_product(query, document)).sum()));

    report("ours, f32", bytes, fastest(|| ours(query, documents)));
    let f16: Vec<_> = documents.iter().map(|document| document.to_f16().expect("unit rows")).collect();
    report("ours, f16", bytes / 2, fastest(|| ours(query, &f16)));
    let int8: Vec<_> = documents.iter().map(MultiVector::to_int8).collect();
    report("ours, int8", bytes / 4, fastest(|| ours(query, &int8)));
    report("ours, int8 by int8", bytes / 4, fastest(|| ours(&query.to_int8(), &int8)));
    let binary: Vec<_> = documents.iter().map(MultiVector::to_binary).collect();
    report("ours, binary", bytes / 32, fastest(|| ours(query, &binary)));
    let bits = query.to_binary();
    report("ours, binary by binary", bytes / 32, fastest(|| ours(&bits, &binary)));
    let packed = MaxSim::new(query).expect("rows");
    report("ours, f32, every core", bytes, fastest(|| packed.scores(documents).expect("one width").iter().sum()));
}

fn ours<Q: Element, D: Element>(query: &MultiVector<Q>, documents: &[MultiVector<D>]) -> f32 {
    let packed = MaxSim::new(query).expect("rows");
    documents.iter().map(|document| packed.score(document).expect("one width")).sum()
}

fn three_loops(query: &MultiVector, document: &MultiVector) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    query.rows().map(|q| document.rows().map(|d| dot(q, d)).fold(f32::MIN, f32::max)).sum()
}

fn view(rows: &MultiVector) -> ArrayView2<'_, f32> {
    ArrayView2::from_shape((rows.len(), rows.dim()), rows.as_slice()).expect("whole rows")
}

fn ndarray_product(query: &MultiVector, document: &MultiVector) -> f32 {
    let products = view(query).dot(&view(document).t());
    products.rows().into_iter().map(|row| row.iter().copied().fold(f32::MIN, f32::max)).sum()
}

#[cfg(gemm)]
fn gemm_product(query: &MultiVector, document: &MultiVector) -> f32 {
    let (rows, columns, dim) = (query.len(), document.len(), query.dim());
    let mut products = vec![0.0_f32; rows * columns];
    // SAFETY: the pointers are to matrices of these sizes and strides.
    #[allow(unsafe_code)]
    unsafe {
        gemm::gemm(
            rows,
            columns,
            dim,
            products.as_mut_ptr(),
            rows as isize,
            1,
            false,
            query.as_slice().as_ptr(),
            1,
            dim as isize,
            document.as_slice().as_ptr(),
            dim as isize,
            1,
            0.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
    let mut best = vec![f32::MIN; rows];
    for column in products.chunks_exact(rows) {
        best.iter_mut().zip(column).for_each(|(best, &product)| *best = best.max(product));
    }
    best.iter().sum()
}

fn sum(document: &MultiVector) -> f32 {
    let mut sums = [0.0_f32; 64];
    for chunk in document.as_slice().as_chunks::<64>().0 {
        sums.iter_mut().zip(chunk).for_each(|(sum, value)| *sum += value);
    }
    sums.iter().sum()
}

fn unit_rows(seed: usize, rows: usize, dim: usize) -> MultiVector {
    let mut random = Random(seed as u64);
    MultiVector::from_rows((0..rows).map(|_| random.unit_row(dim)).collect::<Vec<_>>()).expect("rows of one width")
}

/// The shortest of many short runs, which a busy machine disturbs least, in seconds, and what it computed.
fn fastest(mut run: impl FnMut() -> f32) -> (f64, f32) {
    let timed = |_| {
        let start = Instant::now();
        let result = black_box(run());
        (start.elapsed().as_secs_f64(), result)
    };
    (0..100).map(timed).min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or_default()
}
