//! Models in the program.

use std::collections::BTreeMap;
use std::path::Path;

use embedkit::ModelDescription;
use serde_json::Value;

use crate::common::library::{Numbers, QUERY, is_image};
use crate::common::setting::Setting;
use crate::common::{Outcome, model_args, run_with};

/// Runs the program on a model folder; none where it lacks one of the options.
pub(crate) fn embed(row: &ModelDescription, folder: &Path, settings: &[Setting], inputs: &[String]) -> Option<Outcome> {
    let mut settings: Vec<String> =
        settings.iter().map(|setting| setting.arguments()).collect::<Option<Vec<_>>>()?.concat();
    let manifest = tempfile::tempdir().unwrap();
    settings.extend(model_args(manifest.path(), row.clone(), folder));
    let field = if inputs.iter().any(|input| is_image(input)) { "image" } else { "text" };
    let verb: &[&str] = match row.family.as_str() {
        "rerank" => &["rerank", "--keep-order", "--query", QUERY],
        "colpali" if field == "text" => &["embed", "--query"],
        _ => &["embed"],
    };
    let arguments: Vec<&str> = verb.iter().copied().chain(settings.iter().map(String::as_str)).collect();
    let lines: String = inputs.iter().map(|input| serde_json::json!({ field: input }).to_string() + "\n").collect();
    Some(run_with(&arguments, lines.as_bytes()))
}

/// The numbers of each line.
pub(crate) fn numbers(outcome: &Outcome) -> Result<Vec<Numbers>, String> {
    let line = |line: &str| -> Result<Numbers, String> {
        let mut value: Value = serde_json::from_str(line).map_err(|error| format!("{error}: {line}"))?;
        let fields = value.as_object_mut().ok_or("a line is no object")?;
        fields.retain(|name, _| !matches!(name.as_str(), "index" | "line"));
        let mut numbers = Numbers::new();
        collect(&value, &mut numbers);
        Ok(numbers)
    };
    outcome.text().lines().map(line).collect()
}

fn collect(value: &Value, numbers: &mut Numbers) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect(value, numbers)),
        // By their names, however a build's maps are ordered.
        Value::Object(fields) => {
            let sorted: BTreeMap<&String, &Value> = fields.iter().collect();
            sorted.into_values().for_each(|value| collect(value, numbers));
        }
        Value::Number(number) => numbers.push(serde_json::from_value(number.clone().into()).unwrap()),
        // What JSON has no number for.
        _ => numbers.push(f32::NAN),
    }
}

/// Whether a failure is told as it should be: by the exit code and one line, and without half a result.
pub(crate) fn check_failure(outcome: &Outcome, expected: &[&str]) -> Result<(), String> {
    let told = || format!("{outcome:?}");
    if outcome.code != 1 && outcome.code != 2 {
        return Err(format!("the exit code should be 1 or 2: {}", told()));
    }
    if outcome.stderr.contains("panicked") {
        return Err(format!("it panicked: {}", told()));
    }
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    let [line] = lines[..] else { return Err(format!("one line should tell the error: {}", outcome.stderr)) };
    if !line.starts_with("embedkit: ") {
        return Err(format!("the line should begin with the program's name: {line}"));
    }
    if let Some(missing) = expected.iter().find(|part| !line.contains(**part)) {
        return Err(format!("{missing:?} is not in {line:?}"));
    }
    numbers(outcome).map(drop)
}
