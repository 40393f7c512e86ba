//! What a repository holds at one commit: the list of all files, and the contents of those that say what the model is.

use std::collections::{BTreeMap, BTreeSet};

use embedkit_core::{ModelDescription, ModelFiles};
use embedkit_hub::{Hub, HubError, ListedFile, Listing, Request};

/// The largest JSON file that is read without the row's naming it, in bytes.
const SMALL: u64 = 1 << 20;

/// A repository at one commit.
pub(super) struct Repository {
    /// `owner/name`.
    pub(super) name: String,
    pub(super) listing: Listing,
    /// The commit that `main` is at, where the row names another revision.
    pub(super) main: Option<String>,
    /// The contents of small files, by name.
    files: BTreeMap<String, Vec<u8>>,
}

impl Repository {
    /// Lists the repository and downloads its small files; no weights.
    pub(super) fn fetch(
        hub: &Hub,
        row: &ModelDescription,
        name: &str,
        revision: Option<&str>,
    ) -> Result<Self, HubError> {
        let listing = hub.list(name, revision)?;
        let main = revision.map(|_| hub.list(name, None)).transpose()?.map(|listing| listing.commit);
        let of_row: BTreeSet<&str> = files_of(row).collect();
        let wanted = listing.files.iter().filter(|file| tells(file, row, &of_row));
        let mut request = Request::new(&row.id).repository(name, Some(&listing.commit));
        for file in wanted {
            request = request.required(&file.name);
        }
        let mut files = BTreeMap::new();
        if !request.required.is_empty() {
            let folder = hub.fetch(&request)?;
            for name in request.required {
                let path = folder.join(&name);
                let content = std::fs::read(&path).map_err(|source| HubError::Io { path, source })?;
                files.insert(name, content);
            }
        }
        Ok(Self { name: name.to_owned(), listing, main, files })
    }

    /// The content of a small file.
    pub(super) fn content(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name).map(Vec::as_slice)
    }

    /// The repository as a model's files: small files, and empty ones in place of the weights.
    pub(super) fn as_folder(&self, row: &ModelDescription) -> ModelFiles {
        // Where the graph is looked for first; the row's own may be where only the row knows.
        let is_graph = row.model_file.ends_with(".onnx");
        let weights = if is_graph { "onnx/model.onnx" } else { &row.model_file };
        let small = self.files.iter().map(|(name, content)| (name.clone(), content.clone()));
        ModelFiles::memory(small.chain([(weights.to_owned(), Vec::new())]))
    }
}

/// The files that a row names.
pub(super) fn files_of(row: &ModelDescription) -> impl Iterator<Item = &str> {
    row.required_files().chain(row.config_files.iter().map(String::as_str))
}

/// Whether a file is read: it says what the model is, or nobody else knows its digest.
fn tells(file: &ListedFile, row: &ModelDescription, of_row: &BTreeSet<&str>) -> bool {
    let is_config = row.config_files.contains(&file.name);
    let lacks_digest = of_row.contains(file.name.as_str()) && file.sha256.is_none();
    let is_near_the_top = file.name.split('/').count() <= 2;
    let may_describe = file.name.ends_with(".json") && is_near_the_top && file.size <= SMALL;
    is_config || lacks_digest || may_describe
}
