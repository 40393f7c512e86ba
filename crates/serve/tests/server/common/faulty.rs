//! A family of a third party's whose models do what a text says: panic, fail, sleep, give no number.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use embedkit_core::{
    AnyPipeline, Architecture, Embedder, Engine, Error, FamilyOf, LoadContext, ModelDescription, ModelFiles, Pipeline,
    Plugin, Prepared, Purpose, Result, Usage,
};
use embedkit_serve::ModelConfig;

/// Batches that ran, of all models together.
pub static RUNS: AtomicUsize = AtomicUsize::new(0);
/// Loads.
pub static LOADS: AtomicUsize = AtomicUsize::new(0);
/// Lingering models that are in memory.
pub static LINGERING: AtomicUsize = AtomicUsize::new(0);

/// The model that does what a text says: `panic`, `panic early` (as it is read), `fail`, `nan`, `sleep N`, `refused`; `N`
/// tokens for `tokens N`.
pub fn faulty(name: &str) -> ModelConfig {
    ModelConfig::id(&format!("{name}=test/faulty"))
}

/// The same, but that it fails to load.
pub fn broken(name: &str) -> ModelConfig {
    ModelConfig::id(&format!("{name}=test/broken"))
}

/// The same, but that it takes its time to go.
pub fn lingering(name: &str) -> ModelConfig {
    ModelConfig::id(&format!("{name}=test/lingering"))
}

static PLUGIN: Plugin = Plugin::new("faulty-models")
    .manifest(
        "[[model]]\nid = \"test/faulty\"\nfamily = \"faulty\"\narchitecture = \"faulty\"\ndim = 2\n\
         [[model]]\nid = \"test/broken\"\nfamily = \"faulty\"\narchitecture = \"faulty\"\ndim = 3\n\
         [[model]]\nid = \"test/lingering\"\nfamily = \"faulty\"\narchitecture = \"faulty\"\ndim = 2\n",
    )
    .families(&[FamilyOf::<Faulty>::FAMILY])
    .architectures(&[&FaultyArchitecture]);
embedkit_core::register!(PLUGIN);

pub struct Faulty(Engine<str, Vec<f32>>);

impl Embedder for Faulty {
    const FAMILY: &'static str = "faulty";
    type Input = str;
    type Output = Vec<f32>;

    fn describe(_: &ModelFiles) -> Result<ModelDescription> {
        Err(Error::input("no folder is of this family"))
    }

    fn from_engine(engine: Engine<str, Vec<f32>>) -> Self {
        Self(engine)
    }

    fn engine(&self) -> &Engine<str, Vec<f32>> {
        &self.0
    }
}

struct FaultyArchitecture;

impl Architecture for FaultyArchitecture {
    fn name(&self) -> &'static str {
        "faulty"
    }

    fn family(&self) -> &'static str {
        "faulty"
    }

    fn check(&self, _: &ModelDescription) -> Result<()> {
        Ok(())
    }

    fn load(&self, context: &LoadContext) -> Result<AnyPipeline> {
        LOADS.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(50));
        if context.model.dim == Some(3) {
            return Err(Error::model(&context.model.id, "its weights are missing"));
        }
        let lingers = context.model.id == "test/lingering";
        LINGERING.fetch_add(usize::from(lingers), Ordering::Relaxed);
        Ok(AnyPipeline::new(FaultyPipeline { lingers }))
    }
}

struct FaultyPipeline {
    lingers: bool,
}

impl Drop for FaultyPipeline {
    fn drop(&mut self) {
        if self.lingers {
            std::thread::sleep(Duration::from_millis(200));
            LINGERING.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Pipeline for FaultyPipeline {
    type Input = str;
    type Prepared = String;
    type Output = Vec<f32>;

    fn prepare(&self, text: &str, _: &Purpose) -> Result<Prepared<String, Vec<f32>>> {
        if text == "panic early" {
            panic!("as the text says");
        }
        if text == "refused" {
            return Err(Error::input("it is refused"));
        }
        let tokens = text.strip_prefix("tokens ").and_then(|count| count.parse().ok()).unwrap_or(4);
        Ok(Prepared::run(text.to_owned(), tokens, text.len(), Usage { tokens, truncated: false }))
    }

    fn run(&self, batch: &[&String], _: &Purpose) -> Result<Vec<Result<Vec<f32>>>> {
        RUNS.fetch_add(1, Ordering::Relaxed);
        if batch.iter().any(|text| *text == "panic") {
            panic!("as the text says");
        }
        if batch.iter().any(|text| *text == "fail") {
            return Err(Error::model("test/faulty", "the run failed"));
        }
        let naps = batch.iter().filter_map(|text| text.strip_prefix("sleep ")?.trim().parse().ok());
        std::thread::sleep(Duration::from_millis(naps.max().unwrap_or(0)));
        let vector = |text: &&String| if *text == "nan" { vec![f32::NAN, 1.0] } else { vec![0.6, 0.8] };
        Ok(batch.iter().map(|text| Ok(vector(text))).collect())
    }
}
