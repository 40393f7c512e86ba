//! What a database must be able to do.

use embedkit_core::{Error, Result};
use serde_json::{Map, Value};

use super::{About, Found, Point, Query, Schema};
use crate::versions;

/// A place that holds versions of one collection, each by its name, a number.
pub trait Database: Send + Sync {
    /// The versions, complete or not, oldest first.
    ///
    /// # Errors
    /// A database that cannot be reached or read.
    fn versions(&self) -> Result<Vec<String>>;

    /// The version that is searched; none if there is none yet.
    ///
    /// # Errors
    /// A database that cannot be reached or read.
    fn current(&self) -> Result<Option<String>>;

    /// Makes a version without points, and leaves one that is there already as it is: what it says of itself may then be
    /// something else.
    ///
    /// # Errors
    /// A database that cannot be reached or written to, what it cannot store, and a place where others have something.
    fn create(&self, version: &str, about: &About, schema: &Schema) -> Result<Box<dyn Points>>;

    /// Opens a version.
    ///
    /// # Errors
    /// A version that is not there, and a database that cannot be reached or read.
    fn open(&self, version: &str) -> Result<(About, Box<dyn Points>)>;

    /// What a version says of itself.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    fn about(&self, version: &str) -> Result<About> {
        Ok(self.open(version)?.0)
    }

    /// Whether a version has all its points.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    fn is_complete(&self, version: &str) -> Result<bool> {
        let (about, points) = self.open(version)?;
        Ok(points.count()? == about.records)
    }

    /// Makes a version the one that is searched, at once, without looking at what it holds: see [`switch`](fn@switch).
    ///
    /// # Errors
    /// A database that cannot be reached or written to.
    fn set_current(&self, version: &str) -> Result<()>;

    /// Removes a version with all that it holds.
    ///
    /// # Errors
    /// A database that cannot be reached or written to.
    fn remove(&self, version: &str) -> Result<()>;
}

/// The points of one version.
pub trait Points: Send + Sync {
    /// Stores points; one whose id is there is replaced.
    ///
    /// # Errors
    /// Points that do not suit the schema, and a database that cannot be reached or written to.
    fn upsert(&self, points: Vec<Point>) -> Result<()>;

    /// Stores several lots of points, at once where the database can.
    ///
    /// # Errors
    /// As [`upsert`](Self::upsert): the first lot that fails.
    fn upsert_all(&self, lots: Vec<Vec<Point>>) -> Result<()> {
        lots.into_iter().try_for_each(|lot| self.upsert(lot))
    }

    /// How many there are.
    ///
    /// # Errors
    /// A database that cannot be reached or read.
    fn count(&self) -> Result<usize>;

    /// Those of these points that are there, in any order, with their payloads.
    ///
    /// # Errors
    /// A database that cannot be reached or read.
    fn get(&self, ids: &[u64]) -> Result<Vec<(u64, Map<String, Value>)>>;

    /// Those of these ids that are there, in any order.
    ///
    /// # Errors
    /// A database that cannot be reached or read.
    fn present(&self, ids: &[u64]) -> Result<Vec<u64>> {
        Ok(self.get(ids)?.into_iter().map(|(id, _)| id).collect())
    }

    /// The single vectors, by their stage, of those of these points that are there and have one, in any order.
    ///
    /// # Errors
    /// A stage without single vectors, and a database that cannot be reached or read.
    fn vectors(&self, stage: &str, ids: &[u64]) -> Result<Vec<(u64, Vec<f32>)>>;

    /// Answers several queries, best first, in one go where the database can.
    ///
    /// # Errors
    /// Queries that do not suit the schema, and a database that cannot be reached or read.
    fn query(&self, queries: Vec<Query>) -> Result<Vec<Vec<Found>>>;

    /// Brings everything to the disk, and builds what makes searching fast.
    ///
    /// # Errors
    /// A database that cannot be reached or written to.
    fn settle(&self) -> Result<()>;
}

/// The versions that have all their points, oldest first.
///
/// # Errors
/// A database that cannot be reached or read.
pub fn complete_versions(database: &dyn Database) -> Result<Vec<String>> {
    let mut complete = Vec::new();
    for name in database.versions()? {
        if database.is_complete(&name)? {
            complete.push(name);
        }
    }
    Ok(complete)
}

/// Opens a version that has all its points.
///
/// # Errors
/// A version that is not there, or does not have all its points yet.
pub(crate) fn open_complete(database: &dyn Database, version: &str) -> Result<(About, Box<dyn Points>)> {
    let (about, points) = database.open(version)?;
    let found = points.count()?;
    if found < about.records {
        let message = format!("{version} has {found} of its {} records; publish it again", about.records);
        return Err(Error::option("version", message));
    }
    Ok((about, points))
}

/// Makes a version the one that is searched, at once for every search that begins from now on.
///
/// # Errors
/// A version that is not there, or does not have all its points yet.
pub fn switch(database: &dyn Database, version: &str) -> Result<()> {
    open_complete(database, version)?;
    database.set_current(version)
}

/// Makes the complete version before the one that is searched the one that is searched, and gives its name.
///
/// # Errors
/// There is none before.
pub fn rollback(database: &dyn Database) -> Result<String> {
    let before = versions::before(complete_versions(database)?, database.current()?)?;
    database.set_current(&before)?;
    Ok(before)
}
