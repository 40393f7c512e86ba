//! What a pipeline is evaluated on.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use embedkit_core::digest::digits;
use embedkit_core::python_numbers::as_null;
use embedkit_core::{Error, Result};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::Judgements;
use super::lines::lines;
use crate::document::{Inputs, Readers, Table, Wanted, plain, take_id, with_written_ids};

/// Documents, queries and judgements.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Dataset {
    /// Its name: that of its folder or file.
    pub name: String,
    /// Its documents.
    pub inputs: Inputs,
    /// The judged queries, by id, with their texts.
    pub queries: Vec<(String, String)>,
    /// Which documents answer which query.
    pub judgements: Judgements,
    /// The SHA-256 of queries, judgements and documents.
    pub digest: String,
    /// What its documents are read with.
    pub readers: Readers,
}

/// The id of a line of `queries.jsonl`, a text or a number, as rows of documents may have, and its text.
fn query(line: &str) -> std::result::Result<Option<(String, String)>, serde_json::Error> {
    let line = &*as_null(line);
    let mut fields: Map<String, Value> = with_written_ids(serde_json::from_str(line)?, line);
    let id = take_id(&mut fields).filter(|id| id.is_string() || id.is_number());
    let text = fields.remove("text").and_then(|text| text.as_str().map(str::to_owned));
    Ok(id.as_ref().map(plain).zip(text))
}

impl Dataset {
    /// Reads a folder in BEIR's layout: `corpus.jsonl`, `queries.jsonl` and `qrels/<split>.tsv`.
    ///
    /// # Errors
    /// Files that are missing or of another layout, queries of one id, and judgements of queries that are not there.
    pub fn read_beir(folder: impl AsRef<Path>, split: &str) -> Result<Self> {
        let folder = folder.as_ref();
        let judgements = Judgements::read(folder.join("qrels").join(format!("{split}.tsv")))?;
        let path = folder.join("queries.jsonl");
        let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
        let (mut queries, mut ids) = (Vec::new(), HashSet::new());
        for (number, line) in lines(&text) {
            let wrong = format!("line {number} is no query with `_id` and `text`");
            let query = query(line).map_err(|error| Error::file_because(&path, &wrong, error))?;
            let (id, text) = query.ok_or_else(|| Error::file(&path, wrong))?;
            if !ids.insert(id.clone()) {
                return Err(Error::file(&path, format!("line {number} has the id {id:?}, as a line before it")));
            }
            queries.push((id, text));
        }
        let inputs = vec![folder.join("corpus.jsonl")];
        Self::new(folder, inputs, queries, judgements, &Readers::default())
    }

    /// Reads a table with the columns `query` and `relevant`, the ids of the documents that answer it between `;`. The
    /// documents are those of files, read with `readers`: an id is a row's own, or the file's name with its page, if it has
    /// pages.
    ///
    /// # Errors
    /// A file that is no such table.
    pub fn read_table<P: Into<PathBuf>>(
        path: impl AsRef<Path>,
        documents: impl IntoIterator<Item = P>,
        readers: &Readers,
    ) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
        let kind = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let table =
            Table::read(text.trim_start_matches('\u{feff}'), &kind).map_err(|message| Error::file(path, message))?;
        let column = |name: &str| {
            let found = table.columns.iter().position(|column| column == name);
            found.ok_or_else(|| Error::file(path, format!("has no column `{name}`")))
        };
        let (query, relevant) = (column("query")?, column("relevant")?);
        let (mut queries, mut triples) = (Vec::new(), Vec::new());
        for (at, row) in table.rows.into_iter().enumerate() {
            let row = row.map_err(|error| Error::file_because(path, "is no table of `query` and `relevant`", error))?;
            let id = format!("q{}", at + 1);
            queries.push((id.clone(), row.get(query).unwrap_or_default().to_owned()));
            let ids = row.get(relevant).unwrap_or_default().split(';').map(str::trim).filter(|id| !id.is_empty());
            triples.extend(ids.map(|document| (id.clone(), document.to_owned(), 1)));
        }
        let documents = documents.into_iter().map(Into::into).collect();
        Self::new(path, documents, queries, Judgements::from_triples(triples), readers)
    }

    fn new(
        path: &Path,
        inputs: Vec<PathBuf>,
        mut queries: Vec<(String, String)>,
        judgements: Judgements,
        readers: &Readers,
    ) -> Result<Self> {
        queries.retain(|(id, _)| judgements.grades(id).is_some());
        queries.sort();
        let is_there = |id: &str| queries.binary_search_by(|(query, _)| query.as_str().cmp(id)).is_ok();
        if let Some((missing, _)) = judgements.queries().find(|(id, _)| !is_there(id)) {
            return Err(Error::file(path, format!("has judgements of the query {missing:?}, which is not there")));
        }
        if queries.is_empty() {
            return Err(Error::file(path, "has no judged query"));
        }
        let inputs = Inputs::new(inputs);
        let mut digest = Sha256::new();
        for (id, text) in &queries {
            digest.update(format!("{id}\0{text}\0"));
        }
        digest.update(judgements.to_tsv());
        // Whatever a pipeline may search of them.
        let readers = readers.clone().wanting(Wanted::ALL);
        for file in inputs.files(&readers)? {
            digest.update(file.digest()?);
        }
        let digest = digits(digest.finalize());
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { name, inputs, queries, judgements, digest, readers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_name_their_documents() {
        let folder = tempfile::tempdir().unwrap();
        let (table, docs) = (folder.path().join("set.csv"), folder.path().join("docs.jsonl"));
        std::fs::write(&docs, "{\"id\": \"a\", \"text\": \"x\"}\n").unwrap();
        std::fs::write(&table, "query,relevant\nwhere?,a; b\nwhat?,\n").unwrap();
        let set = Dataset::read_table(&table, [&docs], &Readers::default()).unwrap();
        assert_eq!(set.queries, [("q1".to_owned(), "where?".to_owned())]);
        assert_eq!(set.judgements, Judgements::from_triples([("q1", "a", 1), ("q1", "b", 1)]));
        std::fs::write(&docs, "{\"id\": \"a\", \"text\": \"y\"}\n").unwrap();
        assert_ne!(Dataset::read_table(&table, [&docs], &Readers::default()).unwrap().digest, set.digest);
        std::fs::write(&table, "query;relevant\nwhere?;\"a; b\"\n").unwrap();
        assert_eq!(Dataset::read_table(&table, [&docs], &Readers::default()).unwrap().judgements, set.judgements);
        std::fs::write(&table, "query,answer\nwhere?,a\n").unwrap();
        assert!(
            Dataset::read_table(&table, [&docs], &Readers::default()).unwrap_err().to_string().contains("`relevant`")
        );
    }

    #[test]
    fn judgements_without_their_query_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        std::fs::create_dir(folder.path().join("qrels")).unwrap();
        write("corpus.jsonl", "{\"_id\": \"d\", \"text\": \"x\"}\n");
        write("queries.jsonl", "{\"_id\": \"1\", \"text\": \"what\"}\n{\"_id\": \"2\", \"text\": \"who\"}\n");
        write("qrels/test.tsv", "query-id\tcorpus-id\tscore\n1\td\t1\n");
        assert_eq!(Dataset::read_beir(folder.path(), "test").unwrap().queries.len(), 1);
        write("qrels/test.tsv", "query-id\tcorpus-id\tscore\n3\td\t1\n");
        assert!(Dataset::read_beir(folder.path(), "test").unwrap_err().to_string().contains("\"3\""));
        assert!(Dataset::read_beir(folder.path(), "dev").is_err());
        write("qrels/test.tsv", "query-id\tcorpus-id\tscore\n1\td\t1\n");
        write("queries.jsonl", "\u{feff}{\"id\": 1, \"text\": \"what\"}\n");
        assert_eq!(Dataset::read_beir(folder.path(), "test").unwrap().queries, [("1".to_owned(), "what".to_owned())]);
        for line in [
            r#"{"_id": "1", "id": null, "text": "what"}"#,
            r#"{"_id": "1", "id": "1", "text": "what"}"#,
            r#"{"_id": "", "id": 1, "text": "what", "score": NaN}"#,
        ] {
            write("queries.jsonl", line);
            let set = Dataset::read_beir(folder.path(), "test").unwrap();
            assert_eq!(set.queries, [("1".to_owned(), "what".to_owned())], "{line}");
        }
        for (queries, told) in [
            ("{\"_id\": \"1\", \"text\": \"a\"}\n{\"_id\": 1, \"text\": \"b\"}\n", "line 2 has the id \"1\""),
            ("{\"_id\": [1], \"text\": \"a\"}\n", "line 1 is no query"),
            ("{\"_id\": \"1\"}\n", "line 1 is no query"),
        ] {
            write("queries.jsonl", queries);
            let message = Dataset::read_beir(folder.path(), "test").unwrap_err().to_string();
            assert!(message.contains(told), "{queries}: {message}");
        }
    }
}
