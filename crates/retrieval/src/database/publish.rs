//! A version of a collection to a database.

use embedkit_core::{CancelToken, EmbeddingKind, Error, Result};
use serde::Serialize;

use super::{About, Database, Point, Points, Schema, complete_versions};
use crate::collection::{StageIndex, Version, check_model};
use crate::model::{Configure, Model};
use crate::pipeline::Stage;
use crate::versions;

/// Records of a lot.
const LOT: usize = 256;
/// Lots that are under way at once, where a database can take several.
const LOTS: usize = 4;
/// Complete versions after which an older one that is not complete is nobody's any more, at least.
const LEAST_NEWER: usize = 2;

/// Copies versions of a collection to a database.
pub struct Publisher<'d> {
    database: &'d dyn Database,
    lot: usize,
    lots: usize,
    keep: usize,
    cancel: CancelToken,
    progress: Option<Box<dyn Fn(usize) + Send + Sync + 'd>>,
}

/// What came of publishing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Published {
    /// The version's name in the database.
    pub version: String,
    /// Its records.
    pub records: usize,
    /// Those of them that were sent now; the others were there.
    pub sent: usize,
    /// Whether all are there, so that the version is the one that is searched; otherwise the run was interrupted.
    pub is_complete: bool,
}

impl<'d> Publisher<'d> {
    /// Copies to this database.
    pub fn new(database: &'d dyn Database) -> Self {
        Self { database, lot: LOT, lots: LOTS, keep: 2, cancel: CancelToken::new(), progress: None }
    }

    /// Records that are sent together, and how many such lots at once: 0 of either is refused when it publishes. Default:
    /// 256, and 4.
    #[must_use]
    pub fn lots(mut self, records: usize, at_once: usize) -> Self {
        (self.lot, self.lots) = (records, at_once);
        self
    }

    /// Complete versions that stay in the database, the new one among them: 0 is refused when it publishes. Default: 2, so
    /// that there is one to roll back to.
    #[must_use]
    pub fn keep(mut self, versions: usize) -> Self {
        self.keep = versions;
        self
    }

    /// Ends between two lots when the token is cancelled; the same call goes on from there. Default: never.
    #[must_use]
    pub fn cancel_with(mut self, token: &CancelToken) -> Self {
        self.cancel = token.clone();
        self
    }

    /// Calls back with the number of records that are there. Default: nothing is called.
    #[must_use]
    pub fn on_progress(mut self, progress: impl Fn(usize) + Send + Sync + 'd) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Copies a version, and makes the copy the one that is searched once it is complete. What a run that was interrupted
    /// has sent of the same version stays, and a version that is there already is not sent again.
    ///
    /// # Errors
    /// Models that cannot be loaded, damaged files, a database that cannot be reached or written to, and versions of which
    /// none would stay or lots of nothing.
    pub fn publish(&self, version: &Version, configure: Configure<'_>) -> Result<Published> {
        versions::check_kept(self.keep)?;
        if self.lot == 0 || self.lots == 0 {
            return Err(Error::option("lots", "must be at least 1 record, and 1 lot at once"));
        }
        let source = Source::open(version, configure)?;
        let about = About::of(version)?;
        let published = match self.copy_of(&about)? {
            Some(name) if self.database.is_complete(&name)? => {
                Published { version: name, records: version.len(), sent: 0, is_complete: true }
            }
            copy => self.send_all(&source, copy, &about)?,
        };
        if published.is_complete {
            if self.database.current()?.as_ref() != Some(&published.version) {
                self.database.set_current(&published.version)?;
            }
            if let Err(error) = self.prune(&published.version) {
                tracing::warn!("older versions stay for now: {}", error.report());
            }
        }
        Ok(published)
    }

    /// Sends what is not there of a version.
    fn send_all(&self, source: &Source<'_>, copy: Option<String>, about: &About) -> Result<Published> {
        let version = source.version;
        // Every byte is read for the database anyway, and what was damaged would look whole there.
        version.verify()?;
        let (name, points) = self.made(copy, about, &source.schema()?)?;
        let mut published = Published { version: name, records: version.len(), sent: 0, is_complete: false };
        let may_be_there = points.count()? > 0;
        for round in records_of(version.len(), self.lot * self.lots) {
            if self.cancel.is_cancelled() {
                return Ok(published);
            }
            let end = round.end;
            published.sent += self.send(&*points, source, round, may_be_there)?;
            if let Some(progress) = &self.progress {
                progress(end);
            }
        }
        points.settle()?;
        let found = points.count()?;
        if found != version.len() {
            let message = format!("has {found} points of {} records after all were sent", version.len());
            return Err(Error::file(&published.version, message));
        }
        published.is_complete = true;
        Ok(published)
    }

    /// Makes a copy's version, or opens the one that is there, and gives its name.
    fn made(&self, copy: Option<String>, about: &About, schema: &Schema) -> Result<(String, Box<dyn Points>)> {
        let mut name = match copy {
            Some(name) => name,
            None => versions::after(self.database.versions()?.last()),
        };
        loop {
            let points = self.database.create(&name, about, schema)?;
            // Since versions were listed, another may have made its own of this name.
            if self.database.about(&name)? == *about {
                return Ok((name, points));
            }
            name = versions::after(Some(&name));
        }
    }

    /// Sends the lots of a round that are not there, and gives the number of their records.
    fn send(
        &self,
        points: &dyn Points,
        source: &Source<'_>,
        round: std::ops::Range<usize>,
        may_be_there: bool,
    ) -> Result<usize> {
        let (mut lots, mut sent) = (Vec::new(), 0);
        for lot in records_of(round.len(), self.lot) {
            let records = round.start + lot.start..round.start + lot.end;
            let ids: Vec<u64> = records.clone().map(|record| record as u64).collect();
            if may_be_there && points.present(&ids)?.len() == ids.len() {
                continue;
            }
            sent += ids.len();
            lots.push(records.map(|record| source.point(record)).collect::<Result<Vec<_>>>()?);
        }
        points.upsert_all(lots)?;
        Ok(sent)
    }

    /// The name of the newest copy of a version, complete or not; none if there is none.
    fn copy_of(&self, about: &About) -> Result<Option<String>> {
        for name in self.database.versions()?.into_iter().rev() {
            if self.database.about(&name)? == *about {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// Removes complete versions beyond the newest that stay, and of the others those that were interrupted: others are being
    /// sent, by somebody else, and what tells the two apart is that so many newer ones have been completed since. What
    /// cannot be removed now, as it is in use, goes another time.
    fn prune(&self, current: &str) -> Result<()> {
        let complete = complete_versions(self.database)?;
        let kept = &complete[complete.len().saturating_sub(self.keep)..];
        let newer = |name: &String| complete.iter().filter(|other| *other > name).count();
        let stays = |name: &String| match complete.contains(name) {
            true => kept.contains(name) || name == current,
            false => newer(name) < self.keep.max(LEAST_NEWER),
        };
        for name in self.database.versions()?.into_iter().filter(|name| !stays(name)) {
            if let Err(error) = self.database.remove(&name) {
                tracing::warn!("version {name} stays for now: {}", error.report());
            }
        }
        Ok(())
    }
}

/// Ranges of so many, one behind the other.
fn records_of(count: usize, step: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..count).step_by(step).map(move |start| start..(start + step).min(count))
}

/// A version's records with their vectors.
struct Source<'v> {
    version: &'v Version,
    models: Vec<Model>,
    stages: Vec<StageIndex>,
}

impl<'v> Source<'v> {
    fn open(version: &'v Version, configure: Configure<'_>) -> Result<Self> {
        let place = version.folder().display().to_string();
        let (mut models, mut stages) = (Vec::new(), Vec::new());
        for stage in &version.pipeline().stages {
            let model = Model::load(&stage.spec, configure)?;
            let query = Model::load_for_queries(stage, &model, configure)?;
            check_model(&version.manifest().models, &stage.name, &model, query.as_ref(), &place)?;
            stages.push(version.index(stage, model.output())?);
            models.push(model);
        }
        Ok(Self { version, models, stages })
    }

    fn schema(&self) -> Result<Schema> {
        let stages = &self.version.pipeline().stages;
        let width = |stage: &Stage| {
            let at = stages.iter().position(|other| other.name == stage.name).unwrap_or_default();
            let of_model = match (self.models[at].output(), &stage.muvera) {
                (EmbeddingKind::Dense | EmbeddingKind::Multi, None) => self.models[at].embedder().model().dim,
                _ => None,
            };
            let of_files = match &self.stages[at] {
                StageIndex::Dense(index) if self.version.len() > index.missing() => Some(index.dim()),
                StageIndex::Multi(index) if index.dim() > 0 => Some(index.dim()),
                _ => None,
            };
            of_files.or(of_model).ok_or_else(|| {
                Error::option(
                    "stage",
                    format!("{} has no vector yet, and its model does not say how wide one is", stage.name),
                )
            })
        };
        Schema::new(self.version.pipeline(), &self.models, &width)
    }

    fn point(&self, record: usize) -> Result<Point> {
        let mut vectors = Vec::new();
        for (stage, index) in self.version.pipeline().stages.iter().zip(&self.stages) {
            vectors.extend(index.embedding(record)?.map(|vector| (stage.name.clone(), vector)));
        }
        Ok(Point::new(record as u64, vectors, self.version.record(record)?.to_payload()?))
    }
}
