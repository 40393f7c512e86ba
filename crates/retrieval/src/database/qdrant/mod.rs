//! A Qdrant server, over gRPC.
//!
//! A version is a collection of its own, `notes-000001`, and the one that is searched has the alias `notes`, which is moved
//! from one to another in one step. What a version says of itself stands in its collection's metadata, which servers keep
//! from Qdrant 1.16 on.

mod points;
mod runtime;
mod words;

use std::sync::Arc;

use embedkit_core::{Error, Result};
use qdrant_client::qdrant::CreateAlias;
use qdrant_client::{Qdrant, QdrantError};

use super::server_address::check_server;
use super::{About, Database, Points, Schema};
use crate::versions;
use points::Collection;
use runtime::Runtime;

/// The key of a collection's metadata.
const ABOUT: &str = "embedkit";

/// A collection with its versions on a Qdrant server.
pub struct QdrantServer {
    connection: Arc<Connection>,
    name: String,
}

/// A server that is talked to.
struct Connection {
    url: String,
    client: Qdrant,
    runtime: Runtime,
}

impl Connection {
    /// What the server answers.
    fn ask<T: Send>(&self, answer: impl Future<Output = Result<T, QdrantError>> + Send) -> Result<T> {
        self.runtime.wait(answer).map_err(|error| self.told(error))
    }

    fn told(&self, error: QdrantError) -> Error {
        Error::file_because(&self.url, "the Qdrant server does not answer as it should", error)
    }
}

impl std::fmt::Debug for QdrantServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QdrantServer")
            .field("url", &self.connection.url)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl QdrantServer {
    /// The collection of this name on a server, by the address of its gRPC interface, such as `http://localhost:6334`. The
    /// key is that of the environment's `QDRANT_API_KEY`, if it is set. Nothing is sent yet.
    ///
    /// # Errors
    /// What is no address, and a key that can be none.
    pub fn new(url: &str, name: &str) -> Result<Self> {
        Self::with_key(url, name, std::env::var("QDRANT_API_KEY").ok().as_deref())
    }

    /// The same, with this key or none.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_key(url: &str, name: &str, key: Option<&str>) -> Result<Self> {
        check_server(url)?;
        let mut config = Qdrant::from_url(url).skip_compatibility_check();
        config.set_timeout(std::time::Duration::from_secs(60));
        // A key that is read from a file ends with its line.
        if let Some(key) = key.map(str::trim).filter(|key| !key.is_empty()) {
            if !key.chars().all(|c| c.is_ascii_graphic()) {
                let message = "is no key: it has blanks, or characters that are no ASCII, in it";
                return Err(Error::option("QDRANT_API_KEY", message));
            }
            config.set_api_key(key);
        }
        let wrong = |error: QdrantError| Error::option("address", format!("{url} is no address of a server: {error}"));
        let connection = Connection {
            url: url.to_owned(),
            // Channels are made where a runtime is.
            runtime: Runtime::new().map_err(Error::io(url))?,
            client: config.build().map_err(wrong)?,
        };
        Ok(Self { connection: Arc::new(connection), name: name.to_owned() })
    }

    /// The collection that a version is.
    fn collection_of(&self, version: &str) -> Result<String> {
        versions::check_name(version)?;
        Ok(format!("{}-{version}", self.name))
    }

    /// The version that a collection is by its name; none if it is none of ours.
    fn version_of<'c>(&self, collection: &'c str) -> Option<&'c str> {
        let version = collection.strip_prefix(&self.name)?.strip_prefix('-')?;
        versions::is_name(version).then_some(version)
    }

    /// The names of all collections.
    fn collections(&self) -> Result<Vec<String>> {
        let answer = self.connection.ask(self.connection.client.list_collections())?;
        Ok(answer.collections.into_iter().map(|collection| collection.name).collect())
    }

    /// The collection that has our alias.
    fn aliased(&self) -> Result<Option<String>> {
        let answer = self.connection.ask(self.connection.client.list_aliases())?;
        let alias = answer.aliases.into_iter().find(|alias| alias.alias_name == self.name);
        Ok(alias.map(|alias| alias.collection_name))
    }

    /// What a collection says of itself; none if it was not made by us, or its server keeps nothing of it.
    fn said_by(&self, collection: &str) -> Result<Option<String>> {
        let answer = self.connection.ask(self.connection.client.collection_info(collection))?;
        Ok(words::metadata(answer, ABOUT))
    }

    /// Refuses a name that stands for something else, which would be found out once everything is sent, or lost.
    fn check_name(&self, collections: &[String]) -> Result<()> {
        let other = match self.aliased()? {
            Some(other) if self.version_of(&other).is_none() => format!("an alias of the collection {other:?}"),
            _ if collections.contains(&self.name) => "a collection".to_owned(),
            _ => return Ok(()),
        };
        let message = format!("{:?} is {other} there already, not the alias of ours: choose another name", self.name);
        Err(Error::file(&self.connection.url, message))
    }

    /// Makes an empty collection.
    fn make(&self, name: &str, about: &About, schema: &Schema) -> Result<()> {
        let client = &self.connection.client;
        let request = words::collection(name, schema, (ABOUT, &about.to_json()?));
        let made = self.connection.ask(client.create_collection(request));
        if made.is_err() {
            // Another may have made it at the same moment.
            return if self.collections()?.iter().any(|other| other == name) { Ok(()) } else { made.map(drop) };
        }
        if self.said_by(name)?.is_none() {
            self.connection.ask(client.delete_collection(name))?;
            let message = "the server keeps no metadata of collections: it must be Qdrant 1.16 or a later one";
            return Err(Error::file(&self.connection.url, message));
        }
        Ok(())
    }

    fn points(&self, version: &str) -> Result<Box<dyn Points>> {
        Ok(Box::new(Collection::new(self.connection.clone(), self.collection_of(version)?)))
    }
}

impl Database for QdrantServer {
    fn versions(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for collection in self.collections()? {
            if let Some(version) = self.version_of(&collection)
                && self.said_by(&collection)?.is_some()
            {
                names.push(version.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    fn current(&self) -> Result<Option<String>> {
        Ok(self.aliased()?.and_then(|collection| self.version_of(&collection).map(str::to_owned)))
    }

    fn create(&self, version: &str, about: &About, schema: &Schema) -> Result<Box<dyn Points>> {
        let (name, there) = (self.collection_of(version)?, self.collections()?);
        self.check_name(&there)?;
        if !there.contains(&name) {
            self.make(&name, about, schema)?;
        }
        // One that others have made stays as it is.
        self.about(version)?;
        // Making an index that is there changes nothing, and a run that was killed may have made none.
        for key in &schema.keys {
            self.connection.ask(self.connection.client.create_field_index(words::payload_index(&name, key)))?;
        }
        self.points(version)
    }

    fn open(&self, version: &str) -> Result<(About, Box<dyn Points>)> {
        Ok((self.about(version)?, self.points(version)?))
    }

    fn about(&self, version: &str) -> Result<About> {
        let name = self.collection_of(version)?;
        let text = self
            .said_by(&name)?
            .ok_or_else(|| Error::file(&name, "does not say what it holds: it was not made by embedkit"))?;
        About::parse(&text, &name)
    }

    fn set_current(&self, version: &str) -> Result<()> {
        // An alias that is there is moved, at once: at no moment is there none.
        let request = CreateAlias { collection_name: self.collection_of(version)?, alias_name: self.name.clone() };
        self.connection.ask(self.connection.client.create_alias(request)).map(drop)
    }

    fn remove(&self, version: &str) -> Result<()> {
        let name = self.collection_of(version)?;
        self.connection.ask(self.connection.client.delete_collection(name)).map(drop)
    }
}
