//! `models pull`, `verify` and `repair`: what the cache has.

use std::sync::Arc;

use embedkit::hub::{self, FileStatus, Hub, Report};
use embedkit::{ModelDescription, ModelFiles};
use serde_json::json;

use crate::args::CachedArgs;
use crate::failure::{Failure, Result};
use crate::numbers;
use crate::verbs::{print, print_styled};

pub(super) fn pull(args: &CachedArgs) -> Result<()> {
    fetch(args, hub::fetch)
}

pub(super) fn repair(args: &CachedArgs) -> Result<()> {
    fetch(args, hub::repair)
}

fn fetch(args: &CachedArgs, fetch: impl Fn(&Hub, &ModelDescription) -> embedkit::Result<ModelFiles>) -> Result<()> {
    let hub = open(args)?;
    for model in models(args)? {
        let files = fetch(&hub, &model)?;
        let folder = files.root();
        match args.json {
            true => print_styled(&format!("{}\n", json!({ "model": model.id, "folder": folder })))?,
            false => print(&format!(
                "{}  {}\n",
                model.id,
                folder.map_or("nothing to fetch".into(), |f| f.display().to_string())
            ))?,
        }
    }
    Ok(())
}

pub(super) fn verify(args: &CachedArgs) -> Result<()> {
    let hub = open(args)?;
    let mut wrong = Vec::new();
    for model in models(args)? {
        let report = hub.verify(&hub::request(&model)).map_err(embedkit::Error::from)?;
        match args.json {
            true => print_styled(&format!("{}\n", as_json(&report)))?,
            false => print(&as_text(&report))?,
        }
        if !report.is_ok() {
            wrong.push(model.id.clone());
        }
    }
    match &wrong[..] {
        [] => Ok(()),
        wrong => Err(Failure::Failed(format!(
            "not as they should be: {0}; `embedkit models repair` fetches them again",
            wrong.join(", ")
        ))),
    }
}

/// Removes models, each with what it took.
pub(super) fn remove(args: &CachedArgs) -> Result<()> {
    let hub = open(args)?;
    for model in models(args)? {
        let freed = hub.remove(&hub::request(&model)).map_err(embedkit::Error::from)?;
        match args.json {
            true => print_styled(&format!("{}\n", json!({ "model": model.id, "freed-bytes": freed })))?,
            false if freed == 0 => print(&format!("{}  was not downloaded\n", model.id))?,
            false => print(&format!("{}  {} freed\n", model.id, numbers::size(freed)))?,
        }
    }
    Ok(())
}

fn open(args: &CachedArgs) -> Result<Hub> {
    Ok(Hub::new(args.cache.hub_options()).map_err(embedkit::Error::from)?)
}

/// The models that can be in the cache: those that are compiled in are not.
fn models(args: &CachedArgs) -> Result<Vec<Arc<ModelDescription>>> {
    let registry = embedkit::Registry::global();
    let named = match args.all {
        true => {
            let hub = open(args)?;
            let mut all = registry.list(&Default::default());
            all.retain(|model| !model.sources.is_empty() && hub.is_cached(&hub::request(model)).unwrap_or(true));
            all
        }
        false => args.ids.iter().map(|id| crate::names::find(id)).collect::<Result<Vec<_>>>()?.concat(),
    };
    let mut models = Vec::new();
    for model in named {
        if registry.local_files(&model)?.is_none() && model.required_files().next().is_some() {
            models.push(model);
        }
    }
    Ok(models)
}

fn word(status: &FileStatus) -> &str {
    match status {
        FileStatus::Verified => "verified",
        FileStatus::Unverified => "there, no digest known",
        FileStatus::Missing => "missing",
        FileStatus::Wrong(reason) => reason,
        _ => "unknown",
    }
}

fn as_text(report: &Report) -> String {
    let folder = report.folder.as_ref().map_or("not in the cache".to_owned(), |folder| folder.display().to_string());
    let mut text = format!("{}  {folder}\n", report.name);
    for file in &report.files {
        let optional = if file.required { "" } else { " (optional)" };
        text += &format!("  {}: {}{optional}\n", file.name, word(&file.status));
    }
    text
}

fn as_json(report: &Report) -> serde_json::Value {
    let files = report.files.iter().map(|file| {
        json!({
            "name": file.name,
            "required": file.required,
            "size": file.size,
            "status": word(&file.status),
            "ok": file.is_ok(),
        })
    });
    json!({ "model": report.name, "folder": report.folder, "ok": report.is_ok(), "files": files.collect::<Vec<_>>() })
}
