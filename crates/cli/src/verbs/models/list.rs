//! `models list` and `models show`: what the registry knows.

use std::fmt::Write as _;
use std::sync::Arc;

use embedkit::{ModelDescription, ModelFilter, Registry};

use super::row::as_json;
use crate::args::ListArgs;
use crate::failure::{Failure, Result};
use crate::verbs::{print, print_json};

pub(super) fn list(args: &ListArgs) -> Result<()> {
    let mut filter = ModelFilter::default();
    filter.family = args.family.clone();
    filter.language = args.language.clone();
    filter.dim = args.dim;
    filter.license = args.license.clone();
    filter.max_size_gb = args.max_size;
    let models = Registry::global().list(&filter);
    if args.json {
        return print_json(&models.iter().map(|model| as_json(model)).collect::<Vec<_>>());
    }
    if models.is_empty() {
        return Err(Failure::Failed("no model passes these filters".to_owned()));
    }
    print(&table(&models))
}

pub(super) fn show(id: &str, json: bool) -> Result<()> {
    let models = crate::names::find(id)?;
    let rows: Vec<&ModelDescription> = models.iter().map(|model| &**model).collect();
    match (&rows[..], json) {
        ([one], true) => print_json(&as_json(one)),
        (several, true) => print_json(&several.iter().map(|row| as_json(row)).collect::<Vec<_>>()),
        (rows, false) => print(&as_manifest(rows)?),
    }
}

/// Rows as they would stand in a manifest.
fn as_manifest(rows: &[&ModelDescription]) -> Result<String> {
    let texts = rows.iter().map(|row| toml::to_string(&std::collections::BTreeMap::from([("model", [row])])));
    let texts: Result<Vec<String>, _> = texts.collect();
    Ok(texts.map_err(|error| Failure::Failed(error.to_string()))?.join("\n"))
}

fn table(models: &[Arc<ModelDescription>]) -> String {
    let width = |of: fn(&ModelDescription) -> usize| models.iter().map(|model| of(model)).max().unwrap_or_default();
    let ids = width(|model| model.id.len());
    let families = width(|model| model.family.len()).max("FAMILY".len());
    let licenses = width(|model| model.license.len()).max("LICENSE".len());
    let mut table = format!(
        "{:ids$}  {:families$}  {:>5}  {:>7}  {:licenses$}  {}\n",
        "ID", "FAMILY", "DIM", "GB", "LICENSE", "LANGUAGES"
    );
    for model in models {
        let dim = model.dim.map_or_else(String::new, |dim| dim.to_string());
        let languages = match &model.languages[..] {
            [first, second, third, _, ..] => format!("{first} {second} {third} …"),
            few => few.join(" "),
        };
        let line = format!(
            "{:ids$}  {:families$}  {dim:>5}  {:>7}  {:licenses$}  {languages}",
            model.id, model.family, model.size_gb, model.license
        );
        let _ = writeln!(table, "{}", line.trim_end());
    }
    table
}
