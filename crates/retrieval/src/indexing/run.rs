//! A version as it is written.

use std::collections::HashMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use embedkit_core::{Error, ImageInput, Result, digest};
use rayon::prelude::*;

use super::base::Base;
use super::stage::{Outcome, Passage, StageWriter};
use super::window::Window;
use super::{Indexer, Report};
use crate::collection::{Draft, RecordWriter, SOURCES, SourceFile, Unread};
use crate::document::{Document, Found};
use crate::model::Model;
use crate::record::Record;

/// Records that are embedded together; an interrupted run loses no more.
const BATCH: usize = 1024;
/// Images that wait to be embedded together: their files are in memory meanwhile.
const IMAGES: usize = 32;

/// A version as it is written.
pub(super) struct Run<'i> {
    indexer: &'i Indexer,
    bases: &'i [Base],
    records: RecordWriter,
    stages: Vec<StageWriter>,
    sources: Vec<SourceFile>,
    sources_path: PathBuf,
    waiting: Vec<Waiting>,
    /// How many of those that wait have an image.
    images: usize,
    /// The file of the first record of a batch that was begun.
    begun: Option<usize>,
    /// How many files each base has as they are now.
    same: Vec<usize>,
    report: Report,
}

/// A record whose turn to be written has not come.
struct Waiting {
    record: Record,
    /// The place of its file in the list.
    source: usize,
    /// Whose vectors it has: a base, and a record of it.
    known: Option<(usize, usize)>,
    /// The document's text behind its title.
    document: Arc<str>,
    /// Where the chunk is in it.
    range: Range<usize>,
    /// The document's image.
    image: Option<ImageInput>,
}

/// A document's text behind its title, and its chunks.
type Chunks = (Arc<str>, Vec<(Record, Range<usize>)>);

/// What models saw of a file's earlier records, and whose vectors these are: a base's, and which record's.
type Known = HashMap<String, (usize, usize)>;

impl<'i> Run<'i> {
    pub(super) fn new(indexer: &'i Indexer, draft: &Draft, bases: &'i [Base]) -> Result<Self> {
        let folder = draft.folder();
        let stages = indexer.pipeline.stages.iter().zip(&indexer.models);
        Ok(Self {
            indexer,
            bases,
            records: RecordWriter::create(folder)?,
            stages: stages.map(|(stage, model)| StageWriter::create(folder, stage, model)).collect::<Result<_>>()?,
            sources: Vec::new(),
            sources_path: folder.join(SOURCES),
            waiting: Vec::new(),
            images: 0,
            begun: None,
            same: vec![0; bases.len()],
            report: Report::default(),
        })
    }

    /// Reads and embeds files. Gives whether all are done: a run that is cancelled ends before.
    pub(super) fn files(&mut self, files: &[Found]) -> Result<bool> {
        let done = files.iter().try_for_each(|file| match self.indexer.cancel.is_cancelled() {
            true => Err(Error::Cancelled),
            false => self.file(file),
        });
        match done.and_then(|()| self.flush()) {
            Err(Error::Cancelled) => Ok(false),
            done => done.map(|()| true),
        }
    }

    fn file(&mut self, file: &Found) -> Result<()> {
        let readers = &self.indexer.readers;
        let (digest, bytes) = match self.read(file) {
            Ok(read) => read,
            Err(error) => {
                self.report.unread.push(Unread::new(&file.name, error.report()));
                return Ok(());
            }
        };
        if let Some((base, source)) = self.known(&file.name, &digest) {
            self.flush()?;
            return self.copy(base, source);
        }
        let documents = match readers.read(&file.name, &file.path, bytes) {
            Ok(documents) => documents,
            Err(reason) => {
                self.report.unread.push(Unread::new(&file.name, reason));
                return Ok(());
            }
        };
        warn_of_repeated_ids(&file.name, &documents.documents);
        let source = self.sources.len();
        self.sources.push(SourceFile::new(&file.name, digest, self.records.len() + self.waiting.len()));
        documents.refused.into_iter().for_each(|reason| self.refuse(source, reason));
        let known = self.known_texts(&file.name)?;
        for group in documents.documents.chunks(BATCH) {
            for (document, chunks) in group.iter().zip(self.chunks_of(&file.name, group)) {
                match chunks {
                    Ok((_, chunks)) if chunks.is_empty() => self.refuse(source, document.of_nothing()),
                    Ok(chunks) => self.wait(source, document, chunks, &known),
                    Err(error) => self.refuse(source, error.report()),
                }
            }
            if self.waiting.len() >= BATCH || self.images >= IMAGES {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// The digest of a file, and of its reader's settings if it has any, with its bytes where the reader takes them.
    fn read(&self, file: &Found) -> Result<(String, Vec<u8>)> {
        let readers = &self.indexer.readers;
        let (digest, bytes) = match readers.take_bytes(&file.name) {
            true => file.read().map(|bytes| (digest::of_bytes(&bytes), bytes))?,
            false => (file.digest()?, Vec::new()),
        };
        match readers.settings(&file.name) {
            settings if settings.is_empty() => Ok((digest, bytes)),
            settings => Ok((digest::of_bytes(format!("{digest} {settings}").as_bytes()), bytes)),
        }
    }

    /// The first base that has a file as it is now; all that do are counted.
    fn known(&mut self, name: &str, digest: &str) -> Option<(usize, &'i SourceFile)> {
        let mut known = None;
        for (at, base) in self.bases.iter().enumerate() {
            if let Some(source) = base.same(name, digest) {
                self.same[at] += 1;
                known = known.or(Some((at, source)));
            }
        }
        known
    }

    /// Notes what of a file cannot be read or embedded.
    fn refuse(&mut self, source: usize, reason: String) {
        let source = &mut self.sources[source];
        self.report.unread.push(Unread::new(&source.path, reason.clone()));
        source.refused.push(reason);
    }

    /// Puts a document's chunks with those that wait to be embedded.
    fn wait(&mut self, source: usize, document: &Document, (text, chunks): Chunks, known: &Known) {
        let image = document.image.as_ref().map(|image| image.0.clone());
        for (record, range) in chunks {
            // What an image shows, its text does not tell.
            let is_known = !known.is_empty() && image.is_none();
            let known = if is_known { known.get(&record.passage()).copied() } else { None };
            let (document, image) = (text.clone(), image.clone());
            self.images += usize::from(image.is_some());
            self.waiting.push(Waiting { record, source, known, document, range, image });
        }
    }

    /// The chunks of each document.
    fn chunks_of(&self, path: &str, documents: &[Document]) -> Vec<Result<Chunks>> {
        let chunking = &self.indexer.pipeline.chunking;
        let is_late = self.indexer.pipeline.stages.iter().any(|stage| stage.late_chunking);
        let window = Window::of(&self.indexer.models);
        let chunks = |document: &Document| {
            if document.image.is_some() {
                // An image is searched as a whole.
                let whole = 0..document.text.len();
                let record = document.record(path, 0, 1, whole.clone());
                return Ok((Arc::from(document.text.as_str()), vec![(record, whole)]));
            }
            let document = &window.with_short_headings(document)?;
            let sections: Vec<usize> = document.sections.iter().map(|section| section.start).collect();
            let count = |range| window.token_count(document, range);
            let mut chunks = chunking.chunks_in_place(&document.text, &sections, &count)?;
            // What has a title alone is found by it.
            if chunks.is_empty() && !document.title.trim().is_empty() {
                chunks.push(0..0);
            }
            let of = chunks.len();
            // Only late chunking looks at the whole.
            let whole = if is_late { format!("{} {}", document.title, document.text) } else { String::new() };
            let before = document.title.len() + 1;
            let chunk = |(at, range): (usize, Range<usize>)| {
                let in_whole = match range.is_empty() {
                    true => 0..document.title.len(),
                    false => range.start + before..range.end + before,
                };
                (document.record(path, at, of, range), in_whole)
            };
            Ok((whole.into(), chunks.into_iter().enumerate().map(chunk).collect()))
        };
        documents.par_iter().map(chunks).collect()
    }

    fn known_texts(&self, path: &str) -> Result<Known> {
        let mut known = HashMap::new();
        // A chunk's vector then depends on the rest of its document.
        if self.indexer.pipeline.stages.iter().any(|stage| stage.late_chunking) {
            return Ok(known);
        }
        for (at, base) in self.bases.iter().enumerate() {
            for record in base.records_of(path) {
                known.insert(base.version().record(record)?.passage(), (at, record));
            }
        }
        Ok(known)
    }

    /// Takes over all that an earlier version has of a file.
    fn copy(&mut self, base: usize, source: &SourceFile) -> Result<()> {
        let mut copied = source.clone();
        copied.first = self.records.len();
        self.report.unread.extend(source.refused.iter().map(|reason| Unread::new(&source.path, reason.clone())));
        self.sources.push(copied);
        for record in source.first..source.first + source.count {
            self.records.write_line(self.bases[base].version().line(record))?;
            self.stages
                .iter_mut()
                .zip(&self.bases[base].stages)
                .try_for_each(|(stage, old)| stage.copy(old, record))?;
        }
        self.report.reused += source.count;
        self.progress();
        Ok(())
    }

    /// Embeds and writes what waits.
    pub(super) fn flush(&mut self) -> Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        self.images = 0;
        for batch in waiting.chunks(BATCH) {
            self.begun = batch.first().map(|waiting| waiting.source);
            self.write(batch)?;
        }
        self.begun = None;
        Ok(())
    }

    fn write(&mut self, batch: &[Waiting]) -> Result<()> {
        let new = batch.iter().filter(|waiting| waiting.known.is_none());
        let passage = |waiting: &Waiting| Passage {
            text: waiting.record.passage(),
            image: waiting.image.clone(),
            document: waiting.document.clone(),
            range: waiting.range.clone(),
        };
        let passages: Vec<Passage> = new.map(passage).collect();
        let models = &self.indexer.models;
        let embed = |(stage, model): (&StageWriter, &Model)| {
            let outcomes = stage.embed(model, &passages, &self.indexer.cancel)?;
            Ok(outcomes.map(Vec::into_iter))
        };
        let mut embedded = self.stages.iter().zip(models).map(embed).collect::<Result<Vec<_>>>()?;
        for waiting in batch {
            if let Some((base, record)) = waiting.known {
                self.stages
                    .iter_mut()
                    .zip(&self.bases[base].stages)
                    .try_for_each(|(stage, old)| stage.copy(old, record))?;
                self.report.reused += 1;
            } else {
                let vectors: Vec<Option<Outcome>> =
                    embedded.iter_mut().map(|stage| stage.as_mut().and_then(Iterator::next)).collect();
                let refused = vectors.iter().flatten().find_map(|vector| vector.as_ref().err());
                if let Some(error) = refused {
                    self.refuse(waiting.source, format!("{}: {}", waiting.record.id, error.report()));
                    // The text of a page that cannot be drawn is found all the same.
                    let has_text =
                        waiting.image.is_some() && vectors.iter().flatten().any(|v| matches!(v, Ok(Some(_))));
                    if !has_text {
                        continue;
                    }
                }
                for (stage, vector) in self.stages.iter_mut().zip(vectors) {
                    if let Some(vector) = vector {
                        stage.write(vector.unwrap_or_default())?;
                    }
                }
            }
            let source = &mut self.sources[waiting.source];
            if source.count == 0 {
                source.first = self.records.len();
            }
            source.count += 1;
            self.records.write(&waiting.record)?;
        }
        self.progress();
        Ok(())
    }

    fn progress(&self) {
        if let Some(progress) = &self.indexer.progress {
            progress(self.records.len());
        }
    }

    /// The report, and how many files each base has as they are now.
    pub(super) fn finish(mut self) -> Result<(Report, Vec<usize>)> {
        self.report.records = self.records.len();
        // By file, whether a file's records were embedded, which is told once they are, or copied.
        self.report.unread.sort_by(|a, b| a.path.cmp(&b.path));
        self.records.finish()?;
        self.stages.into_iter().try_for_each(StageWriter::finish)?;
        // Of files that were not done the records stay, for the next run to find by their texts; their digest is no file's.
        let undone = self.begun.or_else(|| self.waiting.first().map(|waiting| waiting.source));
        self.sources.iter_mut().skip(undone.unwrap_or(usize::MAX)).for_each(|source| source.sha256.clear());
        let mut lines = Vec::new();
        for source in &self.sources {
            let written = serde_json::to_writer(&mut lines, source);
            written.map_err(|error| Error::file_because(&self.sources_path, "cannot be written", error))?;
            lines.push(b'\n');
        }
        std::fs::write(&self.sources_path, lines).map_err(Error::io(&self.sources_path))?;
        Ok((self.report, self.same))
    }
}

/// Says of rows that have the id of another before them: what is found of them has one id, and only the row tells them apart.
fn warn_of_repeated_ids(path: &str, documents: &[Document]) {
    let mut rows = HashMap::new();
    let mut repeated = Vec::new();
    for document in documents {
        let Some(id) = &document.id else { continue };
        let first = *rows.entry(id).or_insert(document.row);
        if first != document.row {
            repeated.push((id, first, document.row));
        }
    }
    if let Some((id, Some(first), Some(row))) = repeated.first() {
        let count = repeated.len();
        tracing::warn!(
            "{path}: {count} of its rows have the id of an earlier one, as row {row} has {id:?} of row {first}"
        );
    }
}
