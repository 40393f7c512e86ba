//! What a row is pinned to, and how that is written into the catalogue.

use std::collections::BTreeMap;

use embedkit_core::model::FileDigest;
use embedkit_core::{Manifest, ModelDescription, Source, digest};
use embedkit_hub::ListedFile;
use toml_edit::{DocumentMut, InlineTable, Item, Table, Value};

use super::differences::OfRow;
use super::repository::{Repository, files_of};
use crate::failure::{Failure, failed, with_causes};

/// The commits that a row's repositories were found at, and what its files were there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pin {
    /// Commits by repository.
    commits: BTreeMap<String, String>,
    digests: BTreeMap<String, FileDigest>,
}

impl Pin {
    /// What a row is to be pinned to.
    pub(super) fn of(row: &ModelDescription, repository: &Repository) -> Self {
        let listed = files_of(row).filter_map(|name| repository.listing.file(name));
        let digest = |file: &ListedFile| {
            let digest = FileDigest { size: Some(file.size), sha256: sha256_of(repository, file) };
            (file.name.clone(), digest)
        };
        let commits = [(repository.name.clone(), repository.listing.commit.clone())].into();
        Self { commits, digests: listed.map(digest).collect() }
    }

    /// Adds a further source's, which must have the same files.
    pub(super) fn join(&mut self, other: Self, differences: &mut OfRow<'_>) {
        for (file, digest) in &other.digests {
            if self.digests.get(file).is_some_and(|first| first != digest) {
                differences.wrong("sources", format!("{file} of the first"), "another file in a further source");
            }
        }
        self.commits.extend(other.commits);
    }
}

/// A file's SHA-256: what the hub says of large files, and the content's of those that were read.
pub(super) fn sha256_of(repository: &Repository, file: &ListedFile) -> Option<String> {
    file.sha256.clone().or_else(|| {
        let content = repository.content(&file.name)?;
        Some(digest::of_bytes(content))
    })
}

/// Whether a row names a commit.
pub(super) fn is_pinned(row: &ModelDescription) -> bool {
    row.sources
        .iter()
        .any(|source| matches!(source, Source::Hub { revision: Some(revision), .. } if is_commit(revision)))
}

fn is_commit(revision: &str) -> bool {
    revision.len() == 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Checks that a pin is whole: a commit and the digests of all files, or neither.
pub(super) fn check(row: &ModelDescription, differences: &mut OfRow<'_>) {
    if row.digests.is_empty() && !is_pinned(row) {
        return;
    }
    for source in &row.sources {
        if let Source::Hub { hf, revision } = source
            && !revision.as_deref().is_some_and(is_commit)
        {
            differences.wrong("revision", format!("{hf} is at no commit"), "`digests` are of one commit's files");
        }
    }
    for file in row.required_files() {
        let digest = row.digests.get(file);
        if !digest.is_some_and(|digest| digest.size.is_some() && digest.sha256.is_some()) {
            differences.wrong(
                "digests",
                format!("none of {file}, or half of one"),
                "a pinned row has size and SHA-256",
            );
        }
    }
}

/// The catalogue's text with pins, by the positions of their rows. Everything else of it stays as it is.
pub(super) fn write(text: &str, pins: &[(usize, Pin)]) -> Result<String, Failure> {
    let mut document: DocumentMut = text.parse().map_err(|error| failed(with_causes(&error)))?;
    let rows = document.get_mut("model").and_then(Item::as_array_of_tables_mut);
    let rows = rows.ok_or_else(|| failed("the catalogue has no rows"))?;
    for (position, pin) in pins {
        let row = rows.get_mut(*position).ok_or_else(|| failed(format!("the catalogue has no row {position}")))?;
        write_row(row, pin);
    }
    let written = document.to_string();
    require_only_pins(text, &written)?;
    Ok(written)
}

fn write_row(row: &mut Table, pin: &Pin) {
    let sources = row.get_mut("sources").and_then(Item::as_array_mut);
    for source in sources.into_iter().flat_map(|sources| sources.iter_mut()) {
        let Some(source) = source.as_inline_table_mut() else { continue };
        let commit = source.get("hf").and_then(Value::as_str).and_then(|name| pin.commits.get(name)).cloned();
        if let Some(commit) = commit {
            source.insert("revision", commit.into());
            source.fmt();
        }
    }
    let mut digests = Table::new();
    digests.set_dotted(true);
    for (file, FileDigest { size, sha256 }) in &pin.digests {
        let mut digest = InlineTable::new();
        if let Some(size) = size.and_then(|size| i64::try_from(size).ok()) {
            digest.insert("size", size.into());
        }
        if let Some(sha256) = sha256 {
            digest.insert("sha256", sha256.into());
        }
        digests.insert(file, Item::Value(digest.into()));
    }
    row.insert("digests", Item::Table(digests));
}

/// Fails if more than pins was changed.
fn require_only_pins(before: &str, after: &str) -> Result<(), Failure> {
    let without_pins = |text: &str| -> Result<Manifest, Failure> {
        let mut manifest = Manifest::parse("the catalogue", text).map_err(|error| failed(with_causes(&error)))?;
        for row in &mut manifest.models {
            row.digests.clear();
            for source in &mut row.sources {
                if let Source::Hub { revision, .. } = source {
                    *revision = None;
                }
            }
        }
        Ok(manifest)
    };
    if without_pins(before)?.models == without_pins(after)?.models {
        return Ok(());
    }
    Err(failed("pins cannot be written: rows would be changed besides; nothing was written"))
}
