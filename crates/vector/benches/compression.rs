//! What compressing documents costs in ranking: how much of the order that full precision gives
//! is kept by each kind of compression.
//!
//! `cargo bench -p embedkit-vector --features interchange --bench compression` measures a generated
//! set; followed by `-- documents.npz queries.npz` it measures the multi-vectors in these files.
//!
//! For every query the documents are ranked by MaxSim with and without compression. `first`: the
//! best document is the same; `top 10`: the share of the ten best that are still among them;
//! `order`: the share of the pairs among the fifty best that still stand in the same order.
#![allow(clippy::print_stdout, missing_docs)]

mod support;

use embedkit_vector::Result;
use embedkit_vector::multivector::{Element, MaxSim, MultiVector, TokenPooling, read_npz};
use support::{Random, unit};

fn main() -> Result<()> {
    let paths: Vec<String> = std::env::args().skip(1).filter(|argument| argument.ends_with(".npz")).collect();
    let (documents, queries) = match paths.as_slice() {
        [documents, queries] => (read_npz(documents)?, read_npz(queries)?),
        _ => generated(1000, 100),
    };
    let rows: usize = documents.iter().map(MultiVector::len).sum();
    println!("{} documents, {rows} rows of {}, {} queries", documents.len(), documents[0].dim(), queries.len());
    println!("{:<22}{:>7}{:>9}{:>9}{:>9}", "", "size", "first", "top 10", "order");

    let full = rank(&queries, &documents)?;
    let report = |name: &str, bytes: usize, ranks: Vec<Vec<usize>>| {
        let share = |kept: fn(&[usize], &[usize]) -> f64| {
            100.0 * full.iter().zip(&ranks).map(|(full, ranks)| kept(full, ranks)).sum::<f64>() / full.len() as f64
        };
        let size = 100.0 * bytes as f64 / size(&documents) as f64;
        println!("{name:<22}{size:>6.1}%{:>8.1}%{:>8.1}%{:>8.1}%", share(first), share(top_10), share(order));
    };
    let f16 = documents.iter().map(MultiVector::to_f16).collect::<Result<Vec<_>>>()?;
    report("f16", size(&f16), rank(&queries, &f16)?);
    let int8: Vec<_> = documents.iter().map(MultiVector::to_int8).collect();
    report("int8", size(&int8), rank(&queries, &int8)?);
    let binary: Vec<_> = documents.iter().map(MultiVector::to_binary).collect();
    report("binary", size(&binary), rank(&queries, &binary)?);
    let bits: Vec<_> = queries.iter().map(MultiVector::to_binary).collect();
    report("binary, queries too", size(&binary), rank(&bits, &binary)?);
    for factor in [2, 3, 4, 6] {
        for plain in [false, true] {
            let pooling = TokenPooling::new(factor)?;
            let pooling = if plain { pooling.plain_mean() } else { pooling };
            let pooled: Vec<_> = documents.iter().map(|document| pooling.pool(document)).collect();
            let name = format!("pooled by {factor}{}", if plain { ", plain mean" } else { "" });
            report(&name, size(&pooled), rank(&queries, &pooled)?);
        }
    }
    for similarity in [0.95, 0.9, 0.8] {
        let pruned = documents.iter().map(|document| document.prune(similarity)).collect::<Result<Vec<_>>>()?;
        report(&format!("pruned at {similarity}"), size(&pruned), rank(&queries, &pruned)?);
    }
    Ok(())
}

/// For each query, every document, best first.
fn rank<Q: Element, D: Element>(queries: &[MultiVector<Q>], documents: &[MultiVector<D>]) -> Result<Vec<Vec<usize>>> {
    let rank = |query| {
        let ranked = MaxSim::new(query)?.top_k(documents, documents.len())?;
        Ok(ranked.iter().map(|scored| scored.index).collect())
    };
    queries.iter().map(rank).collect()
}

fn size<E: Element>(documents: &[MultiVector<E>]) -> usize {
    documents.iter().map(MultiVector::size_in_bytes).sum()
}

fn first(full: &[usize], ranks: &[usize]) -> f64 {
    f64::from(full[0] == ranks[0])
}

fn top_10(full: &[usize], ranks: &[usize]) -> f64 {
    let top = full.len().min(10);
    full[..top].iter().filter(|document| ranks[..top].contains(document)).count() as f64 / top as f64
}

fn order(full: &[usize], ranks: &[usize]) -> f64 {
    let place = |document: &usize| ranks.iter().position(|other| other == document);
    let places: Vec<_> = full.iter().take(50).map(place).collect();
    let pairs: Vec<_> = (0..places.len()).flat_map(|b| (0..b).map(move |a| (a, b))).collect();
    pairs.iter().filter(|&&(a, b)| places[a] < places[b]).count() as f64 / pairs.len() as f64
}

/// Tokens as a contextual model gives them: a word's direction, drawn from a topic's words, bent
/// towards the document's topic, with noise. A query is a passage of a document, with more noise.
fn generated(documents: usize, queries: usize) -> (Vec<MultiVector>, Vec<MultiVector>) {
    const DIM: usize = 128;
    let mut random = Random(7);
    let mut directions = |count: usize| (0..count).map(|_| random.unit_row(DIM)).collect::<Vec<_>>();
    let (words, topics, noise) = (directions(3000), directions(20), directions(5000));
    let mut noise = noise.iter().cycle();
    let mut token = |word: usize, topic: usize, loudness: f32| {
        let noise = noise.next().into_iter().flatten();
        let bend = |((word, topic), noise): ((&f32, &f32), &f32)| word + 0.5 * topic + loudness * noise;
        unit(words[word].iter().zip(&topics[topic]).zip(noise).map(bend).collect())
    };
    let mut random = Random(8);
    let texts: Vec<(usize, Vec<usize>)> = (0..documents)
        .map(|at| {
            let topic = at % topics.len();
            // A cube makes few words frequent and many rare, as in texts.
            let mut word = || (random.uniform().powi(3) * 300.0) as usize + topic * 140;
            (topic, (0..60 + at % 120).map(|_| word()).collect())
        })
        .collect();
    let mut embed = |topic: usize, words: &[usize], loudness: f32| {
        let rows = words.iter().map(|&word| token(word, topic, loudness)).collect::<Vec<_>>();
        MultiVector::from_rows(rows).expect("rows of one width")
    };
    let embedded = texts.iter().map(|(topic, words)| embed(*topic, words, 0.4)).collect();
    let passages = texts.iter().step_by(documents / queries);
    let asked = passages.map(|(topic, words)| embed(*topic, &words[10..30], 0.8)).collect();
    (embedded, asked)
}
