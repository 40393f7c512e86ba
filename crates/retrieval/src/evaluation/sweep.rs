//! What is lost and saved by variants of a pipeline.

use std::collections::BTreeMap;

use embedkit_core::{EmbeddingKind, Result};

use super::interval::mean;
use super::{Dataset, Evaluated, Interval, Metric};
use crate::collection::CollectionFolder;
use crate::model::{Configure, Model};
use crate::pipeline::{MuveraSpec, Pipeline, Stage, StoredAs, Vectors};

/// Weights that are tried for a stage.
const WEIGHTS: [f64; 5] = [0.0, 0.25, 0.5, 1.0, 2.0];
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
            changed("f16".to_owned(), &|stage| stage.stored_as = StoredAs::F16);
            changed("int8".to_owned(), &|stage| stage.stored_as = StoredAs::Int8);
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
            let mut alone = Stage { depth: stage.depth.max(100), vectors: Vectors::Stored, ..stage.clone() };
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

/// Tries weights for a pipeline's stages, all but the first, whose weight stays. Choosing happens on one half of the
/// queries and counts on the other: figures of weights on the queries that chose them would be too good.
///
/// # Errors
/// As [`Evaluated::new`].
pub fn fit_weights(
    pipeline: &Pipeline,
    data: &Dataset,
    metric: Metric,
    collection: &CollectionFolder,
    configure: Configure<'_>,
) -> Result<FittedWeights> {
    let mut tried = Vec::new();
    for weights in grid(pipeline) {
        let mut variant = pipeline.clone();
        variant.fusion.weights.extend(weights.clone());
        let mut evaluated = Evaluated::new(&variant, data, &[metric], collection, configure)?;
        tried.push((weights, evaluated.values.remove(0).1));
    }
    let own = Evaluated::new(pipeline, data, &[metric], collection, configure)?.values.remove(0).1;
    let half = |values: &[f64], which: usize| -> Vec<f64> { values.iter().skip(which).step_by(2).copied().collect() };
    let best = |which: usize| {
        let of = |(_, values): &&(BTreeMap<String, f64>, Vec<f64>)| mean(&half(values, which));
        // Of equal ones the first, so that the result does not depend on chance.
        tried.iter().rev().max_by(|a, b| of(a).total_cmp(&of(b)))
    };
    let (Some((first, on_second)), Some((second, on_first))) = (best(0), best(1)) else {
        let own = Interval::of_mean(&own);
        return Ok(FittedWeights { chosen: Default::default(), fitted: own, own });
    };
    let fitted: Vec<f64> = half(on_first, 0).into_iter().chain(half(on_second, 1)).collect();
    Ok(FittedWeights {
        chosen: [first.clone(), second.clone()],
        fitted: Interval::of_mean(&fitted),
        own: Interval::of_mean(&own),
    })
}

/// All combinations of weights of the stages but the first.
fn grid(pipeline: &Pipeline) -> Vec<BTreeMap<String, f64>> {
    pipeline.stages.iter().skip(1).fold(vec![BTreeMap::new()], |grid, stage| {
        let with = |weights: &BTreeMap<String, f64>| {
            let weights = weights.clone();
            WEIGHTS.map(|weight| weights.clone().into_iter().chain([(stage.name.clone(), weight)]).collect())
        };
        grid.iter().flat_map(with).collect()
    })
}
