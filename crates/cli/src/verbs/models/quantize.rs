//! `models quantize`: a folder's model with 8-bit weights, and what that costs.

mod comparison;
mod folder;
mod staging;

use comparison::Comparison;
use embedkit::plugin::Family;
use embedkit::session::{WeightQuantization, quantize_files};
use embedkit::{AnyEmbedder, CancelToken, Content, ContentKind, Embedding, Error, ModelFiles, Role};
use serde_json::json;

use crate::args::{InputArgs, QuantizeArgs};
use crate::failure::{Failure, Result};
use crate::input::Inputs;
use crate::verbs::{print, print_json};
use crate::{interrupt, numbers};

/// The least mean cosine to the 32-bit vectors: below it, rankings differ too much to go unasked.
const LEAST_COSINE: f64 = 0.98;
/// Most texts that are compared: each with every other.
const MOST_TEXTS: usize = 1000;
/// What is compared where the caller names no texts.
const TEXTS: &str = include_str!("quantize/texts.txt");

pub(super) fn quantize(args: &QuantizeArgs) -> Result<()> {
    let family = args.family()?;
    let is_compared = family.inputs().contains(&ContentKind::Text);
    if args.texts.is_some() && !is_compared {
        let name = family.name();
        return Err(Failure::Usage(format!("--texts is for models that are compared, and those of {name} are not")));
    }
    let cancel = interrupt::token()?;
    let texts = args.texts(&cancel)?;
    let build = |files: ModelFiles| {
        let builder = AnyEmbedder::builder(family, files);
        let builder = match &args.model_file {
            Some(graph) => builder.model_file(graph),
            None => builder,
        };
        builder.build().map_err(undescribed)
    };
    let files = ModelFiles::folder(&args.model_dir)?;
    let copy = folder::Copy::plan(&args.model_dir, &args.output)?;
    let model = build(files.clone())?;
    let graph = model.model().model_file.clone();
    if model.engine().provider()?.is_none() {
        return Err(Failure::Failed(format!(
            "{}: the model runs no graph, whose weights alone are brought to 8 bits",
            args.model_dir.join(&graph).display()
        )));
    }
    interrupt::go_on(&cancel)?;
    let quantized = quantize_files(&files, &graph, WeightQuantization::Int8)?;
    interrupt::go_on(&cancel)?;
    let comparison = match is_compared {
        true => {
            let other = build(files.with_file(&graph, quantized.bytes.clone()))?;
            Some(compare(&model, &other, &texts, &cancel)?)
        }
        false => None,
    };
    if let Some(comparison) = comparison.as_ref().filter(|comparison| !comparison.is_within(LEAST_COSINE))
        && !args.force
    {
        return Err(Failure::Failed(format!(
            "8-bit weights change this model's vectors too much: {comparison}; nothing was written. Give texts of your \
             own with --texts, or --force it"
        )));
    }
    let size = copy.write(&graph, &quantized.bytes, &quantized.files, &cancel)?;
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

fn compare(model: &AnyEmbedder, quantized: &AnyEmbedder, texts: &[String], cancel: &CancelToken) -> Result<Comparison> {
    let embed = |model: &AnyEmbedder| -> Result<Vec<Embedding>> {
        let contents = texts.iter().map(Content::text);
        let results = model.embed_for(contents, Role::Passage).cancel_with(cancel).collect::<embedkit::Result<_>>();
        interrupt::go_on(cancel)?;
        Ok(results?)
    };
    Comparison::new(&embed(model)?, &embed(quantized)?)
}

impl QuantizeArgs {
    /// The family of the folder: what the caller says, or the first that it is of.
    fn family(&self) -> Result<&'static dyn Family> {
        crate::load::family_of_folder(&self.model_dir, self.kind.as_deref(), self.model_file.as_deref())
    }

    fn texts(&self, cancel: &CancelToken) -> Result<Vec<String>> {
        let Some(file) = &self.texts else { return Ok(TEXTS.lines().map(str::to_owned).collect()) };
        let mut inputs = Inputs::open(&InputArgs::of_file(file.clone()), "text", cancel)?;
        let texts: Vec<String> = inputs.by_ref().take(MOST_TEXTS).map(|input| input.value).collect();
        inputs.close()?;
        interrupt::go_on(cancel)?;
        match texts.len() {
            0 | 1 => Err(Failure::Usage("--texts needs two texts at least".to_owned())),
            _ => Ok(texts),
        }
    }
}
