//! `models list` and `models show`: what the registry knows.

use std::sync::Arc;

use embedkit::{ModelDescription, ModelFilter, Registry};

use super::downloaded::Downloaded;
use super::row::as_json;
use crate::args::{ListArgs, given, given_as};
use crate::columns::{self, width};
use crate::failure::{Failure, Result};
use crate::languages;
use crate::numbers;
use crate::verbs::{print, print_json};

pub(super) fn list(args: &ListArgs) -> Result<()> {
    if let Some(family) = &args.family {
        Registry::global().family(family).map_err(|error| Failure::Usage(error.to_string()))?;
    }
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
        return Err(Failure::Failed(format!("no model passes these filters: {}", typed().join(" "))));
    }
    print(&table(&models, columns::of_terminal()))
}

/// What was asked for, as it was typed.
fn typed() -> Vec<String> {
    let of = |(id, values): (&str, &[String])| {
        let name = given_as(id).filter(|name| name.starts_with("--")).map(str::to_owned);
        name.into_iter().chain(values.iter().filter(|value| *value != "true").cloned()).collect::<Vec<_>>()
    };
    given().flat_map(of).collect()
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

/// What a column has of a model.
type Cell = fn(&ModelDescription, Option<u64>) -> String;

/// The columns; on narrow terminals, the last ones are left out.
const COLUMNS: [(&str, Cell); 7] = [
    ("ID", |model, _| model.id.clone()),
    ("FAMILY", |model, _| model.family.clone()),
    ("DIM", |model, _| model.dim.map_or_else(String::new, |dim| dim.to_string())),
    ("GB", |model, _| model.size_gb.to_string()),
    ("DOWNLOADED", |_, bytes| bytes.map_or_else(String::new, numbers::size)),
    ("LANGUAGES", |model, _| match &model.languages[..] {
        [first, second, third, _, ..] => format!("{first} {second} {third} …"),
        few => few.join(" "),
    }),
    ("LICENSE", |model, _| model.license.clone()),
];
/// Those of numbers, which stand to the right.
const NUMBERS: [&str; 3] = ["DIM", "GB", "DOWNLOADED"];

fn table(models: &[(Arc<ModelDescription>, Option<u64>)], terminal: Option<usize>) -> String {
    let columns = COLUMNS.map(|(title, cell)| {
        let cells = models.iter().map(|(model, bytes)| cell(model, *bytes));
        std::iter::once(title.to_owned()).chain(cells).collect::<Vec<String>>()
    });
    let widths = columns.each_ref().map(|cells| cells.iter().map(|cell| width(cell)).max().unwrap_or_default());
    let until = |count: usize| widths[..count].iter().sum::<usize>() + 2 * (count - 1);
    let fits = |count: &usize| terminal.is_none_or(|terminal| until(*count) <= terminal);
    let shown = (2..=COLUMNS.len()).rev().find(fits).unwrap_or(1);
    let line = |row: usize| {
        let cells = columns[..shown].iter().zip(widths).map(|(cells, wide)| {
            let blanks = " ".repeat(wide.saturating_sub(width(&cells[row])));
            if NUMBERS.contains(&&*cells[0]) { blanks + &cells[row] } else { cells[row].clone() + &blanks }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    (0..=models.len()).map(line).collect()
}
