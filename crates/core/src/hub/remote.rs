//! A repository of the hub: what the server says of its files, and how they come into the cache.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::cache::{self, Repository, is_commit, is_plain_name};
use super::client::Client;
use super::transfer::{Expected, Transfer};
use super::transport::Response;
use super::wanted::{Wanted, expected, wanted};
use super::{HubError, url};
use crate::ModelDescription;

/// A repository at a revision, there and here.
pub(super) struct Remote<'a> {
    pub(super) client: &'a Client,
    pub(super) endpoint: &'a str,
    /// `owner/name`.
    pub(super) id: &'a str,
    pub(super) revision: &'a str,
    pub(super) cache: &'a Repository,
}

/// Whether a redirect already tells commit, etag and size; or leaves the hub, where nobody knows the commit.
fn says_it_all(redirect: &Response) -> bool {
    let has = |name| redirect.header(name).is_some();
    let leaves = redirect.header("location").is_some_and(|location| location.contains("://"));
    has("x-repo-commit") && (has("x-linked-etag") || has("etag")) && (has("x-linked-size") || leaves)
}

/// What the server says of a file.
enum Answer {
    Present(Metadata),
    Absent { commit: Option<String> },
}

struct Metadata {
    commit: String,
    /// The name of the content; of large files its SHA-256.
    etag: String,
    size: Option<u64>,
}

impl Remote<'_> {
    /// Fetches what the row names and `commit` (else: what the revision means now) has not yet in
    /// the cache, and the distrusted files anew. Gives the snapshot's folder.
    pub(super) fn fetch(
        &self,
        model: &ModelDescription,
        commit: Option<&str>,
        distrusted: &BTreeSet<String>,
    ) -> Result<PathBuf, HubError> {
        let is_pinned = commit.is_some();
        let mut commit = commit.or_else(|| is_commit(self.revision).then_some(self.revision)).map(str::to_owned);
        let mut absent = Vec::new();
        for file in wanted(model) {
            let distrusts = distrusted.contains(file.name);
            if !distrusts && commit.as_ref().is_some_and(|commit| self.is_settled(commit, &file, model)) {
                continue;
            }
            match self.ask(commit.as_deref().unwrap_or(self.revision), file.name)? {
                Answer::Present(metadata) => {
                    // Every file is asked of the first one's commit, whatever the branch does meanwhile.
                    let commit = commit.get_or_insert_with(|| metadata.commit.clone());
                    self.place(commit, file.name, &metadata, expected(model, file.name), distrusts)?;
                }
                Answer::Absent { .. } if file.required => return Err(self.not_found(file.name)),
                Answer::Absent { commit: its_commit } => {
                    commit = commit.or(its_commit);
                    absent.push(file.name);
                }
            }
        }
        let commit = commit.ok_or_else(|| self.not_found("any file of the row"))?;
        for file in absent {
            self.cache.remember_absent(&commit, file)?;
        }
        if !is_pinned {
            self.cache.remember_commit(self.revision, &commit)?;
        }
        let folder = self.cache.snapshot(&commit);
        std::fs::create_dir_all(&folder).map_err(HubError::io(&folder))?;
        Ok(folder)
    }

    /// Whether the snapshot has the file as it should be, or it is known that there is none.
    fn is_settled(&self, commit: &str, file: &Wanted<'_>, model: &ModelDescription) -> bool {
        let path = self.cache.snapshot(commit).join(file.name);
        match std::fs::metadata(path) {
            Ok(meta) => {
                let size = expected(model, file.name).size;
                meta.is_file() && size.is_none_or(|size| size == meta.len())
            }
            Err(_) => !file.required && self.cache.lacks(commit, file.name),
        }
    }

    fn ask(&self, revision: &str, file: &str) -> Result<Answer, HubError> {
        let address = self.address(revision, file);
        let response = self.client.retrying(file, || self.client.send(true, &address, 0, says_it_all))?;
        let commit = response.header("x-repo-commit").map(str::to_owned);
        if commit.as_deref().is_some_and(|commit| !is_plain_name(commit)) {
            return Err(self.protocol(&address, "its X-Repo-Commit is no commit"));
        }
        if response.status == 404 {
            return match response.header("x-error-code") {
                Some("RepoNotFound") => Err(self.missing(&address, format!("the repository {}", self.id))),
                Some("RevisionNotFound") => Err(self.missing(&address, format!("revision {revision} of {}", self.id))),
                _ => Ok(Answer::Absent { commit }),
            };
        }
        let etag = response.header("x-linked-etag").or_else(|| response.header("etag"));
        let etag = etag.map(|etag| etag.trim().trim_start_matches("W/").trim_matches('"').to_owned());
        let (Some(commit), Some(etag)) = (commit, etag) else {
            return Err(self.protocol(&address, "there is no X-Repo-Commit or no ETag in its answer"));
        };
        if !is_plain_name(&etag) {
            return Err(self.protocol(&address, "its ETag cannot be a file's name"));
        }
        // A redirect's Content-Length is that of its own body.
        let own_size = (response.status < 300).then(|| response.number("content-length")).flatten();
        Ok(Answer::Present(Metadata { commit, etag, size: response.number("x-linked-size").or(own_size) }))
    }

    /// Brings a content into the cache, unless it is there, and links the file to it.
    fn place(&self, commit: &str, file: &str, found: &Metadata, row: Expected, anew: bool) -> Result<(), HubError> {
        // Of large files, the etag is the SHA-256 of the content.
        let is_sha256 = found.etag.len() == 64 && found.etag.bytes().all(|byte| byte.is_ascii_hexdigit());
        let promised = is_sha256.then(|| found.etag.to_ascii_lowercase());
        row.check(file, found.size.or(row.size).unwrap_or_default(), promised.as_deref())?;
        let expected = Expected { size: row.size.or(found.size), sha256: row.sha256.or(promised) };
        let blob = self.cache.blob(&found.etag);
        cache::make_parent(&blob)?;
        let _lock = self.cache.lock(self.client, &found.etag, file)?;
        let is_there = std::fs::metadata(&blob).is_ok_and(|meta| expected.size.is_none_or(|size| size == meta.len()));
        if anew || !is_there {
            let url = &self.address(commit, file);
            let part = self.cache.blob(&format!("{}.incomplete", found.etag));
            Transfer { client: self.client, url, file, part, expected, resume: true }.run(&blob)?;
        }
        self.cache.link(commit, file, &found.etag)
    }

    fn address(&self, revision: &str, file: &str) -> String {
        let path: Vec<String> = file.split('/').map(url::encode).collect();
        format!("{}/{}/resolve/{}/{}", self.endpoint, self.id, url::encode(revision), path.join("/"))
    }

    fn not_found(&self, file: &str) -> HubError {
        self.missing(&self.address(self.revision, ""), format!("{file} in {} at {}", self.id, self.revision))
    }

    fn missing(&self, address: &str, what: String) -> HubError {
        HubError::NotFound { what, url: url::redacted(address) }
    }

    fn protocol(&self, address: &str, message: &str) -> HubError {
        HubError::Protocol { url: url::redacted(address), message: message.to_owned() }
    }
}
