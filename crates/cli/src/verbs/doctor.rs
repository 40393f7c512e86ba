//! `doctor`: what this program finds on this machine.

use std::fmt::Write as _;

use embedkit::plugin::Family;
use embedkit::{ModelFilter, Registry};
use serde::Serialize;

use crate::args::CacheArgs;
use crate::columns::{self, wrapped};
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
        super::print(&found.as_text(columns::of_terminal()))?;
    }
    match found.problems.len() {
        0 => Ok(()),
        1 => Err(Failure::Failed("there is a problem, which is told with what was found".to_owned())),
        count => Err(Failure::Failed(format!("there are {count} problems, which are told with what was found"))),
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

    fn as_text(&self, columns: Option<usize>) -> String {
        let mut text = format!("embedkit {}\n", self.version);
        let mut line = |title: &str, told: &str| {
            let _ = writeln!(text, "{title:<10} {}", wrapped(told, 11, columns));
        };
        line("threads", &self.threads.to_string());
        line("providers", &format!("{} (built in; the runtime must have them too)", self.providers.join(", ")));
        line("runtime", self.runtime.as_deref().unwrap_or("none: models with a graph cannot run"));
        match &self.cache {
            Some(cache) => {
                let state = if cache.offline { " (offline)" } else { "" };
                line("cache", &format!("{}{state}", cache.folder));
                for model in &cache.models {
                    line("", &format!("  {} ({:.1} MB)", model.id, model.bytes as f64 / 1e6));
                }
            }
            None => line("cache", "none"),
        }
        line("crates", &self.crates.join(", "));
        for family in &self.families {
            let architectures = family.architectures.join(", ");
            let models = if family.models == 1 { "1 model".to_owned() } else { format!("{} models", family.models) };
            line(family.name, &format!("{models}; architectures: {architectures}"));
        }
        for problem in &self.problems {
            let mut title = "problem";
            for part in problem.lines() {
                line(std::mem::take(&mut title), part);
            }
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
    let folder = hub.cache_dir();
    if folder.exists() && !folder.is_dir() {
        problems
            .push(format!("the cache {} is no folder: name one with --cache-dir or EMBEDKIT_CACHE", folder.display()));
    }
    let mut models = Vec::new();
    for model in Registry::global().list(&ModelFilter::default()) {
        if !model.sources.is_empty()
            && let Ok(Some(cached)) = hub.cached(&embedkit::hub::request(&model))
        {
            models.push(Cached { id: model.id.clone(), bytes: cached.size() });
        }
    }
    Some(Cache { folder: folder.display().to_string(), offline: hub.is_offline(), models })
}

#[cfg(not(feature = "hub"))]
fn cache(_: &CacheArgs, _: &mut Vec<String>) -> Option<Cache> {
    None
}
