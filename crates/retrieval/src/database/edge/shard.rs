//! One version in the engine.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use embedkit_core::{Error, Result};
use qdrant_edge::{
    CountRequest, EdgeShard, OperationError, PointId, PointInsertOperations, PointOperations, UpdateOperation,
    WithPayloadInterface, WithVector,
};
use serde_json::{Map, Value};

use super::super::{Found, Point, Points, Query, Schema};
use super::words;
use crate::disk;
use crate::versions::{self, LOCK};

const SHARD: &str = "shard";
const SETTLED: &str = "settled";

/// A version that is open.
pub(super) struct Shard {
    path: PathBuf,
    /// The file that says how many points are settled.
    settled: PathBuf,
    /// The engine must not be written to while it is flushed.
    engine: RwLock<Arc<EdgeShard>>,
    _lock: File,
}

impl std::fmt::Debug for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shard").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Shard {
    /// Makes an empty one in a folder, which has nothing but what a process has left that was killed while it made one.
    pub(super) fn create(folder: &Path, schema: &Schema) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
        // Under the lock: another may have made the version since it was looked for.
        let (path, lock) = (folder.join(SHARD), lock(folder)?);
        refuse_strangers(folder)?;
        if path.exists() {
            std::fs::remove_dir_all(&path).map_err(Error::io(&path))?;
        }
        std::fs::create_dir(&path).map_err(Error::io(&path))?;
        let engine = told(&path, "cannot be made", || EdgeShard::new(&path, words::config(schema)))?;
        let shard = Self::new(folder, engine, lock);
        for key in &schema.keys {
            shard.change(told(&path, "takes no index", || words::payload_index(key))?)?;
        }
        Ok(shard)
    }

    /// Opens the one that is in a folder.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        let (path, lock) = (folder.join(SHARD), lock(folder)?);
        let engine = told(&path, "cannot be opened", || EdgeShard::load(&path, None))?;
        Ok(Self::new(folder, engine, lock))
    }

    fn new(folder: &Path, engine: EdgeShard, lock: File) -> Self {
        let (path, settled) = (folder.join(SHARD), folder.join(SETTLED));
        Self { path, settled, engine: RwLock::new(Arc::new(engine)), _lock: lock }
    }

    /// Changes something, and brings it to the disk: what was told to be stored is there after a power cut.
    fn change(&self, operation: UpdateOperation) -> Result<()> {
        let engine = self.engine.write().unwrap_or_else(PoisonError::into_inner);
        if self.settled.exists() {
            std::fs::remove_file(&self.settled).map_err(Error::io(&self.settled))?;
        }
        told_by(&engine, &self.path, "cannot be written to", |engine| {
            engine.update(operation)?;
            engine.flush();
            Ok(())
        })
    }

    fn read<T>(&self, read: impl FnOnce(&EdgeShard) -> Result<T, OperationError>) -> Result<T> {
        let engine = self.engine.read().unwrap_or_else(PoisonError::into_inner);
        told_by(&engine, &self.path, "cannot be searched", read)
    }
}

impl Points for Arc<Shard> {
    fn upsert(&self, points: Vec<Point>) -> Result<()> {
        if points.is_empty() {
            return Ok(());
        }
        let points = || points.into_iter().map(words::point).collect::<Result<Vec<_>, _>>();
        let points = told(&self.path, "does not take a point", points)?;
        let insert = PointInsertOperations::PointsList(points);
        self.change(UpdateOperation::PointOperation(PointOperations::UpsertPoints(insert)))
    }

    fn count(&self) -> Result<usize> {
        self.read(|engine| engine.count(CountRequest { filter: None, exact: true }))
    }

    fn get(&self, ids: &[u64]) -> Result<Vec<(u64, Map<String, Value>)>> {
        let ids: Vec<PointId> = ids.iter().copied().map(PointId::NumId).collect();
        let records = self.read(|engine| {
            engine.retrieve(&ids, Some(WithPayloadInterface::Bool(true)), Some(WithVector::Bool(false)))
        })?;
        let record = |record: qdrant_edge::Record| match record.id {
            PointId::NumId(id) => Some((id, record.payload.map(|payload| payload.0).unwrap_or_default())),
            PointId::Uuid(_) => None,
        };
        Ok(records.into_iter().filter_map(record).collect())
    }

    fn vectors(&self, stage: &str, ids: &[u64]) -> Result<Vec<(u64, Vec<f32>)>> {
        let ids: Vec<PointId> = ids.iter().copied().map(PointId::NumId).collect();
        let wanted = WithVector::Selector(vec![stage.to_owned()]);
        let records =
            self.read(|engine| engine.retrieve(&ids, Some(WithPayloadInterface::Bool(false)), Some(wanted)))?;
        Ok(records.into_iter().filter_map(|record| words::vector_of(record, stage)).collect())
    }

    fn query(&self, queries: Vec<Query>) -> Result<Vec<Vec<Found>>> {
        let answer = |query: Query| {
            let request = told(&self.path, "does not take a query", || words::request(query))?;
            let found = self.read(|engine| engine.query(request))?;
            Ok(found.into_iter().filter_map(words::found).collect())
        };
        queries.into_iter().map(answer).collect()
    }

    fn settle(&self) -> Result<()> {
        let engine = self.engine.write().unwrap_or_else(PoisonError::into_inner);
        let points = told_by(&engine, &self.path, "cannot be optimised", |engine| {
            engine.optimize()?;
            engine.flush();
            engine.count(CountRequest { filter: None, exact: true })
        })?;
        disk::replace(&self.settled, format!("{points}\n").as_bytes())
    }
}

/// How many points a version has in which all is settled; none if it may have been changed since.
pub(super) fn settled(folder: &Path) -> Option<usize> {
    std::fs::read_to_string(folder.join(SETTLED)).ok()?.trim().parse().ok()
}

/// Takes a version for this process.
pub(super) fn lock(folder: &Path) -> Result<File> {
    versions::lock(folder, "open in")
}

/// Whether a version is open, in whatever process.
pub(super) fn is_taken(folder: &Path) -> bool {
    let lock = File::options().write(true).open(folder.join(LOCK));
    lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(std::fs::TryLockError::WouldBlock)))
}

/// Refuses a folder that has what no version of ours has.
fn refuse_strangers(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder).map_err(Error::io(folder))? {
        let name = entry.map_err(Error::io(folder))?.file_name();
        if ![SHARD, LOCK, SETTLED, "about.new", "settled.new"].iter().any(|ours| name == *ours) {
            return Err(Error::file(folder, format!("has {name:?}, which is no version's: name another folder")));
        }
    }
    Ok(())
}

/// What the engine answers. It panics where files are damaged or a disk is full.
fn told<T>(path: &Path, what: &str, ask: impl FnOnce() -> Result<T, OperationError>) -> Result<T> {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(ask)) {
        Ok(answer) => answer.map_err(|error| Error::file_because(path, what, error)),
        Err(_) => Err(Error::file(path, format!("{what}: its files are damaged, or the disk is full"))),
    }
}

/// What an engine answers that is open. One that panicked would do so again when it is dropped, and end the process: it stays.
fn told_by<T>(
    engine: &Arc<EdgeShard>,
    path: &Path,
    what: &str,
    ask: impl FnOnce(&EdgeShard) -> Result<T, OperationError>,
) -> Result<T> {
    let mut panicked = true;
    let answer = told(path, what, || {
        let answer = ask(engine);
        panicked = false;
        answer
    });
    if panicked {
        std::mem::forget(Arc::clone(engine));
    }
    answer
}
