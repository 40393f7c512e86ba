//! What is lost and saved by variants of a pipeline.

use std::collections::BTreeMap;
use std::collections::hash_map::{Entry, HashMap};

use embedkit_core::{EmbeddingKind, Result};

use super::evaluated::DEPTH;
use super::interval::mean;
use super::{Dataset, Interval, Metric, Run};
use crate::collection::CollectionFolder;
use crate::fusion::{Contribution, Fused, Fusion};
use crate::model::{Configure, Model};
use crate::pipeline::{Feedback, FirstPass, ModelSpec, MuveraSpec, Pipeline, Stage, StoredAs, StoredKind, Vectors};
use crate::search::Searcher;

/// Weights that are tried for a stage.
const WEIGHTS: [f64; 5] = [0.0, 0.25, 0.5, 1.0, 2.0];
/// Stages that they are tried for, in all combinations: 625.
const WEIGHED: usize = 4;
/// Rows of a multi-vector that are pooled to one.
const POOL_FACTORS: [usize; 2] = [2, 4];

/// A variant of a pipeline.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Variant {
    /// What was changed.
    pub name: String,
    /// The pipeline.
    pub pipeline: Pipeline,
}

/// Weights of a fusion, chosen on one half of the queries and reported on the other, both ways.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FittedWeights {
    /// The weights that each half chose.
    pub chosen: [BTreeMap<String, f64>; 2],
    /// The values of the queries by the weights that the other half chose.
    pub fitted: Interval,
    /// The values with the pipeline's own weights.
    pub own: Interval,
}

/// The variants of a pipeline whose vectors differ: each stage alone; narrower vectors where the model has Matryoshka
/// steps; smaller values; pooled multi-vectors, and single vectors instead of them.
///
/// # Errors
/// Models that cannot be loaded.
pub fn variants(pipeline: &Pipeline, configure: Configure<'_>) -> Result<Vec<Variant>> {
    let mut found = vec![Variant { name: pipeline.name.clone(), pipeline: pipeline.clone() }];
    for (at, stage) in pipeline.stages.iter().enumerate() {
        let model = Model::load(&stage.spec, configure)?;
        for (what, changed) in of_vectors(stage, &model)? {
            let mut variant = pipeline.clone();
            variant.stages[at] = changed;
            found.push(Variant { name: format!("{}: {what}", stage.name), pipeline: variant });
        }
        if pipeline.stages.len() > 1 && !model.takes_pairs() {
            found.push(Variant { name: format!("{} alone", stage.name), pipeline: alone(pipeline, stage, &model) });
        }
    }
    Ok(found)
}

/// A stage with other vectors, and what was changed.
fn of_vectors(stage: &Stage, model: &Model) -> Result<Vec<(String, Stage)>> {
    let mut found = Vec::new();
    let mut add = |what: String, changed: Stage| found.push((what, changed));
    let kind = stage.stored(model.output())?;
    if !matches!(kind, StoredKind::Dense | StoredKind::Multi) {
        return Ok(found);
    }
    for dim in &model.embedder().model().matryoshka {
        let spec = ModelSpec { dim: Some(*dim), ..stage.spec.clone() };
        add(format!("dim {dim}"), Stage { spec, ..stage.clone() });
    }
    for (name, other) in [("f32", StoredAs::F32), ("f16", StoredAs::F16), ("int8", StoredAs::Int8)] {
        if other != stage.stored_as {
            add(name.to_owned(), stored_as(stage, other));
        }
    }
    if model.output() == EmbeddingKind::Dense && !model.takes_images() {
        let (name, feedback) = match stage.feedback {
            Some(_) => ("no feedback", None),
            None => ("feedback", Some(Feedback::default())),
        };
        add(name.to_owned(), Stage { feedback, ..stage.clone() });
    }
    for (name, pass) in [("int8", FirstPass::Int8), ("binary", FirstPass::Binary)] {
        if kind == StoredKind::Dense && stage.first_pass != Some(pass) {
            // A pass of 8 bits is over more than 8 bits.
            let is_smaller = pass != FirstPass::Int8 || stage.stored_as != StoredAs::Int8;
            let stored_as = if is_smaller { stage.stored_as } else { StoredAs::F32 };
            add(format!("first pass {name}"), Stage { first_pass: Some(pass), stored_as, ..stage.clone() });
        }
    }
    if kind == StoredKind::Multi {
        for factor in POOL_FACTORS {
            add(format!("pooled by {factor}"), Stage { pool_factor: Some(factor), ..stage.clone() });
        }
        let muvera = Some(MuveraSpec::default());
        add("muvera".to_owned(), Stage { muvera, pool_factor: None, ..stage.clone() });
    }
    Ok(found)
}

/// A stage whose values are stored otherwise, without a first pass that would be no smaller.
fn stored_as(stage: &Stage, stored_as: StoredAs) -> Stage {
    let changed = Stage { stored_as, ..stage.clone() };
    match (stored_as, stage.first_pass) {
        (StoredAs::Int8, Some(FirstPass::Int8)) => changed.without_first_pass(),
        _ => changed,
    }
}

/// A pipeline of one of its stages, which finds what it may have scored alone.
fn alone(pipeline: &Pipeline, stage: &Stage, model: &Model) -> Pipeline {
    let stage = match model.output() {
        EmbeddingKind::Multi => stored_as(stage, StoredAs::Int8),
        _ => stage.clone(),
    };
    let stage = Stage { depth: stage.depth.max(DEPTH), vectors: Vectors::Stored, feedback: None, ..stage };
    let fusion = Fusion { weights: BTreeMap::new(), ..pipeline.fusion.clone() };
    Pipeline { stages: vec![stage], rerankers: Vec::new(), fusion, ..pipeline.clone() }
}

/// Tries weights for the stages that a pipeline fuses: the four behind the first, whose weight stays, as do those of more;
/// rerankers are left out. Choosing happens on one half of the queries and counts on the other: figures of weights on the
/// queries that chose them would be too good. `collection` has the data set's documents already.
///
/// # Errors
/// A collection that cannot be searched.
pub fn fit_weights(
    pipeline: &Pipeline,
    data: &Dataset,
    metric: Metric,
    collection: &CollectionFolder,
    configure: Configure<'_>,
) -> Result<FittedWeights> {
    let searcher = Searcher::open(collection, configure)?;
    let deepest = metric.cut().unwrap_or(DEPTH).max(DEPTH);
    // Once each, with weights of 1: others multiply what a stage adds.
    let unweighted = Fusion { weights: BTreeMap::new(), ..pipeline.fusion.clone() };
    let mut found: Vec<Vec<Fused>> = Vec::new();
    let mut documents: HashMap<usize, String> = HashMap::new();
    for (_, query) in &data.queries {
        let fused = searcher.fused(query, deepest, &unweighted)?;
        for one in &fused {
            if let Entry::Vacant(unknown) = documents.entry(one.record) {
                unknown.insert(searcher.record(one.record)?.document);
            }
        }
        found.push(fused);
    }
    let values = |weights: &BTreeMap<String, f64>| {
        let mut run = Run::default();
        for ((id, _), fused) in data.queries.iter().zip(&found) {
            let mut best: BTreeMap<&str, f64> = BTreeMap::new();
            for one in fused {
                let part = |part: &Contribution| part.value * weights.get(&part.stage).copied().unwrap_or(1.0);
                let score: f64 = one.contributions.iter().map(part).sum();
                let known = best.entry(&documents[&one.record]).or_insert(score);
                *known = known.max(score);
            }
            run.add(id, best);
        }
        metric.of_run(&data.judgements, &run)
    };
    let own = values(&pipeline.fusion.weights);
    let tried: Vec<_> = grid(pipeline).into_iter().map(|weights| (values(&weights), weights)).collect();
    let half = |values: &[f64], which: usize| -> Vec<f64> { values.iter().skip(which).step_by(2).copied().collect() };
    let best = |which: usize| {
        let of = |(values, _): &&(Vec<f64>, BTreeMap<String, f64>)| mean(&half(values, which));
        // Of equal ones the first, so that the result does not depend on chance.
        tried.iter().rev().max_by(|a, b| of(a).total_cmp(&of(b)))
    };
    let own_mean = Interval::of_mean(&own);
    let (Some((on_second, first)), Some((on_first, second))) = (best(0), best(1)) else {
        return Ok(FittedWeights { chosen: Default::default(), fitted: own_mean, own: own_mean });
    };
    let fitted: Vec<f64> = half(on_first, 0).into_iter().chain(half(on_second, 1)).collect();
    Ok(FittedWeights { chosen: [first.clone(), second.clone()], fitted: Interval::of_mean(&fitted), own: own_mean })
}

/// All combinations of weights of the stages that they are tried for, with the pipeline's own of the others.
fn grid(pipeline: &Pipeline) -> Vec<BTreeMap<String, f64>> {
    let weighed = pipeline.stages.iter().filter(|stage| pipeline.fuses(stage)).skip(1).take(WEIGHED);
    weighed.fold(vec![pipeline.fusion.weights.clone()], |grid, stage| {
        let with = |weights: &BTreeMap<String, f64>| {
            let weights = weights.clone();
            WEIGHTS.map(|weight| weights.clone().into_iter().chain([(stage.name.clone(), weight)]).collect())
        };
        grid.iter().flat_map(with).collect()
    })
}

#[cfg(test)]
mod tests {
    use {embedkit_colbert as _, embedkit_sparse as _, embedkit_static_en as _};

    use super::*;
    use crate::pipeline::Rerank;

    #[test]
    fn every_variant_is_a_pipeline() {
        let of = |model: &str| Stage::new("s", model);
        let late = || of("embedkit/static-late-en");
        let dense = || of("embedkit/static-minilm-en");
        for (stage, of_vectors) in [
            (late(), 5),
            (Stage { late_chunking: true, ..late() }, 4),
            (Stage { muvera: Some(MuveraSpec::default()), ..late() }, 4),
            (Stage { late_chunking: true, first_pass: Some(FirstPass::Int8), oversampling: 8, ..late() }, 3),
            (Stage { stored_as: StoredAs::Int8, ..dense() }, 5),
            (Stage { first_pass: Some(FirstPass::Int8), oversampling: 8, ..dense() }, 4),
            (of("Qdrant/bm25"), 0),
            (Stage { depth: 0, vectors: Vectors::Fresh, ..late() }, 0),
        ] {
            let pipeline =
                Pipeline { stages: vec![stage.clone(), Stage::new("words", "Qdrant/bm25")], ..Pipeline::default() };
            let variants = variants(&pipeline, &|builder| builder).unwrap();
            for variant in &variants {
                variant.pipeline.check().unwrap_or_else(|error| panic!("{}: {error}", variant.name));
            }
            // Beside itself, both stages alone, and narrower ones.
            let is_narrower = |variant: &&Variant| variant.name.starts_with("s: dim");
            assert_eq!(variants.len() - variants.iter().filter(is_narrower).count(), of_vectors + 3, "{stage:?}");
        }
    }

    #[test]
    fn weights_are_tried_of_what_is_fused_and_in_bounds() {
        for (stages, tried) in [(1, 0), (2, 1), (5, 4), (6, 4), (40, 4)] {
            let stages = (0..stages).map(|at| Stage::new(format!("s{at}"), "m")).collect();
            let mut pipeline = Pipeline { stages, fusion: Fusion::rrf().weight("s0", 3.0), ..Pipeline::default() };
            // It orders, and has no share in the fusion.
            pipeline.stages.insert(1, Stage { depth: 0, ..Stage::new("tokens", "m") });
            pipeline.rerankers.push(Rerank::by_stage("tokens"));
            let grid = grid(&pipeline);
            assert_eq!(grid.len(), WEIGHTS.len().pow(tried));
            for weights in grid {
                assert_eq!((weights.len(), weights["s0"]), (1 + tried as usize, 3.0));
                let fusion = Fusion { weights, ..Fusion::rrf() };
                Pipeline { fusion, ..pipeline.clone() }.check().unwrap();
            }
        }
    }
}
