//! `doctor`: what this program finds on this machine.

use std::fmt::Write as _;

use embedkit::plugin::Family;
use embedkit::{ModelFilter, Registry};
use serde::Serialize;

use crate::args::CacheArgs;
use crate::failure::{Failure, Result};

/// What was found.
#[derive(Serialize)]
struct Found {
    version: &'static str,
    threads: usize,
    /// Execution providers that are built in; the runtime must have them too.
    providers: Vec<&'static str>,
    /// ONNX Runtime, if one can be used.
    runtime: Option<String>,
    cache: Option<Cache>,
    crates: Vec<&'static str>,
    families: Vec<FamilyFound>,
    faults: Vec<String>,
    problems: Vec<String>,
}

#[derive(Serialize)]
struct Cache {
    folder: String,
    offline: bool,
    models: Vec<Cached>,
}

#[derive(Serialize)]
struct Cached {
    id: String,
    bytes: u64,
}

#[derive(Serialize)]
struct FamilyFound {
    name: &'static str,
    models: usize,
    architectures: Vec<&'static str>,
}

pub(super) fn run(args: &CacheArgs, json: bool) -> Result<()> {
    let found = Found::on_this_machine(args);
    if json {
        super::print_json(&found)?;
    } else {
        super::print(&found.as_text())?;
    }
    match &found.problems[..] {
        [] => Ok(()),
        problems => Err(Failure::Failed(problems.join("; "))),
    }
}

impl Found {
    fn on_this_machine(args: &CacheArgs) -> Self {
        let registry = Registry::global();
        let mut problems = Vec::new();
        let faults = registry.faults();
        let (runtime, providers) = runtime(&mut problems);
        let cache = cache(args, &mut problems);
        problems.extend(faults.iter().cloned());
        let (models, architectures) = (registry.list(&ModelFilter::default()), registry.architectures());
        let family = |name: &'static str| FamilyFound {
            name,
            models: models.iter().filter(|model| model.family == name).count(),
            architectures: architectures.iter().filter(|one| one.family() == name).map(|one| one.name()).collect(),
        };
        Self {
            version: env!("CARGO_PKG_VERSION"),
            threads: threads(),
            providers,
            runtime,
            cache,
            crates: registry.plugins().collect(),
            families: registry.families().into_iter().map(Family::name).map(family).collect(),
            faults,
            problems,
        }
    }

    fn as_text(&self) -> String {
        let mut text = format!("embedkit {}\n", self.version);
        let _ = writeln!(text, "threads    {}", self.threads);
        let _ = writeln!(text, "providers  {} (built in; the runtime must have them too)", self.providers.join(", "));
        let none = "none: models with a graph cannot run";
        let _ = writeln!(text, "runtime    {}", self.runtime.as_deref().unwrap_or(none));
        match &self.cache {
            Some(cache) => {
                let state = if cache.offline { " (offline)" } else { "" };
                let _ = writeln!(text, "cache      {}{state}", cache.folder);
                for model in &cache.models {
                    let _ = writeln!(text, "             {} ({:.1} MB)", model.id, model.bytes as f64 / 1e6);
                }
            }
            None => text += "cache      none\n",
        }
        let _ = writeln!(text, "crates     {}", self.crates.join(", "));
        for family in &self.families {
            let architectures = family.architectures.join(", ");
            let _ = writeln!(text, "{:<10} {} models; architectures: {architectures}", family.name, family.models);
        }
        for fault in &self.faults {
            let _ = writeln!(text, "fault      {fault}");
        }
        text
    }
}

#[cfg(feature = "onnx")]
fn threads() -> usize {
    embedkit::session::usable_cores()
}

#[cfg(not(feature = "onnx"))]
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(feature = "onnx")]
fn runtime(problems: &mut Vec<String>) -> (Option<String>, Vec<&'static str>) {
    use embedkit::session::Provider;
    use embedkit::session::runtime::{Runtime, RuntimeOptions};

    let providers = Provider::ALL.iter().filter(|provider| provider.is_enabled()).map(|provider| provider.name());
    let found = Runtime::load(&RuntimeOptions::new());
    let runtime = found.map(|runtime| runtime.to_string()).map_err(|error| problems.push(error.to_string())).ok();
    (runtime, providers.collect())
}

#[cfg(not(feature = "onnx"))]
fn runtime(_: &mut Vec<String>) -> (Option<String>, Vec<&'static str>) {
    (None, Vec::new())
}

#[cfg(feature = "hub")]
fn cache(args: &CacheArgs, problems: &mut Vec<String>) -> Option<Cache> {
    let hub = embedkit::hub::Hub::new(args.hub_options()).map_err(|error| problems.push(error.to_string())).ok()?;
    if let Err(error) = hub.check_settings() {
        problems.push(error.to_string());
    }
    let mut models = Vec::new();
    for model in Registry::global().list(&ModelFilter::default()) {
        if !model.sources.is_empty()
            && let Ok(Some(cached)) = hub.cached(&embedkit::hub::request(&model))
        {
            models.push(Cached { id: model.id.clone(), bytes: cached.size() });
        }
    }
    Some(Cache { folder: hub.cache_dir().display().to_string(), offline: hub.is_offline(), models })
}

#[cfg(not(feature = "hub"))]
fn cache(_: &CacheArgs, _: &mut Vec<String>) -> Option<Cache> {
    None
}
