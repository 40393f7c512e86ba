//! The hub: cache first, then the network.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::archive::Archive;
use super::cache::{self, Repository};
use super::client::Client;
use super::options::{HubOptions, Settings};
use super::remote::Remote;
use super::transport::{Http, Transport};
use super::verify::{self, FileReport, FileStatus, Report};
use super::wanted::{Inventory, wanted};
use super::{HubError, HubEvent, external, url};
use crate::{ModelDescription, ModelFiles, Result, Source};

/// The revision of a source that names none.
const DEFAULT_REVISION: &str = "main";

/// Fetches models into the cache. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    settings: Settings,
    client: Client,
}

/// A place in the cache where a source's files are, or would be.
struct Place<'a> {
    source: &'a Source,
    folder: PathBuf,
    /// For a source on the hub: the repository's folder and the commit.
    snapshot: Option<(Repository, String)>,
    inventory: Inventory,
}

/// A model that is complete in the cache.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CachedModel {
    /// The folder with its files.
    pub folder: PathBuf,
    /// The files that are there, of those that the row names, with their sizes in bytes.
    pub files: Vec<(String, u64)>,
}

impl CachedModel {
    /// The size of all files in bytes.
    pub fn size(&self) -> u64 {
        self.files.iter().map(|(_, size)| size).sum()
    }
}

impl Hub {
    /// A hub with these options, asking the environment for what they leave open.
    ///
    /// # Errors
    /// [`HubError::Invalid`]: no cache folder can be determined, or an address is malformed.
    pub fn new(options: HubOptions) -> Result<Self> {
        let mut settings = options.resolve()?;
        let transport = Http::new(options.connect_timeout, options.read_timeout, settings.proxy.take())?;
        Ok(Self::over(Arc::new(transport), &options, settings))
    }

    fn over(transport: Arc<dyn Transport>, options: &HubOptions, settings: Settings) -> Self {
        let client = Client {
            transport,
            origin: settings.origin.clone(),
            token: settings.token.clone(),
            retries: options.retries,
            backoff: options.backoff,
            on_event: options.on_event.clone(),
        };
        Self(Arc::new(Inner { settings, client }))
    }

    /// The cache folder.
    pub fn cache_dir(&self) -> &Path {
        &self.0.settings.cache
    }

    /// Whether the network is not used.
    pub fn is_offline(&self) -> bool {
        self.0.settings.offline
    }

    /// The model's files: from the cache, else from the row's sources, in their order.
    ///
    /// Optional files that the cache neither has nor knows to be absent are asked for once; when
    /// that fails, the model is used without them.
    ///
    /// # Errors
    /// [`HubError::Offline`] when files are missing and the network may not be used; otherwise what
    /// went wrong with the row's source, or [`HubError::Sources`] when there are several.
    pub fn fetch(&self, model: &ModelDescription) -> Result<ModelFiles> {
        let places = self.places(model)?;
        if let Some(place) = places.iter().find(|place| place.inventory.missing.is_empty()) {
            if !self.is_offline() {
                self.settle(model, place);
            }
            self.0.client.tell(HubEvent::Cached { model: model.id.clone(), folder: place.folder.clone() });
            return ModelFiles::folder(external::loadable(model, place.folder.clone()));
        }
        if self.is_offline() {
            let missing = Self::best(&places).or(places.first()).map(|place| place.inventory.missing.clone());
            return Err(self.offline(model, &places, missing.unwrap_or_default()).into());
        }
        let folder = self.fetch_any(model)?;
        ModelFiles::folder(external::loadable(model, folder))
    }

    /// What the cache has of the model, every file with a known SHA-256 hashed. Uses no network.
    ///
    /// # Errors
    /// [`HubError::Invalid`] when a source of the row cannot be used.
    pub fn verify(&self, model: &ModelDescription) -> Result<Report> {
        let places = self.places(model)?;
        Ok(Self::examine(model, Self::best(&places)))
    }

    /// Fetches what [`verify`](Self::verify) finds wrong or missing, and gives the model's files. What is
    /// right is not touched, and what is wrong stays until its replacement is there.
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch).
    pub fn repair(&self, model: &ModelDescription) -> Result<ModelFiles> {
        let places = self.places(model)?;
        let best = Self::best(&places);
        let report = Self::examine(model, best);
        let is_wrong = |file: &&FileReport| matches!(file.status, FileStatus::Wrong(_));
        let wrong: BTreeSet<String> = report.files.iter().filter(is_wrong).map(|file| file.name.clone()).collect();
        let Some(place) = best.filter(|_| !wrong.is_empty()) else { return self.fetch(model) };
        if self.is_offline() {
            return Err(self.offline(model, &places, wrong.into_iter().collect()).into());
        }
        let folder = self.complete(&self.0.client, model, place, &wrong)?;
        ModelFiles::folder(external::loadable(model, folder))
    }

    /// The model in the cache, when all its required files are there. Uses no network.
    ///
    /// # Errors
    /// [`HubError::Invalid`] when a source of the row cannot be used.
    pub fn cached(&self, model: &ModelDescription) -> Result<Option<CachedModel>> {
        let places = self.places(model)?;
        Ok(places.into_iter().find(|place| place.inventory.missing.is_empty()).map(|place| {
            let size = |name: &str| Some(std::fs::metadata(place.folder.join(name)).ok()?.len());
            let files = wanted(model).into_iter().filter_map(|file| Some((file.name.to_owned(), size(file.name)?)));
            CachedModel { files: files.collect(), folder: place.folder.clone() }
        }))
    }

    /// Whether all required files of the model are in the cache.
    ///
    /// # Errors
    /// As [`cached`](Self::cached).
    pub fn is_cached(&self, model: &ModelDescription) -> Result<bool> {
        Ok(self.cached(model)?.is_some())
    }

    /// Where the cache has, or would have, the files of each source, with what is there.
    fn places<'a>(&self, model: &'a ModelDescription) -> Result<Vec<Place<'a>>, HubError> {
        let mut places = Vec::new();
        let cache = self.cache_dir();
        for source in &model.sources {
            match source {
                Source::Hub { hf, revision } => {
                    let revision = revision.as_deref().unwrap_or(DEFAULT_REVISION);
                    cache::check_revision(revision)?;
                    for repository in Repository::new(cache, hf)?.spellings(cache) {
                        let commit = repository.commit(revision);
                        let folder = repository.snapshot(commit.as_deref().unwrap_or(revision));
                        let inventory = Inventory::take(model, &folder);
                        let snapshot = commit.map(|commit| (repository, commit));
                        places.push(Place { source, folder, snapshot, inventory });
                    }
                }
                Source::Archive { url, sha256 } => {
                    let folder = Archive::new(cache, url, sha256.as_deref()).folder;
                    let inventory = Inventory::take(model, &folder);
                    places.push(Place { source, folder, snapshot: None, inventory });
                }
                Source::Folder { .. } | Source::Embedded { .. } => {}
            }
        }
        Ok(places)
    }

    /// The place with the fewest missing files, of those that exist.
    fn best<'a, 'b>(places: &'b [Place<'a>]) -> Option<&'b Place<'a>> {
        places.iter().filter(|place| place.folder.is_dir()).min_by_key(|place| place.inventory.missing.len())
    }

    fn examine(model: &ModelDescription, place: Option<&Place<'_>>) -> Report {
        let snapshot = place.and_then(|place| place.snapshot.as_ref());
        let of_repository = snapshot.map(|(repository, commit)| (repository, commit.as_str()));
        verify::examine(model, place.map(|place| place.folder.as_path()), of_repository)
    }

    /// Asks once for the optional files of a complete snapshot that nobody has asked for yet.
    fn settle(&self, model: &ModelDescription, place: &Place<'_>) {
        let Some((repository, commit)) = &place.snapshot else { return };
        if place.inventory.absent.iter().all(|file| repository.lacks(commit, file)) {
            return;
        }
        let client = self.0.client.without_retries();
        if let Err(error) = self.complete(&client, model, place, &BTreeSet::new()) {
            let error = error.to_string();
            tracing::warn!(model = model.id, error, "optional files could not be asked for; going on without them");
        }
    }

    /// Tries the row's sources in their order.
    fn fetch_any(&self, model: &ModelDescription) -> Result<PathBuf, HubError> {
        let mut failures = Vec::new();
        for source in &model.sources {
            let (name, fetched) = match source {
                Source::Hub { hf, revision } => {
                    let revision = revision.as_deref().unwrap_or(DEFAULT_REVISION);
                    let repository = Repository::new(self.cache_dir(), hf)?;
                    let remote = self.remote(&self.0.client, hf, revision, &repository);
                    (hf.clone(), remote.fetch(model, None, &BTreeSet::new()))
                }
                Source::Archive { url, sha256 } => {
                    let archive = Archive::new(self.cache_dir(), url, sha256.as_deref());
                    (url::redacted(url), archive.fetch(&self.0.client, model, false))
                }
                Source::Folder { .. } | Source::Embedded { .. } => continue,
            };
            match fetched {
                Ok(folder) => return Ok(folder),
                Err(error) => failures.push((name, error)),
            }
        }
        match failures.len() {
            0 => Err(HubError::NoSource { model: model.id.clone() }),
            1 => Err(failures.remove(0).1),
            _ => Err(HubError::Sources { model: model.id.clone(), failures }),
        }
    }

    /// Completes what the cache has at a place, without going on to a newer commit; what is
    /// distrusted is fetched anew.
    fn complete(
        &self,
        client: &Client,
        model: &ModelDescription,
        place: &Place<'_>,
        distrusted: &BTreeSet<String>,
    ) -> Result<PathBuf, HubError> {
        match (place.source, &place.snapshot) {
            (Source::Hub { hf, revision }, Some((repository, commit))) => {
                let revision = revision.as_deref().unwrap_or(DEFAULT_REVISION);
                self.remote(client, hf, revision, repository).fetch(model, Some(commit), distrusted)
            }
            (Source::Archive { url, sha256 }, _) => {
                Archive::new(self.cache_dir(), url, sha256.as_deref()).fetch(client, model, !distrusted.is_empty())
            }
            _ => Ok(place.folder.clone()),
        }
    }

    fn remote<'a>(&'a self, client: &'a Client, id: &'a str, revision: &'a str, cache: &'a Repository) -> Remote<'a> {
        Remote { client, endpoint: &self.0.settings.endpoint, id, revision, cache }
    }

    fn offline(&self, model: &ModelDescription, places: &[Place<'_>], missing: Vec<String>) -> HubError {
        match places {
            [] => HubError::NoSource { model: model.id.clone() },
            _ => {
                let looked_in = places.iter().map(|place| place.folder.clone()).collect();
                HubError::Offline { model: model.id.clone(), missing, looked_in }
            }
        }
    }

    /// Downloads any address to a file: with retries and resume, atomically, its SHA-256 checked when stated.
    ///
    /// # Errors
    /// [`HubError`]; also when the hub is offline.
    #[cfg(feature = "runtime-install")]
    pub(crate) fn download(&self, url: &str, to: &Path, sha256: Option<&str>) -> Result<()> {
        if self.is_offline() {
            let message = format!("{} is needed, and the hub is offline (HF_HUB_OFFLINE)", url::redacted(url));
            return Err(HubError::Invalid(message).into());
        }
        Ok(super::archive::download(&self.0.client, url, to, sha256)?)
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let settings = &self.0.settings;
        f.debug_struct("Hub")
            .field("cache", &settings.cache)
            .field("endpoint", &url::redacted(&settings.endpoint))
            .field("offline", &settings.offline)
            .finish_non_exhaustive()
    }
}
