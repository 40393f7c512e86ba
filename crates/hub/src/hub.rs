//! The hub: cache first, then the network.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::archive::{self, Archive};
use crate::cache::{self, Repository};
use crate::downloader::Downloader;
use crate::inventory::{self, Inventory};
use crate::options::{HubOptions, Settings};
use crate::remote::Remote;
use crate::transport::{Agents, Http, Transport, TransportKind};
use crate::verify::{self, FileReport, FileStatus, Report};
use crate::{HubError, HubEvent, Request, Source, disk, external, url};

/// The revision of a source that names none.
const DEFAULT_REVISION: &str = "main";

/// Fetches files into the cache. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    endpoint: String,
    offline: bool,
    downloader: Downloader,
}

/// What the cache has, or would have, of a source.
struct CacheEntry<'a> {
    source: &'a Source,
    folder: PathBuf,
    /// For a source on the hub: the repository's folder and the commit.
    snapshot: Option<(Repository, String)>,
    inventory: Inventory,
}

/// A request that the cache can meet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Cached {
    /// The folder with the files.
    pub folder: PathBuf,
    /// The files that are there, of those that the request names, with their sizes in bytes.
    pub files: Vec<(String, u64)>,
}

impl Cached {
    /// The size of all files in bytes.
    pub fn size(&self) -> u64 {
        self.files.iter().map(|(_, size)| size).sum()
    }
}

impl Hub {
    /// A hub with these options, asking the environment for what they leave open. Nothing that only the network needs
    /// is looked at before the network is used.
    ///
    /// # Errors
    /// [`HubError::InvalidOption`]: no cache folder can be determined, or this program has no such transport.
    pub fn new(options: HubOptions) -> Result<Self, HubError> {
        let settings = options.resolve()?;
        let agents = Agents::new(
            options.connect_timeout,
            options.read_timeout,
            settings.proxies.clone(),
            settings.roots.clone(),
        );
        let http = Http { agents, endpoint: settings.endpoint.clone(), token: settings.token.clone() };
        let http = Arc::new(http);
        let transport = transport(&settings, &options, &http)?;
        let downloader = Downloader {
            cache: settings.cache,
            transport,
            http,
            retries: options.retries,
            backoff: options.backoff,
            read_timeout: options.read_timeout,
            max_file_bytes: options.max_file_bytes,
            max_unpacked_bytes: options.max_unpacked_bytes,
            on_event: options.on_event,
        };
        Ok(Self(Arc::new(Inner { endpoint: settings.endpoint, offline: settings.offline, downloader })))
    }

    /// The cache folder.
    pub fn cache_dir(&self) -> &Path {
        &self.0.downloader.cache
    }

    /// Whether the network is not used.
    pub fn is_offline(&self) -> bool {
        self.0.offline
    }

    /// Looks at what only the network needs (server, proxy, certificates), without using it: for programs that say
    /// beforehand what would not work.
    ///
    /// # Errors
    /// [`HubError::InvalidOption`] for what cannot be used.
    pub fn check_settings(&self) -> Result<(), HubError> {
        self.0.downloader.http.check_settings()
    }

    /// The folder with the request's files: from the cache, else from the request's sources, in their order.
    ///
    /// Optional files that the cache neither has nor knows to be absent are asked for once; when that fails, the
    /// request is met without them.
    ///
    /// # Errors
    /// [`HubError::Offline`] when files are missing and the network may not be used; otherwise what went wrong with the
    /// source, or [`HubError::Sources`] when there are several.
    pub fn fetch(&self, request: &Request) -> Result<PathBuf, HubError> {
        let entries = self.entries(request)?;
        if let Some(entry) = entries.iter().find(|entry| entry.inventory.missing.is_empty()) {
            if !self.is_offline() {
                self.ask_for_optional(request, entry);
            }
            let folder = entry.folder.clone();
            self.0.downloader.tell(HubEvent::Cached { name: request.name.clone(), folder: folder.clone() });
            return Ok(self.loadable(request, folder, &BTreeSet::new()));
        }
        if self.is_offline() {
            let missing = Self::best(&entries).or(entries.first()).map(|entry| entry.inventory.missing.clone());
            return Err(Self::offline(request, &entries, missing.unwrap_or_default()));
        }
        let folder = self.fetch_any(request)?;
        Ok(self.loadable(request, folder, &BTreeSet::new()))
    }

    /// What the cache has of the request, every file with a known digest hashed. Uses no network.
    ///
    /// # Errors
    /// [`HubError::InvalidRequest`] when the request makes no sense; [`HubError::Io`] when the cache cannot be looked
    /// into.
    pub fn verify(&self, request: &Request) -> Result<Report, HubError> {
        let entries = self.entries(request)?;
        Ok(Self::examine(request, Self::best(&entries)))
    }

    /// Fetches what [`verify`](Self::verify) finds wrong or missing, and gives the folder. What is right is not touched,
    /// and what is wrong stays until its replacement is there.
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch).
    pub fn repair(&self, request: &Request) -> Result<PathBuf, HubError> {
        let entries = self.entries(request)?;
        let best = Self::best(&entries);
        let report = Self::examine(request, best);
        let is_wrong = |file: &&FileReport| matches!(file.status, FileStatus::Wrong(_));
        let wrong: BTreeSet<String> = report.files.iter().filter(is_wrong).map(|file| file.name.clone()).collect();
        let Some(entry) = best.filter(|_| !wrong.is_empty()) else { return self.fetch(request) };
        if self.is_offline() {
            return Err(Self::offline(request, &entries, wrong.into_iter().collect()));
        }
        let folder = self.complete(&self.0.downloader, request, entry, &wrong)?;
        Ok(self.loadable(request, folder, &wrong))
    }

    /// What the cache has, when all required files are there. Uses no network.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn cached(&self, request: &Request) -> Result<Option<Cached>, HubError> {
        let entries = self.entries(request)?;
        let Some(entry) = entries.into_iter().find(|entry| entry.inventory.missing.is_empty()) else { return Ok(None) };
        let mut files = Vec::new();
        for file in request.files() {
            if let Some(size) = inventory::size(&entry.folder.join(file.name))? {
                files.push((file.name.to_owned(), size));
            }
        }
        Ok(Some(Cached { folder: entry.folder, files }))
    }

    /// Whether all required files are in the cache. Uses no network.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn is_cached(&self, request: &Request) -> Result<bool, HubError> {
        Ok(self.cached(request)?.is_some())
    }

    /// Removes what the cache has of the request's sources, every revision of a repository, and gives the bytes that this
    /// freed. Other programs that share the cache lose it too. Uses no network.
    ///
    /// # Errors
    /// As [`verify`](Self::verify); a file that the system does not let go of.
    pub fn remove(&self, request: &Request) -> Result<u64, HubError> {
        let mut freed = 0;
        for entry in self.entries(request)? {
            let folder = entry.snapshot.as_ref().map_or(&entry.folder, |(repository, _)| &repository.folder);
            let size = disk::size(folder);
            match std::fs::remove_dir_all(folder) {
                Ok(()) => freed += size,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(HubError::io(folder)(error)),
            }
        }
        Ok(freed)
    }

    /// Downloads any address to a file: with retries and resume, atomically, its SHA-256 checked when stated.
    ///
    /// # Errors
    /// [`HubError::OfflineAddress`] when the network may not be used; otherwise what went wrong.
    pub fn download(&self, url: &str, to: &Path, sha256: Option<&str>) -> Result<(), HubError> {
        if self.is_offline() {
            return Err(HubError::OfflineAddress { url: url::redacted(url) });
        }
        archive::download(&self.0.downloader, url, to, sha256)
    }

    /// What a repository holds; no revision means `main`. Nothing is downloaded.
    ///
    /// # Errors
    /// [`HubError::InvalidRequest`] when the repository's name makes no sense; [`HubError::OfflineAddress`] when the
    /// network may not be used; otherwise what went wrong.
    #[cfg(feature = "listing")]
    pub fn list(&self, repo: &str, revision: Option<&str>) -> Result<crate::Listing, HubError> {
        let revision = revision.unwrap_or(DEFAULT_REVISION);
        Repository::new(self.cache_dir(), repo)?;
        cache::check_revision(revision)?;
        if self.is_offline() {
            return Err(HubError::OfflineAddress { url: url::redacted(&format!("{}/{repo}", self.0.endpoint)) });
        }
        crate::listing::list(&self.0.downloader, repo, revision)
    }

    fn loadable(&self, request: &Request, folder: PathBuf, renewed: &BTreeSet<String>) -> PathBuf {
        external::loadable(self.cache_dir(), request, folder, renewed)
    }

    /// What the cache has, or would have, of each source.
    fn entries<'a>(&self, request: &'a Request) -> Result<Vec<CacheEntry<'a>>, HubError> {
        request.check()?;
        let mut entries = Vec::new();
        let cache = self.cache_dir();
        for source in &request.sources {
            match source {
                Source::Hub { repo, revision } => {
                    let revision = revision.as_deref().unwrap_or(DEFAULT_REVISION);
                    cache::check_revision(revision)?;
                    for repository in Repository::new(cache, repo)?.spellings(cache) {
                        let commit = repository.commit(revision)?;
                        let folder = repository.snapshot(commit.as_deref().unwrap_or(revision));
                        let inventory = Inventory::take(request, &folder)?;
                        let snapshot = commit.map(|commit| (repository, commit));
                        entries.push(CacheEntry { source, folder, snapshot, inventory });
                    }
                }
                Source::Archive { url, sha256 } => {
                    let folder = Archive::new(cache, url, sha256.as_deref()).folder;
                    let inventory = Inventory::take(request, &folder)?;
                    entries.push(CacheEntry { source, folder, snapshot: None, inventory });
                }
            }
        }
        Ok(entries)
    }

    /// The entry with the fewest missing files, of those that exist.
    fn best<'a, 'b>(entries: &'b [CacheEntry<'a>]) -> Option<&'b CacheEntry<'a>> {
        entries.iter().filter(|entry| entry.folder.is_dir()).min_by_key(|entry| entry.inventory.missing.len())
    }

    fn examine(request: &Request, entry: Option<&CacheEntry<'_>>) -> Report {
        let snapshot = entry.and_then(|entry| entry.snapshot.as_ref());
        let of_repository = snapshot.map(|(repository, commit)| (repository, commit.as_str()));
        verify::examine(request, entry.map(|entry| entry.folder.as_path()), of_repository)
    }

    /// Asks once for the optional files of a complete snapshot that nobody has asked for yet.
    fn ask_for_optional(&self, request: &Request, entry: &CacheEntry<'_>) {
        let Some((repository, commit)) = &entry.snapshot else { return };
        if entry.inventory.absent.iter().all(|file| repository.lacks(commit, file)) {
            return;
        }
        let downloader = self.0.downloader.without_retries();
        if let Err(error) = self.complete(&downloader, request, entry, &BTreeSet::new()) {
            let error = error.with_causes();
            tracing::warn!(request.name, error, "optional files could not be asked for; going on without them");
        }
    }

    /// Tries the sources in their order.
    fn fetch_any(&self, request: &Request) -> Result<PathBuf, HubError> {
        let mut failures = Vec::new();
        for source in &request.sources {
            let (name, fetched) = match source {
                Source::Hub { repo, revision } => {
                    let revision = revision.as_deref().unwrap_or(DEFAULT_REVISION);
                    let cache = &Repository::new(self.cache_dir(), repo)?;
                    let remote = Remote { downloader: &self.0.downloader, repo, revision, cache };
                    (repo.clone(), remote.fetch(request, None, &BTreeSet::new()))
                }
                Source::Archive { url, sha256 } => {
                    let archive = Archive::new(self.cache_dir(), url, sha256.as_deref());
                    (url::redacted(url), archive.fetch(&self.0.downloader, request, false))
                }
            };
            match fetched {
                Ok(folder) => return Ok(folder),
                Err(error) => failures.push((name, error)),
            }
        }
        match failures.len() {
            0 => Err(HubError::NoSource { name: request.name.clone() }),
            1 => Err(failures.remove(0).1),
            _ => Err(HubError::Sources { name: request.name.clone(), failures }),
        }
    }

    /// Completes what the cache has of a source, without going on to a newer commit; what is distrusted is fetched
    /// anew.
    fn complete(
        &self,
        downloader: &Downloader,
        request: &Request,
        entry: &CacheEntry<'_>,
        distrusted: &BTreeSet<String>,
    ) -> Result<PathBuf, HubError> {
        match (entry.source, &entry.snapshot) {
            (Source::Hub { repo, revision }, Some((cache, commit))) => {
                let revision = revision.as_deref().unwrap_or(DEFAULT_REVISION);
                Remote { downloader, repo, revision, cache }.fetch(request, Some(commit), distrusted)
            }
            (Source::Archive { url, sha256 }, _) => {
                let archive = Archive::new(self.cache_dir(), url, sha256.as_deref());
                archive.fetch(downloader, request, !distrusted.is_empty())
            }
            (Source::Hub { .. }, None) => Ok(entry.folder.clone()),
        }
    }

    fn offline(request: &Request, entries: &[CacheEntry<'_>], missing: Vec<String>) -> HubError {
        let name = request.name.clone();
        if entries.is_empty() {
            return HubError::NoSource { name };
        }
        HubError::Offline { name, missing, looked_in: entries.iter().map(|entry| entry.folder.clone()).collect() }
    }
}

/// The transport that the settings name.
#[cfg_attr(not(feature = "hf-hub"), expect(unused_variables, reason = "plain HTTP needs no more settings"))]
fn transport(settings: &Settings, options: &HubOptions, http: &Arc<Http>) -> Result<Arc<dyn Transport>, HubError> {
    match settings.transport {
        TransportKind::Http => Ok(http.clone()),
        #[cfg(feature = "hf-hub")]
        TransportKind::HfHub => Ok(Arc::new(crate::transport::HfHub {
            http: http.clone(),
            retries: options.retries,
            backoff: options.backoff,
            may_use_xet: settings.may_use_xet,
            scratch: settings.cache.join(".locks/xet"),
            client: std::sync::OnceLock::new(),
        })),
        #[cfg(not(feature = "hf-hub"))]
        TransportKind::HfHub => Err(HubError::InvalidOption {
            option: format!("transport ({})", TransportKind::VARIABLE),
            message: "this program was built without the feature `hf-hub`; there is `http`".to_owned(),
        }),
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub")
            .field("cache", &self.0.downloader.cache)
            .field("endpoint", &url::redacted(&self.0.endpoint))
            .field("offline", &self.0.offline)
            .finish_non_exhaustive()
    }
}
