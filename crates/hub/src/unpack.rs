//! Unpacks `.tar.gz` archives from anywhere: nothing leaves the folder, nothing grows without a bound.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Error, ErrorKind, Read};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use tar::EntryType;

use crate::disk;
use crate::gzip::Members;

/// More files than any model has.
const MAX_ENTRIES: usize = 10_000;
/// The most that may stand between two files, and behind the last: headers with long names, and padding.
const MAX_HEADER: u64 = 1 << 20;
/// Archives may unpack to this many times their size …
const MAX_RATIO: u64 = 100;
/// … or to this many bytes, if that is more.
const ALWAYS_ALLOWED: u64 = 1 << 30;

/// Why an archive was not unpacked.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It unpacks to more than this many bytes.
    TooLarge(u64),
    Io(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Io(error)
    }
}

/// Unpacks files and folders below `root`, then links that stay below it; refuses everything else.
pub(crate) fn unpack(tarball: &Path, root: &Path, max_bytes: u64) -> Result<(), Refusal> {
    let root = &root.canonicalize()?;
    let packed = File::open(tarball)?;
    let plausible = packed.metadata()?.len().saturating_mul(MAX_RATIO).max(ALWAYS_ALLOWED);
    let check = |bytes| match bytes {
        _ if bytes > max_bytes => Err(Refusal::TooLarge(max_bytes)),
        _ if bytes > plausible => Err(invalid(format!(
            "it unpacks to more than {plausible} bytes and {MAX_RATIO} times its size, which no model does"
        ))
        .into()),
        _ => Ok(()),
    };
    let allowance = Rc::new(Cell::new(0));
    let unzipped = Metered { content: Members::new(packed), left: allowance.clone() };
    let mut archive = tar::Archive::new(unzipped);
    let mut entries = archive.entries()?;
    // Links come last: then no file can be written through one.
    let mut links = BTreeMap::new();
    let mut files = Vec::new();
    let (mut count, mut bytes) = (0, 0u64);
    loop {
        allowance.set(MAX_HEADER);
        let Some(entry) = entries.next() else { break };
        let mut entry = entry?;
        (count, bytes) = (count + 1, bytes.saturating_add(entry.size()));
        if count > MAX_ENTRIES {
            return Err(invalid(format!("it holds more than {MAX_ENTRIES} files")).into());
        }
        check(bytes)?;
        allowance.set(entry.size());
        let name = safe(&entry.path()?)?;
        let path = root.join(&name);
        match entry.header().entry_type() {
            EntryType::Directory => std::fs::create_dir_all(&path)?,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                write(&mut entry, &path)?;
                files.push(path);
            }
            kind @ (EntryType::Symlink | EntryType::Link) => {
                let target = entry.link_name()?.ok_or_else(|| refused("a link without a target", &name))?;
                let base = if kind == EntryType::Link { Path::new("") } else { name.parent().unwrap_or(Path::new("")) };
                links.insert(path, without_dots(&root.join(base).join(&*target)));
            }
            EntryType::XGlobalHeader => {}
            _ => return Err(refused("neither a file nor a folder nor a link", &name).into()),
        }
    }
    // gzip's checksum stands at the very end, behind the archive's.
    std::io::copy(&mut archive.into_inner(), &mut std::io::sink())?;
    while let Some((path, target)) = links.pop_first() {
        // A link may lead to one that comes later.
        let mut chain = vec![(path, target)];
        while let Some((path, target)) = chain.last().and_then(|(_, target)| links.remove_entry(target)) {
            chain.push((path, target));
        }
        for (path, target) in chain.iter().rev() {
            bytes = bytes.saturating_add(materialize(root, path, target)?);
            check(bytes)?;
        }
    }
    // What is refused need not outlast a power cut.
    for file in files {
        File::options().write(true).open(file)?.sync_all()?;
    }
    Ok(())
}

/// Gives as many bytes as are allowed at the moment, and then an error.
struct Metered<R> {
    content: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = self.left.get();
        let allowed = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        if allowed == 0 && !buffer.is_empty() {
            // At the end there is nothing to refuse.
            return match self.content.read(&mut [0])? {
                0 => Ok(0),
                _ => Err(invalid(format!("it holds more than {MAX_HEADER} bytes that belong to no file"))),
            };
        }
        let count = self.content.read(&mut buffer[..allowed])?;
        self.left.set(left - count as u64);
        Ok(count)
    }
}

fn write(entry: &mut impl Read, path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // Of two files of one name the second counts, as in tar.
    let _ = std::fs::remove_file(path);
    let mut file = disk::create_new(path)?;
    std::io::copy(entry, &mut file).map(drop)
}

/// Gives a link's target a second name; a hard link cannot be led elsewhere afterwards. Gives the bytes that a copy
/// took.
fn materialize(root: &Path, path: &Path, target: &Path) -> std::io::Result<u64> {
    let wrong = || refused("a link to no file of the archive", path.strip_prefix(root).unwrap_or(path));
    let target = target.canonicalize().map_err(|_| wrong())?;
    if !target.starts_with(root) || !target.is_file() {
        return Err(wrong());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    match std::fs::hard_link(&target, path) {
        Ok(()) => Ok(0),
        Err(_) => disk::copy_new(&target, path).and_then(|()| Ok(std::fs::metadata(path)?.len())),
    }
}

/// The path without `.` and `..`. No folder on the way is a link.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
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

fn refused(what: &str, name: &Path) -> Error {
    invalid(format!("its entry {:?} is {what}", name.to_string_lossy()))
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidData, message)
}
