//! What a file of results says of the model that made them, in the words that the Python package's columns have too.

use std::collections::BTreeMap;
use std::path::Path;

use embedkit::{AnyEmbedder, Role, Source};
use serde_json::json;

use crate::args::{EmbedArgs, given};
use crate::failure::{Failure, Result};

/// Options on which no result depends, or whose meaning the model's digest has: where things are, and how a run goes. What
/// is not among them is a setting.
const NO_SETTINGS: &[&str] = &[
    "input",
    "output",
    "format",
    "shard",
    "resume",
    "model",
    "model_dir",
    "kind",
    "manifest",
    "cache_dir",
    "offline",
    "threads",
    "batch_size",
    "sessions",
    "tuning",
    "providers",
    "require_provider",
    "devices",
    "skip_invalid",
    "color",
    "verbose",
    "quiet",
    "page_time",
    "page_memory",
    "max_pixels",
    "decode_memory",
    "part_time",
];
/// Entries in which files that belong together agree.
const SAME: [&str; 2] = ["embedkit.digest", "embedkit.settings"];
/// What files say whose digest is one of their model's folder, as earlier versions wrote it.
const OF_A_FOLDER: &str = "embedkit.row";

/// The entries.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Provenance(BTreeMap<String, String>);

impl Provenance {
    /// What the arguments and the model say.
    pub(crate) fn of(args: &EmbedArgs, model: &AnyEmbedder) -> Self {
        let row = model.model();
        let purpose = args.purpose.purpose();
        let role = match purpose.role {
            Role::Query => "query",
            Role::Passage => "passage",
            Role::Plain => "plain",
        };
        let dim = args.model.dim.or(row.dim).map_or_else(String::new, |dim| dim.to_string());
        let told = [
            ("model", row.id.clone()),
            ("family", row.family.clone()),
            ("revision", revision(model)),
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("dim", dim),
            ("normalized", (row.normalize || args.chunks_late()).to_string()),
            ("role", role.to_owned()),
            ("encoding", args.output.encoding.name().to_owned()),
            ("settings", settings()),
        ];
        Self(told.into_iter().map(|(name, value)| (format!("embedkit.{name}"), value)).collect())
    }

    /// The same with the model's digest, for which its files are read: for files that others must match.
    #[cfg(feature = "parquet")]
    pub(crate) fn with_digest(self, args: &EmbedArgs, model: &AnyEmbedder) -> Result<Self> {
        Ok(self.with("digest", format!("sha256:{}", model.engine().digest(args.model.dim)?)))
    }

    /// The same with one entry more.
    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.0.insert(format!("embedkit.{name}"), value.to_string());
        self
    }

    /// What a file says.
    pub(crate) fn said(entries: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(entries.into_iter().filter(|(name, _)| name.starts_with("embedkit.")).collect())
    }

    /// The entries.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// One of them.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Refuses a file of another model or other settings, or one that does not say.
    pub(crate) fn check(&self, found: &Self, file: &Path) -> Result<()> {
        let Some(entry) = SAME.iter().find(|entry| self.get(entry) != found.get(entry)) else { return Ok(()) };
        let told = |of: &Self| match *entry {
            "embedkit.settings" => format!("the options {}", of.get("embedkit.settings")),
            entry => format!("the model {} ({})", of.get("embedkit.model"), of.get(entry)),
        };
        let made = match found.get(entry) {
            "" => "does not say what it was made with".to_owned(),
            _ if found.0.contains_key(OF_A_FOLDER) => {
                "was made by an earlier version, whose digest of a model was another".to_owned()
            }
            _ => format!("was made with {}", told(found)),
        };
        Err(Failure::Usage(format!(
            "{} {made}, and this run has {}: name another --output, or remove it",
            file.display(),
            told(self)
        )))
    }
}

/// The commit that the model's files are of, where they lie in a cache; else the one that its row names.
fn revision(model: &AnyEmbedder) -> String {
    let of_folder = model.engine().folder().and_then(|folder| {
        let is_snapshot = folder.parent()?.file_name()? == "snapshots";
        is_snapshot.then(|| folder.file_name().map(|name| name.to_string_lossy().into_owned()))?
    });
    let pinned = model.model().sources.iter().find_map(|source| match source {
        Source::Hub { revision, .. } => revision.clone(),
        _ => None,
    });
    of_folder.or(pinned).unwrap_or_default()
}

/// The options that results depend on, as JSON.
fn settings() -> String {
    let settings: BTreeMap<_, _> = given().filter(|(id, _)| !NO_SETTINGS.contains(id)).collect();
    json!(settings).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(entries: &[(&str, &str)]) -> Provenance {
        Provenance::said(entries.iter().map(|(name, value)| (format!("embedkit.{name}"), (*value).to_owned())))
    }

    #[test]
    fn files_of_other_models_and_settings_are_refused() {
        let ours = made(&[("model", "a"), ("digest", "1"), ("settings", "{}")]);
        ours.check(&ours.clone().with("version", "9.9"), Path::new("f")).unwrap();
        for (other, message) in [
            (made(&[("model", "b"), ("digest", "2"), ("settings", "{}")]), "was made with the model b (2)"),
            (made(&[("model", "a"), ("digest", "1"), ("settings", "{\"dim\":[\"8\"]}")]), "the options {\"dim\""),
            (made(&[("model", "a"), ("digest", "0"), ("row", "0"), ("settings", "{}")]), "by an earlier version"),
            (made(&[]), "does not say"),
        ] {
            let refused = ours.check(&other, Path::new("f")).unwrap_err().to_string();
            assert!(refused.contains(message) && refused.starts_with("f "), "{refused}");
        }
    }

    #[test]
    fn only_our_entries_are_read() {
        let entries = [("ARROW:schema", "x"), ("embedkit.model", "a")];
        let found = Provenance::said(entries.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(found.entries().collect::<Vec<_>>(), [("embedkit.model", "a")]);
    }
}
