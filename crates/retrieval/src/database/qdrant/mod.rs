//! A Qdrant server, over gRPC.
//!
//! A version is a collection of its own, `notes-000001`, and the one that is searched has the alias `notes`, which is moved
//! from one to another in one step. What a version says of itself stands in its collection's metadata.

mod points;
mod runtime;
mod words;

use std::sync::Arc;

use embedkit_core::{Error, Result};
use qdrant_client::qdrant::CreateAlias;
use qdrant_client::{Qdrant, QdrantError};

use super::{About, Database, Points, Schema};
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
    /// What is no address.
    pub fn new(url: &str, name: &str) -> Result<Self> {
        Self::with_key(url, name, std::env::var("QDRANT_API_KEY").ok().as_deref())
    }

    /// The same, with this key or none.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_key(url: &str, name: &str, key: Option<&str>) -> Result<Self> {
        let mut config = Qdrant::from_url(url).skip_compatibility_check();
        config.set_timeout(std::time::Duration::from_secs(60));
        if let Some(key) = key {
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
        if version.is_empty() || !version.chars().all(|c| c.is_ascii_digit()) {
            return Err(Error::option("version", format!("{version:?} is no version's name, which is a number")));
        }
        Ok(format!("{}-{version}", self.name))
    }

    /// The version that a collection is; none if it is none of ours.
    fn version_of<'c>(&self, collection: &'c str) -> Option<&'c str> {
        let version = collection.strip_prefix(&self.name)?.strip_prefix('-')?;
        (!version.is_empty() && version.chars().all(|c| c.is_ascii_digit())).then_some(version)
    }

    fn points(&self, version: &str) -> Result<Box<dyn Points>> {
        Ok(Box::new(Collection::new(self.connection.clone(), self.collection_of(version)?)))
    }
}

impl Database for QdrantServer {
    fn versions(&self) -> Result<Vec<String>> {
        let answer = self.connection.ask(self.connection.client.list_collections())?;
        let names = answer.collections.iter().filter_map(|collection| self.version_of(&collection.name));
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.sort();
        Ok(names)
    }

    fn current(&self) -> Result<Option<String>> {
        let answer = self.connection.ask(self.connection.client.list_aliases())?;
        let alias = answer.aliases.into_iter().find(|alias| alias.alias_name == self.name);
        Ok(alias.and_then(|alias| self.version_of(&alias.collection_name).map(str::to_owned)))
    }

    fn create(&self, version: &str, about: &About, schema: &Schema) -> Result<Box<dyn Points>> {
        let (name, client) = (self.collection_of(version)?, &self.connection.client);
        if !self.connection.ask(client.collection_exists(&name))? {
            let request = words::collection(&name, schema, (ABOUT, &about.to_json()?));
            self.connection.ask(client.create_collection(request))?;
        }
        // Making an index that is there changes nothing, and a run that was killed may have made none.
        for key in &schema.keys {
            self.connection.ask(client.create_field_index(words::payload_index(&name, key)))?;
        }
        self.points(version)
    }

    fn open(&self, version: &str) -> Result<(About, Box<dyn Points>)> {
        let name = self.collection_of(version)?;
        let answer = self.connection.ask(self.connection.client.collection_info(&name))?;
        let text = words::metadata(answer, ABOUT)
            .ok_or_else(|| Error::file(&name, "does not say what it holds: it was not made by embedkit"))?;
        Ok((About::parse(&text, &name)?, self.points(version)?))
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
