//! `doctor`: what this program finds on this machine.

use std::fmt::Write as _;

use embedkit::plugin::Family;
use embedkit::session::runtime::{self, RuntimeOptions};
use embedkit::session::{Provider, usable_cores};
use embedkit::{ModelFilter, Registry};

use crate::args::CacheArgs;
use crate::failure::{Failure, Result};

pub(super) fn run(args: &CacheArgs) -> Result<()> {
    let mut problems = Vec::new();
    let mut report = format!("embedkit {}\n", env!("CARGO_PKG_VERSION"));
    runtime_section(&mut report, &mut problems);
    cache_section(args, &mut report, &mut problems);
    registry_section(&mut report, &mut problems);
    super::print(&report)?;
    match &problems[..] {
        [] => Ok(()),
        problems => Err(Failure::Failed(problems.join("; "))),
    }
}

fn runtime_section(report: &mut String, problems: &mut Vec<String>) {
    let providers: Vec<_> = Provider::ALL.iter().filter(|p| p.is_enabled()).map(|p| p.name()).collect();
    let _ = writeln!(report, "threads    {}", usable_cores());
    let _ = writeln!(report, "providers  {} (built in; the runtime must have them too)", providers.join(", "));
    match runtime::Runtime::load(&RuntimeOptions::new()) {
        Ok(runtime) => {
            let _ = writeln!(report, "runtime    {runtime}");
        }
        Err(error) => {
            let _ = writeln!(report, "runtime    none: models with a graph cannot run");
            problems.push(error.to_string());
        }
    }
}

#[cfg(feature = "hub")]
fn cache_section(args: &CacheArgs, report: &mut String, problems: &mut Vec<String>) {
    match embedkit::hub::Hub::new(args.hub_options()) {
        Ok(hub) => {
            let state = if hub.is_offline() { " (offline)" } else { "" };
            let _ = writeln!(report, "cache      {}{state}", hub.cache_dir().display());
            if let Err(error) = hub.check_settings() {
                problems.push(error.to_string());
            }
            let models = Registry::global().list(&ModelFilter::default());
            for model in models.iter().filter(|model| !model.sources.is_empty()) {
                if let Ok(Some(cached)) = hub.cached(&embedkit::hub::request(model)) {
                    let _ = writeln!(report, "             {} ({:.1} MB)", model.id, cached.size() as f64 / 1e6);
                }
            }
        }
        Err(error) => {
            let _ = writeln!(report, "cache      none");
            problems.push(error.to_string());
        }
    }
}

#[cfg(not(feature = "hub"))]
fn cache_section(_: &CacheArgs, report: &mut String, _: &mut Vec<String>) {
    let _ = writeln!(report, "cache      none: built without the feature `hub`");
}

fn registry_section(report: &mut String, problems: &mut Vec<String>) {
    let registry = Registry::global();
    let crates: Vec<_> = registry.plugins().collect();
    let _ = writeln!(report, "crates     {}", crates.join(", "));
    let models = registry.list(&ModelFilter::default());
    let architectures = registry.architectures();
    for family in registry.families().into_iter().map(Family::name) {
        let of_family = architectures.iter().filter(|architecture| architecture.family() == family);
        let names: Vec<_> = of_family.map(|architecture| architecture.name()).collect();
        let count = models.iter().filter(|model| model.family == family).count();
        let _ = writeln!(report, "{family:<10} {count} models; architectures: {}", names.join(", "));
    }
    for fault in registry.faults() {
        let _ = writeln!(report, "fault      {fault}");
        problems.push(fault);
    }
}
