//! A pipeline on a data set.

use std::collections::{BTreeMap, HashSet};
use std::time::Instant;

use embedkit_core::{Error, Result};
use serde::{Deserialize, Serialize};

use super::documents::IndexedDocuments;
use super::{Comparison, Dataset, Interval, Metric, Run};
use crate::collection::{CollectionFolder, StageModel};
use crate::document::NOTHING;
use crate::indexing::Indexer;
use crate::model::Configure;
use crate::pipeline::Pipeline;
use crate::search::Searcher;

/// Documents that are asked for at least, so that recall at 100 can be told.
pub(super) const DEPTH: usize = 100;
/// Chunks that are asked for at most for each document that is wanted.
const CHUNKS: usize = 4;

/// What an evaluation is recorded as.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Figures {
    /// The pipeline's name.
    pub pipeline: String,
    /// The pipeline's digest.
    pub pipeline_digest: String,
    /// The models of its stages.
    pub models: Vec<StageModel>,
    /// The data set's name.
    pub data: String,
    /// The data set's digest.
    pub data_digest: String,
    /// Judged queries.
    pub queries: usize,
    /// Documents.
    pub documents: usize,
    /// Records.
    pub records: usize,
    /// Each metric's mean, with its interval.
    pub metrics: BTreeMap<String, Interval>,
    /// Seconds that indexing took.
    pub index_seconds: f64,
    /// Milliseconds of a query: the median.
    pub p50_ms: f64,
    /// Milliseconds of a query: the 99th percentile.
    pub p99_ms: f64,
    /// Bytes of the collection, a document.
    pub bytes_per_document: f64,
}

/// A pipeline's figures with what they were made of.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Evaluated {
    /// The figures.
    pub figures: Figures,
    /// What was found, by documents.
    pub run: Run,
    /// Each metric's values, in the order of the judgements' queries.
    pub values: Vec<(Metric, Vec<f64>)>,
}

impl Evaluated {
    /// Indexes a data set by a pipeline, and asks it every query, one after the other. `collection` is where the index is
    /// made; what is there already is used where it is of the same models.
    ///
    /// # Errors
    /// Models that cannot be loaded or fail, documents that cannot be read or have one id, and judgements none of which is
    /// of these documents.
    pub fn new(
        pipeline: &Pipeline,
        data: &Dataset,
        metrics: &[Metric],
        collection: &CollectionFolder,
        configure: Configure<'_>,
    ) -> Result<Self> {
        let indexer = Indexer::new(pipeline.clone(), configure)?.keep(1).readers(data.readers.clone());
        let start = Instant::now();
        let report = indexer.index(collection, &data.inputs)?;
        let index_seconds = start.elapsed().as_secs_f64();
        if let Some(unread) = report.unread.iter().find(|unread| !unread.reason.ends_with(NOTHING)) {
            return Err(Error::file(&unread.path, format!("cannot be read whole: {}", unread.reason)));
        }
        let searcher = Searcher::open(collection, configure)?;
        let version = collection.open()?;
        let documents = IndexedDocuments::of(&version)?;
        documents.check(&data.judgements)?;
        let deepest = metrics.iter().filter_map(|metric| metric.cut()).max().unwrap_or(DEPTH).max(DEPTH);
        let k = deepest * version.len().div_ceil(documents.len()).clamp(1, CHUNKS);
        let (mut run, mut times) = (Run::default(), Vec::new());
        for (id, query) in &data.queries {
            let start = Instant::now();
            let hits = searcher.search(query, k)?;
            times.push(start.elapsed().as_secs_f64() * 1000.0);
            let mut seen = HashSet::new();
            let best = hits.into_iter().map(|hit| hit.record.document).filter(|document| seen.insert(document.clone()));
            // The order is what was found: scores of rerankers and of fusion do not compare.
            run.add(id, best.enumerate().map(|(at, document)| (document, 1.0 / (at + 1) as f64)));
        }
        times.sort_by(f64::total_cmp);
        let percentile = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
        let values: Vec<(Metric, Vec<f64>)> =
            metrics.iter().map(|metric| (*metric, metric.of_run(&data.judgements, &run))).collect();
        let figures = Figures {
            pipeline: pipeline.name.clone(),
            pipeline_digest: pipeline.digest()?,
            models: version.manifest().models.clone(),
            data: data.name.clone(),
            data_digest: data.digest.clone(),
            queries: data.queries.len(),
            documents: documents.len(),
            records: version.len(),
            metrics: values.iter().map(|(metric, values)| (metric.to_string(), Interval::of_mean(values))).collect(),
            index_seconds,
            p50_ms: percentile(0.5),
            p99_ms: percentile(0.99),
            bytes_per_document: version.bytes() as f64 / documents.len() as f64,
        };
        Ok(Self { figures, run, values })
    }

    /// Another pipeline's values of each metric against these.
    pub fn compare(&self, candidate: &Self) -> Vec<(Metric, Comparison)> {
        let pairs = self.values.iter().zip(&candidate.values);
        pairs.map(|((metric, base), (_, other))| (*metric, Comparison::paired(base, other))).collect()
    }
}
