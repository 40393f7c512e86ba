//! What a repository holds at one commit, as the hub's interface tells it.

use serde::Deserialize;

use crate::downloader::Downloader;
use crate::failure::Failure;
use crate::transport::Page;
use crate::{HubError, cache, url};

/// The most pages that a listing may have: of a thousand files each.
const MAX_PAGES: usize = 1000;

/// The files of a repository at one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listing {
    /// The commit, 40 hexadecimal digits.
    pub commit: String,
    /// Every file, in the hub's order.
    pub files: Vec<ListedFile>,
}

/// A file of a [`Listing`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedFile {
    /// Relative to the repository, with `/` between its parts.
    pub name: String,
    /// Size in bytes, that of the content where it is in large-file storage.
    pub size: u64,
    /// SHA-256 of the content in hexadecimal digits, which the hub knows of files in large-file storage.
    pub sha256: Option<String>,
}

impl Listing {
    /// The file of this name.
    pub fn file(&self, name: &str) -> Option<&ListedFile> {
        self.files.iter().find(|file| file.name == name)
    }
}

/// What the hub says of a revision.
#[derive(Deserialize)]
struct Revision {
    sha: String,
}

/// What the hub says of a file or folder.
#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    path: String,
    size: u64,
    lfs: Option<Stored>,
}

/// Where a file's content is in large-file storage.
#[derive(Deserialize)]
struct Stored {
    oid: String,
    size: u64,
}

impl From<Entry> for ListedFile {
    fn from(entry: Entry) -> Self {
        let size = entry.lfs.as_ref().map_or(entry.size, |stored| stored.size);
        Self { name: entry.path, size, sha256: entry.lfs.map(|stored| stored.oid.to_ascii_lowercase()) }
    }
}

/// Asks the hub for a repository's commit and files.
pub(crate) fn list(downloader: &Downloader, repo: &str, revision: &str) -> Result<Listing, HubError> {
    let models = format!("{}/api/models/{repo}", downloader.http.base()?);
    let asked = format!("{models}/revision/{}", url::encode(revision));
    let page = get(downloader, &asked, &format!("revision {revision} of {repo}"))?;
    let Revision { sha: commit } = parse(&asked, &page)?;
    if !cache::is_commit(&commit) {
        let message = format!("it says that {revision} of {repo} is the commit {commit:?}");
        return Err(HubError::Protocol { url: url::redacted(&asked), message });
    }
    let mut files = Vec::new();
    let mut next = Some(format!("{models}/tree/{commit}?recursive=true"));
    for _ in 0..MAX_PAGES {
        let Some(address) = next else { return Ok(Listing { commit, files }) };
        let page = get(downloader, &address, &format!("the list of files of {repo} at {commit}"))?;
        let entries: Vec<Entry> = parse(&address, &page)?;
        files.extend(entries.into_iter().filter(|entry| entry.kind == "file").map(ListedFile::from));
        next = page.next;
    }
    Err(HubError::Protocol { url: models, message: format!("it lists files on more than {MAX_PAGES} pages") })
}

fn get(downloader: &Downloader, address: &str, what: &str) -> Result<Page, HubError> {
    downloader.retrying(what, || -> Result<Page, Failure> { downloader.http.page(address, what) })
}

fn parse<'p, T: Deserialize<'p>>(address: &str, page: &'p Page) -> Result<T, HubError> {
    serde_json::from_slice(&page.content).map_err(|error| HubError::Protocol {
        url: url::redacted(address),
        message: format!("its answer is not the JSON of the hub's interface ({error})"),
    })
}
