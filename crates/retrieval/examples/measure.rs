//! How fast the default pipeline indexes and searches, in how much memory, and how well. `cargo xtask bench retrieval` runs
//! it, or by hand:
//!
//! * `cargo run --release --example measure -- speed corpus.jsonl FOLDER` makes 100,000 paragraphs of 40 words of a corpus's
//!   texts and a collection of them in FOLDER, and then one of fewer paragraphs with a vector for every token;
//! * `cargo run --release --example measure -- quality SET…` takes data sets in BEIR's layout.

#![allow(clippy::print_stdout, reason = "an example answers on the terminal")]

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use embedkit_retrieval::collection::CollectionFolder;
use embedkit_retrieval::document::Inputs;
use embedkit_retrieval::evaluation::{Dataset, Evaluated, Metric, variants};
use embedkit_retrieval::pipeline::{Rerank, Stage, StoredAs};
use embedkit_retrieval::{Indexer, Pipeline, Searcher};
use {embedkit_colbert as _, embedkit_sparse as _, embedkit_static_en as _};

type Outcome = Result<(), Box<dyn Error>>;

const PARAGRAPHS: usize = 100_000;
/// Words of a paragraph, and how many of them stand one behind the other in the corpus.
const WORDS: usize = 40;
const RUN: usize = 8;
/// Searches, and words of each: of a short question, and of a long one where tokens are compared with tokens.
const QUERIES: usize = 300;
const SHORT: usize = 6;
const LONG: usize = 24;
/// Paragraphs with a vector for every token, and how many of them are ordered anew for a search.
const FEWER: usize = 2_000;
const RERANKED: usize = 100;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["speed", corpus, folder] => speed(Path::new(corpus), Path::new(folder)),
        ["quality", sets @ ..] if !sets.is_empty() => sets.iter().try_for_each(|set| quality(Path::new(set))),
        _ => Err("measure speed CORPUS FOLDER, or measure quality SET…".into()),
    }
}

fn speed(corpus: &Path, folder: &Path) -> Outcome {
    let words = words(&std::fs::read_to_string(corpus)?)?;
    std::fs::create_dir_all(folder)?;
    let lines = folder.join("paragraphs.jsonl");
    std::fs::write(&lines, paragraphs(&words, PARAGRAPHS))?;

    let collection = CollectionFolder::new(folder.join("collection"));
    let start = Instant::now();
    let indexer = Indexer::new(Pipeline::default(), &|builder| builder)?;
    let report = indexer.index(&collection, &Inputs::new([&lines]))?;
    println!("index: {} records in {:.2} s, {}", report.records, start.elapsed().as_secs_f64(), memory());
    drop(indexer);
    let start = Instant::now();
    let searcher = Searcher::open(&collection, &|builder| builder)?;
    println!("open: {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    println!("search: {}, {}", searches(&searcher, SHORT)?, memory());

    // The same words, with and without MaxSim over what was found.
    std::fs::write(&lines, paragraphs(&words, FEWER))?;
    for stored_as in [StoredAs::F32, StoredAs::Int8] {
        let times = [false, true].map(|reranks| {
            let collection = CollectionFolder::new(folder.join(format!("tokens-{stored_as:?}-{reranks}")));
            let pipeline = by_tokens(stored_as, reranks);
            Indexer::new(pipeline, &|builder| builder)?.index(&collection, &Inputs::new([&lines]))?;
            searches(&Searcher::open(&collection, &|builder| builder)?, LONG)
        });
        let [without, with] = times;
        println!("search with {RERANKED} ordered by MaxSim, {stored_as:?}: {}, and without: {}", with?, without?);
    }
    Ok(())
}

/// Finds by meaning, and orders what was found by the vectors of its tokens.
fn by_tokens(stored_as: StoredAs, reranks: bool) -> Pipeline {
    let mut pipeline = Pipeline::single("tokens", Stage::new("meaning", "embedkit/static-minilm-en"));
    if reranks {
        let mut tokens = Stage::new("tokens", "embedkit/static-late-en");
        (tokens.depth, tokens.stored_as) = (0, stored_as);
        pipeline.stages.push(tokens);
        let mut rerank = Rerank::by_stage("tokens");
        rerank.depth = RERANKED;
        pipeline.rerankers.push(rerank);
    }
    pipeline
}

/// How long searches take, one behind the other, for words of paragraphs that are there.
fn searches(searcher: &Searcher, words: usize) -> Result<String, Box<dyn Error>> {
    let queries = (0..QUERIES).map(|at| {
        let text = searcher.record(at * 7919 % searcher.len())?.text;
        let words = text.split_whitespace().skip(at % RUN).step_by(WORDS / words).take(words);
        Ok(words.collect::<Vec<_>>().join(" "))
    });
    let queries = queries.collect::<embedkit_core::Result<Vec<String>>>()?;
    let (mut times, busy) = (Vec::new(), processor_time());
    for query in &queries {
        let start = Instant::now();
        searcher.search(query, 10)?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let busy = processor_time() - busy;
    times.sort_by(f64::total_cmp);
    let (p50, p99) = (times[QUERIES / 2], times[QUERIES * 99 / 100]);
    Ok(format!("p50 {p50:.2} ms, p99 {p99:.2} ms, {:.2} ms of processor time", busy * 1e3 / QUERIES as f64))
}

/// The words of a corpus in the order of its texts.
fn words(corpus: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let mut words = Vec::new();
    for line in corpus.lines() {
        let line: serde_json::Value = serde_json::from_str(line)?;
        words.extend(line["text"].as_str().unwrap_or_default().split_whitespace().map(str::to_owned));
    }
    if words.len() <= RUN { Err("the corpus has too few words".into()) } else { Ok(words) }
}

/// Lines of texts, put together of short runs of the corpus: words are as frequent as they are there, and no two
/// paragraphs alike.
fn paragraphs(words: &[String], count: usize) -> String {
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut lines = String::new();
    for _ in 0..count {
        let runs = (0..WORDS / RUN).flat_map(|_| words[random(words.len() - RUN)..].iter().take(RUN));
        let text = runs.map(String::as_str).collect::<Vec<_>>().join(" ");
        let _ = writeln!(lines, "{}", serde_json::Value::from(text));
    }
    lines
}

/// The default pipeline and its variants, and late interaction alone however its vectors are stored.
fn quality(set: &Path) -> Outcome {
    let folder = tempfile::tempdir()?;
    let data = Dataset::read_beir(set, "test")?;
    let mut measured: Vec<(String, Pipeline)> = variants(&Pipeline::default(), &|builder| builder)?
        .into_iter()
        .map(|variant| (variant.name, variant.pipeline))
        .collect();
    for (stored_as, pool_factor) in [(StoredAs::F32, None), (StoredAs::Int8, Some(2)), (StoredAs::Int8, Some(4))] {
        let mut tokens = Stage::new("tokens", "embedkit/static-late-en");
        (tokens.stored_as, tokens.pool_factor) = (stored_as, pool_factor);
        let name = format!("tokens alone, {stored_as:?}, pooled by {}", pool_factor.unwrap_or(1));
        measured.push((name, Pipeline::single("tokens", tokens)));
    }
    for (at, (name, pipeline)) in measured.iter().enumerate() {
        let collection = CollectionFolder::new(folder.path().join(at.to_string()));
        let metrics = [Metric::Ndcg(Some(10)), Metric::Recall(Some(100))];
        let figures = Evaluated::new(pipeline, &data, &metrics, &collection, &|builder| builder)?.figures;
        let (ndcg, recall) = (figures.metrics["ndcg@10"], figures.metrics["recall@100"]);
        print!("{} {name}: ndcg@10 {:.4} [{:.3}, {:.3}], ", data.name, ndcg.mean, ndcg.low, ndcg.high);
        print!("recall@100 {:.4}, {:.2} ms a query, ", recall.mean, figures.p50_ms);
        println!("{:.0} bytes a document, {} records", figures.bytes_per_document, figures.records);
    }
    Ok(())
}

/// Seconds of processor time that the process has had, where the system says so.
fn processor_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// The most memory that the process had, and what it has, where the system says so: of its own, and of mapped files.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let megabytes = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|number| number.parse::<f64>().ok()).unwrap_or_default() / 1024.0
    };
    let (peak, own, mapped) = (megabytes("VmHWM:"), megabytes("RssAnon:"), megabytes("RssFile:"));
    format!("memory: most {peak:.0} MiB, now {own:.0} MiB and {mapped:.0} MiB of files")
}
