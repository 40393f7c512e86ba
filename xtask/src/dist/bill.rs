//! A bill of materials in CycloneDX: <https://cyclonedx.org/docs/1.6/json/>.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::listing::Crates;
use super::{PACKAGE, PROGRAM};
use crate::failure::{Failure, Outcome, failed};
use crate::{files, metadata};

/// Writes what the program is made of, with each crate's licence. The same crates give the same bytes.
pub(super) fn write(path: &Path, crates: &Crates) -> Outcome {
    let licences = licences()?;
    let bill = bill(crates, &licences)?;
    let text = serde_json::to_string_pretty(&bill).map_err(|error| failed(error.to_string()))?;
    files::write(path, text + "\n")
}

type Licences = BTreeMap<(String, String), String>;

fn licences() -> Result<Licences, Failure> {
    let packages = metadata::of_everything()?.packages.into_iter();
    Ok(packages.filter_map(|package| Some(((package.name, package.version), package.license?))).collect())
}

fn bill(crates: &Crates, licences: &Licences) -> Result<Value, Failure> {
    let component = |kind: &str, named: &(String, String)| {
        let (name, version) = named;
        // Old manifests have a line where the expression has a word.
        let licence = licences.get(named).map(|licence| licence.replace('/', " OR "));
        let licence = licence.ok_or_else(|| failed(format!("{name} {version} states no licence")))?;
        let purl = format!("pkg:cargo/{name}@{version}");
        Ok(json!({
            "type": kind,
            "bom-ref": purl,
            "name": name,
            "version": version,
            "purl": purl,
            "licenses": [{ "expression": licence }],
        }))
    };
    let own = crates.iter().find(|(name, _)| name == PACKAGE);
    let own = own.ok_or_else(|| failed(format!("{PACKAGE} is not among its crates")))?;
    let mut program = component("application", own)?;
    program["description"] = json!(PROGRAM);
    let others = crates.iter().filter(|named| *named != own).map(|named| component("library", named));
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": program },
        "components": others.collect::<Result<Vec<_>, Failure>>()?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_has_a_line_with_its_licence() {
        let named = |name: &str| (name.to_owned(), "1.0.0".to_owned());
        let crates: Crates = [named(PACKAGE), named("serde")].into();
        let mut licences: Licences = [(named(PACKAGE), "Apache-2.0".to_owned())].into();
        assert!(bill(&crates, &licences).is_err_and(|failure| failure.0.contains("serde 1.0.0 states no licence")));
        licences.insert(named("serde"), "MIT/Apache-2.0".to_owned());
        let bill = bill(&crates, &licences).unwrap();
        assert_eq!(bill["metadata"]["component"]["purl"], "pkg:cargo/embedkit-cli@1.0.0");
        assert_eq!(bill["components"].as_array().unwrap().len(), 1);
        assert_eq!(bill["components"][0]["licenses"][0]["expression"], "MIT OR Apache-2.0");
    }
}
