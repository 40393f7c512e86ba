//! Models that come as a `.tar.gz`.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;
use tar::EntryType;

use super::cache::{Lock, make_parent};
use super::client::Client;
use super::transfer::{Expected, Transfer, sha256_of, sha256_of_bytes};
use super::wanted::{Inventory, expected, wanted};
use super::{HubError, url};
use crate::{BoxError, ModelDescription};

/// An archive, there and here.
pub(super) struct Archive<'a> {
    url: &'a str,
    sha256: Option<&'a str>,
    /// Where its files are, or will be.
    pub(super) folder: PathBuf,
}

impl<'a> Archive<'a> {
    /// An archive by its address; the cache's folder for it is named after both arguments, so
    /// that another content gets another folder.
    pub(super) fn new(cache: &Path, url: &'a str, sha256: Option<&'a str>) -> Self {
        let name = url::redacted(url);
        let name = name.rsplit('/').next().unwrap_or_default().trim_end_matches(".gz").trim_end_matches(".tar");
        let name: String = name.chars().filter(|sign| sign.is_ascii_alphanumeric() || "-_".contains(*sign)).collect();
        let key = sha256_of_bytes(format!("{url}\n{}", sha256.unwrap_or_default()).as_bytes());
        Self { url, sha256, folder: cache.join(".archives").join(format!("{name}-{}", &key[..16])) }
    }

    /// Downloads and unpacks, unless another process just did (or `anew`); gives the folder.
    pub(super) fn fetch(&self, client: &Client, model: &ModelDescription, anew: bool) -> Result<PathBuf, HubError> {
        let lock_path = self.beside("lock");
        let _lock = Lock::take(client, &lock_path, &url::redacted(self.url))?;
        if !anew && Inventory::take(model, &self.folder).missing.is_empty() {
            return Ok(self.folder.clone());
        }
        let tarball = self.beside("tar.gz");
        download(client, self.url, &tarball, self.sha256)?;
        let staging = self.beside("unpacking");
        let unpacked = self.unpack(&tarball, &staging, model);
        let _ = std::fs::remove_dir_all(&staging);
        let _ = std::fs::remove_file(&tarball);
        unpacked.map(|()| self.folder.clone())
    }

    fn unpack(&self, tarball: &Path, staging: &Path, model: &ModelDescription) -> Result<(), HubError> {
        // What a killed process left.
        let _ = std::fs::remove_dir_all(staging);
        std::fs::create_dir_all(staging).map_err(HubError::io(staging))?;
        unpack(tarball, staging).map_err(|error| self.wrong(error.to_string(), Some(error.into())))?;
        let folder = only_folder(staging).map_err(|message| self.wrong(message, None))?;
        self.check(model, &folder)?;
        let _ = std::fs::remove_dir_all(&self.folder);
        std::fs::rename(&folder, &self.folder).map_err(HubError::io(&self.folder))
    }

    fn check(&self, model: &ModelDescription, folder: &Path) -> Result<(), HubError> {
        for file in wanted(model) {
            let path = folder.join(file.name);
            let Ok(meta) = std::fs::metadata(&path) else {
                if file.required {
                    return Err(self.wrong(format!("it has no {}", file.name), None));
                }
                continue;
            };
            let expected = expected(model, file.name);
            let sha256 =
                expected.sha256.is_some().then(|| sha256_of(&path)).transpose().map_err(HubError::io(&path))?;
            expected.check(file.name, meta.len(), sha256.as_deref())?;
        }
        Ok(())
    }

    fn beside(&self, extension: &str) -> PathBuf {
        let mut name = self.folder.clone().into_os_string();
        name.push(".");
        name.push(extension);
        name.into()
    }

    fn wrong(&self, message: String, source: Option<BoxError>) -> HubError {
        HubError::Archive { url: url::redacted(self.url), message, source }
    }
}

/// Downloads any address to a file, atomically, with retries; what an interrupted process left is
/// used only when `sha256` can tell whether it is right.
pub(super) fn download(client: &Client, address: &str, to: &Path, sha256: Option<&str>) -> Result<(), HubError> {
    make_parent(to)?;
    let mut part = to.as_os_str().to_owned();
    part.push(".incomplete");
    let expected = Expected { size: None, sha256: sha256.map(str::to_ascii_lowercase) };
    let file = url::redacted(address);
    Transfer { client, url: address, file: &file, part: part.into(), expected, resume: sha256.is_some() }
        .run(to)
        .map(drop)
}

/// Unpacks files and folders below `root`, then links that stay below it; refuses everything else.
pub(crate) fn unpack(tarball: &Path, root: &Path) -> std::io::Result<()> {
    let root = &root.canonicalize()?;
    let mut archive = tar::Archive::new(MultiGzDecoder::new(File::open(tarball)?));
    // Links come last: then no file can be written through one.
    let mut links = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = safe(&entry.path()?)?;
        let path = root.join(&name);
        match entry.header().entry_type() {
            EntryType::Directory => std::fs::create_dir_all(&path)?,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => write(&mut entry, &path)?,
            kind @ (EntryType::Symlink | EntryType::Link) => {
                let target = entry.link_name()?.ok_or_else(|| refused("a link without a target", &name))?;
                let base = if kind == EntryType::Link { Path::new("") } else { name.parent().unwrap_or(Path::new("")) };
                links.push((path, root.join(base).join(&*target)));
            }
            EntryType::XGlobalHeader => {}
            _ => return Err(refused("neither a file nor a folder nor a link", &name)),
        }
    }
    // gzip's checksum stands at the very end, behind the archive's.
    std::io::copy(&mut archive.into_inner(), &mut std::io::sink())?;
    links.into_iter().try_for_each(|(path, target)| materialize(root, &path, &target))
}

fn write(entry: &mut impl Read, path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = File::create(path)?;
    std::io::copy(entry, &mut file)?;
    file.flush()?;
    file.sync_all()
}

/// Gives a link's target a second name; a hard link cannot be led elsewhere afterwards.
fn materialize(root: &Path, path: &Path, target: &Path) -> std::io::Result<()> {
    let wrong = || refused("a link to no file of the archive", path.strip_prefix(root).unwrap_or(path));
    let target = target.canonicalize().map_err(|_| wrong())?;
    if !target.starts_with(root) || !target.is_file() {
        return Err(wrong());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::hard_link(&target, path).or_else(|_| std::fs::copy(&target, path).map(drop))
}

/// The name, when it is a path downwards.
fn safe(name: &Path) -> std::io::Result<PathBuf> {
    let is_foreign = name.to_string_lossy().contains(['\\', ':']);
    let mut path = PathBuf::new();
    for part in name.components() {
        match part {
            Component::Normal(part) if !is_foreign => path.push(part),
            Component::CurDir => {}
            _ => return Err(refused("a path that leaves the archive", name)),
        }
    }
    Ok(path)
}

fn refused(what: &str, name: &Path) -> std::io::Error {
    let message = format!("its entry {:?} is {what}", name.to_string_lossy());
    std::io::Error::new(std::io::ErrorKind::InvalidData, message)
}

/// The one top-level folder.
fn only_folder(staging: &Path) -> Result<PathBuf, String> {
    let entries = std::fs::read_dir(staging).map_err(|error| error.to_string())?;
    let mut folders =
        entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path());
    match (folders.next(), folders.next()) {
        (Some(folder), None) => Ok(folder),
        _ => Err("it should hold one top-level folder with the model's files".to_owned()),
    }
}
