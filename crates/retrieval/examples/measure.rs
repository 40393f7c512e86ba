//! How fast the default pipeline indexes and searches, and in how much memory:
//! `cargo run --release --example measure -- paragraphs.jsonl [folder with a data set in BEIR's layout …]`.
//!
//! Without a file, 100,000 paragraphs of 40 words are made up.

#![allow(clippy::print_stdout, reason = "an example answers on the terminal")]

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use embedkit_retrieval::collection::CollectionFolder;
use embedkit_retrieval::document::Inputs;
use embedkit_retrieval::evaluation::{Dataset, Evaluated, Metric};
use embedkit_retrieval::pipeline::Stage;
use embedkit_retrieval::{Indexer, Pipeline, Searcher};
use {embedkit_colbert as _, embedkit_sparse as _, embedkit_static_en as _};

const PARAGRAPHS: usize = 100_000;
const WORDS: usize = 40;
const QUERIES: usize = 200;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = tempfile::tempdir()?;
    match arguments.next().filter(|path| path != "-") {
        Some(path) => speed(Path::new(&path), folder.path())?,
        None => {
            let path = folder.path().join("paragraphs.jsonl");
            std::fs::write(&path, paragraphs())?;
            speed(&path, folder.path())?;
        }
    }
    arguments.try_for_each(|set| quality(Path::new(&set), folder.path()))
}

fn speed(path: &Path, folder: &Path) -> Result<(), Box<dyn Error>> {
    let collection = CollectionFolder::new(folder.join("collection"));
    let indexer = Indexer::new(Pipeline::default(), &|builder| builder)?;
    let start = Instant::now();
    let report = indexer.index(&collection, &Inputs::new([path]))?;
    println!("{} records indexed in {:.2} s; {}", report.records, start.elapsed().as_secs_f64(), memory());
    let start = Instant::now();
    let searcher = Searcher::open(&collection, &|builder| builder)?;
    println!("opened in {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    let (mut times, busy) = (Vec::new(), processor_time());
    for at in 0..QUERIES {
        let record = searcher.record(at * 7919 % searcher.len())?;
        let query: Vec<&str> = record.text.split_whitespace().skip(at % 20).step_by(3).take(6).collect();
        let start = Instant::now();
        searcher.search(&query.join(" "), 10)?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let busy = (processor_time() - busy) * 1e3 / QUERIES as f64;
    println!("a search takes {busy:.2} ms of processor time");
    println!("search: p50 {:.2} ms, p99 {:.2} ms; {}", times[QUERIES / 2], times[QUERIES * 99 / 100], memory());
    Ok(())
}

/// The default pipeline and each of its stages alone.
fn quality(set: &Path, folder: &Path) -> Result<(), Box<dyn Error>> {
    let data = Dataset::read_beir(set, "test")?;
    let alone = |model: &str| Pipeline::single(model, Stage::new("model", model));
    let pipelines = Pipeline::default().stages.iter().map(|stage| alone(&stage.spec.model)).collect::<Vec<_>>();
    for (at, pipeline) in std::iter::once(Pipeline::default()).chain(pipelines).enumerate() {
        let collection = CollectionFolder::new(folder.join(format!("{}-{at}", data.name)));
        let metrics = [Metric::Ndcg(Some(10)), Metric::Recall(Some(100))];
        let figures = Evaluated::new(&pipeline, &data, &metrics, &collection, &|builder| builder)?.figures;
        let ndcg = figures.metrics["ndcg@10"];
        println!(
            "{} {}: ndcg@10 {:.4} [{:.3}, {:.3}], recall@100 {:.4}, {:.2} ms a query, {:.0} bytes a document, {} records",
            data.name,
            pipeline.name,
            ndcg.mean,
            ndcg.low,
            ndcg.high,
            figures.metrics["recall@100"].mean,
            figures.p50_ms,
            figures.bytes_per_document,
            figures.records
        );
    }
    Ok(())
}

/// Lines of words that are as frequent as their rank is low, as in texts.
fn paragraphs() -> String {
    let words: Vec<&str> =
        include_str!("../src/lib.rs").split(|c: char| !c.is_alphabetic()).filter(|word| word.len() > 2).collect();
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut text = String::new();
    for _ in 0..PARAGRAPHS {
        let line: Vec<&str> = (0..WORDS).map(|_| words[random(words.len()).min(random(words.len()))]).collect();
        let _ = writeln!(text, "\"{}\"", line.join(" "));
    }
    text
}

/// Seconds of processor time that the process has had, where the system says so.
fn processor_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// The most memory that the process had, where the system says so.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = |name: &str| status.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    [line("VmHWM"), line("RssAnon"), line("RssFile")].join(", ").replace('\t', " ")
}
