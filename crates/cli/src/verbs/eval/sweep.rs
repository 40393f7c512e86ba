//! `eval --sweep`: what is lost and saved by variants of a pipeline.

use std::path::Path;

use embedkit::retrieval::collection::CollectionFolder;
use embedkit::retrieval::evaluation::{Dataset, Evaluated, Figures, FittedWeights, Metric, fit_weights, variants};

use super::contestant::pipeline;
use super::report::aligned;
use crate::args::EvalArgs;
use crate::failure::{Failure, Result};
use crate::output::Target;
use crate::render::{Point, sweep_to_html};

pub(super) fn run(args: &EvalArgs, data: &Dataset, metric: Metric, folder: &Path) -> Result<()> {
    let [what] = &args.pipelines[..] else {
        return Err(Failure::Usage("--sweep takes one pipeline".to_owned()));
    };
    if args.metrics.len() > 1 {
        return Err(Failure::Usage("--sweep measures by one --metric, and several are named".to_owned()));
    }
    let pipeline = pipeline(what)?;
    let configure = |builder| args.cache.apply(builder);
    let mut measured: Vec<(String, Figures)> = Vec::new();
    for (at, variant) in variants(&pipeline, &configure)?.into_iter().enumerate() {
        let collection = CollectionFolder::new(folder.join(at.to_string()));
        let evaluated = Evaluated::new(&variant.pipeline, data, &[metric], &collection, &configure)?;
        tracing::info!("{} is measured", variant.name);
        measured.push((variant.name, evaluated.figures));
    }
    let fitted = match pipeline.stages.len() {
        1 => None,
        _ => {
            // The vectors are those of the first variant, which is the pipeline itself.
            let collection = CollectionFolder::new(folder.join("0"));
            Some(fit_weights(&pipeline, data, metric, &collection, &configure)?)
        }
    };
    if let Some(path) = &args.html {
        let points: Vec<Point> = measured.iter().map(|(name, figures)| point(name, figures, metric)).collect();
        let page = sweep_to_html(&format!("{} on {}", pipeline.name, data.name), &metric.to_string(), &points);
        Target::write_file(path, page.as_bytes())?;
    }
    if args.json {
        let variants: Vec<_> =
            measured.iter().map(|(name, figures)| serde_json::json!({"variant": name, "figures": figures})).collect();
        let fitted = fitted
            .map(|fitted| serde_json::json!({"chosen": fitted.chosen, "fitted": fitted.fitted, "own": fitted.own}));
        return crate::verbs::print_json(&serde_json::json!({"variants": variants, "weights": fitted}));
    }
    crate::verbs::print(
        &(table(&measured, metric) + &fitted.map_or_else(String::new, |fitted| weights(&fitted, metric))),
    )
}

fn point(name: &str, figures: &Figures, metric: Metric) -> Point {
    let mean = figures.metrics.get(&metric.to_string()).copied().unwrap_or_default();
    Point {
        name: name.to_owned(),
        quality: mean.mean,
        low: mean.low,
        high: mean.high,
        bytes: figures.bytes_per_document,
        milliseconds: figures.p50_ms,
    }
}

fn table(measured: &[(String, Figures)], metric: Metric) -> String {
    let heading = ["variant".to_owned(), metric.to_string(), "bytes/doc".to_owned(), "p50 ms".to_owned()].to_vec();
    let rows = measured.iter().map(|(name, figures)| {
        let Point { quality, low, high, bytes, milliseconds, .. } = point(name, figures, metric);
        vec![
            name.clone(),
            format!("{quality:.4} [{low:.3}, {high:.3}]"),
            format!("{bytes:.0}"),
            format!("{milliseconds:.2}"),
        ]
    });
    aligned(&std::iter::once(heading).chain(rows).collect::<Vec<_>>())
}

fn weights(fitted: &FittedWeights, metric: Metric) -> String {
    let chosen = fitted.chosen.iter().map(|weights| {
        let weights: Vec<String> = weights.iter().map(|(stage, weight)| format!("{stage} {weight}")).collect();
        weights.join(", ")
    });
    let chosen: Vec<String> = chosen.collect();
    format!(
        "\nweights chosen on one half of the queries, measured on the other: {metric} {:.4} [{:.3}, {:.3}], and {:.4} with \
         the pipeline's own\n  the halves chose: {}\n",
        fitted.fitted.mean,
        fitted.fitted.low,
        fitted.fitted.high,
        fitted.own.mean,
        chosen.join("; ")
    )
}
