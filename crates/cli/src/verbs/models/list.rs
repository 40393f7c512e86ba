//! `models list` and `models show`: what the registry knows.

use std::fmt::Write as _;
use std::sync::Arc;

use embedkit::{ModelDescription, ModelFilter, Registry};

use super::downloaded::Downloaded;
use super::row::as_json;
use crate::args::ListArgs;
use crate::failure::{Failure, Result};
use crate::languages;
use crate::verbs::{print, print_json};

pub(super) fn list(args: &ListArgs) -> Result<()> {
    let mut filter = ModelFilter::default();
    filter.family = args.family.clone();
    filter.language = args.language.as_deref().map(languages::code);
    filter.dim = args.dim;
    filter.license = args.license.clone();
    filter.max_size_gb = args.max_size;
    let downloaded = Downloaded::new(&args.cache)?;
    let mut models = Vec::new();
    for model in Registry::global().list(&filter) {
        let size = downloaded.size(&model);
        if args.words.iter().all(|word| has_word(&model, word)) && (!args.cached || size.is_some()) {
            models.push((model, size));
        }
    }
    if args.json {
        let rows = models.iter().map(|(model, size)| {
            let mut row = as_json(model);
            row["downloaded-bytes"] = (*size).into();
            row
        });
        return print_json(&rows.collect::<Vec<_>>());
    }
    if models.is_empty() {
        return Err(Failure::Failed("no model passes these filters".to_owned()));
    }
    print(&table(&models))
}

/// Whether the word stands in what is known of the model.
fn has_word(model: &ModelDescription, word: &str) -> bool {
    let (word, code) = (word.to_lowercase(), languages::code(word));
    let texts = model.names().chain([model.description.as_str(), &model.family, &model.architecture]);
    let speaks = |language: &String| language.eq_ignore_ascii_case(&word) || language.eq_ignore_ascii_case(&code);
    { texts }.any(|text| text.to_lowercase().contains(&word)) || model.languages.iter().any(speaks)
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

fn table(models: &[(Arc<ModelDescription>, Option<u64>)]) -> String {
    let width =
        |of: fn(&ModelDescription) -> usize| models.iter().map(|(model, _)| of(model)).max().unwrap_or_default();
    let ids = width(|model| model.id.len());
    let families = width(|model| model.family.len()).max("FAMILY".len());
    let licenses = width(|model| model.license.len()).max("LICENSE".len());
    let mut table = format!(
        "{:ids$}  {:families$}  {:>5}  {:>7}  {:>10}  {:licenses$}  {}\n",
        "ID", "FAMILY", "DIM", "GB", "DOWNLOADED", "LICENSE", "LANGUAGES"
    );
    for (model, downloaded) in models {
        let dim = model.dim.map_or_else(String::new, |dim| dim.to_string());
        let downloaded = downloaded.map_or_else(String::new, |bytes| format!("{:.1} MB", bytes as f64 / 1e6));
        let languages = match &model.languages[..] {
            [first, second, third, _, ..] => format!("{first} {second} {third} …"),
            few => few.join(" "),
        };
        let line = format!(
            "{:ids$}  {:families$}  {dim:>5}  {:>7}  {downloaded:>10}  {:licenses$}  {languages}",
            model.id, model.family, model.size_gb, model.license
        );
        let _ = writeln!(table, "{}", line.trim_end());
    }
    table
}
