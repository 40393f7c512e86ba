//! Files to a collection.

mod base;
mod stage;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use embedkit_core::{CancelToken, Content, Error, Result};
use rayon::prelude::*;
use serde::Serialize;

use crate::collection::{CollectionFolder, Draft, RecordWriter, SOURCES, SourceFile, StageModel, Unread};
use crate::digest;
use crate::document::{Document, Found, Inputs, Reader, Readers};
use crate::model::{Configure, Model};
use crate::pipeline::Pipeline;
use crate::record::Record;
use base::Base;
use stage::{Passage, StageWriter};

/// Records that are embedded together; an interrupted run loses no more.
const BATCH: usize = 1024;

/// Makes versions of collections by a pipeline.
pub struct Indexer {
    pipeline: Pipeline,
    models: Vec<Model>,
    cancel: CancelToken,
    progress: Option<Box<dyn Fn(usize) + Send + Sync>>,
    keep: usize,
    readers: Readers,
}

/// What came of indexing.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The version that is searched now; of an interrupted run the one that the next goes on from.
    pub version: String,
    /// Files that were read.
    pub files: usize,
    /// Records of the version.
    pub records: usize,
    /// Those of them whose vectors are an earlier version's.
    pub reused: usize,
    /// What could not be read or embedded.
    pub unread: Vec<Unread>,
    /// Whether all files were done; otherwise the run was interrupted.
    pub is_complete: bool,
    /// Whether nothing had changed, so that no version was made.
    pub is_unchanged: bool,
}

impl Indexer {
    /// Loads a pipeline's models.
    ///
    /// # Errors
    /// As [`Model::load`], and stages whose models give no vectors.
    pub fn new(pipeline: Pipeline, configure: Configure<'_>) -> Result<Self> {
        pipeline.check()?;
        let load = |stage: &crate::pipeline::Stage| {
            let model = match stage.late_chunking {
                true => Model::load_labelled(&stage.spec, configure)?,
                false => Model::load(&stage.spec, configure)?,
            };
            stage::check(stage, &model)?;
            Ok(model)
        };
        let models = pipeline.stages.iter().map(load).collect::<Result<_>>()?;
        Ok(Self { pipeline, models, cancel: CancelToken::new(), progress: None, keep: 2, readers: Readers::default() })
    }

    /// Ends a run between two batches when the token is cancelled; what was done is kept for the next run. Default: runs
    /// go on to their end.
    #[must_use]
    pub fn cancel_with(mut self, token: &CancelToken) -> Self {
        self.cancel = token.clone();
        self
    }

    /// Calls back with the number of records that are done. Default: nothing is called.
    #[must_use]
    pub fn on_progress(mut self, progress: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Complete versions that stay, the new one among them. Default: 2, so that there is one to roll back to.
    #[must_use]
    pub fn keep(mut self, versions: usize) -> Self {
        self.keep = versions.max(1);
        self
    }

    /// Reads files of further kinds. Default: those of [`document`](crate::document).
    #[must_use]
    pub fn reader(mut self, reader: impl Reader + 'static) -> Self {
        self.readers = self.readers.with(reader);
        self
    }

    /// Makes a version of the files that the inputs name, and makes it the one that is searched. Files that an earlier
    /// version has with the same digest are not embedded again, nor are chunks of the others that stayed as they were.
    ///
    /// # Errors
    /// Inputs that are not there, files of the collection that cannot be written, and models that fail. What cannot be
    /// read or embedded is listed, and is no error.
    pub fn index(&self, collection: &CollectionFolder, inputs: &Inputs) -> Result<Report> {
        let mut files = inputs.files(&self.readers)?;
        // A collection that lies among the files is none of them.
        if let Ok(root) = collection.root().canonicalize() {
            files.retain(|file| file.path.canonicalize().map_or(true, |path| !path.starts_with(&root)));
        }
        let bases = Base::all(collection, &self.pipeline, &self.models)?;
        let draft = collection.begin()?;
        let mut run = Run::new(self, &draft, &bases)?;
        let mut is_complete = true;
        for file in &files {
            if self.cancel.is_cancelled() {
                is_complete = false;
                break;
            }
            match run.file(file) {
                Err(Error::Cancelled) => {
                    is_complete = false;
                    break;
                }
                done => done?,
            }
        }
        if is_complete {
            match run.flush() {
                Err(Error::Cancelled) => is_complete = false,
                done => done?,
            }
        }
        let (mut report, copied) = run.finish()?;
        report.files = files.len();
        report.is_complete = is_complete;
        let unchanged =
            bases.iter().zip(copied).find(|(base, copied)| base.is_all_of(&report, *copied, &self.pipeline));
        if let Some((base, _)) = unchanged.filter(|_| is_complete) {
            report.version = base.version().name().to_owned();
            report.is_unchanged = true;
            return Ok(report);
        }
        let models = self.pipeline.stages.iter().zip(&self.models);
        let models = models.map(|(stage, model)| StageModel::new(&stage.name, model.identity())).collect();
        report.version = draft.finish(&self.pipeline, models, report.records, report.unread.clone(), is_complete)?;
        if is_complete {
            collection.prune(self.keep)?;
        }
        Ok(report)
    }
}

/// A version as it is written.
struct Run<'i> {
    indexer: &'i Indexer,
    bases: &'i [Base],
    records: RecordWriter,
    stages: Vec<StageWriter>,
    sources: Vec<SourceFile>,
    sources_path: std::path::PathBuf,
    waiting: Vec<Waiting>,
    /// The file of the first record of a batch that was begun.
    begun: Option<usize>,
    /// How many files were taken over from each base.
    copied: Vec<usize>,
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
}

/// A document's text behind its title, and its chunks.
type Chunks = (Arc<str>, Vec<(Record, Range<usize>)>);

impl<'i> Run<'i> {
    fn new(indexer: &'i Indexer, draft: &Draft, bases: &'i [Base]) -> Result<Self> {
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
            begun: None,
            copied: vec![0; bases.len()],
            report: Report::default(),
        })
    }

    fn file(&mut self, file: &Found) -> Result<()> {
        let bytes = match file.read() {
            Ok(bytes) => bytes,
            Err(error) => {
                self.report.unread.push(Unread::new(&file.name, error.report()));
                return Ok(());
            }
        };
        let digest = digest::of_bytes(&bytes);
        let known = self.bases.iter().enumerate().find_map(|(at, base)| Some((at, base.same(&file.name, &digest)?)));
        if let Some((base, source)) = known {
            self.flush()?;
            return self.copy(base, source);
        }
        let documents = match self.indexer.readers.read(&file.name, bytes) {
            Ok(documents) => documents,
            Err(reason) => {
                self.report.unread.push(Unread::new(&file.name, reason));
                return Ok(());
            }
        };
        let mut source = SourceFile::new(&file.name, digest, self.records.len() + self.waiting.len());
        source.refused = documents.refused;
        let unread = source.refused.iter().map(|reason| Unread::new(&file.name, reason.clone()));
        self.report.unread.extend(unread);
        self.sources.push(source);
        let known = self.known_texts(&file.name)?;
        let source = self.sources.len() - 1;
        for group in documents.documents.chunks(BATCH) {
            for chunks in self.chunks_of(&file.name, group) {
                match chunks {
                    Ok((document, chunks)) => {
                        for (record, range) in chunks {
                            let known = if known.is_empty() { None } else { known.get(&record.passage()).copied() };
                            self.waiting.push(Waiting { record, source, known, document: document.clone(), range });
                        }
                    }
                    Err(error) => {
                        self.sources[source].refused.push(error.report());
                        self.report.unread.push(Unread::new(&file.name, error.report()));
                    }
                }
            }
            if self.waiting.len() >= BATCH {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// The chunks of each document.
    fn chunks_of(&self, path: &str, documents: &[Document]) -> Vec<Result<Chunks>> {
        let Some(model) = self.indexer.models.first() else { return Vec::new() };
        let chunking = &self.indexer.pipeline.chunking;
        let is_late = self.indexer.pipeline.stages.iter().any(|stage| stage.late_chunking);
        let chunks = |document: &Document| {
            let sections: Vec<usize> = document.sections.iter().map(|section| section.start).collect();
            let chunks = chunking.chunks(&document.text, &sections, &|text| model.token_count(text))?;
            let of = chunks.len();
            // Only late chunking looks at the whole.
            let whole = if is_late { format!("{} {}", document.title, document.text) } else { String::new() };
            let before = document.title.len() + 1;
            let chunk = |(at, range): (usize, Range<usize>)| {
                (document.record(path, at, of, range.clone()), range.start + before..range.end + before)
            };
            Ok((whole.into(), chunks.into_iter().enumerate().map(chunk).collect()))
        };
        documents.par_iter().map(chunks).collect()
    }

    /// What models saw of a file's earlier records, and whose vectors these are.
    fn known_texts(&self, path: &str) -> Result<HashMap<String, (usize, usize)>> {
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
        self.copied[base] += 1;
        self.progress();
        Ok(())
    }

    /// Embeds and writes what waits.
    fn flush(&mut self) -> Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
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
            content: Content::Text(waiting.record.passage()),
            document: waiting.document.clone(),
            range: waiting.range.clone(),
        };
        let passages: Vec<Passage> = new.map(passage).collect();
        let models = &self.indexer.models;
        let embed = |(stage, model): (&StageWriter, &Model)| stage.embed(model, &passages, &self.indexer.cancel);
        let mut embedded = self.stages.iter().zip(models).map(embed).collect::<Result<Vec<_>>>()?;
        let mut at = 0;
        for waiting in batch {
            let source = &mut self.sources[waiting.source];
            if let Some((base, record)) = waiting.known {
                self.stages
                    .iter_mut()
                    .zip(&self.bases[base].stages)
                    .try_for_each(|(stage, old)| stage.copy(old, record))?;
                self.report.reused += 1;
            } else {
                let vectors: Vec<_> =
                    embedded.iter_mut().map(|stage| stage.get_mut(at).and_then(Option::take)).collect();
                at += 1;
                let refused = vectors.iter().flatten().find_map(|vector| vector.as_ref().err());
                if let Some(error) = refused {
                    let reason = format!("{}: {}", waiting.record.id, error.report());
                    source.refused.push(reason.clone());
                    self.report.unread.push(Unread::new(&waiting.record.path, reason));
                    continue;
                }
                for (stage, vector) in self.stages.iter_mut().zip(vectors) {
                    if let Some(vector) = vector {
                        stage.write(vector?)?;
                    }
                }
            }
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

    /// The report, and how many files were taken over from each base.
    fn finish(mut self) -> Result<(Report, Vec<usize>)> {
        self.report.records = self.records.len();
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
        Ok((self.report, self.copied))
    }
}
