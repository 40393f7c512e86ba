//! Files that come as a `.tar.gz`.

use std::path::{Path, PathBuf};

use crate::cache::is_left_behind;
use crate::digest::{Digest, Promise, sha256_of_bytes};
use crate::downloader::Downloader;
use crate::error::BoxError;
use crate::inventory::{self, Inventory};
use crate::lock::Lock;
use crate::transfer::Transfer;
use crate::unpack::{Refusal, unpack};
use crate::{HubError, Request, disk, url};

/// An archive, there and here.
pub(crate) struct Archive<'a> {
    url: &'a str,
    sha256: Option<&'a str>,
    /// Where all archives are.
    archives: PathBuf,
    /// Where its files are, or will be.
    pub(crate) folder: PathBuf,
}

impl<'a> Archive<'a> {
    /// An archive by its address; the cache's folder for it is named after both arguments, so
    /// that another content gets another folder.
    pub(crate) fn new(cache: &Path, url: &'a str, sha256: Option<&'a str>) -> Self {
        let name = url::redacted(url);
        let name = name.rsplit('/').next().unwrap_or_default().trim_end_matches(".gz").trim_end_matches(".tar");
        let name: String = name.chars().filter(|sign| sign.is_ascii_alphanumeric() || "-_".contains(*sign)).collect();
        let name = &name[..name.len().min(100)];
        let key = sha256_of_bytes(format!("{url}\n{}", sha256.unwrap_or_default()).as_bytes());
        let archives = cache.join(".archives");
        Self { url, sha256, folder: archives.join(format!("{name}-{}", &key[..16])), archives }
    }

    /// Downloads and unpacks, unless another process just did (or `anew`); gives the folder.
    pub(crate) fn fetch(&self, downloader: &Downloader, request: &Request, anew: bool) -> Result<PathBuf, HubError> {
        let lock_path = self.beside("lock");
        let _lock = Lock::take(downloader, &lock_path, &url::redacted(self.url))?;
        if !anew && Inventory::take(request, &self.folder)?.missing.is_empty() {
            return Ok(self.folder.clone());
        }
        let tarball = self.beside("tar.gz");
        download(downloader, self.url, &tarball, self.sha256)?;
        let staging = self.beside("unpacking");
        let unpacked = self.unpack(downloader, &tarball, &staging, request);
        let _ = std::fs::remove_dir_all(&staging);
        let _ = std::fs::remove_file(&tarball);
        self.sweep();
        unpacked.map(|()| self.folder.clone())
    }

    fn unpack(
        &self,
        downloader: &Downloader,
        tarball: &Path,
        staging: &Path,
        request: &Request,
    ) -> Result<(), HubError> {
        // What a killed process left.
        let _ = std::fs::remove_dir_all(staging);
        std::fs::create_dir(staging).map_err(HubError::io(staging))?;
        unpack(tarball, staging, downloader.max_unpacked_bytes).map_err(|refusal| match refusal {
            Refusal::TooLarge(limit) => {
                let what = format!("what {} unpacks to", url::redacted(self.url));
                HubError::TooLarge { what, limit, option: "max_unpacked_bytes" }
            }
            Refusal::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                self.wrong(&error.to_string(), None)
            }
            Refusal::Io(error) => self.wrong("it is damaged, or its files cannot be written", Some(error.into())),
        })?;
        let folder = self.only_folder(staging)?;
        self.check(request, &folder)?;
        let _ = std::fs::remove_dir_all(&self.folder);
        std::fs::rename(&folder, &self.folder).map_err(HubError::io(&self.folder))
    }

    /// The one top-level folder.
    fn only_folder(&self, staging: &Path) -> Result<PathBuf, HubError> {
        let entries = std::fs::read_dir(staging).map_err(HubError::io(staging))?;
        let folders = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        let mut folders = folders.map(|entry| entry.path());
        match (folders.next(), folders.next()) {
            (Some(folder), None) => Ok(folder),
            _ => Err(self.wrong("it should hold one top-level folder with the files", None)),
        }
    }

    fn check(&self, request: &Request, folder: &Path) -> Result<(), HubError> {
        for file in request.files() {
            let path = folder.join(file.name);
            match inventory::size(&path)? {
                Some(_) => Promise::from(request.known(file.name)).check(file.name, &path, None)?,
                None if file.required => return Err(self.wrong(&format!("it has no {}", file.name), None)),
                None => {}
            }
        }
        Ok(())
    }

    fn beside(&self, extension: &str) -> PathBuf {
        let mut name = self.folder.clone().into_os_string();
        name.push(".");
        name.push(extension);
        name.into()
    }

    fn wrong(&self, message: &str, source: Option<BoxError>) -> HubError {
        HubError::Archive { url: url::redacted(self.url), message: message.to_owned(), source }
    }

    /// Removes what downloads and unpackings of any archive that died long ago left.
    fn sweep(&self) {
        for entry in std::fs::read_dir(&self.archives).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let left = [".unpacking", ".tar.gz", ".tar.gz.incomplete"];
            let Some(archive) = left.iter().find_map(|end| name.strip_suffix(end)) else { continue };
            let path = entry.path();
            if !is_left_behind(&path) || Lock::try_take(&self.archives.join(format!("{archive}.lock"))).is_none() {
                continue;
            }
            if path.is_dir() {
                let _ = std::fs::remove_dir_all(path);
            } else {
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

/// Downloads any address to a file, atomically, with retries; what an interrupted process left is
/// used only when `sha256` can tell whether it is right.
pub(crate) fn download(
    downloader: &Downloader,
    address: &str,
    to: &Path,
    sha256: Option<&str>,
) -> Result<(), HubError> {
    disk::make_parent(&downloader.cache, to)?;
    let mut part = to.as_os_str().to_owned();
    part.push(".incomplete");
    let file = url::redacted(address);
    let digest = sha256.map(|hex| Digest::Sha256(hex.to_ascii_lowercase()));
    let transfer = Transfer {
        downloader,
        open: &|from| downloader.http.open_address(address, &file, from),
        file: &file,
        address: &file,
        part: part.into(),
        promise: Promise { size: None, digests: digest.into_iter().collect() },
        resume: sha256.is_some(),
    };
    transfer.run(to).map(drop)
}
