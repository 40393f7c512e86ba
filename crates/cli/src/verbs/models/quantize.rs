//! `models quantize`: a folder's model with 8-bit weights, and what that costs.

mod comparison;
mod folder;

use std::path::Path;

use comparison::Comparison;
use embedkit::plugin::Family;
use embedkit::session::{WeightQuantization, quantize_files};
use embedkit::{AnyEmbedder, Content, ContentKind, Embedding, Error, ModelFiles, Role};
use serde_json::json;

use crate::args::QuantizeArgs;
use crate::failure::{Failure, Result};
use crate::numbers;
use crate::verbs::{print, print_json};

/// The least mean cosine to the 32-bit vectors: below it, rankings differ too much to go unasked.
const LEAST_COSINE: f64 = 0.98;
/// Most texts that are compared: each with every other.
const MOST_TEXTS: usize = 1000;
/// What is compared where the caller names no texts.
const TEXTS: &str = include_str!("quantize/texts.txt");

pub(super) fn quantize(args: &QuantizeArgs) -> Result<()> {
    let family = args.family()?;
    let texts = args.texts()?;
    let build = |files: ModelFiles| {
        let builder = AnyEmbedder::builder(family, files);
        let builder = match &args.model_file {
            Some(graph) => builder.model_file(graph),
            None => builder,
        };
        builder.build().map_err(undescribed)
    };
    let files = ModelFiles::folder(&args.model_dir)?;
    let model = build(files.clone())?;
    let graph = model.model().model_file.clone();
    if model.engine().provider()?.is_none() {
        return Err(Failure::Failed(format!(
            "{}: the model runs no graph, whose weights alone are brought to 8 bits",
            args.model_dir.join(&graph).display()
        )));
    }
    let quantized = quantize_files(&files, &graph, WeightQuantization::Int8)?;
    let comparison = match family.inputs().contains(&ContentKind::Text) {
        true => Some(compare(&model, &build(files.with_file(&graph, quantized.bytes.clone()))?, &texts)?),
        false => None,
    };
    if let Some(comparison) = comparison.as_ref().filter(|comparison| comparison.mean_cosine < LEAST_COSINE)
        && !args.force
    {
        return Err(Failure::Failed(format!(
            "8-bit weights change this model's vectors too much: {comparison}; nothing was written. Give texts of your \
             own with --texts, or --force it"
        )));
    }
    let size = folder::write(&args.model_dir, &graph, &quantized.bytes, &args.output)?;
    if args.json {
        return print_json(&json!({
            "output": args.output,
            "graph": graph,
            "products": quantized.products,
            "tables": quantized.tables,
            "bytes_before": size,
            "bytes": quantized.bytes.len(),
            "comparison": comparison.as_ref().map(Comparison::to_json),
        }));
    }
    let cost = match &comparison {
        Some(comparison) => comparison.to_string(),
        None => format!("models of the family {} are not compared here", family.name()),
    };
    print(&format!(
        "{}: {} instead of {}, {} products and {} tables in 8 bits\n{cost}\n",
        args.output.join(&graph).display(),
        numbers::size(quantized.bytes.len() as u64),
        numbers::size(size),
        quantized.products,
        quantized.tables,
    ))
}

/// What this verb's folder lacks, without the options by which other verbs describe one.
fn undescribed(error: Error) -> Failure {
    match error {
        Error::MissingFile { path, .. } if path.ends_with("modules.json") => Failure::Failed(format!(
            "{} is missing: it tells how tokens' vectors become one, as what 8 bits cost is measured by these; save the folder \
             with sentence-transformers, or have the weights quantised at every load, as by embed with --quantize int8 and \
             --pooling",
            path.display()
        )),
        error => error.into(),
    }
}

fn compare(model: &AnyEmbedder, quantized: &AnyEmbedder, texts: &[String]) -> Result<Comparison> {
    let embed = |model: &AnyEmbedder| -> Result<Vec<Embedding>> {
        let contents = texts.iter().map(Content::text);
        Ok(model.embed_for(contents, Role::Passage).collect::<embedkit::Result<_>>()?)
    };
    Comparison::new(&embed(model)?, &embed(quantized)?)
}

impl QuantizeArgs {
    /// The family of the folder: what the caller says, or the first that it is of.
    fn family(&self) -> Result<&'static dyn Family> {
        crate::load::family_of_folder(&self.model_dir, self.kind.as_deref(), self.model_file.as_deref())
    }

    fn texts(&self) -> Result<Vec<String>> {
        let read = |path: &Path| {
            std::fs::read_to_string(path).map_err(|source| Failure::Io { what: path.display().to_string(), source })
        };
        let text = self.texts.as_deref().map_or_else(|| Ok(TEXTS.to_owned()), read)?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let texts: Vec<String> = lines.take(MOST_TEXTS).map(str::to_owned).collect();
        match texts.len() {
            0 | 1 => Err(Failure::Usage("--texts needs two lines at least, one a text".to_owned())),
            _ => Ok(texts),
        }
    }
}
