//! The suite finds what is wrong with a model, and nothing wrong with one that is right.
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use embedkit_core::model::join;
use embedkit_core::{
    AnyPipeline, Architecture, Content, ContentKind, Embedder, Engine, Error, FamilyOf, LoadContext, ModelDescription,
    ModelFiles, Pipeline, Plugin, Prepared, Purpose, Registry, Result, Usage,
};
use embedkit_testing::{Conformance, Rule, Samples};

const TOKENIZER: &str = "tokenizer.json";

/// Counts bytes, and does one thing wrong: the one that the row's parameter `fault` names.
struct Counting {
    engine: Engine<str, Vec<f32>>,
}

impl Embedder for Counting {
    const FAMILY: &'static str = "counting";
    type Input = str;
    type Output = Vec<f32>;

    fn describe(_: &ModelFiles) -> Result<ModelDescription> {
        Err(Error::input("no folder describes itself"))
    }

    fn from_engine(engine: Engine<str, Vec<f32>>) -> Self {
        Self { engine }
    }

    fn engine(&self) -> &Engine<str, Vec<f32>> {
        &self.engine
    }
}

struct Bytes {
    name: &'static str,
    parameters: &'static [&'static str],
}

/// What its rows may have, and two that say otherwise.
static BYTES: Bytes = Bytes { name: "bytes", parameters: &["fault", "width"] };
static UNLISTED: Bytes = Bytes { name: "unlisted", parameters: &[] };
static OVERLISTED: Bytes = Bytes { name: "overlisted", parameters: &["fault", "width", "height"] };

impl Architecture for Bytes {
    fn name(&self) -> &'static str {
        self.name
    }

    fn family(&self) -> &'static str {
        Counting::FAMILY
    }

    fn parameters(&self) -> &'static [&'static str] {
        self.parameters
    }

    fn check(&self, model: &ModelDescription) -> Result<()> {
        let known = ["fault", "width"];
        match model.parameters.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) if fault(model) != "parameters" => Err(Error::manifest(&model.id, format!("unknown: {name}"))),
            _ => Ok(()),
        }
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        let fault = fault(&context.model).to_owned();
        if fault == "width" {
            context.model.require_dim()?;
        }
        let folder = if fault == "folder" { "" } else { &context.model.tokenizer_folder };
        context.files.text(&join(folder, TOKENIZER))?;
        Ok(AnyPipeline::new(Model { row: context.model.clone(), fault, runs: AtomicUsize::new(0) }))
    }
}

fn fault(model: &ModelDescription) -> &str {
    model.parameters.get("fault").and_then(|fault| fault.as_str()).unwrap_or_default()
}

static PLUGIN: Plugin =
    Plugin::new("counting").families(&[FamilyOf::<Counting>::FAMILY]).architectures(&[&BYTES, &UNLISTED, &OVERLISTED]);

struct Model {
    row: Arc<ModelDescription>,
    fault: String,
    runs: AtomicUsize,
}

impl Pipeline for Model {
    type Input = str;
    type Prepared = Vec<u8>;
    type Output = Vec<f32>;

    fn prepare(&self, text: &str, purpose: &Purpose) -> Result<Prepared<Vec<u8>, Vec<f32>>> {
        if self.fault != "task" {
            purpose.check_task(&self.row)?;
        }
        match self.fault.as_str() {
            "takes all" => {}
            "wrong error" if text.is_empty() => return Err(Error::model(&self.row.id, "an empty text")),
            _ if text.is_empty() => return Err(Error::input("an empty text")),
            _ => {}
        }
        let usage = Usage { tokens: text.len(), truncated: false };
        Ok(Prepared::run(text.as_bytes().to_vec(), text.len(), text.len(), usage))
    }

    fn run(&self, batch: &[&Vec<u8>], _: &Purpose) -> Result<Vec<Result<Vec<f32>>>> {
        if self.fault == "one by one" && batch.len() > 1 {
            return Err(Error::model(&self.row.id, "no memory for several texts"));
        }
        let runs = self.runs.fetch_add(1, Ordering::Relaxed) as f32;
        let length = batch.len() as f32;
        let embed = |text: &&Vec<u8>| {
            let sum = text.iter().map(|byte| f32::from(*byte)).sum::<f32>();
            match self.fault.as_str() {
                "constant" => vec![1.0, 1.0],
                "not finite" => vec![f32::NAN, sum],
                "batch" => vec![length, sum],
                "remembers" => vec![runs, sum],
                _ => vec![text.len() as f32, sum],
            }
        };
        let mut results: Vec<Result<Vec<f32>>> = batch.iter().map(|text| Ok(embed(text))).collect();
        match self.fault.as_str() {
            "order" => results.reverse(),
            "loses" if results.len() > 1 => drop(results.pop()),
            _ => {}
        }
        Ok(results)
    }

    fn usage(&self, text: &str, purpose: &Purpose) -> Result<Usage> {
        let mut usage = self.prepare(text, purpose)?.usage;
        if self.fault == "usage" {
            usage.tokens += 1;
        }
        Ok(usage)
    }
}

fn broken_rules(architecture: &Bytes, fault: &str) -> Vec<Rule> {
    let registry = Registry::empty();
    registry.add(&PLUGIN).unwrap();
    let mut row = ModelDescription::new("test/bytes", Counting::FAMILY, architecture.name);
    row.config_files.clear();
    row.dim = Some(2);
    row.parameters.insert("fault".to_owned(), fault.into());
    let samples = Samples::of(&[ContentKind::Text]).with_refused([Content::text("")]);
    let suite = Conformance::new(FamilyOf::<Counting>::FAMILY, row).registry(&registry).samples(samples);
    let suite = suite.model_files(ModelFiles::memory([(TOKENIZER, &b"{}"[..])]));
    suite.violations().iter().map(embedkit_testing::Violation::rule).collect()
}

#[test]
fn a_right_model_conforms() {
    for fault in ["none", "one by one"] {
        assert_eq!(broken_rules(&BYTES, fault), [], "{fault}");
    }
}

#[test]
fn each_fault_is_found() {
    for (fault, rule) in [
        ("constant", Rule::Loads),
        ("not finite", Rule::Loads),
        ("order", Rule::Order),
        ("loses", Rule::Order),
        ("batch", Rule::BatchSize),
        ("remembers", Rule::Order),
        ("takes all", Rule::BadInputAlone),
        ("wrong error", Rule::BadInputAlone),
        ("usage", Rule::Usage),
        ("task", Rule::UnknownTask),
        ("parameters", Rule::Check),
        ("width", Rule::Check),
        ("folder", Rule::TokenizerFolder),
    ] {
        let broken = broken_rules(&BYTES, fault);
        assert!(broken.contains(&rule), "{fault}: {broken:?}");
    }
}

#[test]
fn parameters_are_those_that_are_listed() {
    for architecture in [&UNLISTED, &OVERLISTED] {
        assert_eq!(broken_rules(architecture, "none"), [Rule::Check], "{}", architecture.name);
    }
}
