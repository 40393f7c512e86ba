//! A repository of the hub, there and here: which of its files are missing, and how they come into the cache.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::cache::{Repository, is_commit, is_plain_name};
use crate::digest::{Digest, Promise};
use crate::downloader::Downloader;
use crate::request::File;
use crate::transfer::Transfer;
use crate::transport::{Answer, Metadata, RemoteFile};
use crate::{Expected, HubError, Request, inventory};

/// A repository at a revision.
pub(crate) struct Remote<'a> {
    pub(crate) downloader: &'a Downloader,
    /// `owner/name`.
    pub(crate) repo: &'a str,
    pub(crate) revision: &'a str,
    pub(crate) cache: &'a Repository,
}

impl Remote<'_> {
    /// Fetches what the request names and `commit` (else: what the revision means now) does not have in the cache, and
    /// the distrusted files anew. Gives the snapshot's folder.
    pub(crate) fn fetch(
        &self,
        request: &Request,
        commit: Option<&str>,
        distrusted: &BTreeSet<String>,
    ) -> Result<PathBuf, HubError> {
        let is_pinned = commit.is_some();
        let mut commit = commit.or_else(|| is_commit(self.revision).then_some(self.revision)).map(str::to_owned);
        let mut absent = Vec::new();
        for file in request.files() {
            let anew = distrusted.contains(file.name);
            if let Some(commit) = &commit
                && !anew
                && self.is_settled(commit, file, request)?
            {
                continue;
            }
            match self.ask(commit.as_deref().unwrap_or(self.revision), file.name)? {
                Answer::Present(metadata) => {
                    // Every file is asked of the first one's commit, whatever the branch does meanwhile.
                    let commit = commit.get_or_insert_with(|| metadata.commit.clone());
                    self.take(commit, file.name, &metadata, request.known(file.name), anew)?;
                }
                Answer::Absent { .. } if file.required => return Err(self.not_found(file.name)?),
                Answer::Absent { commit: its_commit } => {
                    commit = commit.or(its_commit);
                    absent.push(file.name);
                }
            }
        }
        let Some(commit) = commit else { return Err(self.not_found("any file of the request")?) };
        for file in absent {
            self.cache.remember_absent(&commit, file)?;
        }
        if !is_pinned {
            self.cache.remember_commit(self.revision, &commit)?;
        }
        self.cache.sweep();
        self.cache.make_snapshot(&commit)
    }

    /// Whether the snapshot has the file as it should be, or it is known that there is none.
    fn is_settled(&self, commit: &str, file: File<'_>, request: &Request) -> Result<bool, HubError> {
        let path = self.cache.snapshot(commit).join(file.name);
        match inventory::size(&path)? {
            Some(size) => Ok(request.known(file.name).size.is_none_or(|expected| expected == size)),
            None => Ok(!file.required && self.cache.lacks(commit, file.name)),
        }
    }

    /// What the hub says of a file, made sure to be fit for names in the cache.
    fn ask(&self, revision: &str, file: &str) -> Result<Answer, HubError> {
        let file = self.file(revision, file);
        let answer = self.downloader.retrying(file.name, || self.downloader.transport.ask(file))?;
        let (commit, etag) = match &answer {
            Answer::Present(metadata) => (Some(&metadata.commit), Some(&metadata.etag)),
            Answer::Absent { commit } => (commit.as_ref(), None),
        };
        let wrong = |message: &str| {
            let url = self.downloader.transport.address(file)?;
            Err(HubError::Protocol { url, message: message.to_owned() })
        };
        if commit.is_some_and(|commit| !is_plain_name(commit)) {
            return wrong("its X-Repo-Commit is no commit");
        }
        // The last is the name of a content on its way.
        if etag.is_some_and(|etag| !is_plain_name(etag) || etag.ends_with(".incomplete")) {
            return wrong("its ETag cannot be a file's name");
        }
        Ok(answer)
    }

    /// Brings a content into the cache, unless it is there, and links the file to it.
    fn take(&self, commit: &str, file: &str, found: &Metadata, known: Expected, anew: bool) -> Result<(), HubError> {
        let promise = Promise::from(known).and(file, found.size, Digest::of_etag(&found.etag))?;
        let blob = self.cache.blob(&found.etag);
        self.cache.make_blobs()?;
        let _lock = self.cache.lock(self.downloader, &found.etag, file)?;
        if anew || !inventory::has(&blob, &promise)? {
            let remote = self.file(commit, file);
            let transfer = Transfer {
                downloader: self.downloader,
                open: &|from| self.downloader.transport.open(remote, found, from),
                file,
                address: &self.downloader.transport.address(remote)?,
                part: self.cache.blob(&format!("{}.incomplete", found.etag)),
                promise,
                resume: true,
            };
            transfer.run(&blob)?;
        }
        self.cache.link(commit, file, &found.etag)
    }

    fn file<'b>(&'b self, revision: &'b str, name: &'b str) -> RemoteFile<'b> {
        RemoteFile { repo: self.repo, revision, name }
    }

    fn not_found(&self, file: &str) -> Result<HubError, HubError> {
        let url = self.downloader.transport.address(self.file(self.revision, ""))?;
        Ok(HubError::NotFound { what: format!("{file} in {} at {}", self.repo, self.revision), url })
    }
}
