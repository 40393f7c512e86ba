//! What is lost and saved by variants of a pipeline.

use std::collections::hash_map::{Entry, HashMap};
use std::collections::BTreeMap;

use embedkit_core::{EmbeddingKind, Result};

use super::evaluated::DEPTH;
use super::interval::mean;
use super::{Dataset, Interval, Metric, Run};
use crate::collection::CollectionFolder;
use crate::fusion::{Contribution, Fused, Fusion};
use crate::model::{Configure, Model};
use crate::pipeline::{Feedback, FirstPass, MuveraSpec, Pipeline, Stage, StoredAs, Vectors};
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
        let mut changed = |what: String, change: &dyn Fn(&mut Stage)| {
            let mut variant = pipeline.clone();
            change(&mut variant.stages[at]);
            found.push(Variant { name: format!("{}: {what}", stage.name), pipeline: variant });
        };
        let is_multi = model.output() == EmbeddingKind::Multi;
        if stage.vectors == Vectors::Stored && model.output() != EmbeddingKind::Sparse {
            for dim in &model.embedder().model().matryoshka {
                changed(format!("dim {dim}"), &|stage| stage.spec.dim = Some(*dim));
            }
            let others = [("f32", StoredAs::F32), ("f16", StoredAs::F16), ("int8", StoredAs::Int8)];
            for (name, stored_as) in others.into_iter().filter(|(_, stored_as)| *stored_as != stage.stored_as) {
                changed(name.to_owned(), &|stage| {
                    stage.stored_as = stored_as;
                    // A pass of 8 bits is no smaller than these.
                    stage.first_pass =
                        stage.first_pass.filter(|pass| *pass != FirstPass::Int8 || stored_as != StoredAs::Int8);
                });
            }
            if model.output() == EmbeddingKind::Dense && !model.takes_images() {
                match stage.feedback {
                    Some(_) => changed("no feedback".to_owned(), &|stage| stage.feedback = None),
                    None => changed("feedback".to_owned(), &|stage| stage.feedback = Some(Feedback::default())),
                }
            }
            if !is_multi || stage.muvera.is_some() || stage.late_chunking {
                let passes = [("int8", FirstPass::Int8), ("binary", FirstPass::Binary)];
                for (name, pass) in passes.into_iter().filter(|(_, pass)| Some(*pass) != stage.first_pass) {
                    // A pass of 8 bits is over more than 8 bits.
                    changed(format!("first pass {name}"), &|stage| {
                        stage.first_pass = Some(pass);
                        if pass == FirstPass::Int8 && stage.stored_as == StoredAs::Int8 {
                            stage.stored_as = StoredAs::F32;
                        }
                    });
                }
            }
            for factor in POOL_FACTORS.into_iter().filter(|_| is_multi && stage.muvera.is_none()) {
                changed(format!("pooled by {factor}"), &|stage| stage.pool_factor = Some(factor));
            }
            if is_multi && stage.muvera.is_none() {
                changed("muvera".to_owned(), &|stage| {
                    (stage.muvera, stage.pool_factor) = (Some(MuveraSpec::default()), None);
                });
            }
        }
        if pipeline.stages.len() > 1 && !model.takes_pairs() {
            let mut alone =
                Stage { depth: stage.depth.max(100), vectors: Vectors::Stored, feedback: None, ..stage.clone() };
            if is_multi {
                alone.stored_as = StoredAs::Int8;
            }
            let name = format!("{} alone", stage.name);
            let mut variant = Pipeline { stages: vec![alone], rerankers: Vec::new(), ..pipeline.clone() };
            variant.fusion.weights.clear();
            found.push(Variant { name, pipeline: variant });
        }
    }
    Ok(found)
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
    use super::*;
    use crate::pipeline::Rerank;

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
