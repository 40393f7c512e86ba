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

const SHARD: &str = "shard";
const LOCK: &str = "lock";

/// A version that is open.
pub(super) struct Shard {
    path: PathBuf,
    /// The engine must not be written to while it is flushed.
    engine: RwLock<EdgeShard>,
    _lock: File,
}

impl std::fmt::Debug for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shard").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Shard {
    /// Makes an empty one in a folder.
    pub(super) fn create(folder: &Path, schema: &Schema) -> Result<Self> {
        let (path, lock) = (folder.join(SHARD), locked(folder)?);
        std::fs::create_dir_all(&path).map_err(Error::io(&path))?;
        let engine = EdgeShard::new(&path, words::config(schema)).map_err(told(&path, "cannot be made"))?;
        for key in &schema.keys {
            let index = words::payload_index(key).map_err(told(&path, "takes no index"))?;
            engine.update(index).map_err(told(&path, "takes no index"))?;
        }
        flush(&engine, &path)?;
        Ok(Self { path, engine: RwLock::new(engine), _lock: lock })
    }

    /// Opens the one that is in a folder.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        let (path, lock) = (folder.join(SHARD), locked(folder)?);
        let engine = EdgeShard::load(&path, None).map_err(told(&path, "cannot be opened"))?;
        Ok(Self { path, engine: RwLock::new(engine), _lock: lock })
    }

    /// Changes something, and brings it to the disk: what was told to be stored is there after a power cut.
    fn change(&self, operation: UpdateOperation) -> Result<()> {
        let engine = self.engine.write().unwrap_or_else(PoisonError::into_inner);
        engine.update(operation).map_err(told(&self.path, "cannot be written to"))?;
        flush(&engine, &self.path)
    }

    fn read<T>(&self, read: impl FnOnce(&EdgeShard) -> Result<T, OperationError>) -> Result<T> {
        let engine = self.engine.read().unwrap_or_else(PoisonError::into_inner);
        read(&engine).map_err(told(&self.path, "cannot be searched"))
    }
}

impl Points for Arc<Shard> {
    fn upsert(&self, points: Vec<Point>) -> Result<()> {
        if points.is_empty() {
            return Ok(());
        }
        let points = points.into_iter().map(words::point).collect::<Result<Vec<_>, _>>();
        let points = points.map_err(told(&self.path, "does not take a point"))?;
        let insert = PointInsertOperations::PointsList(points);
        self.change(UpdateOperation::PointOperation(PointOperations::UpsertPoints(insert)))
    }

    fn delete(&self, ids: &[u64]) -> Result<()> {
        let ids = ids.iter().copied().map(PointId::NumId).collect();
        self.change(UpdateOperation::PointOperation(PointOperations::DeletePoints { ids }))
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
            let request = words::request(query).map_err(told(&self.path, "does not take a query"))?;
            let found = self.read(|engine| engine.query(request))?;
            Ok(found.into_iter().filter_map(words::found).collect())
        };
        queries.into_iter().map(answer).collect()
    }

    fn settle(&self) -> Result<()> {
        let engine = self.engine.write().unwrap_or_else(PoisonError::into_inner);
        engine.optimize().map_err(told(&self.path, "cannot be optimised"))?;
        flush(&engine, &self.path)
    }
}

/// Brings everything to the disk. The engine panics where it cannot, as on a disk that is full.
fn flush(engine: &EdgeShard, path: &Path) -> Result<()> {
    let flushed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| engine.flush()));
    flushed.map_err(|_| Error::file(path, "cannot be brought to the disk: is it full?"))
}

/// Takes a version for this process.
fn locked(folder: &Path) -> Result<File> {
    let path = folder.join(LOCK);
    let lock = File::create(&path).map_err(Error::io(&path))?;
    lock.try_lock().map_err(|error| match error {
        std::fs::TryLockError::WouldBlock => Error::file(folder, "is open in another process"),
        std::fs::TryLockError::Error(error) => Error::io(&path)(error),
    })?;
    Ok(lock)
}

fn told<'p>(path: &'p Path, what: &'p str) -> impl FnOnce(OperationError) -> Error + 'p {
    move |error| Error::file_because(path, what, error)
}
