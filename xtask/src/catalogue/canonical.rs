//! What models give, beside what the reference's own tests state of them.

use embedkit_core::ImageEmbedder;
use embedkit_core::PageEmbedder;
use std::path::Path;

use embedkit_colbert::LateInteractionTextEmbedding;
use embedkit_colpali::{Content, LateInteractionMultimodalEmbedding};
use embedkit_core::hub::{self, Hub};
use embedkit_core::{Embedder, ModelDescription, ModelFiles, Purpose, Result, Role, Source, TextEmbedder, digest};
use embedkit_dense::TextEmbedding;
use embedkit_image::{ImageEmbedding, ImageInput};
use embedkit_rerank::{Pair, Reranker};
use embedkit_sparse::SparseTextEmbedding;
use serde::Deserialize;

use super::differences::OfRow;
use super::repository::Repository;
use crate::failure::{Failure, failed, with_causes};

/// `xtask/canonical.json`, and the picture it speaks of.
pub(super) struct Canonical {
    results: Vec<Stated>,
    picture: Option<ImageInput>,
}

/// The file.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    #[serde(rename = "about")]
    _about: String,
    picture_sha256: String,
    results: Vec<Stated>,
}

/// A result that the reference's tests state.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Stated {
    pub(super) family: String,
    /// An id or alias of a row.
    pub(super) model: String,
    /// `query`, or nothing.
    pub(super) role: Option<String>,
    pub(super) task: Option<String>,
    /// Texts of one batch; empty where the picture is meant.
    pub(super) texts: Vec<String>,
    /// Queries and documents, of rerankers.
    pub(super) pairs: Vec<(String, String)>,
    /// The first values of the first rows: a vector a text, or the rows of the first text's multi-vector.
    pub(super) starts: Vec<Vec<f32>>,
    /// Entries of the first text's sparse vector.
    pub(super) indices: Vec<u32>,
    pub(super) values: Vec<f32>,
    /// Whether these are all of its entries.
    pub(super) whole: bool,
    /// Largest difference of a value.
    pub(super) tolerance: f32,
}

/// What a model gave.
enum Given {
    Rows(Vec<Vec<f32>>),
    Sparse(Vec<(u32, f32)>),
}

impl Canonical {
    /// The results of `xtask/canonical.json`; those of the picture only if it is given.
    pub(super) fn read(picture: Option<&Path>) -> Result<Self, Failure> {
        let file: File = serde_json::from_str(include_str!("../../canonical.json"))
            .map_err(|error| failed(format!("canonical.json: {error}")))?;
        let Some(path) = picture else { return Ok(Self { results: file.results, picture: None }) };
        let bytes = std::fs::read(path).map_err(|error| failed(format!("{}: {error}", path.display())))?;
        let found = digest::of_bytes(&bytes);
        if found != file.picture_sha256 {
            let expected = file.picture_sha256;
            return Err(failed(format!("{}: its SHA-256 is {found}, and should be {expected}", path.display())));
        }
        Ok(Self { results: file.results, picture: Some(ImageInput::path(path)) })
    }

    /// Results of the caller's own.
    #[cfg(test)]
    pub(super) fn of(results: Vec<Stated>) -> Self {
        Self { results, picture: None }
    }

    /// Runs a row's model, from the repository's commit, and compares what it gives.
    ///
    /// # Errors
    /// Weights that cannot be downloaded.
    pub(super) fn compare(
        &self,
        hub: &Hub,
        row: &ModelDescription,
        repository: &Repository,
        runtime: Option<&Path>,
        differences: &mut OfRow<'_>,
    ) -> Result<(), Failure> {
        let mut stated: Vec<&Stated> = self.results.iter().filter(|stated| stated.is_of(row)).collect();
        let left_out = stated.iter().filter(|stated| !self.can_run(stated)).count();
        stated.retain(|stated| self.can_run(stated));
        if left_out > 0 {
            differences.note("vectors", format!("{left_out} results of the picture"), "not compared: no `--picture`");
        }
        // What gives vectors of a width is run even so.
        let probe = Stated { family: row.family.clone(), texts: vec!["hello world".to_owned()], ..Stated::default() };
        if stated.is_empty() && ["dense", "colbert", "image"].contains(&row.family.as_str()) {
            stated.push(&probe);
        }
        if stated.is_empty() {
            return Ok(());
        }
        let mut at_commit = row.clone();
        at_commit.digests.clear();
        let (hf, revision) = (repository.name.clone(), Some(repository.listing.commit.clone()));
        at_commit.sources = vec![Source::Hub { hf, revision }];
        let files = match hub::fetch(hub, &at_commit) {
            Ok(files) => files,
            // A file that is not there is told already.
            Err(_) if !differences.are_none() => return Ok(()),
            Err(error) => return Err(failed(with_causes(&error))),
        };
        for stated in stated {
            match self.run(row, &files, runtime, stated) {
                Ok(given) => stated.judge(row, &given, differences),
                Err(error) => differences.wrong("vectors", "the model runs", with_causes(&error)),
            }
        }
        Ok(())
    }

    /// Whether there is what the result is of.
    fn can_run(&self, stated: &Stated) -> bool {
        !stated.texts.is_empty() || !stated.pairs.is_empty() || self.picture.is_some()
    }

    fn run(
        &self,
        row: &ModelDescription,
        files: &ModelFiles,
        runtime: Option<&Path>,
        stated: &Stated,
    ) -> Result<Given> {
        let (texts, purpose) = (&stated.texts, stated.purpose());
        let rows = match row.family.as_str() {
            "dense" => load::<TextEmbedding>(row, files, runtime)?.embed_for(texts, purpose).collect::<Result<_>>()?,
            "sparse" => {
                let model = load::<SparseTextEmbedding>(row, files, runtime)?;
                return Ok(Given::Sparse(model.embed_one(&texts[0], purpose)?.iter().collect()));
            }
            "colbert" => {
                let model = load::<LateInteractionTextEmbedding>(row, files, runtime)?;
                model.embed_one(&texts[0], purpose)?.rows().map(<[f32]>::to_vec).collect()
            }
            "colpali" => {
                let model = load::<LateInteractionMultimodalEmbedding>(row, files, runtime)?;
                let (content, role) = match (&self.picture, texts.first()) {
                    (_, Some(text)) => (Content::text(text), Role::Query),
                    (Some(picture), None) => (Content::image(picture), Role::Passage),
                    (None, None) => return Ok(Given::Rows(Vec::new())),
                };
                model.embed_one(&content, role)?.rows().map(<[f32]>::to_vec).collect()
            }
            "image" => {
                let model = load::<ImageEmbedding>(row, files, runtime)?;
                let picture = match &self.picture {
                    Some(picture) => picture.clone(),
                    // For the width alone.
                    None => ImageInput::rgb(64, 64, vec![128; 3 * 64 * 64])?,
                };
                vec![model.embed_image(picture)?]
            }
            "rerank" => {
                let model = load::<Reranker>(row, files, runtime)?;
                let pairs = stated.pairs.iter().map(|(query, document)| Pair::new(query.as_str(), document));
                model.rerank_pairs(pairs).map(|score| Ok(vec![score?])).collect::<Result<_>>()?
            }
            _ => Vec::new(),
        };
        Ok(Given::Rows(rows))
    }
}

fn load<E: Embedder>(row: &ModelDescription, files: &ModelFiles, runtime: Option<&Path>) -> Result<E> {
    let builder = E::builder(row.clone()).model_files(files.clone());
    match runtime.filter(|_| row.model_file.ends_with(".onnx")) {
        Some(library) => builder.runtime(library).build(),
        None => builder.build(),
    }
}

impl Stated {
    fn is_of(&self, row: &ModelDescription) -> bool {
        self.family == row.family && row.names().any(|name| name.eq_ignore_ascii_case(&self.model))
    }

    fn purpose(&self) -> Purpose {
        let role = if self.role.as_deref() == Some("query") { Role::Query } else { Role::Plain };
        let mut purpose = Purpose::new(role);
        purpose.task.clone_from(&self.task);
        purpose
    }

    /// Compares what a model gave.
    fn judge(&self, row: &ModelDescription, given: &Given, differences: &mut OfRow<'_>) {
        match given {
            Given::Rows(rows) => self.judge_rows(row, rows, differences),
            Given::Sparse(entries) => self.judge_entries(entries, differences),
        }
    }

    fn judge_rows(&self, row: &ModelDescription, rows: &[Vec<f32>], differences: &mut OfRow<'_>) {
        if let (Some(stated), Some(found)) = (row.dim, rows.first().map(Vec::len)) {
            if stated == found {
                differences.settle("dim");
            } else {
                differences.wrong("dim", stated.to_string(), format!("its vectors: {found}"));
            }
        }
        if rows.len() < self.starts.len() {
            differences.wrong("vectors", format!("{} rows", self.starts.len()), format!("{} rows", rows.len()));
        }
        let differs = |(stated, row): &(&Vec<f32>, &Vec<f32>)| {
            row.len() < stated.len() || stated.iter().zip(*row).any(|(stated, found)| !self.is_near(*stated, *found))
        };
        if let Some((stated, found)) = self.starts.iter().zip(rows).find(differs) {
            let found: Vec<f32> = found.iter().copied().take(stated.len()).collect();
            differences.wrong("vectors", format!("{stated:?}"), format!("{found:?}"));
        }
    }

    fn judge_entries(&self, entries: &[(u32, f32)], differences: &mut OfRow<'_>) {
        if self.whole && entries.len() != self.indices.len() {
            let [stated, found] = [self.indices.len(), entries.len()].map(|count| format!("{count} entries"));
            differences.wrong("vectors", stated, found);
        }
        for (index, stated) in self.indices.iter().zip(&self.values) {
            let found = entries.iter().find(|(other, _)| other == index).map_or(0.0, |(_, value)| *value);
            if !self.is_near(*stated, found) {
                differences.wrong("vectors", format!("{stated} at {index}"), found.to_string());
            }
        }
    }

    /// As numpy's `allclose`, with the tolerance that the reference's tests have.
    fn is_near(&self, stated: f32, found: f32) -> bool {
        (stated - found).abs() <= self.tolerance + 1e-5 * stated.abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_of_rows_of_the_catalogue() {
        let catalogue = include_str!("../../../models.toml");
        let rows = embedkit_core::Manifest::parse("models.toml", catalogue).unwrap().models;
        let canonical = Canonical::read(None).unwrap();
        assert!(canonical.results.len() > 60);
        for stated in &canonical.results {
            let row = rows.iter().find(|row| stated.is_of(row));
            let row = row.unwrap_or_else(|| panic!("no {} row is {}", stated.family, stated.model));
            stated.purpose().check_task(row).unwrap();
            assert!(stated.tolerance > 0.0 && stated.indices.len() == stated.values.len());
            assert_ne!(stated.starts.is_empty(), stated.indices.is_empty(), "{stated:?}");
            let width = row.dim.unwrap_or(1);
            assert!(stated.starts.iter().all(|start| !start.is_empty() && start.len() <= width), "{stated:?}");
        }
    }

    #[test]
    fn another_picture_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.jpeg");
        std::fs::write(&path, "another").unwrap();
        assert!(Canonical::read(Some(&path)).is_err_and(|failure| failure.0.contains("SHA-256")));
    }
}
